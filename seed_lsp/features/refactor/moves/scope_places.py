"""The places of one local name among the scopes within a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from seed_lsp.source.python_scopes import Scope, arguments_of, inside, outside, scope_of
from seed_lsp.source.python_tree import COMPREHENSIONS, FUNCTIONS, SCOPES, Function, PythonTree

_EXPRESSIONS = (*COMPREHENSIONS, ast.Lambda)


def has_own(function: ast.AST, name: str) -> bool:
    """Whether a function, or a comprehension or lambda in it, binds a name for itself."""
    scope = scope_of(function)
    if name in scope.global_names | scope.nonlocal_names:
        return False
    return name in scope.local_names or any(name in one.local_names for one in _expression_scopes(scope))


def _expression_scopes(scope: Scope) -> Iterator[Scope]:
    """The comprehensions and lambdas of a function, without those of functions within it."""
    for one in scope.inner:
        if isinstance(one.node, _EXPRESSIONS):
            yield one
            yield from _expression_scopes(one)


def _with_inner(scope: Scope) -> Iterator[Scope]:
    yield scope
    for one in scope.inner:
        yield from _with_inner(one)


class Places:
    """Where `name` is what one of `functions` binds; for one that does not bind it, what the
    comprehensions and lambdas in it bind.
    """

    def __init__(self, name: str, functions: Sequence[Function]) -> None:
        self._name = name
        self._functions = functions
        self._scopes = {scope.node: scope for function in functions for scope in _with_inner(scope_of(function))}
        self._binding: set[ast.AST] = set()
        for function in functions:
            scope = self._scopes[function]
            binding = [scope] if name in scope.local_names else [one for one in _expression_scopes(scope) if name in one.local_names]
            self._binding |= {one.node for one in binding}

    def _is_ours(self, around: Sequence[ast.AST]) -> bool:
        """Whether the name in the last of these scopes is the one that is meant."""
        for node in reversed(around):
            scope = self._scopes[node]
            if self._name in scope.global_names:
                return False
            if self._name in scope.local_names:
                return node in self._binding
        return False

    def is_place(self, tree: PythonTree, function: Function, at: int) -> bool:
        """Whether the name that stands at a character of a function is the one that is meant."""
        outer: ast.AST | None = function if _is_inside(tree, function, at) else None
        around: list[ast.AST] = []
        while outer is not None:
            around.append(outer)
            outer = next((one.node for one in self._scopes[outer].inner if _is_inside(tree, one.node, at)), None)
        return self._is_ours(around)

    def rename(self, new: str) -> None:
        """Give the name another one in the tree that the functions are of."""
        for function in self._functions:
            self._rename(function, new, [])

    def _rename(self, scope: ast.AST, new: str, around: list[ast.AST]) -> None:
        within = [*around, scope]
        if self._is_ours(within):
            for argument in arguments_of(scope):
                argument.arg = new if argument.arg == self._name else argument.arg
        stack = list(inside(scope))
        while stack:
            node = stack.pop()
            if self._is_ours(within):
                _set_name(node, self._name, new)
            if isinstance(node, SCOPES):
                self._rename(node, new, within)
                stack += outside(node)
            else:
                stack += ast.iter_child_nodes(node)


def _is_inside(tree: PythonTree, scope: ast.AST, at: int) -> bool:
    """Whether a character lies in what is evaluated in a scope, or is a parameter of it."""
    if not _holds(tree, scope, at):
        return False
    if isinstance(scope, ast.ClassDef) and at < tree.start(scope.body[0]):
        return False
    if isinstance(scope, FUNCTIONS):
        header = tree.document.text.find("(", tree.document.line_starts[scope.lineno - 1])
        if at < header:
            return False
    return not any(_holds(tree, part, at) for part in outside(scope))


def _holds(tree: PythonTree, node: ast.AST, at: int) -> bool:
    placed = node.value if isinstance(node, ast.keyword) else node
    assert isinstance(placed, ast.expr | ast.stmt), "scopes and what is around them have places"
    return tree.start(placed) <= at < tree.end(placed)


def _set_name(node: ast.AST, old: str, new: str) -> None:
    """The new name in place of the old one in what a node itself binds, reads or declares."""
    match node:
        case ast.Name(id=name) if name == old:
            node.id = new
        case ast.ExceptHandler(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name) if name == old:
            node.name = new
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) if name == old:
            node.name = new
        case ast.MatchMapping(rest=name) if name == old:
            node.rest = new
        case ast.Nonlocal(names=several) if old in several:
            node.names = [new if one == old else one for one in several]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            for alias in aliases:
                if (alias.asname or alias.name) == old:
                    alias.asname = new
        case _:
            pass
