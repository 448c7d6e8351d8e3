"""Decides how many rows of a forward verify a draft, and how many are masks that propose the next.

The base keeps the beginning of a draft up to the first token that it disagrees with. Masks behind
that very token propose the next draft in the same forward; where there are none, the next forward
has nothing to verify. TiDAR (arXiv 2511.08923) puts a block of masks behind every beginning of a
draft. With few rows the uses have to be weighed: a drafted token is worth the probability that it
is kept; a mask is worth the probability that the draft ends just before its block, times the
probability that its proposal is kept then.
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
    """How the rows of a forward are used.

    `tokens` are verified; `blocks` of masks stand behind beginnings of them.
    """

    tokens: list[int]
    blocks: list[NoisyBlock]


def spend_rows(draft: Proposal, rows: int, *, masks: int, step: float) -> RowBudget:
    """The use of at most `rows` rows that is likely to give the most tokens.

    The pending token's row is not counted. A block has at most `masks` masks; each of their
    proposals is right with the probability `step` if those before it are.
    """
    values = list(accumulate((step,) * masks, mul))
    best, most = RowBudget([], []), -1.0
    for length in range(min(len(draft.tokens), rows) + 1):
        kept = list(accumulate(draft.probabilities[:length], mul))
        ends = ends_at(draft.probabilities[:length])
        # Each mask's worth, with the number of drafted tokens that its block follows.
        worth = sorted(((end * value, place) for place, end in enumerate(ends) for value in values), reverse=True)[: rows - length]
        total = sum(kept) + sum(value for value, _ in worth)
        if total > most:
            sizes = [sum(place == at for _, at in worth) for place in range(length + 1)]
            blocks = [NoisyBlock((None,) * size, place + 1) for place, size in enumerate(sizes) if size]
            best, most = RowBudget(draft.tokens[:length], blocks), total
    return best


def ends_at(probabilities: Sequence[float]) -> list[float]:
    """The probability of each number of kept tokens, from none to all.

    `probabilities[i]`: token i is kept if those before it are.
    """
    kept = [1.0, *accumulate(probabilities, mul)]
    return [kept[i] - kept[i + 1] for i in range(len(probabilities))] + [kept[-1]]
