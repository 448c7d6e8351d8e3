"""How the rows of a forward are spent: on a draft to verify, and on masks behind the places where it may end.

A draft ends where the base disagrees. Masks behind that very place propose the next draft in the same forward; without any there, the next forward has nothing to
verify (TiDAR, arXiv 2511.08923, puts a block behind every beginning). With few rows it has to be weighed: a drafted token is worth the chance that it is kept, a mask the
chance that the draft ends before it times the chance that what it proposes is kept then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from engine.decoding.proposals import Proposal
from engine.model.network import NoisyBlock


@dataclass(frozen=True)
class Layout:
    """Tokens to verify, and the masks behind beginnings of them."""

    tokens: list[int]
    blocks: list[NoisyBlock]


def lay_out(draft: Proposal, rows: int, *, masks: int, step: float) -> Layout:
    """The likeliest use of `rows` rows, the root's apart: blocks of at most `masks` masks, each of which is right with the chance `step` if those before it are."""
    values = list(accumulate((step,) * masks, mul))
    best, most = Layout([], []), -1.0
    for length in range(min(len(draft.tokens), rows) + 1):
        kept = list(accumulate(draft.chances[:length], mul))
        ends = ends_at(draft.chances[:length])
        # The worth of each mask, the block that it belongs to, and how deep it stands there.
        worth = sorted(((end * value, place) for place, end in enumerate(ends) for value in values), reverse=True)[: rows - length]
        total = sum(kept) + sum(value for value, _ in worth)
        if total > most:
            sizes = [sum(place == at for _, at in worth) for place in range(length + 1)]
            blocks = [NoisyBlock((None,) * size, place + 1) for place, size in enumerate(sizes) if size]
            best, most = Layout(draft.tokens[:length], blocks), total
    return best


def ends_at(chances: Sequence[float]) -> list[float]:
    """The chances that the base keeps none of the tokens, one and no more, …, all of them."""
    kept = [1.0, *accumulate(chances, mul)]
    return [kept[i] - kept[i + 1] for i in range(len(chances))] + [kept[-1]]
