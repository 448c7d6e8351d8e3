"""How well the denoiser undoes planted edits in one step, on texts that were never trained on: what the edit stage is for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from engine.training.blocks import roots_of
from engine.training.denoiser import Denoiser, Known, pack_over
from engine.training.stages import edited_block

EDITS = 2
"""In a block of `size` tokens: 8 % of 24, near the most that is trained on."""


@dataclass(frozen=True)
class Repair:
    """`repaired`: of the rows that must change, the share whose proposal says what into; `kept`: of the others, the share that propose what they hold.

    `changes` and `others` count the rows.
    """

    repaired: float
    kept: float
    changes: int
    others: int


def repair(denoiser: Denoiser, texts: Sequence[Known], *, size: int, shift: bool, seed: int = 0) -> Repair:
    """Over the answers of `texts`, cut into blocks of `size` tokens with `EDITS` edits each, the same ones for the same seed."""
    rng = random.Random(seed)
    ahead = 1 if shift else 0
    right = {True: 0, False: 0}
    rows = {True: 0, False: 0}
    for text, clean in texts:
        made = [
            edited_block(denoiser, text, root, rng, size=size, edits=EDITS, shift=shift) for root in roots_of(text, shift=shift)[::size]
        ]
        blocks = [block for block in made if block is not None]
        if not blocks:
            continue
        with torch.no_grad():
            chosen = denoiser(*zip(*pack_over(blocks, clean), strict=True)).own.argmax(-1)
        for block, columns in zip(blocks, torch.split(chosen, [len(block.rows) for block in blocks]), strict=True):
            # Behind the last row of the block stands nothing yet: with the shift its proposal is no repair.
            for held, target, column in zip(block.rows[ahead:], block.targets, columns.tolist(), strict=False):
                must_change = held != target
                rows[must_change] += 1
                right[must_change] += target is not None and column == int(denoiser.columns[target])
    return Repair(right[True] / max(1, rows[True]), right[False] / max(1, rows[False]), rows[True], rows[False])
