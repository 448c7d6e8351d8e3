"""How much of a one-step draft the base agrees with, on texts that were never trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from engine.diffusion.verify import accepted_length
from engine.training.blocks import masked_block, roots_of
from engine.training.denoiser import Denoiser, Known, pack_over

APART = 5


@dataclass(frozen=True)
class Acceptance:
    """`run`: the mean number of leading drafted tokens that are the base's, over `blocks` drafts; `first`: the share of first ones."""

    run: float
    first: float
    blocks: int


def acceptance(denoiser: Denoiser, texts: Sequence[Known], *, size: int, shift: bool) -> dict[str, Acceptance]:
    """By kind of text, and over all of them as ``all``. The texts are the base's own greedy answers, so agreeing with them is agreeing with it."""
    runs: dict[str, list[int]] = defaultdict(list)
    for text, rows in texts:
        blocks = [masked_block(text, root, size, shift=shift) for root in roots_of(text, shift=shift)[::APART]]
        if not blocks:
            continue
        with torch.no_grad():
            # Each row is given the true token to its left, as it has it in a draft that is right so far: the run is the same.
            logits = denoiser(*zip(*pack_over(blocks, rows), strict=True)).followed
        drafts = torch.split(denoiser.proposals(logits), [len(block.rows) for block in blocks])
        for draft, block in zip(drafts, blocks, strict=True):
            run = accepted_length(draft.tolist(), [token for token in block.targets if token is not None])
            runs[text.kind].append(run)
            runs["all"].append(run)
    return {
        kind: Acceptance(sum(found) / len(found), sum(run > 0 for run in found) / len(found), len(found))
        for kind, found in sorted(runs.items())
    }
