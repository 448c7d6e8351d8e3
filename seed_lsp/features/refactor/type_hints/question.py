"""What the model is asked for a function's types: one fill-in-the-middle prompt, of which the
answers are given in turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.api import Finished, InfillRequest, SamplingOptions
from seed_lsp.features.refactor.imports import import_block
from seed_lsp.features.refactor.type_hints.headers import Function, Hole
from seed_lsp.features.refactor.type_hints.hints import read_type
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import ByteOffset, CharOffset, Document, with_line_feeds
from seed_lsp.source.patch import Edit, apply_edits

IMPORT_CHARS, BEFORE_CHARS, BODY_CHARS = 2000, 500, 2000
MAX_TOKENS = 32
_STOPS = ("\n", "=", ")", ":", "#")
_MIN_CHANCE = 1e-9
"""So small that no text ends for it; it makes the engine tell the probabilities."""


@dataclass(frozen=True)
class Guess:
    """A type as the model wrote it, empty if it wrote none, and its probability."""

    text: str
    chance: float


@dataclass(frozen=True)
class Question:
    """The prompt for the holes `asked` of a function; `known` has the types of others, and the
    result's type begins with `opening`.
    """

    document: Document
    function: Function
    asked: Sequence[Hole]
    known: Mapping[str, str]
    opening: str = ""

    def opening_of(self, hole: Hole) -> str:
        return self.opening if hole.is_return else ""

    def request(self, hole: Hole, found: Mapping[str, str], settings: Settings, deadline_s: float) -> InfillRequest:
        """Ask for a hole behind those whose types are `found`."""
        sampling = SamplingOptions(
            mode="verified" if settings.mode == "diffusion" else settings.mode,
            max_new_tokens=MAX_TOKENS,
            deadline_s=deadline_s,
            min_chance=_MIN_CHANCE,
        )
        middle = self._written(self.asked[0].at, hole.at, {**self.known, **found})
        opening = self.opening_of(hole)
        start = middle + hole.mark + (f" {opening}" if opening else "")
        return InfillRequest(0, settings.model, sampling, prefix=self._prefix, suffix=self._suffix, stop=_STOPS, start=start)

    @cached_property
    def _prefix(self) -> str:
        document, block = self.document, import_block(self.document).end
        line = document.line_start(self.function.start)
        imports = document.text[:block][:IMPORT_CHARS]
        start = max(block, line - BEFORE_CHARS)
        if start > block:
            start = document.next_line(start)
        before = document.text[min(start, line) : line]
        owner = self._owner_line if self.function.owner is not None and self._owner_start < start else ""
        return with_line_feeds(imports + "\n" + owner + before) + self._written(line, self.asked[0].at, self.known)

    @property
    def _owner_start(self) -> CharOffset:
        assert self.function.owner is not None
        return self.document.char_at(ByteOffset(self.function.owner.start_byte))

    @property
    def _owner_line(self) -> str:
        return self.document.line_text(self.document.line_of(self._owner_start)) + "\n"

    @cached_property
    def _suffix(self) -> str:
        end = self.document.char_at(ByteOffset(self.function.node.end_byte))
        if end > self.function.end + BODY_CHARS:
            end = self.document.line_start(self.function.end + BODY_CHARS)
        last = self.asked[-1]
        return self._written(last.at, max(end, self.function.end), self.known, last.blanks(self.document.text)) + "\n"

    def _written(self, start: int, end: int, types: Mapping[str, str], more: Sequence[Edit] = ()) -> str:
        """Text of the document with the types of the holes within."""
        text = self.document.text
        edits = [edit for hole in self.function.holes if hole.name in types for edit in hole.edits(text, types[hole.name])]
        inside = sorted((edit for edit in [*edits, *more] if start <= edit.start < end), key=lambda edit: edit.start)
        return with_line_feeds(apply_edits(text[start:end], inside, offset=start))


def read_guess(request: InfillRequest, finished: Finished, opening: str = "") -> Guess:
    """The type that an answer begins with, behind the `opening` that was given."""
    written = opening + finished.text[len(request.start) :]
    text = read_type(f"{written}\n" if finished.finish_reason == "stop" else written)
    if text is None:
        return Guess("", 0.0)
    end = written.index(text) + len(text) - len(opening)
    chance, start = 1.0, 0
    for size, probability in finished.chances:
        if start <= end:
            chance *= probability
        start = size
    return Guess(text, chance)
