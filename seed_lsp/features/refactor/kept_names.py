"""Names that an answer uses and nothing defines, and variables that it drops and others read.

For Python alone, whose own parser says what code binds.
"""

from __future__ import annotations

import ast
import builtins
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from seed_lsp.features.refactor.change import Change, is_selector
from seed_lsp.source.syntax import UNREADABLE, parse_python, text_of

_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__path__", "__spec__", "__class__", "reveal_type"}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True)
class Unknown:
    """Names that new code reads and nothing binds.

    `modules` are those that it uses as modules of the standard library, which an import can bring.
    """

    names: tuple[str, ...]
    modules: tuple[str, ...]


def new_names(change: Change) -> frozenset[str]:
    """Names that the new code reads and does not bind, and that the file has nowhere."""
    tree = parsed(change.new, change)
    if tree is None or change.before is None:
        return frozenset()
    new = frozenset(_unbound(tree)) - change.imported
    return new - {text_of(node) for node in _identifiers(change.before.root)} if new else new


def unknown_names(change: Change) -> Unknown:
    tree = parsed(change.new, change)
    missing = sorted(new_names(change))
    whole = parsed(change.document.text, change) if missing else None
    if tree is None or whole is None or "import *" in change.document.text or next(_unbound(whole), ""):
        # A file whose own names come from elsewhere may well have this one from there.
        return Unknown((), ())
    used_as_modules = {node.value.id for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}
    modules = tuple(name for name in missing if name in used_as_modules and name in sys.stdlib_module_names)
    return Unknown(tuple(name for name in missing if name not in modules), modules)


def undefined_name(change: Change) -> str:
    unknown = unknown_names(change)
    names = [name for name in (*unknown.names, *unknown.modules) if not change.asked.names(name)]
    return f"the model uses the name {names[0]}, which nothing defines; say in the instruction where it comes from" if names else ""


def dropped_variable(change: Change) -> str:
    """A variable that the region sets and the answer does not, and that the code around reads."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or change.before is None or change.asked.speaks_of("removal", "names"):
        return ""
    dropped = set(_bound(old, within=False)) - set(_bound(new))
    lost = sorted(name for name in dropped if not change.asked.names(name))
    around = {text_of(node) for node in _identifiers(_scope(change)) if not change.before.within(node)} if lost else set()
    read = [name for name in lost if name in around]
    return f"the model took away {read[0]}, which the code around the selection reads; select that as well" if read else ""


def parsed(code: str, change: Change) -> ast.Module | None:
    if change.document.language != "python":
        return None
    try:
        return parse_python(textwrap.dedent(code))
    except UNREADABLE:
        return None


def _unbound(tree: ast.AST) -> Iterator[str]:
    """The names that code reads and does not bind, but for Python's own."""
    bound = _BUILTINS | set(_bound(tree))
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in bound)


def _bound(tree: ast.AST, *, within: bool = True) -> Iterator[str]:
    """The names that code binds; without `within`, what functions and classes bind in themselves is
    left out.
    """
    stack = list(ast.iter_child_nodes(tree))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        else:
            yield from _own_names(node)
        if within or not isinstance(node, _SCOPES):
            stack += ast.iter_child_nodes(node)


def _own_names(node: ast.AST) -> Iterator[str]:
    """The names that a node binds by a field of its own: definitions, handlers and patterns."""
    for field in ("name", "rest"):
        name = getattr(node, field, None)
        if isinstance(name, str):
            yield name
        elif isinstance(name, ast.Name):
            yield name.id


def _identifiers(root: Node) -> Iterator[Node]:
    """The names below a node, but for those of attributes and of keyword arguments."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "identifier" and not is_selector(node):
            yield node
        stack += node.children


def _scope(change: Change) -> Node:
    """The function that the region lies in, or the file."""
    side = change.before
    assert side is not None, "only Python comes here, which has a grammar"
    node = side.root.descendant_for_byte_range(side.first, max(side.first, side.last - 1))
    while node is not None and (node.type != "function_definition" or side.within(node)):
        node = node.parent
    return node if node is not None else side.root
