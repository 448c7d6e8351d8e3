"""Reads from the rows of a noisy block the tokens that they propose, one after the other.

They are the next draft in mode `verified`, and what a denoising step may put into the block in mode
`diffusion`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from engine.decoding.choice import TokenSampler
from engine.decoding.denoising_policy import Token
from engine.model.network import Network

CANDIDATES = 16
"""So many of a row's likeliest tokens are scored anew once the token to their left is known."""
GROUP = 128
"""`likeliest` looks at the maximum of each so many scores first."""


@dataclass(frozen=True)
class Proposal:
    """Tokens in a row, each with the probability that it is right if those before it are."""

    tokens: list[int]
    probabilities: list[float]


NO_PROPOSAL = Proposal([], [])


def propose(
    network: Network, logits: Tensor, rows: Tensor, token_sampler: TokenSampler, *, left: int, position: int, placed: Sequence[Token] = ()
) -> Proposal:
    """One token for each row of a block: row i proposes the token of `position` + i.

    `logits` (rows, vocabulary), float32, and `rows` (rows, hidden size) are those of the block
    (`ForwardResult`). `left` is the token before `position`. Where the adapter has a `HydraHead`,
    each row's likeliest tokens are scored anew given the token to their left, which is the one that
    the row before proposed, or the one that is `placed` there; the new scores are written into
    `logits`. The probabilities are those among each row's likeliest tokens.
    """
    assert network.adapter is not None, "checked where the masks were asked for"
    tokens: list[int] = []
    right: list[float] = []
    for i, scores in enumerate(logits):
        candidates = likeliest(scores, CANDIDATES)
        if network.adapter.hydra_head is not None:
            scores[candidates] = network.followed_logits(rows[i], left, candidates)
        probabilities = scores[candidates].softmax(dim=-1).tolist()
        [left] = token_sampler.choose(scores.unsqueeze(0), position + i)
        # At a temperature the choice may be none of the likeliest, and then nothing speaks for it.
        tokens.append(left)
        right.append(probabilities[candidates.index(left)] if left in candidates else 0.0)
        if placed and (token := placed[i]) is not None:
            left = token
    return Proposal(tokens, right)


def likeliest(scores: Tensor, count: int) -> list[int]:
    """The indices of the `count` highest of `scores` (vocabulary,), in no order."""
    if scores.device.type != "cpu" or scores.shape[0] % GROUP or scores.shape[0] < count * GROUP:
        found: list[int] = scores.topk(min(count, scores.shape[0])).indices.tolist()
        return found
    # The highest numbers lie in the groups with the highest maxima. On a CPU this is ten times as
    # fast as topk.
    groups = scores.numpy().reshape(-1, GROUP)
    best = np.argpartition(groups.max(axis=1), -count)[-count:]
    inside = np.argpartition(groups[best].ravel(), -count)[-count:]
    return list((best[inside // GROUP] * GROUP + inside % GROUP).tolist())
