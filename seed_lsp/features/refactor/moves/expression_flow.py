"""The events of expressions, in the order of their evaluation."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from seed_lsp.features.refactor.moves.events import Graph
from seed_lsp.features.refactor.moves.known_calls import run_at_once
from seed_lsp.source.python_scopes import bound_by, inside, outside, scope_of, targets_of
from seed_lsp.source.python_tree import COMPREHENSIONS, SCOPES


class ExpressionFlow(Graph):
    """A graph that expressions, patterns and the heads of scopes are added to."""

    def __init__(self, local_names: set[str]) -> None:
        super().__init__(local_names)
        self._at_once: set[ast.AST] = set()

    def _parts(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self._part(node)

    def _part(self, node: ast.AST) -> None:
        if isinstance(node, SCOPES):
            self._scope(node)
        elif isinstance(node, ast.Name):
            self._name(node)
        elif isinstance(node, ast.BoolOp):
            self._short_circuit(node.values)
        elif isinstance(node, ast.IfExp):
            self._part(node.test)
            self._either(node.body, node.orelse)
        elif isinstance(node, ast.Compare):
            self._part(node.left)
            self._short_circuit(node.comparators)
        elif isinstance(node, ast.NamedExpr):
            self._parts((node.value, node.target))
        else:
            if isinstance(node, ast.Call):
                self._at_once.update(run_at_once(node))
            self._parts(ast.iter_child_nodes(node))
            if isinstance(node, ast.expr | ast.pattern) and not isinstance(node, ast.Constant):
                self._raise()
            for name in bound_by(node):
                self._event("bind", name, node)

    def _name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._event("read", node.id, node)
            self._raise()
        elif isinstance(node.ctx, ast.Store):
            self._event("bind", node.id, node)
        else:
            # What is deleted has to be there.
            self._event("read", node.id, node)
            self._raise()
            self._event("unbind", node.id, node)

    def _short_circuit(self, values: Sequence[ast.expr]) -> None:
        after = self._new()
        for value in values:
            self._part(value)
            self._raise()
            self._link(after)
        self._at = after

    def _either(self, *nodes: ast.expr) -> None:
        here, after = self._at, self._new()
        for node in nodes:
            self._at = here
            self._part(node)
            self._link(after)
        self._at = after

    def _scope(self, node: ast.AST) -> None:
        self._parts(outside(node))
        self._raise()
        if isinstance(node, COMPREHENSIONS) and (not isinstance(node, ast.GeneratorExp) or node in self._at_once):
            self._comprehension(node)
            return
        scope = scope_of(node)
        if node in self._at_once or isinstance(node, ast.ClassDef):
            self._any_times(sorted(scope.free_names), node)
        if node not in self._at_once:
            for name in sorted(scope.free_names):
                self._event("capture", name, node)
        for name in bound_by(node):
            self._event("bind", name, node)

    def _comprehension(self, node: ast.AST) -> None:
        """One that runs where it stands: each part any number of times."""
        local_names = self.local_names
        self.local_names = local_names - targets_of(node)
        again, after = self._new(), self._new()
        self._go(again)
        self._raise()
        self._link(after)
        for part in inside(node):
            self._part(part)
            self._link(again)
        self._at = after
        self.local_names = local_names

    def _any_times(self, names: Sequence[str], node: ast.AST) -> None:
        """Names that are read here, any number of times."""
        again, after = self._new(), self._new()
        self._go(again)
        self._link(after)
        for name in names:
            self._event("read", name, node)
        self._raise()
        self._link(again)
        self._at = after
