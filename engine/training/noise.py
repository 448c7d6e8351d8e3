"""Corruptions of a block of text: what a denoiser learns to undo.

See Seed Diffusion, arXiv 2508.02193, section 3.1.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from engine.decoding.denoising_policy import Token

MAX_EDIT_RATE = 0.1
"""α_t is drawn from 0 to this: small, to keep the model's sense of density (section 3.1)."""


@dataclass(frozen=True)
class Linear:
    """γ(t) = t: the probability that a token is masked at time `t` in [0, 1]."""

    def rate(self, t: float) -> float:
        if not 0.0 <= t <= 1.0:
            raise ValueError(f"time {t} is not from 0 to 1")
        return t


def mask_tokens(block: Sequence[int], rate: float, rng: random.Random) -> list[Token]:
    """Mask each token with probability `rate`, and at least one.

    This is block-wise clipped noise (Stable-DiffCoder, arXiv 2601.15892).
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"rate {rate} is not a probability")
    out: list[Token] = [None if rng.random() < rate else token for token in block]
    if out and None not in out:
        out[rng.randrange(len(out))] = None
    return out


def edit_tokens(block: Sequence[int], edits: int, vocabulary: Sequence[int], rng: random.Random) -> list[int]:
    """Make `edits` random deletions, insertions and substitutions, one after the other.

    In the paper's words z_j = o_j(z_{j-1}). New tokens are drawn from `vocabulary`.
    """
    out = list(block)
    for _ in range(edits):
        kind = rng.choice(("delete", "insert", "substitute"))
        if kind == "insert" or not out:
            out.insert(rng.randint(0, len(out)), rng.choice(vocabulary))
            continue
        at = rng.randrange(len(out))
        if kind == "delete":
            del out[at]
        else:
            out[at] = rng.choice(vocabulary)
    return out


def number_of_edits(length: int, rng: random.Random) -> int:
    """How many edits a block gets: k_t = ⌊length · α_t⌋ with α_t from [0, `MAX_EDIT_RATE`].

    The fraction is kept as a probability, since short blocks would never be edited else.
    """
    wanted = length * rng.uniform(0.0, MAX_EDIT_RATE)
    return int(wanted) + (rng.random() < wanted % 1)


@dataclass(frozen=True)
class Label:
    """What should become of one corrupted token.

    `token` is what should stand there, None to delete it; `insert` says that something is missing
    before it.
    """

    token: int | None
    insert: bool = False


def edit_labels(corrupted: Sequence[int], clean: Sequence[int]) -> list[Label]:
    """Label corrupted tokens by a longest common subsequence, as LLaDA2.2 labels its drafts.

    Common tokens are kept. Between two of them, corrupted tokens and missing ones are paired in
    order. A pair is a substitution, a corrupted token too many is deleted, and missing ones too
    many are one insertion before the next common token (more rounds insert the rest). Missing
    tokens behind the last one have no label: the text goes on there.
    """
    # Missing on machines that are lent for training without edits.
    from rapidfuzz.distance import LCSseq

    labels: list[Label] = []
    old = new = 0
    for operation in (*LCSseq.editops(list(corrupted), list(clean)).as_matching_blocks(),):
        surplus, missing = list(corrupted[old : operation.a]), list(clean[new : operation.b])
        pairs = min(len(surplus), len(missing))
        labels += [Label(token) for token in missing[:pairs]]
        labels += [Label(None)] * (len(surplus) - pairs)
        kept = [Label(token) for token in clean[operation.b : operation.b + operation.size]]
        if len(missing) > pairs and kept:
            kept[0] = Label(kept[0].token, insert=True)
        labels += kept
        old, new = operation.a + operation.size, operation.b + operation.size
    return labels
