"""How the rows of a forward are spent: on a draft to verify, and on masks behind the places where it may end.

A draft ends where the base disagrees. Masks behind that very place propose the next draft in the same forward; without any there, the next forward has nothing to
verify (TiDAR, arXiv 2511.08923, puts a block behind every beginning). With few rows it has to be weighed: a drafted token is worth the probability that it is kept, a mask the
probability that the draft ends before it times the probability that what it proposes is kept then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from engine.decoding.proposals import Proposal
from engine.model.network import NoisyBlock


@dataclass(frozen=True)
class RowBudget:
    """Tokens to verify, and the masks behind beginnings of them."""

    tokens: list[int]
    blocks: list[NoisyBlock]


def spend_rows(draft: Proposal, rows: int, *, masks: int, step: float) -> RowBudget:
    """The likeliest use of `rows` rows, the pending token's apart: blocks of at most `masks` masks, each of which is right with the probability `step` if those before it are."""
    values = list(accumulate((step,) * masks, mul))
    best, most = RowBudget([], []), -1.0
    for length in range(min(len(draft.tokens), rows) + 1):
        kept = list(accumulate(draft.probabilities[:length], mul))
        ends = ends_at(draft.probabilities[:length])
        # The worth of each mask, the block that it belongs to, and how deep it stands there.
        worth = sorted(((end * value, place) for place, end in enumerate(ends) for value in values), reverse=True)[: rows - length]
        total = sum(kept) + sum(value for value, _ in worth)
        if total > most:
            sizes = [sum(place == at for _, at in worth) for place in range(length + 1)]
            blocks = [NoisyBlock((None,) * size, place + 1) for place, size in enumerate(sizes) if size]
            best, most = RowBudget(draft.tokens[:length], blocks), total
    return best


def ends_at(probabilities: Sequence[float]) -> list[float]:
    """The probabilities that the base keeps none of the tokens, one and no more, …, all of them."""
    kept = [1.0, *accumulate(probabilities, mul)]
    return [kept[i] - kept[i + 1] for i in range(len(probabilities))] + [kept[-1]]
