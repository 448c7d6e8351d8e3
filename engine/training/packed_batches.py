"""Batches of noisy rows without gaps between them, for a CPU.

`engine.training.batches` has those for devices that want few and large products.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.model.network import Network
from engine.training.blocks import IGNORED, Block, Packed, Text
from engine.training.config import Run, Stage
from engine.training.denoiser import CleanRows, Denoiser, pack_over, run_clean
from engine.training.stages import BlockMaker


@dataclass(frozen=True)
class Batch:
    """The noisy rows of one pass, in groups.

    `packed` are the rows of each group, and `clean` the clean rows that they see. `blocks` are the
    blocks that the rows make up. `targets` and `weights` (rows,) are those of all groups, one
    behind the other. `base` (rows with a target, vocabulary) are the base's logits, where the loss
    asks for them. `clean_rows` counts the tokens of the texts that were drawn.
    """

    blocks: list[Block]
    packed: list[Packed]
    clean: list[CleanRows]
    targets: Tensor
    weights: Tensor
    base: Tensor | None
    clean_rows: int

    @property
    def wanted(self) -> Tensor:
        """Which rows have a target: (rows,), bool."""
        return self.targets != IGNORED


class PackedBatches:
    """Makes the batches of a run.

    What one holds depends on the run's seed, the step, the pass and the process alone, so that a
    resumed run sees the same.
    """

    def __init__(self, run: Run, network: Network, denoiser: Denoiser, texts: Sequence[Text]) -> None:
        self._run, self._network, self._denoiser, self._texts = run, network, denoiser, texts
        self.maker = BlockMaker(run, denoiser)

    def make(self, stage: Stage, step: int, part: int, *, rank: int = 0, ranks: int = 1) -> Batch:
        """Make the batch of pass number `part` of a step, for process number `rank` of `ranks`.

        It has as many texts as it takes for the run's rows.
        """
        run = self._run
        rng = random.Random(f"{run.seed} {step} {part} {rank}")
        blocks: list[Block] = []
        packed: list[Packed] = []
        clean: list[CleanRows] = []
        bases: list[Tensor] = []
        rows = clean_rows = 0
        wants_base = stage.loss in {"kl", "total_variation"}
        # Each process and pass draws texts of its own.
        texts = self._draw((step * run.accumulate + part) * ranks + rank)
        while rows < run.rows:
            text = next(texts)
            kept, logits = run_clean(self._network, text.tokens, text.start - 1 if wants_base else None)
            fresh = self.maker.make(stage, text, kept, rng)
            if not fresh:
                continue
            blocks += fresh
            clean_rows += len(text.tokens)
            for group, seen in pack_over(fresh, kept):
                packed.append(group)
                clean.append(seen)
                rows += len(group.tokens)
                if wants_base:
                    bases.append(self._base_rows(logits, group, text))
        targets = torch.cat([p.targets for p in packed])
        weights = torch.cat([p.weights for p in packed])
        return Batch(blocks, packed, clean, targets, weights, torch.cat(bases) if bases else None, clean_rows)

    def _base_rows(self, logits: Tensor, packed: Packed, text: Text) -> Tensor:
        """The base's logits over the vocabulary for each row with a target.

        Row i of `logits` is that of position start - 1 + i.
        """
        ahead = 1 if self._run.logit_shift else 0
        rows = (packed.positions + ahead - text.start)[packed.targets != IGNORED]
        # Cloned, since the pass ran in inference mode and the next one overwrites its numbers.
        return logits[:, self._denoiser.vocabulary].clone()[rows].clone()

    def _draw(self, number: int) -> Iterator[Text]:
        """Draw texts without an end; which ones depends on the seed and `number` alone."""
        rng = random.Random(f"{self._run.seed} texts {number}")
        while True:
            yield rng.choice(self._texts)
