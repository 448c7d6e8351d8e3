"""Drafts by copying: most of an edit is the old code, and most of a completion's names stand in its context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

MAX_MATCH = 4
"""Tokens of the longest suffix that is looked up."""
BACKWARD_COST = 4
GUESS_LENGTH = 2
"""Tokens of a draft that rests on a match of one token or on none: mostly wrong, so kept short."""


@dataclass(frozen=True)
class Copied:
    """Tokens that may follow. `certain`: they stand behind a match of two tokens or more, or are the old code's next ones."""

    tokens: list[int]
    certain: bool = False


NOTHING = Copied([])


class PromptLookupDrafter:
    """Proposes the tokens that follow the place in known text where the generated text seems to be.

    `old` is the code being rewritten: it is followed from its start, and after a departure picked up again at the place
    nearest to where it was left. `context` (the prompt) and the generated text itself serve where `old` has no match.
    """

    def __init__(self, context: Sequence[int], old: Sequence[int] = ()) -> None:
        self._old = list(old)
        self._text = list(context)
        self._in_old = _Index(self._old)
        self._in_text = _Index(self._text)
        self._aligned = 0
        self._generated: list[int] = []

    def extend(self, tokens: Sequence[int]) -> None:
        """Note generated tokens, and follow them through the old code."""
        for token in tokens:
            self._generated.append(token)
            self._text.append(token)
            self._in_text.add_last()
            if self._aligned < len(self._old) and self._old[self._aligned] == token:
                self._aligned += 1
            else:
                self._realign()

    def propose(self, length: int) -> Copied:
        """At most `length` tokens to come; fewer, or none, where nothing matches."""
        if length <= 0:
            return NOTHING
        if self._aligned < len(self._old) and (not self._generated or self._follows_old()):
            return Copied(self._old[self._aligned : self._aligned + length], certain=True)
        place = self._in_text.latest(self._generated, shortest=2)
        if place is not None:
            return Copied(self._text[place : place + length], certain=True)
        guess = min(length, GUESS_LENGTH)
        # What followed the last token where the new text had it before: type hints, renamed names.
        place = self._in_text.latest(self._generated, shortest=1, behind=len(self._text) - len(self._generated))
        if place is not None:
            return Copied(self._text[place : place + guess])
        # The text departed from the old code and is not back yet: one token may stand for one token.
        return Copied(self._old[self._aligned + 1 : self._aligned + 1 + guess])

    def _follows_old(self) -> bool:
        return self._aligned > 0 and self._old[self._aligned - 1] == self._generated[-1]

    def _realign(self) -> None:
        place = self._in_old.nearest(self._generated, self._aligned)
        if place is not None:
            self._aligned = place


class _Index:
    """Where each run of 1 to `MAX_MATCH` tokens ends in a text, as the position after it."""

    def __init__(self, text: list[int]) -> None:
        self._text = text
        self._ends: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for end in range(1, len(text) + 1):
            self._add(end)

    def _add(self, end: int) -> None:
        for size in range(1, min(MAX_MATCH, end) + 1):
            self._ends[tuple(self._text[end - size : end])].append(end)

    def add_last(self) -> None:
        """The text, which this index shares with its owner, has grown by one token."""
        self._add(len(self._text))

    def nearest(self, suffix: list[int], place: int) -> int | None:
        """After the longest match of the suffix's end: the match nearest to `place`, where a step back counts four times.

        Code moves on: a rewrite drops or adds a piece more often than it repeats one.
        """
        for size in range(min(MAX_MATCH, len(suffix)), 0, -1):
            ends = self._ends.get(tuple(suffix[-size:]))
            if ends:
                return min(ends, key=lambda end: end - place if end >= place else BACKWARD_COST * (place - end))
        return None

    def latest(self, suffix: list[int], *, shortest: int, behind: int = 0) -> int | None:
        """After the longest match that something follows: the last such place, if it is behind the given one."""
        for size in range(min(MAX_MATCH, len(suffix)), shortest - 1, -1):
            for end in reversed(self._ends.get(tuple(suffix[-size:]), ())):
                if behind < end < len(self._text):
                    return end
        return None
