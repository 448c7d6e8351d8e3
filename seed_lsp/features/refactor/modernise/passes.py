"""Several rounds of edits, of which each finds what the one before made possible, as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit, apply_edits, minimal_edits
from seed_lsp.source.syntax import Span


@dataclass(frozen=True)
class Round:
    """The text after some rounds, and where the lines that may change now are in it: `area`, and
    those of the imports, up to `head`.
    """

    text: str
    area: Span
    head: CharOffset

    def after(self, edits: Sequence[Edit]) -> Round:
        start = self.area.start + _growth(edit for edit in edits if edit.end <= self.area.start and edit.start < self.area.start)
        end = self.area.end + _growth(edit for edit in edits if edit.end <= self.area.end)
        head = self.head + _growth(edit for edit in edits if edit.end <= self.head)
        return Round(apply_edits(self.text, edits), Span(CharOffset(start), CharOffset(end)), CharOffset(head))


def _growth(edits: Iterable[Edit]) -> int:
    return sum(len(edit.text) - (edit.end - edit.start) for edit in edits)


def edits_between(document: Document, first: Round, last: Round) -> tuple[Edit, ...] | None:
    """The smallest edits of a document that lead to the last round; None where the imports and the
    area cannot be told apart, or anything besides them has changed.
    """
    old, new = document.text, last.text
    if first.head > first.area.start or last.head > last.area.start:
        return None
    between = old[first.head : first.area.start] == new[last.head : last.area.start]
    if not between or old[first.area.end :] != new[last.area.end :]:
        return None
    head = minimal_edits(old[: first.head], new[: last.head])
    area = minimal_edits(old[first.area.start : first.area.end], new[last.area.start : last.area.end], offset=first.area.start)
    return (*head, *area)
