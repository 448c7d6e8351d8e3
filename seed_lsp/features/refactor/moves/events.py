"""The events of a function and the ways between them: a graph that is drawn as the code runs."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

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
class Loop:
    """Where `break` and `continue` lead to."""

    after: int
    again: int


@dataclass
class Finally:
    """The way through a `finally` that does not go on behind the statement; `jumps` are the ways
    on from there.
    """

    entry: int
    jumps: set[str] = field(default_factory=set)


class Graph:
    """It starts at event 0 and ends at event 1, or at event 2 by an exception.

    `local_names` are the names that it tells of.
    """

    start, end, failed = 0, 1, 2

    def __init__(self, local_names: set[str]) -> None:
        self.local_names = local_names
        self.events = [Event("join"), Event("join"), Event("join")]
        self._selected = False
        # None where nobody comes to.
        self._at: int | None = self.start
        self._contexts: list[Loop | Finally] = []
        # Where an exception goes.
        self._targets = [self.failed]

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
            if isinstance(context, Finally):
                context.jumps.add(way)
                self._link(context.entry)
                break
            if way != "return":
                self._link(context.after if way == "break" else context.again)
                break
        else:
            self._link(self.end)
        self._at = None
