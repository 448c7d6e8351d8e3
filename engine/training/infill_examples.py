"""Holes of the corpus as rows for the next-token loss, to learn filling in the middle from."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from engine.api import InfillRequest, RelatedFile, SamplingOptions
from engine.model.tokenizer import Tokenizer
from engine.prompts import infill_prompt
from engine.training.blocks import IGNORED, NO_TOKEN, Packed
from engine.training.corpus import TrainingPrompt

END = "<|endoftext|>"
LONGEST = 900
"""Tokens of a text; longer ones are left out."""
ROWS_TOGETHER = 2000
"""Rows of one pass. For the 0.5B a row keeps 1.4 MB until its way back."""
LEAST_CHARS = 300
"""The least number of characters around a hole in training. Contexts have every length from here
on, since an editor has short files as well as long ones.
"""
BEFORE = 0.7
"""The share of those characters that stands before the hole."""
WITH_RELATED = 0.25
"""The share of holes that are asked for with another piece of their package in sight, as the editor
does.
"""


def example(tokenizer: Tokenizer, hole: TrainingPrompt, related: Sequence[TrainingPrompt]) -> Packed:
    """Prompt, middle and end as causal rows; the targets are the middle's tokens and the end."""
    files = tuple(RelatedFile(other.origin.split(":")[1], other.prefix + other.middle + other.suffix) for other in related)
    request = InfillRequest(1, "", SamplingOptions(), hole.prefix, hole.suffix, hole.origin.split(":")[1], files)
    prompt = infill_prompt(tokenizer, request).tokens
    tokens = [*prompt, *tokenizer.encode(hole.middle), tokenizer.special(END)]
    rows = len(tokens) - 1
    return Packed(
        torch.tensor(tokens[:-1]),
        torch.zeros(rows, dtype=torch.bool),
        torch.arange(rows),
        torch.ones(rows, rows, dtype=torch.bool).triu(1),
        torch.tensor([IGNORED] * (len(prompt) - 1) + tokens[len(prompt) :]),
        torch.ones(rows),
        torch.full((rows,), NO_TOKEN),
    )


def nearby(hole: TrainingPrompt, chars: int) -> TrainingPrompt:
    """The hole with about `chars` characters of whole lines around it."""
    before = int(BEFORE * chars)
    prefix, suffix = hole.prefix, hole.suffix
    if len(prefix) > before:
        prefix = prefix[-before:].partition("\n")[2] or prefix[-before:]
    if len(suffix) > chars - before:
        suffix = suffix[: chars - before]
        suffix = suffix[: suffix.rfind("\n") + 1] or suffix
    return replace(hole, prefix=prefix, suffix=suffix)


class InfillExamples:
    """Draws holes at random, those to learn from with contexts of any length."""

    def __init__(self, tokenizer: Tokenizer, holes: Sequence[TrainingPrompt]) -> None:
        """`holes` are those that another one's package may be shown from."""
        self._tokenizer = tokenizer
        self._by_package: dict[str, list[TrainingPrompt]] = defaultdict(list)
        for hole in holes:
            self._by_package[_package(hole)].append(hole)

    def passes(self, rng: random.Random, holes: list[TrainingPrompt], count: int) -> Iterator[list[Packed]]:
        """`count` holes drawn at random, as many of them together as a pass holds."""
        together: list[Packed] = []
        rows = 0
        for _ in range(count):
            packed = self._draw(rng, holes)
            if together and rows + len(packed.tokens) > ROWS_TOGETHER:
                yield together
                together, rows = [], 0
            together.append(packed)
            rows += len(packed.tokens)
        yield together

    def _draw(self, rng: random.Random, holes: list[TrainingPrompt]) -> Packed:
        """Draw a hole that is not too long.

        Those held out keep their whole contexts, so that measures compare.
        """
        while True:
            hole = rng.choice(holes)
            if not hole.held_out:
                most = len(hole.prefix) + len(hole.suffix)
                hole = nearby(hole, int(LEAST_CHARS * max(most / LEAST_CHARS, 1.0) ** rng.random()))
            near = [other for other in self._by_package[_package(hole)] if other.origin != hole.origin]
            related = rng.sample(near, 1) if near and rng.random() < WITH_RELATED else []
            packed = example(self._tokenizer, hole, related)
            if len(packed.tokens) <= LONGEST:
                return packed


def _package(hole: TrainingPrompt) -> str:
    return hole.origin.partition("==")[0]
