"""How much of a one-step draft the base agrees with, on texts that were never trained on."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from engine.decoding.choice import accepted_length
from engine.model.batched import BatchedTransformer
from engine.training.blocks import Block, Text, masked_block, roots_of
from engine.training.denoiser import Denoiser, Known, pack_over
from engine.training.padded import pad

APART = 5
TEXTS_TOGETHER = 16


@dataclass(frozen=True)
class Acceptance:
    """How long drafts agree with the base.

    `run` is the mean number of leading drafted tokens that are the base's, over `blocks` drafts;
    `first` is the share of drafts whose first token is.
    """

    run: float
    first: float
    blocks: int


def acceptance(denoiser: Denoiser, texts: Sequence[Known], *, size: int, shift: bool) -> dict[str, Acceptance]:
    """Measure each kind of text, and all of them as ``all``.

    The texts are the base's own greedy answers, so a draft that agrees with them agrees with the
    base.
    """
    runs: dict[str, list[int]] = defaultdict(list)
    for text, rows in texts:
        blocks = _drafts(text, size, shift=shift)
        if blocks:
            with torch.no_grad():
                # Each row is given the true token to its left, which a draft that is right so far
                # has as well. So the run is that of a draft in use.
                logits = denoiser(*zip(*pack_over(blocks, rows), strict=True)).followed
            runs[text.kind] += _runs(blocks, denoiser.proposals(logits).tolist())
    return _means(runs)


def acceptance_together(
    denoiser: Denoiser, network: BatchedTransformer, texts: Sequence[Text], *, size: int, shift: bool
) -> dict[str, Acceptance]:
    """The same for a GPU, which takes many texts at once."""
    runs: dict[str, list[int]] = defaultdict(list)
    usable = [(text, blocks) for text in texts if (blocks := _drafts(text, size, shift=shift))]
    for start in range(0, len(usable), TEXTS_TOGETHER):
        some = usable[start : start + TEXTS_TOGETHER]
        padded = pad([text for text, _ in some], [blocks for _, blocks in some]).to(network.device)
        with torch.no_grad():
            proposals = iter(denoiser.proposals(denoiser.forward_padded(padded, network.clean_rows(padded.clean)).followed).tolist())
        for text, blocks in some:
            runs[text.kind] += _runs(blocks, itertools.islice(proposals, sum(len(block.rows) for block in blocks)))
    return _means(runs)


def _drafts(text: Text, size: int, *, shift: bool) -> list[Block]:
    """All masks, each row of which has a target."""
    return [masked_block(text, root, size, shift=shift) for root in roots_of(text, shift=shift)[::APART]]


def _runs(blocks: Sequence[Block], proposals: Iterable[int]) -> list[int]:
    """Count how many leading tokens of each block are right.

    `proposals` are those of the blocks' rows, one block behind the other.
    """
    drafts = iter(proposals)
    return [
        accepted_length(list(itertools.islice(drafts, len(block.rows))), [t for t in block.targets if t is not None]) for block in blocks
    ]


def _means(runs: Mapping[str, list[int]]) -> dict[str, Acceptance]:
    by_kind = {**runs, "all": [run for found in runs.values() for run in found]} if runs else {}
    return {
        kind: Acceptance(sum(found) / len(found), sum(run > 0 for run in found) / len(found), len(found))
        for kind, found in sorted(by_kind.items())
    }
