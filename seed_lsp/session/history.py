"""What the user changed lately: keystrokes are clustered into changes of lines, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from seed_lsp.source.document import Document, split_lines, with_line_feeds
from seed_lsp.source.patch import changed_runs

PAUSE_S = 30.0
"""After so long without a key a new change begins."""
NEAR_LINES = 6
"""A key farther than this from the last one begins a new change."""
MOST_CHANGES = 12
MOST_CHARS = 2000
"""Of one change: a longer one is a paste, a format or a checkout, from which nothing recurs."""


@dataclass(frozen=True)
class Change:
    """Lines of `uri` that were `before` and are `after`.

    `line` is the first of them now, counted from 0; `above` and `below` are the lines beside them.
    """

    uri: str
    line: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    above: str = ""
    below: str = ""

    @property
    def diff(self) -> str:
        """As the lines of a unified diff show it."""
        lines = [f" {self.above}"] * bool(self.above.strip())
        lines += [f"-{line}" for line in self.before] + [f"+{line}" for line in self.after]
        return "\n".join([*lines, *([f" {self.below}"] * bool(self.below.strip()))])

    @property
    def size(self) -> int:
        return sum(map(len, self.before)) + sum(map(len, self.after))


def changes_between(old: str, new: str, uri: str) -> list[Change]:
    """The runs of lines in which two texts differ, in their order."""
    before, after = ([line.rstrip("\r\n") for line in split_lines(text)] for text in (old, new))
    found = []
    for run in changed_runs(before, after):
        above = after[run.new_start - 1] if run.new_start else ""
        below = after[run.new_end] if run.new_end < len(after) else ""
        lines = tuple(before[run.old_start : run.old_end]), tuple(after[run.new_start : run.new_end])
        found.append(Change(uri, run.new_start, *lines, above, below))
    return found


@dataclass
class _Open:
    """A change under way: the document's text before it, where and when the last key was."""

    base: str
    line: int
    at: float


class EditHistory:
    """Fed with each change of a document; asked when a next edit is wanted."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._done: deque[Change] = deque(maxlen=MOST_CHANGES)

    def opened(self, document: Document, now: float) -> None:
        self._open[document.uri] = _Open(document.text, 0, now - PAUSE_S)

    def closed(self, uri: str) -> None:
        self._open.pop(uri, None)
        self._done = deque((change for change in self._done if change.uri != uri), maxlen=MOST_CHANGES)

    def changed(self, before: Document, line: int, now: float) -> None:
        """A key changed a document at `line`; `before` is what it was."""
        under_way = self._open.get(before.uri)
        if under_way is None:
            self._open[before.uri] = _Open(before.text, line, now)
            return
        if now - under_way.at >= PAUSE_S or abs(line - under_way.line) > NEAR_LINES:
            self._settle(before, under_way)
        under_way.line, under_way.at = line, now

    def recent(self, document: Document) -> list[Change]:
        """The changes up to now, the newest first.

        The change of `document` that is under way stands before all others.
        """
        under_way = self._open.get(document.uri)
        fresh = self._fresh(document, under_way) if under_way else []
        # Those of the same document first: their lines are what recurs.
        done = [*reversed(fresh), *reversed(self._done)]
        return sorted(done, key=lambda change: change.uri != document.uri)[:MOST_CHANGES]

    def _settle(self, document: Document, under_way: _Open) -> None:
        self._done.extend(self._fresh(document, under_way))
        under_way.base = document.text

    def _fresh(self, document: Document, under_way: _Open) -> list[Change]:
        if under_way.base == document.text:
            return []
        found = changes_between(with_line_feeds(under_way.base), with_line_feeds(document.text), document.uri)
        return [change for change in found if change.size <= MOST_CHARS]


def within(changes: list[Change], chars: int) -> Iterator[Change]:
    """The newest changes, as many as fit."""
    for change in changes:
        chars -= change.size
        if chars < 0:
            return
        yield change
