"""Does a text share a run of words with an evaluation set? Training text that does is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from engine.evaluation.tasks import read_lines

RUN = 13
"""A run of this many words counts as shared, which is the usual measure (Brown et al., arXiv
2005.14165, appendix C).
"""
SHORTEST = 8
"""A text of fewer words than `RUN`, but of this many, is looked up whole."""
_WORD = re.compile(r"\w+")


class Overlap:
    """All runs of `RUN` words of some texts, as hashes."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._runs: set[int] = set()
        for text in texts:
            words = _words(text)
            self._runs.update(_runs(words))
            if SHORTEST <= len(words) < RUN:
                self._runs.add(hash(tuple(words)))

    def __len__(self) -> int:
        return len(self._runs)

    def touches(self, text: str) -> bool:
        """Whether `text` shares a run with the texts."""
        return any(run in self._runs for run in _runs(_words(text)))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _runs(words: list[str]) -> Iterator[int]:
    for start in range(len(words) - RUN + 1):
        yield hash(tuple(words[start : start + RUN]))


def evaluation_texts(path: Path) -> Iterator[str]:
    """The prompts, references and codes of an evaluation set (JSON lines, plain or gzip).

    Its tests are long and no text to learn from.
    """
    for line in read_lines(path):
        yield from _strings({name: value for name, value in json.loads(line).items() if name not in {"tests", "base_tests"}})


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
