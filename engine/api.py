"""The requests to the engine and the events back: plain data, which crosses the process boundary.

This module imports nothing heavy.

Errors:

    EngineError                 anything the engine reports about a request
    ├── InvalidRequestError     the request asks for what cannot be done; its text says the remedy
    ├── ModelUnavailableError   the model cannot be loaded (not fetched, damaged, too large)
    └── EngineStoppedError      the engine process ended while the request was under way
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

Mode = Literal["verified", "diffusion", "autoregressive"]
MODES: tuple[Mode, ...] = ("verified", "diffusion", "autoregressive")

DraftSource = Literal["auto", "copy", "denoise", "none"]
DRAFT_SOURCES: tuple[DraftSource, ...] = ("auto", "copy", "denoise", "none")

NumberFormat = Literal["int4", "int8", "bfloat16", "float32"]
NUMBER_FORMATS: tuple[NumberFormat, ...] = ("int4", "int8", "bfloat16", "float32")
"""How weights are held: in 4 bits where the model's file has 4 and in 8 elsewhere, all in 8 bits,
or as plain numbers.
"""

FinishReason = Literal["stop", "length", "deadline", "cancelled", "unsure"]

MAX_BLOCK_SIZE = 128
MAX_ROWS = 512
MAX_NEW_TOKENS = 1_000_000
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.001, 100
"""Below, a likelihood divided by the temperature may be more than a float holds."""

_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")


class EngineError(Exception):
    """Anything the engine reports about a request."""


class InvalidRequestError(EngineError):
    """The request asks for what cannot be done."""


class ModelUnavailableError(EngineError):
    """The model cannot be loaded."""


class EngineStoppedError(EngineError):
    """The engine process ended while the request was under way."""


@dataclass(frozen=True)
class WorkerSettings:
    """The settings of a worker process.

    `device` and `dtype` default to the best that the machine has, `threads` to its physical cores.
    """

    device: str | None = None
    dtype: str | None = None
    threads: int | None = None


@dataclass(frozen=True)
class SamplingOptions:
    """How to sample.

    A `temperature` of 0 is greedy. `deadline_s` counts in seconds from the moment that the engine
    starts the request; while the user types, it counts from when the editor asked. `max_new_tokens`
    counts tokens, the stop included.

    `block_size` bounds the rows of a draft, or of a noisy block, which has no more masks than the
    adapter was trained to fill at once. `max_rows` bounds the rows of a forward with masks; None
    stands for as many as the device computes at little more than the cost of one. `draft` is where
    `verified` takes its drafts from; the text does not depend on it, and the other modes verify
    none.

    With `min_chance` the text ends as ``unsure`` before the token that makes its line less likely
    than that, by the product of the tokens' probabilities. With 0 there is no such bound, and no
    probabilities are told. Mode `diffusion` has none either.
    """

    mode: Mode = "verified"
    max_new_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    block_size: int = 32
    max_rows: int | None = None
    draft: DraftSource = "auto"
    deadline_s: float | None = None
    min_chance: float = 0.0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InvalidRequestError(f"mode {self.mode!r} is not one of {', '.join(MODES)}")
        if self.draft not in DRAFT_SOURCES:
            raise InvalidRequestError(f"draft {self.draft!r} is not one of {', '.join(DRAFT_SOURCES)}")
        if self.mode != "verified" and self.draft not in {"auto", "none"}:
            raise InvalidRequestError(
                f"draft is {self.draft!r}, and mode {self.mode} verifies no drafts; leave it out, or use mode verified"
            )
        # Each range is one that NaN lies outside of.
        if not 1 <= self.max_new_tokens <= MAX_NEW_TOKENS:
            raise InvalidRequestError(f"max_new_tokens is {self.max_new_tokens}; it must be 1 to {MAX_NEW_TOKENS}")
        if not (self.temperature == 0 or MIN_TEMPERATURE <= self.temperature <= MAX_TEMPERATURE):
            raise InvalidRequestError(f"temperature is {self.temperature}; it must be 0, or {MIN_TEMPERATURE} to {MAX_TEMPERATURE}")
        if not 0.0 <= self.min_chance <= 1.0:
            raise InvalidRequestError(f"min_chance is {self.min_chance}; it is a probability, from 0 to 1")
        if self.mode == "diffusion" and self.min_chance > 0:
            raise InvalidRequestError(
                f"min_chance is {self.min_chance}, and mode diffusion does not know how likely a line is; leave it out, or use another mode"
            )
        if not 1 <= self.block_size <= MAX_BLOCK_SIZE:
            raise InvalidRequestError(f"block_size is {self.block_size}; it must be 1 to {MAX_BLOCK_SIZE}")
        if self.max_rows is not None and not 1 <= self.max_rows <= MAX_ROWS:
            raise InvalidRequestError(f"max_rows is {self.max_rows}; it must be 1 to {MAX_ROWS}, or None for what suits the device")
        if self.deadline_s is not None and not 0 < self.deadline_s < math.inf:
            raise InvalidRequestError(f"deadline_s is {self.deadline_s}; it must be positive, or None for no deadline")


@dataclass(frozen=True)
class RelatedFile:
    """A piece of another file, put before the text as context."""

    path: str
    text: str


class Urgency(IntEnum):
    """Who waits for an answer.

    A request gives way to more urgent ones, and to a newer one of its own kind unless the user
    asked for both.
    """

    PREPARATION = 0
    """Nobody waits: the answer may be wanted next."""
    OFFER = 1
    """Nobody waits yet: the answer is shown when it comes."""
    TYPING = 2
    ASKED_FOR = 3


@dataclass(frozen=True)
class Request:
    """A request, with an `id` that is unique within a connection.

    It was held back for `waited_s` seconds before it was sent; while the user types, that counts
    against the deadline.
    """

    id: int
    model: str
    sampling: SamplingOptions
    urgency: Urgency = field(default=Urgency.ASKED_FOR, kw_only=True)
    waited_s: float = field(default=0.0, kw_only=True)


@dataclass(frozen=True)
class InfillRequest(Request):
    """Fill the hole between `prefix` and `suffix`.

    The text begins with `start`, which the model is not asked for, and ends at the first of the
    `stop` strings, which is left out. Requests that differ only in how far `start` goes share the
    rows of all that stands before.
    """

    prefix: str
    suffix: str
    path: str = ""
    related: tuple[RelatedFile, ...] = ()
    stop: tuple[str, ...] = ()
    start: str = ""


@dataclass(frozen=True)
class EditExample:
    """An instruction, Python code, and what becomes of it."""

    instruction: str
    before: str
    after: str


@dataclass(frozen=True)
class EditRequest(Request):
    """Rewrite `region`, whole lines that stand between `before` and `after`, by `instruction`.

    `keep_start`: where the region begins with a definition, so must the answer; no imports or class
    headers before it. `guess`: what the region probably becomes, to draft from instead of the
    region; the text does not depend on it. `examples` are shown first, as if the model had been
    asked and had answered so. `alternatives` is the number of other answers that are wanted beside
    the likeliest one, at most.
    """

    before: str
    region: str
    after: str
    instruction: str
    language: str = "python"
    keep_start: bool = False
    guess: str = ""
    examples: tuple[EditExample, ...] = ()
    alternatives: int = 0

    def __post_init__(self) -> None:
        for name, text in (("selection", self.region), ("instruction", self.instruction)):
            if _HALF_A_CHARACTER.search(text):
                # The model would not write it back.
                raise InvalidRequestError(f"the {name} holds what is no text: bytes that are no UTF-8, or half a character")


@dataclass(frozen=True)
class GenerateRequest(Request):
    """Answer a user's message through the model's chat template.

    The answer begins with `start`, which the model is not asked for, and ends before the first of
    the `stop` strings.
    """

    prompt: str
    system: str | None = None
    start: str = ""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cancel:
    """Stop the request `id`.

    A running one ends as `Finished` with the reason ``cancelled``, a waiting one as `Failed` with
    ``superseded``.
    """

    id: int


@dataclass(frozen=True)
class Shutdown:
    """End the engine process."""


Command = Request | Cancel | Shutdown


@dataclass(frozen=True)
class Taken:
    """The engine process has read the request.

    One that it did not read can be sent to another process.
    """

    id: int


@dataclass(frozen=True)
class Loading:
    """The model is being loaded.

    `step` is a short word for people; `share`, from 0 to 1, is how much of that step is done, where
    known.
    """

    id: int
    step: str
    share: float | None = None


@dataclass(frozen=True)
class Draft:
    """A state of the block that is being denoised or verified.

    `text` is unverified and may change. Masks show as U+2591 (light shade).
    """

    id: int
    text: str
    step: int


@dataclass(frozen=True)
class Committed:
    """Text that will not change, following what was committed before."""

    id: int
    text: str


@dataclass(frozen=True)
class Finished:
    """The end of a request. `text` is all that was committed, with the stop left out.

    `new_tokens` counts generated tokens only; `forwards` counts passes over the network while
    decoding, prefill apart; times are wall-clock seconds. For an edit, `text` is the new region
    with its indentation put back.

    Where the request has a `min_chance`, `chances` holds for each token the number of characters of
    the generated text up to its end, and the probability that the base gave it.

    `alternatives` are other answers to an edit, the likeliest first, where they are asked for
    (`engine.decoding.departures`); times and forwards are with these.
    """

    id: int
    text: str
    finish_reason: FinishReason
    mode: Mode
    new_tokens: int
    forwards: int
    prompt_tokens: int
    reused_tokens: int
    prefill_seconds: float
    decode_seconds: float
    peak_memory_bytes: int
    model: str
    device: str
    dtype: str
    chances: tuple[tuple[int, float], ...] = ()
    alternatives: tuple[str, ...] = ()

    @property
    def tokens_per_forward(self) -> float:
        return self.new_tokens / self.forwards if self.forwards else 0.0

    @property
    def tokens_per_second(self) -> float:
        return self.new_tokens / self.decode_seconds if self.decode_seconds else 0.0


def statistics(finished: Finished) -> dict[str, str | int | float]:
    """What ``--json`` and the server's commands tell of a finished request, its text apart."""
    return {
        "finish_reason": finished.finish_reason,
        "mode": finished.mode,
        "new_tokens": finished.new_tokens,
        "forwards": finished.forwards,
        "tokens_per_forward": round(finished.tokens_per_forward, 3),
        "tokens_per_second": round(finished.tokens_per_second, 3),
        "prompt_tokens": finished.prompt_tokens,
        "reused_tokens": finished.reused_tokens,
        "prefill_seconds": round(finished.prefill_seconds, 4),
        "decode_seconds": round(finished.decode_seconds, 4),
        "peak_memory_bytes": finished.peak_memory_bytes,
        "model": finished.model,
        "device": finished.device,
        "dtype": finished.dtype,
    }


FailureCode = Literal["invalid_request", "model_unavailable", "busy", "superseded", "out_of_memory", "internal"]


@dataclass(frozen=True)
class Failed:
    """The request could not be carried out.

    `message` is for people and holds none of their text.
    """

    id: int
    code: FailureCode
    message: str


Event = Taken | Loading | Draft | Committed | Finished | Failed
