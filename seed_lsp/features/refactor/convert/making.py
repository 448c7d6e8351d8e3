"""The ways to make a list, a set or a dictionary: by a loop or by a comprehension."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from seed_lsp.features.refactor.convert.conversion import NOT_WRITABLE, Refused, read_expression
from seed_lsp.features.refactor.convert.scopes import bound_names
from seed_lsp.source.document import indent_of, with_line_feeds
from seed_lsp.source.python_scopes import names
from seed_lsp.source.python_tree import PythonTree, same_tree

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp
WIDTH = 88
"""Of the lines that we write, where they can be broken: what most formatters hold them to."""


@dataclass(frozen=True)
class Made:
    """How a collection called `name` is made: what is put into it, in which loops.

    `adds` is the method for one element, and empty for a dictionary, whose `parts` are key and
    value.
    """

    name: str
    parts: tuple[ast.expr, ...]
    loops: tuple[ast.comprehension, ...]
    adds: str

    @property
    def inner(self) -> list[ast.AST]:
        """All that is evaluated in the loops."""
        return [*self.parts, *self.loops]

    def comprehension(self) -> Comprehension:
        """Its tree, without places."""
        loops = list(self.loops)
        if not self.adds:
            key, value = self.parts
            return ast.DictComp(key, value, loops)
        return (ast.ListComp if self.adds == "append" else ast.SetComp)(self.parts[0], loops)


def made_by(name: str, node: Comprehension) -> Made:
    if isinstance(node, ast.DictComp):
        if node.value is None:
            raise Refused("it unpacks other dictionaries")
        return Made(name, (node.key, node.value), tuple(node.generators), "")
    if isinstance(node.elt, ast.Starred):
        raise Refused("it unpacks other collections")
    return Made(name, (node.elt,), tuple(node.generators), "append" if isinstance(node, ast.ListComp) else "add")


def variables_of(made: Made) -> list[str]:
    """The variables of the loops; `Refused` where one is read before it is bound, or the collection
    while it is made.
    """
    variables = [name for loop in made.loops for name in bound_names(loop.target)]
    if made.name in variables or any(made.name in names(part) for part in made.inner):
        raise Refused(f"`{made.name}` is read while it is made")
    unbound = set(variables)
    for loop in made.loops:
        _require_bound(unbound, [loop.iter])
        unbound -= set(bound_names(loop.target))
        _require_bound(unbound, loop.ifs)
    return variables


def _require_bound(unbound: set[str], parts: Sequence[ast.expr]) -> None:
    if early := unbound & {name for part in parts for name in names(part)}:
        raise Refused(f"`{min(early)}` is read before the loop gives it a value")


def require_same_order(made: Made) -> None:
    """`Refused` where it matters that a comprehension evaluates a key before its value, and an
    assignment the value before the key.
    """
    if not made.adds and not any(_is_harmless(part) for part in made.parts):
        raise Refused("a comprehension evaluates the key before the value, and the loop after it")


def _is_harmless(part: ast.expr) -> bool:
    """Whether its evaluation can neither fail nor do anything."""
    if isinstance(part, ast.Tuple):
        return all(map(_is_harmless, part.elts))
    return isinstance(part, ast.Constant | ast.Name)


def comprehension_text(tree: PythonTree, made: Made, before: str, indent: str, unit: str) -> str:
    """The comprehension as code behind the text `before`, on one line or broken over several.

    `Refused` if it would be read as anything else.
    """
    pieces = [": ".join(source_of(tree, part, bracket=(ast.Tuple,)) for part in made.parts)]
    for loop in made.loops:
        pieces.append(f"for {tree.text(loop.target)} in {source_of(tree, loop.iter)}")
        pieces += [f"if {source_of(tree, test)}" for test in loop.ifs]
    opened, closed = "[]" if made.adds == "append" else "{}"
    text = f"{opened}{' '.join(pieces)}{closed}"
    if len(indent + before + text) > WIDTH or "\n" in text:
        text = "\n".join([opened, *(indent + unit + piece for piece in pieces), indent + closed])
    if not same_tree(read_expression(text), made.comprehension()):
        raise Refused(NOT_WRITABLE)
    return text


_BRACKETED = (ast.Tuple, ast.IfExp, ast.NamedExpr)
_SIMPLE = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.Dict)
_WORDS = {ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not"}


def source_of(tree: PythonTree, node: ast.expr, bracket: tuple[type[ast.expr], ...] = _BRACKETED) -> str:
    """The code of an expression, in brackets if it is one of `bracket` and has none.

    It may have been made of expressions that have a place in the document.
    """
    text = with_line_feeds(tree.text(node)) if hasattr(node, "lineno") else _made_of_others(tree, node)
    if isinstance(node, bracket) and not (isinstance(node, ast.Tuple) and not _is_bare(node)):
        return f"({text})"
    return text


def _made_of_others(tree: PythonTree, node: ast.expr) -> str:
    def operand(one: ast.expr) -> str:
        text = source_of(tree, one)
        return text if isinstance(one, _SIMPLE) else f"({text})"

    match node:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return f"not {operand(inner)}"
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return f"{operand(left)} {_WORDS[type(op)]} {operand(right)}"
        case ast.IfExp(test=test, body=body, orelse=other):
            return " ".join([source_of(tree, body), "if", source_of(tree, test), "else", source_of(tree, other)])
        case _:
            raise AssertionError("nothing else is made of others")


def _is_bare(node: ast.Tuple) -> bool:
    """Whether a tuple has no brackets of its own."""
    return bool(node.elts) and (node.lineno, node.col_offset) == (node.elts[0].lineno, node.elts[0].col_offset)


def unit_of(tree: PythonTree, outer: ast.stmt, inner: Sequence[ast.stmt]) -> str:
    """By what the code within a statement is indented."""
    first, second = (indent_of(tree.document.line_text(one.lineno - 1)) for one in (outer, inner[0]))
    return second.removeprefix(first) or "    "
