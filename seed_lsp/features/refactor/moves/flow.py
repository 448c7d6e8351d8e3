"""A function as a graph of events: its names are read, bound and captured, and anything may raise.

Edges lead to what may come next. A run of statements of the function can be marked; the events of
it are `selected`, and lie between the events `enter` and `leave`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from seed_lsp.features.refactor.moves.known_calls import may_swallow, run_at_once
from seed_lsp.features.refactor.moves.scopes import SCOPES, arguments_of, bound_by, inside, outside, scope_of, targets_of
from seed_lsp.features.refactor.moves.tree import COMPREHENSIONS, FUNCTIONS, TRIES, Function

Kind = Literal["join", "read", "bind", "unbind", "capture", "raise", "close", "value", "enter", "leave"]


@dataclass
class Event:
    """`node` is the syntax that a read or a binding stands for; `next` has the numbers of the
    events that may follow.
    """

    kind: Kind
    name: str = ""
    node: ast.AST | None = None
    selected: bool = False
    next: list[int] = field(default_factory=list)


@dataclass
class _Loop:
    after: int
    again: int


@dataclass
class _Finally:
    """The way through a `finally` that does not go on behind the statement; `jumps` are the ways
    on from there.
    """

    entry: int
    jumps: set[str] = field(default_factory=set)


class Flow:
    """The graph of `function`, whose local names are `local_names`; `run` is marked.

    It starts at event 0 and ends at event 1, or at event 2 by an exception.
    """

    start, end, failed = 0, 1, 2

    def __init__(self, function: Function, local_names: set[str], run: Sequence[ast.stmt] = ()) -> None:
        self.local_names = local_names
        self._run = run
        self._selected = False
        self.events = [Event("join"), Event("join"), Event("join")]
        self._at: int | None = self.start
        self._visitors = self._statement_visitors()
        self._at_once: set[ast.AST] = set()
        self._contexts: list[_Loop | _Finally] = []
        # Where an exception goes.
        self._targets = [self.failed]
        for argument in arguments_of(function):
            self._event("bind", argument.arg)
        for parameter in getattr(function, "type_params", ()):
            self._event("bind", parameter.name)
        self._block(function.body)
        self._link(self.end)

    # The graph.

    def _new(self, kind: Kind = "join", name: str = "", node: ast.AST | None = None) -> int:
        self.events.append(Event(kind, name, node, self._selected))
        return len(self.events) - 1

    def _link(self, target: int) -> None:
        """From where the flow is now, it may go on at `target`."""
        if self._at is not None:
            self.events[self._at].next.append(target)

    def _go(self, target: int) -> None:
        self._link(target)
        self._at = target

    def _event(self, kind: Kind, name: str = "", node: ast.AST | None = None) -> None:
        if kind in {"read", "bind", "unbind", "capture"} and name not in self.local_names:
            return
        self._go(self._new(kind, name, node))

    def _raise(self) -> None:
        """Here an exception may arise."""
        self._event("raise")
        self._link(self._targets[-1])

    def _jump(self, way: str) -> None:
        """Leave by `return`, `break` or `continue`, through each `finally` on the way."""
        for context in reversed(self._contexts):
            if isinstance(context, _Finally):
                context.jumps.add(way)
                self._link(context.entry)
                break
            if way != "return":
                self._link(context.after if way == "break" else context.again)
                break
        else:
            self._link(self.end)
        self._at = None

    # Statements.

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
            **dict.fromkeys(TRIES, self._try),
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
        self._loop_body(node, _Loop(after, again))
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
        self._loop_body(node, _Loop(after, again))
        self._at = here
        self._block(node.orelse)
        self._go(after)
        self._at = after

    def _loop_body(self, node: ast.For | ast.AsyncFor | ast.While, loop: _Loop) -> None:
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
        last = _Finally(self._new()) if node.finalbody else None
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
        last = _Finally(self._new())
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

    def _leave_by_finally(self, node: ast.Try, last: _Finally) -> None:
        self._at = last.entry
        self._block(node.finalbody)
        self._go_on(last)

    def _go_on(self, last: _Finally) -> None:
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

    # Expressions, in the order of their evaluation.

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
