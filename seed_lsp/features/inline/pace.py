"""How long to wait before the model is asked.

A fast typist must not keep the model busy with questions that nobody waits for.
"""

from __future__ import annotations

LONGEST_S = 0.25
LONGEST_GAP_S = 1.5
"""A longer pause between two keys is no typing."""
SHARE = 0.25
"""Of the newest value in the moving means."""
MARGIN = 1.2
_OPENING = frozenset("([{.=,: \n\t")
"""Behind these something new begins: worth asking at once."""


class Pace:
    """Moving means of the time between keys and of the time that an answer takes."""

    def __init__(self) -> None:
        self._gap_s = 0.3
        self._answer_s = 0.3
        self._last_key: float | None = None

    def key(self, now: float) -> None:
        if self._last_key is not None and (gap := now - self._last_key) < LONGEST_GAP_S:
            self._gap_s += SHARE * (gap - self._gap_s)
        self._last_key = now

    def answered(self, seconds: float) -> None:
        self._answer_s += SHARE * (seconds - self._answer_s)

    def delay(self, typed: str) -> float:
        """Seconds to wait behind the key `typed`.

        It is 0 where an answer comes before the next key, and else until that key is late.
        """
        if self._answer_s <= self._gap_s or typed[-1:] in _OPENING:
            return 0.0
        return min(LONGEST_S, MARGIN * self._gap_s)
