"""Which names may give another object, or none, from one part of a statement to the next."""

from __future__ import annotations

import ast

from seed_lsp.features.refactor.moves.dataflow import DataFlow
from seed_lsp.features.refactor.moves.flow import Flow
from seed_lsp.source.python_scopes import scope_of
from seed_lsp.source.python_tree import FUNCTIONS, PythonTree


def unstable_names(tree: PythonTree, statement: ast.stmt) -> frozenset[str]:
    """The names that a call in a statement, or the statement itself, may rebind meanwhile, and
    those that may not be bound when it begins.
    """
    declared = {name for node in ast.walk(tree.root) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    bound = {node.target.id for node in ast.walk(statement) if isinstance(node, ast.NamedExpr)}
    return frozenset(declared | bound | _maybe_unbound(tree, statement))


def _maybe_unbound(tree: PythonTree, statement: ast.stmt) -> set[str]:
    function = tree.scope(statement)
    if not isinstance(function, FUNCTIONS):
        return set()
    local_names = scope_of(function).local_names
    return local_names - DataFlow(Flow(function, local_names, [statement])).surely_bound_at_entry()
