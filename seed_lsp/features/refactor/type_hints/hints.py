"""From the text that a model writes for a type to an annotation that has a meaning in its file."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import NoReturn

from seed_lsp.features.refactor.type_hints.names import Scope

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_ENDS = frozenset(",)]}=:\n\r#")
_OLD_NAMES = {"List": "list", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset", "Tuple": "tuple", "Type": "type", "Text": "str"}
_UNIONS = ("Optional", "Union")
_NUMBER_OF_ARGUMENTS = {
    **dict.fromkeys(("list", "set", "frozenset", "type", "Optional"), 1),
    **dict.fromkeys(("Collection", "Container", "Iterable", "Iterator", "Sequence", "MutableSequence", "Awaitable"), 1),
    **dict.fromkeys(("dict", "Mapping", "MutableMapping", "Callable"), 2),
}
_HOLD_NONE = frozenset({"Any", "object", "None"})


class UnknownTypeError(Exception):
    """A text is no type in its file; the error's text says why, for people."""


@dataclass(frozen=True)
class Hint:
    """An annotation as it is written, and the pairs of module and name that it needs imported.

    `is_own`: it is made of names alone that the file defines or imports.
    """

    text: str
    imports: frozenset[tuple[str, str]] = frozenset()
    is_own: bool = False


def read_type(text: str) -> str | None:
    """The type that a text begins with: up to a comma, a sign of equality, a colon, a closing
    bracket or a line's end that is not within brackets or quotes. None if it does not end within
    the text, or is none.
    """
    waiting: list[str] = []
    quote = ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in _CLOSING:
            waiting.append(_CLOSING[char])
        elif waiting and char == waiting[-1]:
            waiting.pop()
        elif not waiting and char in _ENDS:
            return text[:at].strip() or None
    return None


def make_hint(text: str, scope: Scope, *, is_return: bool = False, or_none: bool = False) -> Hint:
    """A type as it is written where `scope` is, with None as an alternative more if `or_none`.

    `UnknownTypeError` where the text is no type, or has names that the file does not know.
    """
    writer = _Writer(scope)
    tree = writer.visit(_parse(text))
    if _is_none(tree) and not is_return:
        raise UnknownTypeError("None alone says nothing")
    if isinstance(tree, ast.Constant) and not _is_none(tree):
        raise UnknownTypeError("it is no type")
    members = _members(tree)
    if or_none and not any(_last_name(one) in _HOLD_NONE for one in members) and _last_name(tree) != "Optional":
        members.append(ast.Constant(None))
    made = _union(members, scope) if len(members) > 1 else tree
    written = ast.unparse(made)
    is_too_new = not scope.has_bars and any(isinstance(node, ast.BinOp) for node in ast.walk(made))
    if (writer.needs_quotes and not scope.is_lazy) or is_too_new:
        written = f'"{written}"'
    elif '"' not in written and "\\" not in written:
        written = written.replace("'", '"')
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id not in _UNIONS]
    return Hint(written, frozenset(writer.imports), is_own=bool(names) and all(map(scope.is_own, names)))


def _parse(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise UnknownTypeError("it is no type") from None


class _Writer(ast.NodeTransformer):
    """Writes the names of a type as the file has to, and notes what they need."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.imports: set[tuple[str, str]] = set()
        self.needs_quotes = False

    def visit_Name(self, node: ast.Name) -> ast.expr:
        name, scope = node.id, self.scope
        if name not in scope.bound:
            if name == "Self" and scope.owner:
                name = scope.owner
            name = _OLD_NAMES.get(name, name)
            if module := scope.module_of(name):
                self.imports.add((module, name))
                return ast.Name(name)
        if not scope.is_type(name):
            raise UnknownTypeError(f"the file knows no type {name}")
        self.needs_quotes |= not scope.is_there(name)
        return ast.Name(name)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name):
            raise UnknownTypeError("it is no type")
        if root.id == "typing" and root.id not in self.scope.bound:
            return self.visit_Name(ast.Name(node.attr))
        if not self.scope.is_type(root.id, node.attr):
            raise UnknownTypeError(f"the file knows no type {ast.unparse(node)}")
        self.needs_quotes |= not self.scope.is_there(root.id)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        name = _last_name(node.value)
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in _UNIONS and isinstance(node.value, ast.Name) and name not in self.scope.bound:
            return _bars([*map(self._argument, inside), *([ast.Constant(None)] if name == "Optional" else [])])
        value = self.visit(node.value)
        if name == "Literal":
            if not all(isinstance(one, ast.Constant | ast.UnaryOp | ast.Attribute) for one in inside):
                raise UnknownTypeError("it is no type")
            return ast.Subscript(value, node.slice)
        written = _last_name(value)
        if _NUMBER_OF_ARGUMENTS.get(written, len(inside)) != len(inside) or written in {"str", "int", "float", "bool", "bytes", "object"}:
            raise UnknownTypeError(f"{written} takes no such types in brackets")
        made = [self._argument(one) for one in inside]
        return ast.Subscript(value, ast.Tuple(made) if len(made) > 1 else made[0])

    def _argument(self, node: ast.expr) -> ast.expr:
        """A type within the brackets of another."""
        if isinstance(node, ast.List):
            return ast.List([self._argument(one) for one in node.elts])
        if isinstance(node, ast.Tuple) and not node.elts:
            return node
        made: ast.expr = self.visit(node)
        return made

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if not isinstance(node.op, ast.BitOr):
            raise UnknownTypeError("it is no type")
        return _bars([self.visit(node.left), self.visit(node.right)])

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if node.value is None or node.value is ...:
            return node
        if not isinstance(node.value, str):
            raise UnknownTypeError("it is no type")
        made: ast.expr = self.visit(_parse(node.value))
        return made

    def generic_visit(self, _node: ast.AST) -> NoReturn:
        raise UnknownTypeError("it is no type")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else str(getattr(node, "value", ""))


def _members(tree: ast.expr) -> list[ast.expr]:
    """The alternatives of a union that is written with bars, each once and None last."""
    found, stack = [], [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.BinOp):
            stack += [node.right, node.left]
        else:
            found.append(node)
    once = list({ast.unparse(one): one for one in found}.values())
    return sorted(once, key=_is_none)


def _union(members: list[ast.expr], scope: Scope) -> ast.expr:
    """A union, by `Optional` where the file goes by that."""
    if len(members) == 2 and _is_none(members[1]) and "Optional" in scope.bound and not scope.is_lazy and scope.is_there("Optional"):
        return ast.Subscript(ast.Name("Optional"), members[0])
    return _bars(members)


def _bars(members: list[ast.expr]) -> ast.expr:
    made = members[0]
    for one in members[1:]:
        made = ast.BinOp(made, ast.BitOr(), one)
    return made
