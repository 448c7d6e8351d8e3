"""Losses of noisy rows: against the text, or against the base's distribution where it is known."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Loss = Literal["cross_entropy", "kl", "total_variation", "run"]
LOSSES: tuple[Loss, ...] = ("cross_entropy", "kl", "total_variation", "run")
OWN_WEIGHT = 0.3


def row_losses(logits: Tensor, targets: Tensor, base: Tensor | None, loss: Loss) -> Tensor:
    """The loss of each row: (rows,), float32.

    `logits` are (rows, vocabulary and edit outputs), and `targets` (rows,) their columns. `base`
    (rows, vocabulary) are the base's logits, which all losses but cross-entropy need.

    ``kl`` is the divergence of the base's distribution from the draft's. ``total_variation`` is
    half the sum of differences, which is the probability that a sampled draft is rejected
    (Leviathan et al., arXiv 2211.17192, corollary 3.6).
    """
    if loss == "cross_entropy":
        return F.cross_entropy(logits.float(), targets, reduction="none")
    assert base is not None, f"the loss {loss} needs the base's logits"
    wanted = base.float().log_softmax(-1)
    drafted = logits[:, : base.shape[1]].float().log_softmax(-1)
    if loss == "kl":
        return (wanted.exp() * (wanted - drafted)).sum(-1)
    if loss == "total_variation":
        return 0.5 * (wanted.exp() - drafted.exp()).abs().sum(-1)
    raise ValueError(f"{loss} is no loss of single rows")


def run_loss(logits: Tensor, targets: Tensor, sizes: list[int]) -> Tensor:
    """Minus the expected number of leading tokens of each block that the base agrees with:
    (blocks,).

    That number is Σ_i Π_{j ≤ i} p_j. `sizes` are the blocks' rows, one behind the other. The
    verifier is the base, whose choices are the targets: the product is the probability that a draft
    drawn from the block's own distribution is kept up to row i, so the number of steps falls as it
    rises.
    """
    chosen = -F.cross_entropy(logits.float(), targets, reduction="none")
    return -torch.stack([block.cumsum(0).exp().sum() for block in torch.split(chosen, sizes)])


def draft_loss(
    own: Tensor, followed: Tensor, targets: Tensor, weights: Tensor, *, base: Tensor | None = None, loss: Loss = "cross_entropy"
) -> Tensor:
    """The weighted mean of the rows' losses, a number.

    `own` and `followed` are those of `Logits`, and `weights` (rows,); the rest is as for
    `row_losses`.
    """
    losses = row_losses(followed, targets, base, loss)
    if followed is not own:
        # Mode `diffusion` reads each row by itself, and the candidates of a draft are found there.
        losses = losses + OWN_WEIGHT * row_losses(own, targets, base, loss)
    return (losses * weights).sum() / weights.sum()
