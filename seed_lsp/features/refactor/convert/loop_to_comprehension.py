"""A loop that fills a list, a set or a dictionary, as a comprehension."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

from seed_lsp.features.refactor.convert import making
from seed_lsp.features.refactor.convert.conversion import Conversion, Place, Refused, Surroundings, edit_of, place_of, require_own_lines
from seed_lsp.features.refactor.convert.making import Made
from seed_lsp.features.refactor.convert.scopes import require_plain, require_scope, require_unread, require_whole
from seed_lsp.source.document import indent_of
from seed_lsp.source.python_tree import PythonTree, nodes_in
from seed_lsp.source.syntax import Span

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


def _find(around: Surroundings) -> Iterator[Place]:
    tree = around.tree
    for node in nodes_in(tree, around.asked):
        if isinstance(node, ast.For) and (made := _made_by(node)) is not None:
            yield place_of(tree, node, partial(_converted, tree, node, made))


def _made_by(loop: ast.For) -> Made | None:
    """What a loop makes, if all that it does is to fill a collection."""
    loops: list[ast.comprehension] = []
    body: list[ast.stmt] = [loop]
    while True:
        match body:
            case [ast.For(target=target, iter=iterable, body=inner, orelse=[])]:
                loops.append(ast.comprehension(target, iterable, [], 0))
                body = inner
            case [ast.If(test=test, body=[ast.Continue()], orelse=[]), *rest] if rest:
                loops[-1].ifs.append(_not(test))
                body = rest
            case [ast.If(test=test, body=inner, orelse=[])]:
                loops[-1].ifs.append(test)
                body = inner
            case [ast.If(test=test, body=[one], orelse=[other])]:
                return _either(test, _added(one, loops), _added(other, loops))
            case [one]:
                return _added(one, loops)
            case _:
                return None


def _not(test: ast.expr) -> ast.expr:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return inner
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPPOSITE:
            return ast.Compare(left, [_OPPOSITE[type(op)]()], [right])
        case _:
            return ast.UnaryOp(ast.Not(), test)


def _added(statement: ast.stmt, loops: list[ast.comprehension]) -> Made | None:
    """The element that a statement puts into a collection."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "add" as adds), args=[one], keywords=[])):
            return None if isinstance(one, ast.Starred) else Made(name, (one,), tuple(loops), adds)
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name), slice=key)], value=value) if not isinstance(key, ast.Slice):
            return Made(name, (key, value), tuple(loops), "")
        case _:
            return None


def _either(test: ast.expr, one: Made | None, other: Made | None) -> Made | None:
    """A collection that gets the one or the other element."""
    if one is None or other is None or (one.name, one.adds) != (other.name, other.adds) or not one.adds:
        return None
    return Made(one.name, (ast.IfExp(test, one.parts[0], other.parts[0]),), one.loops, one.adds)


def _converted(tree: PythonTree, loop: ast.For, made: Made) -> Place:
    start = _start_of(tree, loop, made)
    scope = require_scope(tree, loop)
    bound = making.variables_of(made)
    require_plain(made.inner, bound)
    making.require_same_order(made)
    for name in bound:
        require_unread(scope, loop, name)
    require_whole(tree, scope, [start, loop], made.name)
    require_own_lines(tree, start, loop)
    first, last = tree.start(start), tree.end(loop)
    # The new code stands in place of the empty collection, and the loop's lines go.
    value = start.value
    assert value is not None, "the collection is made there"
    before = tree.document.text[first : tree.start(value)]
    indent = indent_of(tree.document.line_text(start.lineno - 1))
    text = making.comprehension_text(tree, made, before, indent, making.unit_of(tree, loop, loop.body))
    note = f"`{bound[0]}` is no longer a name of the module" if bound and isinstance(scope, ast.Module) else ""
    return Place(tree.start(loop), Span(first, last), (edit_of(tree, tree.start(value), last, text),), note=note)


def _start_of(tree: PythonTree, loop: ast.For, made: Made) -> ast.Assign | ast.AnnAssign:
    """The statement before the loop that makes the empty collection."""
    block = tree.block(loop)
    index = next(i for i, one in enumerate(block) if one is loop)
    before = block[index - 1] if index else None
    match before:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            if name == made.name and _is_empty(value, made):
                return before
        case _:
            pass
    raise Refused(f"`{made.name}` is not made, and empty, right before the loop")


def _is_empty(value: ast.expr, made: Made) -> bool:
    kind = {"append": "list", "add": "set", "": "dict"}[made.adds]
    match value:
        case ast.List(elts=[]):
            return kind == "list"
        case ast.Dict(keys=[]):
            return kind == "dict"
        case ast.Call(func=ast.Name(id=name), args=[], keywords=[]):
            return name == kind
        case _:
            return False


CONVERSION = Conversion("loop-to-comprehension", "Convert the loop to a comprehension", _find)
