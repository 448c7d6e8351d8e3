"""A function as a graph of events: its names are read, bound and captured, and anything may raise.

Edges lead to what may come next. A run of statements of the function can be marked; the events of
it are `selected`, and lie between the events `enter` and `leave`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from seed_lsp.features.refactor.moves.events import Finally, Loop
from seed_lsp.features.refactor.moves.expression_flow import ExpressionFlow
from seed_lsp.features.refactor.moves.known_calls import may_swallow
from seed_lsp.source.python_scopes import arguments_of, bound_by
from seed_lsp.source.python_tree import FUNCTIONS, Function

# Python 3.10 does not have `except*` yet.
_TRIES = tuple(getattr(ast, name) for name in ("Try", "TryStar") if hasattr(ast, name))


class Flow(ExpressionFlow):
    """The graph of `function`, whose local names are `local_names`; `run` is marked."""

    def __init__(self, function: Function, local_names: set[str], run: Sequence[ast.stmt] = ()) -> None:
        super().__init__(local_names)
        self._run = run
        self._visitors = self._statement_visitors()
        for argument in arguments_of(function):
            self._event("bind", argument.arg)
        for parameter in getattr(function, "type_params", ()):
            self._event("bind", parameter.name)
        self._block(function.body)
        self._link(self.end)

    def _statement_visitors(self) -> dict[type[ast.stmt], Callable[[Any], None]]:
        return {
            ast.Assign: self._assign,
            ast.AugAssign: self._augmented,
            ast.AnnAssign: self._annotated,
            ast.Return: self._return,
            ast.Raise: self._raise_statement,
            ast.Break: lambda _: self._jump("break"),
            ast.Continue: lambda _: self._jump("continue"),
            ast.Assert: self._assert,
            ast.If: self._if,
            ast.While: self._while,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Match: self._match,
            **dict.fromkeys((*FUNCTIONS, ast.ClassDef), self._scope),
            **dict.fromkeys(_TRIES, self._try),
        }

    def _block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            if self._run and statement is self._run[0]:
                self._event("enter")
                self._selected = True
            self._statement(statement)
            if self._run and statement is self._run[-1]:
                self._selected = False
                self._event("leave")

    def _statement(self, node: ast.stmt) -> None:
        visit = self._visitors.get(type(node))
        if visit is not None:
            visit(node)
        else:
            self._parts(ast.iter_child_nodes(node))
            if not isinstance(node, ast.Expr | ast.Pass | ast.Global | ast.Nonlocal):
                self._raise()
            for name in bound_by(node):
                self._event("bind", name, node)

    def _assign(self, node: ast.Assign) -> None:
        self._parts((node.value, *node.targets))

    def _augmented(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._event("read", node.target.id, node.target)
        self._parts((node.value,))
        self._raise()
        self._parts((node.target,))

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._parts((node.value, node.target))
        elif not isinstance(node.target, ast.Name):
            self._parts((node.target,))

    def _return(self, node: ast.Return) -> None:
        self._parts((node.value,))
        if node.value is not None:
            self._event("value")
        self._jump("return")

    def _raise_statement(self, node: ast.Raise) -> None:
        self._parts((node.exc, node.cause))
        self._raise()
        self._at = None

    def _assert(self, node: ast.Assert) -> None:
        self._parts((node.test,))
        passed = self._at
        self._parts((node.msg,))
        self._raise()
        self._at = passed

    def _if(self, node: ast.If) -> None:
        self._parts((node.test,))
        self._branches([node.body, node.orelse])

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]]) -> None:
        here, after = self._at, self._new()
        for body in bodies:
            self._at = here
            self._block(body)
            self._link(after)
        self._at = after

    def _while(self, node: ast.While) -> None:
        again, after = self._new(), self._new()
        self._go(again)
        self._parts((node.test,))
        is_endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        here = self._at
        self._loop_body(node, Loop(after, again))
        self._at = None if is_endless else here
        self._block(node.orelse)
        self._go(after)
        self._at = after

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self._parts((node.iter,))
        again, after = self._new(), self._new()
        self._go(again)
        self._raise()
        here = self._at
        self._parts((node.target,))
        self._loop_body(node, Loop(after, again))
        self._at = here
        self._block(node.orelse)
        self._go(after)
        self._at = after

    def _loop_body(self, node: ast.For | ast.AsyncFor | ast.While, loop: Loop) -> None:
        self._contexts.append(loop)
        self._block(node.body)
        self._contexts.pop()
        self._link(loop.again)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        after = self._new()
        depth = len(self._targets)
        for item in node.items:
            self._parts((item.context_expr,))
            self._raise()
            caught = self._new()
            self.events[caught].next.append(self._targets[-1])
            if may_swallow(item.context_expr):
                self.events[caught].next.append(after)
            self._targets.append(caught)
            self._parts((item.optional_vars,))
        self._block(node.body)
        del self._targets[depth:]
        if self._at is not None:
            self._event("close")
            self._link(self._targets[-1])
        self._go(after)
        self._at = after

    def _try(self, node: ast.Try) -> None:
        last = Finally(self._new()) if node.finalbody else None
        if last is not None:
            self._contexts.append(last)
            self._targets.append(last.entry)
        after, caught = self._new(), self._new()
        self.events[caught].next.append(self._targets[-1])
        self._targets.append(caught)
        self._block(node.body)
        self._targets.pop()
        self._block(node.orelse)
        self._link(after)
        for handler in node.handlers:
            self._at = caught
            self._handler(handler)
            self._link(after)
        if last is not None:
            self._contexts.pop()
            self._targets.pop()
            self._leave_by_finally(node, last)
        self._at = after
        self._block(node.finalbody)

    def _handler(self, node: ast.ExceptHandler) -> None:
        self._parts((node.type,))
        if node.name is None:
            self._block(node.body)
            return
        self._event("bind", node.name, node)
        # The name is unbound however the handler ends.
        last = Finally(self._new())
        self._contexts.append(last)
        self._targets.append(last.entry)
        self._block(node.body)
        self._contexts.pop()
        self._targets.pop()
        self._event("unbind", node.name, node)
        normal = self._at
        self._at = last.entry
        self._event("unbind", node.name, node)
        self._go_on(last)
        self._at = normal

    def _leave_by_finally(self, node: ast.Try, last: Finally) -> None:
        self._at = last.entry
        self._block(node.finalbody)
        self._go_on(last)

    def _go_on(self, last: Finally) -> None:
        self._link(self._targets[-1])
        here = self._at
        for way in sorted(last.jumps):
            self._at = here
            self._jump(way)

    def _match(self, node: ast.Match) -> None:
        self._parts((node.subject,))
        after = self._new()
        for case in node.cases:
            before = self._at
            self._parts((case.pattern,))
            # A pattern may bind some of its names and then fail.
            missed = self._new()
            self._link(missed)
            if before is not None:
                self.events[before].next.append(missed)
            self._parts((case.guard,))
            if case.guard is not None:
                self._link(missed)
            self._block(case.body)
            self._link(after)
            always = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
            self._at = None if always else missed
        self._go(after)
        self._at = after
