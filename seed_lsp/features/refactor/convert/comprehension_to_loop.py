"""A comprehension that is assigned or returned, as a loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

from seed_lsp.features.refactor.convert import making
from seed_lsp.features.refactor.convert.conversion import (
    NOT_WRITABLE,
    Conversion,
    Place,
    Refused,
    Surroundings,
    edit_of,
    place_of,
    require_own_lines,
)
from seed_lsp.features.refactor.convert.making import Comprehension, Made
from seed_lsp.features.refactor.convert.scopes import require_new, require_plain, require_scope, require_whole
from seed_lsp.source.document import indent_of
from seed_lsp.source.python_scopes import names
from seed_lsp.source.python_tree import FUNCTIONS, PythonTree, nodes_in, same_tree
from seed_lsp.source.syntax import Span, parse_python

_RESULT = "result"
"""What a collection is called that was returned and had no name."""
_EMPTY: dict[type[ast.expr], str] = {ast.ListComp: "[]", ast.SetComp: "set()", ast.DictComp: "{}"}

Statement = ast.Assign | ast.AnnAssign | ast.Return


def _find(around: Surroundings) -> Iterator[Place]:
    tree = around.tree
    for node in nodes_in(tree, around.asked):
        if isinstance(node, Statement) and isinstance(node.value, Comprehension):
            yield place_of(tree, node, partial(_converted, tree, node, node.value))


def _converted(tree: PythonTree, statement: Statement, value: Comprehension) -> Place:
    scope = require_scope(tree, statement)
    made = making.made_by(_name_of(scope, statement), value)
    variables = making.variables_of(made)
    if len(set(variables)) < len(variables):
        raise Refused("two of its variables have the same name")
    require_plain(made.inner, variables)
    making.require_same_order(made)
    for name in variables:
        require_new(scope, value, name)
    require_whole(tree, scope, [statement], made.name)
    require_own_lines(tree, statement, statement)
    lines = _loop(tree, statement, made)
    indent = indent_of(tree.document.line_text(statement.lineno - 1))
    text = f"\n{indent}".join(lines)
    _require_reads_as("\n".join(lines), made)
    start, end = tree.start(statement), tree.end(statement)
    return Place(start, Span(start, end), (edit_of(tree, start, end, text),))


def _name_of(scope: ast.AST, statement: Statement) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.Return() if isinstance(scope, FUNCTIONS) and _RESULT not in names(scope):
            return _RESULT
        case ast.Return():
            raise Refused(f"what it returns has no name, and `{_RESULT}` is taken")
        case _:
            raise Refused("it is not assigned to one plain name")


def _loop(tree: PythonTree, statement: Statement, made: Made) -> list[str]:
    """The lines of the loop, without the indentation of the statement."""
    assert statement.value is not None, "a comprehension is there"
    head = (
        f"{made.name} = " if isinstance(statement, ast.Return) else tree.document.text[tree.start(statement) : tree.start(statement.value)]
    )
    lines, depth = [head + _EMPTY[type(statement.value)]], 0
    unit = _unit(tree, statement)

    def add(text: str) -> None:
        lines.append(unit * depth + text)

    for loop in made.loops:
        add(f"for {tree.text(loop.target)} in {making.source_of(tree, loop.iter, ())}:")
        depth += 1
        for test in loop.ifs:
            add(f"if {making.source_of(tree, test, ())}:")
            depth += 1
    element = [making.source_of(tree, part, (ast.GeneratorExp,)) for part in made.parts]
    add(f"{made.name}.{made.adds}({element[0]})" if made.adds else f"{made.name}[{element[0]}] = {element[1]}")
    if isinstance(statement, ast.Return):
        lines.append(f"return {made.name}")
    return lines


def _unit(tree: PythonTree, statement: ast.stmt) -> str:
    """By what the code around is indented, as the statement itself shows."""
    around = next((one for one in tree.around(statement) if isinstance(one, ast.stmt)), None)
    return making.unit_of(tree, around, [statement]) if around is not None else "    "


def _require_reads_as(text: str, made: Made) -> None:
    """`Refused` unless the lines are the loop that is meant."""
    name = ast.Name(made.name, ast.Load())
    if made.adds:
        added: ast.stmt = ast.Expr(ast.Call(ast.Attribute(name, made.adds, ast.Load()), [made.parts[0]], []))
    else:
        added = ast.Assign([ast.Subscript(name, made.parts[0], ast.Store())], made.parts[1])
    for loop in reversed(made.loops):
        for test in reversed(loop.ifs):
            added = ast.If(test, [added], [])
        added = ast.For(loop.target, loop.iter, [added], [])
    # A `return` is read in a function alone.
    function = "\n ".join(["def f():", *text.split("\n")])
    try:
        [read] = parse_python(function).body
    except (SyntaxError, ValueError):
        raise Refused(NOT_WRITABLE) from None
    body = read.body if isinstance(read, ast.FunctionDef) else []
    if len(body) < 2 or not same_tree(body[1], added):
        raise Refused(NOT_WRITABLE)


CONVERSION = Conversion("comprehension-to-loop", "Convert the comprehension to a loop", _find)
