"""A sequentially dependent (Hydra) draft head: it scores a row's tokens given the token to their
left (arXiv 2402.05109).

One forward fills all masks of a block, each without knowing what the others become, so that a draft
mixes continuations where several are likely. This small network behind the last layer puts the
dependence back, for a few candidates of each row and without another forward.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from engine.config import ModelConfig

NAMES = ("hidden", "token", "out")
"""The names of the three matrices. An adapter's file has them behind the prefix ``neighbour.``."""


@dataclass(frozen=True)
class HydraHead:
    """Computes x' = x + O silu(H x + T e) from a normalised row x and the normalised embedding e of
    the token to its left.

    H is `hidden` and T is `token`, both (width, hidden size); O is `out` (hidden size, width). The
    output head turns x', times the weight of the final norm, into logits.
    """

    hidden: Tensor
    token: Tensor
    out: Tensor

    def __call__(self, x: Tensor, left: Tensor) -> Tensor:
        """The rows x' for rows `x` and embeddings `left`, all (rows, hidden size); the mean square
        of `x` and `left` is 1.
        """
        return x + F.linear(F.silu(F.linear(x, self.hidden) + F.linear(left, self.token)), self.out)


def normalized(rows: Tensor, config: ModelConfig) -> Tensor:
    """`rows` (rows, hidden size), scaled to a mean square of 1."""
    return F.rms_norm(rows, (config.hidden_size,), eps=config.rms_norm_eps)
