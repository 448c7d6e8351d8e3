"""Where masks go in the forward that verifies a draft: behind all of it, and, where rows are cheap, behind its beginnings, too.

A draft ends where the base disagrees. Masks behind that very place propose the next draft in the same forward; without any there, the next forward has nothing to
verify (TiDAR, arXiv 2511.08923, puts a block behind every beginning).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model.network import NoisyBlock


@dataclass(frozen=True)
class Draft:
    """`tokens` to verify, each with the chance that it is right if those before it are, and the most masks of a block behind them."""

    tokens: list[int]
    chances: list[float]
    masks: int = 0


def mask_blocks(draft: Draft, rows: int) -> list[NoisyBlock]:
    """Blocks of masks of at most `rows` rows together, the likeliest places first; the last one may be shorter.

    The first stands behind the whole draft whatever its chance: it takes what the other rows leave where there is little room.
    """
    if draft.masks <= 0 or rows <= 0:
        return []
    ends = sorted(range(len(draft.tokens)), key=lambda i: -ends_at(draft.chances, i))
    blocks = []
    for accepted in (len(draft.tokens), *ends):
        size = min(draft.masks, rows)
        if size <= 0:
            break
        # Behind the root, and the tokens that are accepted.
        blocks.append(NoisyBlock((None,) * size, accepted + 1))
        rows -= size
    return blocks


def ends_at(chances: Sequence[float], accepted: int) -> float:
    """The chance that the base accepts so many of the tokens, and not one more."""
    chance = 1.0
    for right in chances[:accepted]:
        chance *= right
    return chance * (1.0 - chances[accepted]) if accepted < len(chances) else chance
