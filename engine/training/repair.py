"""How well the denoiser undoes planted edits in one step, which the edit stage teaches.

The texts are those that were never trained on.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from engine.training.blocks import roots_of
from engine.training.denoiser import Denoiser, Known, pack_over
from engine.training.stages import edited_block

EDITS = 2
"""This many edits are planted in a block: 8 % of 24 tokens, near the most that is trained on."""


@dataclass(frozen=True)
class Repair:
    """How many rows propose what should stand there.

    `repaired` is the share of the rows that must change whose proposal says what into. `kept` is
    the share of the others that propose what they hold. `changes` and `others` count the rows.
    """

    repaired: float
    kept: float
    changes: int
    others: int


def repair(denoiser: Denoiser, texts: Sequence[Known], *, size: int, shift: bool, seed: int = 0) -> Repair:
    """Measure on the answers of `texts`, cut into blocks of `size` tokens with `EDITS` edits each.

    The same seed plants the same edits.
    """
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
            # Nothing stands behind the last row of the block yet, so with the shift its proposal is
            # no repair.
            for held, target, column in zip(block.rows[ahead:], block.targets, columns.tolist(), strict=False):
                must_change = held != target
                rows[must_change] += 1
                right[must_change] += target is not None and column == int(denoiser.columns[target])
    return Repair(right[True] / max(1, rows[True]), right[False] / max(1, rows[False]), rows[True], rows[False])
