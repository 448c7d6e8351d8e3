"""Decides from probabilities which positions of a noisy block are filled, changed or masked."""

from __future__ import annotations

from dataclasses import dataclass

from engine.api import InvalidRequestError

Token = int | None
"""A token of a noisy block; None is the mask."""


@dataclass(frozen=True)
class Thresholds:
    """Probabilities, from 0 to 1, that decide what becomes of a position (LLaDA2.1, eq. 1-3).

    A masked position takes a proposal that is surer than `mask` (τ_mask). A placed token gives way
    to another proposal that is surer than `edit` (τ_edit). A placed token that the network gives
    less than `remask` is masked again.
    """

    mask: float = 0.9
    edit: float = 0.9
    remask: float = 0.01

    def __post_init__(self) -> None:
        for name in ("mask", "edit", "remask"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise InvalidRequestError(f"threshold {name} is {value}; it is a probability, from 0 to 1")


def denoise_step(
    block: list[Token],
    proposal: list[int],
    confidence: list[float],
    current: list[float],
    thresholds: Thresholds,
    *,
    may_remask: bool,
) -> list[Token]:
    """The block after one step.

    `proposal[i]` is the likeliest token of position i, and `confidence[i]` says how sure it is
    (`jointly`). `current[i]` is the probability of the token that stands there, and is ignored for
    masks. Where no mask clears the threshold, the most confident one is filled all the same, so
    that each step with masks makes progress. `may_remask=False` forbids new masks, so that a caller
    can bound the number of steps.
    """
    masked = [i for i, token in enumerate(block) if token is None]
    filled = {i for i in masked if confidence[i] > thresholds.mask}
    if masked and not filled:
        filled = {max(masked, key=lambda i: confidence[i])}
    out: list[Token] = []
    for i, token in enumerate(block):
        if i in filled or (token is not None and proposal[i] != token and confidence[i] > thresholds.edit):
            out.append(proposal[i])
        elif token is not None and may_remask and current[i] < thresholds.remask:
            out.append(None)
        else:
            out.append(token)
    return out


def jointly(block: list[Token], probabilities: list[float]) -> list[float]:
    """How sure each proposal is, if the proposals that it builds on have to be right as well.

    `probabilities[i]` is that of proposal i given the proposal before it. In a run of masks each
    proposal builds on all those to its left, so that the probabilities multiply along the run.
    """
    out: list[float] = []
    for i, probability in enumerate(probabilities):
        counts_on_left = i > 0 and block[i] is None and block[i - 1] is None
        out.append(probability * out[-1] if counts_on_left else probability)
    return out


@dataclass(frozen=True)
class EditProbabilities:
    """The probabilities that a position's token should go, and that one is missing before it."""

    delete: float
    insert: float


NO_EDIT = EditProbabilities(0.0, 0.0)


def edit_step(block: list[Token], probabilities: list[EditProbabilities], threshold: float) -> list[Token]:
    """Delete tokens, and put masks before others, where the probability is above `threshold`
    (LLaDA2.2's DELETE and INSERT).

    The block keeps its length: masks fill it up at its end, and what is pushed out of it is
    dropped.
    """
    out: list[Token] = []
    for token, probability in zip(block, probabilities, strict=True):
        if token is not None and probability.delete > threshold:
            continue
        if token is not None and probability.insert > threshold:
            out.append(None)
        out.append(token)
    return [*out, *[None] * (len(block) - len(out))][: len(block)]
