"""Answers while the user types along a suggestion: what is left of it, without asking the model again."""

from __future__ import annotations

from dataclasses import dataclass

from seed_lsp.source.document import CharOffset, Document


@dataclass(frozen=True)
class Suggestion:
    """`text` was suggested between `before` and `after`, which together were the document `uri`."""

    uri: str
    before: str
    after: str
    text: str

    @staticmethod
    def at(document: Document, cursor: CharOffset, text: str) -> Suggestion:
        return Suggestion(document.uri, document.text[:cursor], document.text[cursor:], text)

    def rest(self, document: Document, cursor: CharOffset) -> str:
        """What of the suggestion is still to come at `cursor`; empty where the document went another way."""
        start = len(self.before)
        if document.uri != self.uri or cursor < start:
            return ""
        typed = document.text[start:cursor]
        if not self.text.startswith(typed) or document.text[:start] != self.before or document.text[cursor:] != self.after:
            return ""
        return self.text[len(typed) :]
