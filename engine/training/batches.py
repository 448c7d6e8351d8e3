"""Batches for a device that is faster than Python, made ahead by processes of their own.

A batch has texts of about one length, each with its noisy blocks.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch.utils.data import DataLoader, Dataset

from engine.training.blocks import Block, Text, roots_of
from engine.training.config import Run, Stage
from engine.training.padded import Padded, pad
from engine.training.stages import random_block

BUCKET = 256
"""This many texts of about one length share a bucket. A batch has texts of one bucket, so that
little of its rectangle is filling.
"""
ROWS_A_CLEAN_ROW = 1.0
"""A text has this many noisy rows for each of its tokens. They share its clean pass, which is a
third of the cost then; most answers have room for about as many blocks.
"""
AHEAD = 4
"""Batches that each process has ready."""


class Batches(Dataset[Padded]):
    """The batches of stages of masked blocks: item i is the batch of pass i.

    It has `run.rows` noisy rows, and what is left of the last text's. It depends on the seed and i
    alone.
    """

    def __init__(self, run: Run, stage: Stage, texts: Sequence[Text]) -> None:
        """Leave out texts without room for a block; `ValueError` where none is left."""
        self._run, self._stage = run, stage
        usable = sorted((text for text in texts if roots_of(text, shift=run.logit_shift)), key=lambda text: len(text.tokens))
        if not usable:
            raise ValueError("no text is long enough for a block")
        self._buckets = [usable[i : i + BUCKET] for i in range(0, len(usable), BUCKET)]
        self._sizes = [len(bucket) for bucket in self._buckets]

    def __getitem__(self, index: int) -> Padded:
        run = self._run
        rng = random.Random(f"{run.seed} batch {index}")
        # Buckets are drawn by their sizes, so that each text is as likely as any other.
        [bucket] = rng.choices(self._buckets, self._sizes)
        texts: list[Text] = []
        blocks: list[list[Block]] = []
        rows = 0
        while rows < run.rows:
            texts.append(rng.choice(bucket))
            blocks.append(self._blocks(texts[-1], rng))
            rows += sum(len(block.rows) for block in blocks[-1])
        return pad(texts, blocks)

    def _blocks(self, text: Text, rng: random.Random) -> list[Block]:
        """Make as many blocks as the text's clean pass is worth.

        A short answer is asked for behind the same root more than once.
        """
        wanted = round(ROWS_A_CLEAN_ROW * len(text.tokens))
        roots = roots_of(text, shift=self._run.logit_shift)
        blocks: list[Block] = []
        while wanted > 0:
            blocks.append(random_block(self._run, self._stage, text, rng.choice(roots), rng))
            wanted -= len(blocks[-1].rows)
        return blocks


def loader(batches: Batches, passes: range, *, workers: int, device: torch.device) -> DataLoader[Padded]:
    """The batches of some passes, in their order.

    `workers` processes make them; with 0 this one does, when they are asked for.
    """
    return DataLoader(
        batches,
        batch_size=None,
        sampler=passes,
        num_workers=workers,
        prefetch_factor=AHEAD if workers else None,
        pin_memory=device.type == "cuda",
        # They share the texts with this process, and never touch the device.
        multiprocessing_context="fork" if workers else None,
    )
