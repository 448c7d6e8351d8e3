"""Noisy blocks of many texts as one rectangle, for devices that want few and large products.

`engine.training.blocks` packs them without gaps, for a CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.training.blocks import IGNORED, NO_TOKEN, Block, Text

MASK = -1
"""Stands for the mask among the tokens of rows."""
_FILLS_UP = -1


class Padded(NamedTuple):
    """Texts, and the rows of their noisy blocks, each filled up to the longest.

    `clean` (texts, length) are the texts' tokens. All else but `wanted` is (texts, rows). `tokens`
    have `MASK` for the mask. `positions` are the rows' positions, `roots` the root of each row's
    block, and `blocks` the block's number in the text. `targets` have `IGNORED` for none, `left`
    has `NO_TOKEN` for none, and `weights` scale the losses. Rows that fill up are blocks of their
    own, and have no target. `wanted` are the indices of the rows that have one, all rows counted
    one behind the other.
    """

    clean: Tensor
    tokens: Tensor
    positions: Tensor
    roots: Tensor
    blocks: Tensor
    targets: Tensor
    weights: Tensor
    left: Tensor
    wanted: Tensor

    def hidden(self) -> Tensor:
        """Which clean rows, and which noisy ones, a row does not see: (texts, rows, length + rows),
        bool.

        See `engine.training.blocks.pack`.
        """
        clean = torch.arange(self.clean.shape[1], device=self.roots.device) > self.roots[..., None]
        noisy = self.blocks[:, :, None] != self.blocks[:, None, :]
        return torch.cat([clean, noisy], dim=-1)

    def to(self, device: torch.device) -> Padded:
        return Padded(*(tensor.to(device, non_blocking=True) for tensor in self))


def pad(texts: Sequence[Text], blocks: Sequence[Sequence[Block]]) -> Padded:
    """The `blocks` of each text; at least one text has one."""
    rows = max(sum(len(block.rows) for block in some) for some in blocks)
    longest = max(len(text.tokens) for text in texts)
    found: list[list[list[int] | list[float]]] = [[text.tokens + [0] * (longest - len(text.tokens))] for text in texts]
    for fields, some in zip(found, blocks, strict=True):
        sizes = [len(block.rows) for block in some]
        fill = rows - sum(sizes)
        fields += [
            [MASK if token is None else token for block in some for token in block.rows] + [0] * fill,
            [block.root + 1 + i for block in some for i in range(len(block.rows))] + [0] * fill,
            [block.root for block in some for _ in block.rows] + [0] * fill,
            [number for number, size in enumerate(sizes) for _ in range(size)] + [_FILLS_UP] * fill,
            [IGNORED if target is None else target for block in some for target in block.targets] + [IGNORED] * fill,
            [weight for block in some for weight in block.weights] + [0.0] * fill,
            [NO_TOKEN if token is None else token for block in some for token in block.left] + [NO_TOKEN] * fill,
        ]
    tensors = [torch.tensor(columns) for columns in zip(*found, strict=True)]
    targets = tensors[Padded._fields.index("targets")]
    # Here, since looking for them on a device would have to wait for it.
    return Padded._make([*tensors, (targets != IGNORED).flatten().nonzero().squeeze(1)])
