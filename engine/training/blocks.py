"""Noisy blocks over clean text, packed into the long rows that a CPU multiplies fast."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.decoding.denoising_policy import Token

IGNORED = -100
"""The target of a row without one, as torch's cross-entropy knows it."""
NO_TOKEN = -1


@dataclass(frozen=True)
class Block:
    """A noisy block behind the clean rows 0 to `root`; its row i stands at position root + 1 + i.

    `rows` are what the rows hold, None for the mask. `targets` are their labels: token ids, or None
    for a row without a loss. `weights` scale each row's loss. `left` are the tokens to the left of
    what the rows propose, None where that is not one token of a text.
    """

    root: int
    rows: tuple[Token, ...]
    targets: tuple[int | None, ...]
    weights: tuple[float, ...]
    left: tuple[Token, ...]

    def __post_init__(self) -> None:
        assert len(self.rows) == len(self.targets) == len(self.weights) == len(self.left) > 0


@dataclass(frozen=True)
class Text:
    """The tokens of a prompt and of its answer, which starts at index `start`.

    `kind` is what reports group by.
    """

    tokens: list[int]
    start: int
    kind: str
    old: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Packed:
    """The blocks of one text as rows.

    `tokens` (rows,), with `masked` (rows,) telling where the mask stands instead. `positions`
    (rows,). `hidden` (rows, clean + rows), bool, says which clean rows and which noisy rows a row
    does not see. `targets` (rows,) are `IGNORED` for none. `weights` (rows,). `left` (rows,) are
    `NO_TOKEN` for none.
    """

    tokens: Tensor
    masked: Tensor
    positions: Tensor
    hidden: Tensor
    targets: Tensor
    weights: Tensor
    left: Tensor


def pack(blocks: Sequence[Block], num_clean: int) -> Packed:
    """Pack blocks so that a row sees the clean rows up to its block's root, and its own block.

    Within its block it sees the rows in both directions.
    """
    sizes = [len(block.rows) for block in blocks]
    owner = torch.repeat_interleave(torch.arange(len(blocks)), torch.tensor(sizes))
    roots = torch.tensor([block.root for block in blocks])[owner]
    positions = roots + 1 + torch.cat([torch.arange(size) for size in sizes])
    rows = [token for block in blocks for token in block.rows]
    targets = [target for block in blocks for target in block.targets]
    return Packed(
        torch.tensor([0 if token is None else token for token in rows]),
        torch.tensor([token is None for token in rows]),
        positions,
        torch.cat([torch.arange(num_clean) > roots[:, None], owner != owner[:, None]], dim=1),
        torch.tensor([IGNORED if target is None else target for target in targets]),
        torch.tensor([weight for block in blocks for weight in block.weights]),
        torch.tensor([NO_TOKEN if token is None else token for block in blocks for token in block.left]),
    )


def masked_block(text: Text, root: int, size: int, *, shift: bool, rows: Sequence[Token] | None = None, decay: float = 1.0) -> Block:
    """Make a block of `size` rows behind `root`, all masks or as given, cut where the text ends.

    With the logit shift row i proposes the token after its own position, else that of its own. A
    row has a loss where what it proposes is masked, or lies behind the block. Row i weighs decay^i,
    since a draft is kept up to its first mistake.
    """
    ahead = 1 if shift else 0
    size = min(size, len(text.tokens) - 1 - root - ahead)
    assert size > 0, f"no row fits behind {root} of {len(text.tokens)} tokens"
    held: Sequence[Token] = rows if rows is not None else (None,) * size
    wanted = text.tokens[root + 1 + ahead : root + 1 + ahead + size]
    masked = [i + ahead >= size or held[i + ahead] is None for i in range(size)]
    targets = tuple(token if hidden else None for token, hidden in zip(wanted, masked, strict=True))
    left = text.tokens[root + ahead : root + ahead + size]
    return Block(root, tuple(held[:size]), targets, tuple(decay**i for i in range(size)), tuple(left))


def roots_of(text: Text, *, shift: bool) -> range:
    """Where a block of at least one row can begin.

    The first root is the last token before the answer; the others lie in the answer.
    """
    return range(text.start - 1, len(text.tokens) - (2 if shift else 1))


def spread_roots(text: Text, apart: float, rng: random.Random, *, shift: bool, at_least: int = 1) -> list[int]:
    """Draw roots at random: on average one in `apart` positions.

    There are `at_least` so many where the answer has room for them.
    """
    roots = roots_of(text, shift=shift)
    if not roots:
        return []
    return sorted(rng.sample(roots, min(len(roots), max(at_least, round(len(roots) / apart)))))
