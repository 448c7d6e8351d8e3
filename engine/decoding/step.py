"""The values that the sampling loop and its strategies hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.decoding.denoising_policy import Token
from engine.model.cache import Cache
from engine.model.network import NoisyBlock


@dataclass
class SamplingState:
    """The text under way.

    The loop appends tokens to it; strategies read it and commit rows to its cache.

    `tokens` are the prompt's and those accepted. Between steps the cache holds the rows of a true
    prefix of them: of all but the last in modes `verified` and `autoregressive`, of all before the
    newest block in mode `diffusion`.
    """

    tokens: list[int]
    cache: Cache
    room: int
    """Tokens that are still wanted."""

    @property
    def pending(self) -> int:
        """The last token: its row has not been run, and its logits choose the token after it."""
        return self.tokens[-1]

    @property
    def position(self) -> int:
        """The position of the next token."""
        return len(self.tokens)


@dataclass(frozen=True)
class BlockState:
    """A block before it is accepted, None for masks.

    `step` counts the forwards that the block has been through.

    `masks` are blocks of masks that the next forward runs beside it, to propose the draft after
    this one.
    """

    tokens: tuple[Token, ...]
    step: int
    masks: tuple[NoisyBlock, ...] = ()


@dataclass(frozen=True)
class Step:
    """What one forward made certain.

    `tokens` are accepted, at most as many as there was room for. `probabilities`, where the options
    ask for them, are the base's own for each of these; else empty. `unfinished` is the block that
    the next step goes on with; None: it starts another.
    """

    tokens: tuple[int, ...]
    probabilities: tuple[float, ...] = ()
    unfinished: BlockState | None = None


class Strategy(Protocol):
    """How the next tokens are found, one forward a step."""

    def start(self, state: SamplingState) -> BlockState:
        """A new block for the next step, with at most `state.room` tokens; without tokens where
        nothing is drafted.
        """

    def step(self, state: SamplingState, block: BlockState) -> Step:
        """Run `block`, which is new or the last step's unfinished one, through the network once."""
