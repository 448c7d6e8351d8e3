"""Prompt-lookup (n-gram) drafting: copies what followed the same tokens in text that is known.

Most of an edit is the old code, and most of the names in a completion stand in its context.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

MAX_MATCH = 4
"""Tokens of the longest suffix that is looked up."""
BACKWARD_COST = 4
"""A match in the old code that lies n tokens back counts as far away as one 4 n tokens ahead."""
GUESS_LENGTH = 2
"""The length of a draft that rests on a match of one token, or on none.

It is short, since most such drafts are wrong.
"""


@dataclass(frozen=True)
class Copied:
    """Tokens that may follow.

    They are `certain` if they stand behind a match of two tokens or more, or are the next of the
    old code.
    """

    tokens: list[int]
    certain: bool = False


NOTHING = Copied([])


class PromptLookupDrafter:
    """Finds where in known text the generated text seems to be, and proposes the tokens that follow
    there.

    `old` is the code that is rewritten. It is followed from its start; after a departure it is
    picked up again at the match nearest to where it was left. Where it has no match, the prompt
    (`context`) and the generated text itself are looked up.
    """

    def __init__(self, context: Sequence[int], old: Sequence[int] = ()) -> None:
        self._old = list(old)
        self._text = list(context)
        self._in_old = _Index(self._old)
        self._in_text = _Index(self._text)
        self._aligned = 0
        self._generated: list[int] = []

    def extend(self, tokens: Sequence[int]) -> None:
        """Take in generated tokens, and follow them through the old code."""
        for token in tokens:
            self._generated.append(token)
            self._text.append(token)
            self._in_text.add_last()
            if self._aligned < len(self._old) and self._old[self._aligned] == token:
                self._aligned += 1
            else:
                self._realign()

    def propose(self, length: int) -> Copied:
        """At most `length` tokens that may come next; fewer, or none, where nothing matches."""
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
        # The text departed from the old code and is not back yet: a token may stand for a token.
        return Copied(self._old[self._aligned + 1 : self._aligned + 1 + guess])

    def _follows_old(self) -> bool:
        return self._aligned > 0 and self._old[self._aligned - 1] == self._generated[-1]

    def _realign(self) -> None:
        place = self._in_old.nearest(self._generated, self._aligned)
        if place is not None:
            self._aligned = place


class _Index:
    """Maps each run of 1 to `MAX_MATCH` tokens of a text to the positions behind it."""

    def __init__(self, text: list[int]) -> None:
        self._text = text
        self._ends: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for end in range(1, len(text) + 1):
            self._add(end)

    def _add(self, end: int) -> None:
        for size in range(1, min(MAX_MATCH, end) + 1):
            self._ends[tuple(self._text[end - size : end])].append(end)

    def add_last(self) -> None:
        """Take in the last token of the text, which this index shares with its owner."""
        self._add(len(self._text))

    def nearest(self, suffix: list[int], place: int) -> int | None:
        """The position behind the longest match of the end of `suffix`; of several the one nearest
        to `place`.

        A step back counts `BACKWARD_COST` times, since a rewrite drops or adds a piece of code more
        often than it repeats one.
        """
        for size in range(min(MAX_MATCH, len(suffix)), 0, -1):
            ends = self._ends.get(tuple(suffix[-size:]))
            if ends:
                return min(ends, key=lambda end: end - place if end >= place else BACKWARD_COST * (place - end))
        return None

    def latest(self, suffix: list[int], *, shortest: int, behind: int = 0) -> int | None:
        """The position behind the longest match of the end of `suffix` that a token follows; of
        several the last, if it is after `behind`.
        """
        for size in range(min(MAX_MATCH, len(suffix)), shortest - 1, -1):
            for end in reversed(self._ends.get(tuple(suffix[-size:]), ())):
                if behind < end < len(self._text):
                    return end
        return None
