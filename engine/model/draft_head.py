"""A draft's tokens one after the other: what a row proposes, given the token to the left of what it proposes.

All masks of a block are filled by one forward, each without knowing what its neighbours become: where two continuations are likely, a draft mixes them. A small
network behind the last layer puts the dependence back, for a few candidates a row and without a forward of its own (sequentially dependent
heads: Ankner et al., arXiv 2402.05109).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from engine.config import ModelConfig

NAMES = ("hidden", "token", "out")
"""The three matrices, and their tensors in an adapter's file behind ``neighbour.``."""


@dataclass(frozen=True)
class HydraHead:
    """x' = x + O silu(H x + T e) for the normalised row `x` and the normalised embedding `e` of the token to the left.

    `hidden` H and `token` T (width, hidden size), `out` O (hidden size, width). Logits are the head's of x' times the last norm's weight.
    """

    hidden: Tensor
    token: Tensor
    out: Tensor

    def __call__(self, x: Tensor, left: Tensor) -> Tensor:
        """`x` and `left` (rows, hidden size), both with a mean square of 1."""
        return x + F.linear(F.silu(F.linear(x, self.hidden) + F.linear(left, self.token)), self.out)


def normalized(rows: Tensor, config: ModelConfig) -> Tensor:
    """`rows` (rows, hidden size) with a mean square of 1."""
    return F.rms_norm(rows, (config.hidden_size,), eps=config.rms_norm_eps)
