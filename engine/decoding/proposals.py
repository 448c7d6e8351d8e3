"""What the rows of a noisy block propose, one after the other: the next draft, or what a denoising step puts in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from engine.decoding.choice import TokenSampler
from engine.decoding.denoising_policy import Token
from engine.model.network import Network

CANDIDATES = 16
"""Tokens of a row that are scored anew once the one to their left is known."""
GROUP = 128


@dataclass(frozen=True)
class Proposal:
    """Tokens one behind the other, each with the chance that it is right if those before it are."""

    tokens: list[int]
    probabilities: list[float]


NO_PROPOSAL = Proposal([], [])


def propose(
    network: Network, logits: Tensor, rows: Tensor, token_sampler: TokenSampler, *, left: int, position: int, placed: Sequence[Token] = ()
) -> Proposal:
    """Tokens for `position` and on, one for each row. Where a token is `placed` there, the next row knows that one to its left instead.

    `logits` (rows, vocabulary), float32, are those of a block, and are written over; `rows` (rows, hidden size) are the hidden rows beside them
    (`ForwardResult`); row i proposes the token of `position` + i. `left` is the token before `position`. Where the adapter has a `HydraHead`, each row knows the token to its left. The probabilities are the network's own, among the row's likeliest tokens.
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
        # At a temperature the choice may be none of the likeliest: a guess that nothing speaks for.
        tokens.append(left)
        right.append(probabilities[candidates.index(left)] if left in candidates else 0.0)
        if placed and (token := placed[i]) is not None:
            left = token
    return Proposal(tokens, right)


def likeliest(scores: Tensor, count: int) -> list[int]:
    """The places of the `count` highest of `scores` (vocabulary,), in no order."""
    if scores.device.type != "cpu" or scores.shape[0] % GROUP or scores.shape[0] < count * GROUP:
        found: list[int] = scores.topk(min(count, scores.shape[0])).indices.tolist()
        return found
    # On a CPU ten times as fast as topk: the highest numbers lie in the groups with the highest maxima.
    groups = scores.numpy().reshape(-1, GROUP)
    best = np.argpartition(groups.max(axis=1), -count)[-count:]
    inside = np.argpartition(groups[best].ravel(), -count)[-count:]
    return list((best[inside // GROUP] * GROUP + inside % GROUP).tolist())
