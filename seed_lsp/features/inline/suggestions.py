"""Answers without the model.

A suggestion's rest is shown while the user types along it, accepts some of it, or comes back to it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from seed_lsp.source.document import CharOffset, Document

KEPT = 40
"""Suggestions that are remembered."""


@dataclass(frozen=True)
class Suggestion:
    """`text` was suggested between `before` and `after`, which together were the document `uri`.

    The editor reports it by its `id`, which is 0 as long as it was not shown.
    """

    uri: str
    before: str
    after: str
    text: str
    id: int = 0

    @staticmethod
    def at(document: Document, cursor: CharOffset, text: str, number: int = 0) -> Suggestion:
        return Suggestion(document.uri, document.text[:cursor], document.text[cursor:], text, number)

    def rest(self, document: Document, cursor: CharOffset) -> str:
        """The suggestion's rest at `cursor`; empty where the document went another way."""
        start = len(self.before)
        if document.uri != self.uri or cursor < start:
            return ""
        typed = document.text[start:cursor]
        if not self.text.startswith(typed) or document.text[:start] != self.before or document.text[cursor:] != self.after:
            return ""
        return self.text[len(typed) :]

    @property
    def accepted(self) -> tuple[str, CharOffset]:
        """The document's text with the suggestion in it, and the cursor behind the suggestion."""
        return self.before + self.text + self.after, CharOffset(len(self.before) + len(self.text))


class Suggestions:
    """The last suggestions, the newest first in line."""

    def __init__(self) -> None:
        self._kept: deque[Suggestion] = deque(maxlen=KEPT)

    def add(self, suggestion: Suggestion) -> None:
        self._kept.appendleft(suggestion)

    def find(self, document: Document, cursor: CharOffset) -> tuple[Suggestion, str] | None:
        """A suggestion that goes on at `cursor`, and what is left of it; the one with most left."""
        found = [(suggestion, rest) for suggestion in self._kept if (rest := suggestion.rest(document, cursor)).strip()]
        return max(found, key=lambda entry: len(entry[1]), default=None)

    def by_id(self, number: int) -> Suggestion | None:
        return next((suggestion for suggestion in self._kept if suggestion.id == number), None)

    def show(self, suggestion: Suggestion, number: int) -> Suggestion:
        """Give a suggestion that was prepared the number under which the editor gets it."""
        shown = replace(suggestion, id=number)
        self._kept = deque((shown if kept is suggestion else kept for kept in self._kept), maxlen=KEPT)
        return shown

    def forget(self, uri: str) -> None:
        """Drop those of a document, which was closed."""
        self._kept = deque((kept for kept in self._kept if kept.uri != uri), maxlen=KEPT)
