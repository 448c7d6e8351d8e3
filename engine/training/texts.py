"""Which of the answers a run learns from, and which it is measured with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from engine.training.answers import Answer
from engine.training.blocks import Text

SHORTEST_ANSWER = 4
"""Tokens of an answer; a shorter one has no room for a block."""
LONGEST_TEXT = 900
"""Tokens of a prompt and its answer; the memory of a step grows with the longest text."""


def texts_of(answers: Iterable[Answer]) -> list[Text]:
    """The answers that are neither too short nor too long to learn from, each behind its prompt."""
    return [
        Text(a.prompt + a.answer, len(a.prompt), a.kind, a.old)
        for a in answers
        if len(a.answer) >= SHORTEST_ANSWER and len(a.prompt) + len(a.answer) <= LONGEST_TEXT
    ]


def balanced(texts: list[Text], count: int) -> list[Text]:
    """`count` texts, the kinds in turn."""
    by_kind: dict[str, list[Text]] = defaultdict(list)
    for text in texts:
        by_kind[text.kind].append(text)
    chosen: list[Text] = []
    while by_kind and len(chosen) < count:
        for kind in sorted(by_kind):
            chosen.append(by_kind[kind].pop(0))
            if not by_kind[kind]:
                del by_kind[kind]
    return chosen[:count]
