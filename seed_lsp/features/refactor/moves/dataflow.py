"""What is known of a function's names at each event of its graph.

Names are bits of a number, so that a set of names is one number.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import cached_property

from seed_lsp.features.refactor.moves.events import Event
from seed_lsp.features.refactor.moves.flow import Flow


class DataFlow:
    """The answers are sets of names."""

    def __init__(self, flow: Flow) -> None:
        self.events = flow.events
        self._names = sorted(flow.local_names)
        self._bits = {name: 1 << i for i, name in enumerate(self._names)}
        self._all = (1 << len(self._names)) - 1
        self._start = flow.start
        self._before: list[list[int]] = [[] for _ in self.events]
        for number, event in enumerate(self.events):
            for target in event.next:
                self._before[target].append(number)
        self.entries = [number for number, event in enumerate(self.events) if event.kind == "enter"]
        self.exits = [number for number, event in enumerate(self.events) if event.kind == "leave"]

    def reachable(self, starts: Iterable[int]) -> set[int]:
        """The events that may come after some, those among them if they come again."""
        found: set[int] = set()
        stack = [target for start in starts for target in self.events[start].next]
        while stack:
            number = stack.pop()
            if number not in found:
                found.add(number)
                stack += self.events[number].next
        return found

    @cached_property
    def is_reached(self) -> bool:
        """Whether the marked run is ever entered."""
        return bool(self.reachable([self._start]) & set(self.entries))

    @cached_property
    def is_left(self) -> bool:
        """Whether the marked run may end by its last statement."""
        return bool(self._reached_inside & set(self.exits))

    def ends_at_exit(self) -> bool:
        """Whether nothing is done between the end of the run and that of the function, but leaving
        `with` statements.
        """
        found, stack = set(), [*self.exits]
        while stack:
            number = stack.pop()
            for target in self.events[number].next:
                if self.events[target].kind not in {"join", "close"}:
                    return False
                if target not in found:
                    found.add(target)
                    stack.append(target)
        return True

    @cached_property
    def _reached_inside(self) -> set[int]:
        found, stack = set(), [*self.entries]
        while stack:
            for target in self.events[stack.pop()].next:
                if target not in found and (self.events[target].selected or target in self.exits):
                    found.add(target)
                    stack.append(target)
        return found

    def live_at(self, numbers: Iterable[int]) -> set[str]:
        """The names that may be read at some events or later before they are bound anew."""
        return self._names_of(_union(self._live[number] for number in numbers))

    @cached_property
    def _live(self) -> list[int]:
        live = [0] * len(self.events)
        work = set(range(len(self.events)))
        while work:
            number = work.pop()
            event = self.events[number]
            value = _union(live[target] for target in event.next)
            if event.kind in {"bind", "unbind"}:
                value &= ~self._bits[event.name]
            elif event.kind in {"read", "capture"}:
                value |= self._bits[event.name]
            if value != live[number]:
                live[number] = value
                work.update(self._before[number])
        return live

    @cached_property
    def surely_bound(self) -> list[int]:
        """For each event the names that are bound whenever it comes, before it does."""
        return self._forward([self._start], 0, range(len(self.events)), is_sure=True)

    @cached_property
    def maybe_bound(self) -> list[int]:
        return self._forward([self._start], 0, range(len(self.events)), is_sure=False)

    def surely_bound_at_entry(self) -> set[str]:
        return self._names_of(_intersection([self.surely_bound[number] for number in self.entries], self._all))

    def maybe_bound_at_entry(self) -> set[str]:
        return self._names_of(_union(self.maybe_bound[number] for number in self.entries))

    def surely_bound_at_exit(self, given: Iterable[str]) -> set[str]:
        """The names that are bound at the end of the run, if those `given` are at its start."""
        inside = self._forward(self.entries, self._bits_of(given), self._inside, is_sure=True)
        return self._names_of(_intersection([inside[number] for number in self.exits if number in self._reached_inside], self._all))

    def exposed(self) -> set[str]:
        """The names that the run may read before it binds them."""
        inside = self._forward(self.entries, 0, self._inside, is_sure=True)
        found = 0
        for number in self._reached_inside:
            event = self.events[number]
            if event.kind in {"read", "capture"} and event.selected:
                found |= self._bits[event.name] & ~inside[number]
        return self._names_of(found)

    def lost_by_leaving(self) -> set[str]:
        """The names that the run may change before it is left by an exception or a jump, and that
        are read there.
        """
        inside = self._forward(self.entries, 0, self._inside, is_sure=False)
        lost = 0
        for number in self._reached_inside:
            event = self.events[number]
            if event.selected:
                changed = self._after(event, inside[number])
                outside = [one for one in event.next if not self.events[one].selected and one not in self.exits]
                lost |= changed & _union(self._live[one] for one in outside)
        return self._names_of(lost)

    def named(self, kinds: set[str], *, selected: bool) -> set[str]:
        """The names of the events of some kinds within the run, or outside of it."""
        return {event.name for event in self.events if event.kind in kinds and event.selected == selected}

    @cached_property
    def _inside(self) -> list[int]:
        return [number for number, event in enumerate(self.events) if event.selected or number in self.entries or number in self.exits]

    def fresh(self, binding: ast.AST, name: str, source: str) -> list[tuple[Event, bool]]:
        """The events at which `name` is read or captured, and whether on all ways to them `binding`
        has bound it, and `source` was not bound since.
        """
        found = [True] * len(self.events)
        work = set(range(len(self.events)))
        found[self._start] = False
        while work:
            number = work.pop()
            value = number != self._start and all(
                self._keeps(self.events[one], binding, source, known=found[one]) for one in self._before[number]
            )
            if value != found[number]:
                found[number] = value
                work.update(self.events[number].next)
        looks = [number for number, event in enumerate(self.events) if event.kind in {"read", "capture"} and event.name == name]
        return [(self.events[number], found[number]) for number in looks]

    @staticmethod
    def _keeps(event: Event, binding: ast.AST, source: str, *, known: bool) -> bool:
        if event.kind in {"bind", "unbind"}:
            return event.name != source and (known or any(event.node is one for one in ast.walk(binding)))
        return known

    def _forward(self, starts: Iterable[int], given: int, among: Sequence[int], *, is_sure: bool) -> list[int]:
        """What is bound before each event, on all ways from `starts` or on some of them."""
        found = [self._all if is_sure else 0] * len(self.events)
        begin, allowed = set(starts), set(among)
        for number in begin:
            found[number] = given
        work = allowed - begin
        while work:
            number = work.pop()
            values = [self._after(self.events[one], found[one]) for one in self._before[number] if one in allowed]
            value = _intersection(values, self._all) if is_sure else _union(values)
            if value != found[number]:
                found[number] = value
                work.update(target for target in self.events[number].next if target in allowed and target not in begin)
        return found

    def _after(self, event: Event, value: int) -> int:
        if event.kind == "bind":
            return value | self._bits[event.name]
        if event.kind == "unbind":
            return value & ~self._bits[event.name]
        return value

    def _bits_of(self, names: Iterable[str]) -> int:
        return _union(self._bits[name] for name in names if name in self._bits)

    def _names_of(self, bits: int) -> set[str]:
        return {name for name, bit in self._bits.items() if bits & bit}


def _union(values: Iterable[int]) -> int:
    found = 0
    for value in values:
        found |= value
    return found


def _intersection(values: Iterable[int], everything: int) -> int:
    found = everything
    for value in values:
        found &= value
    return found
