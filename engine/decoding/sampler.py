"""The sampling loop, which asks a strategy for steps until something ends the text.

A text ends with a stop token or string, a limit, a deadline or a cancellation.

Mode `diffusion` has the strategy `Denoised`; modes `verified` and `autoregressive` have `Verified`,
the latter without drafts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from engine.api import FinishReason, SamplingOptions
from engine.decoding.denoised import Denoised
from engine.decoding.denoising_policy import Thresholds
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.decoding.prompt_lookup import PromptLookupDrafter
from engine.decoding.step import BlockState, SamplingState, Step, Strategy
from engine.decoding.verified import Verified
from engine.model.cache import Cache
from engine.model.network import Network


@dataclass(frozen=True)
class Accepted:
    """Text that became certain, following what was certain before."""

    text: str


@dataclass(frozen=True)
class Outcome:
    """How sampling ended.

    `tokens` are all generated tokens, the stop included. `probabilities` are empty unless the
    options ask for them: for each token the number of characters of the text up to its end, and the
    base's probability of it.
    """

    tokens: tuple[int, ...]
    text: str
    finish_reason: FinishReason
    forwards: int
    prefill_seconds: float
    decode_seconds: float
    probabilities: tuple[tuple[int, float], ...] = ()


SampleEvent = BlockState | Accepted | Outcome


class Interrupted(Exception):  # noqa: N818 - a signal, not an error
    """Raised between forwards when the time is over or the user no longer wants the text."""

    def __init__(self, reason: FinishReason) -> None:
        super().__init__(reason)
        self.reason: FinishReason = reason


class Sampler:
    """Samples one continuation. Use once: it holds the state of its request."""

    def __init__(
        self,
        model: Network,
        cache: Cache,
        prompt: Sequence[int],
        detokenizer: IncrementalDetokenizer,
        options: SamplingOptions,
        *,
        old: Sequence[int] = (),
        thresholds: Thresholds | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`cache` holds the rows of a true prefix of `prompt`, which has at least one token.

        `old` is the code that is edited, as tokens.
        """
        assert 0 <= cache.length < len(prompt), "the prompt's last token must still have to be run"
        self._model, self._options, self._detokenizer = model, options, detokenizer
        self._prompt_length = len(prompt)
        self._state = SamplingState(list(prompt), cache, options.max_new_tokens)
        self._strategy: Strategy
        if options.mode == "diffusion":
            self._strategy = Denoised(model, options, PromptLookupDrafter(prompt, old), is_edit=bool(old), thresholds=thresholds)
        else:
            lookup = PromptLookupDrafter(prompt, old) if options.mode == "verified" else None
            self._strategy = Verified(model, options, lookup, is_edit=bool(old))
        self._cancelled, self._clock = cancelled, clock
        self._forwards = 0
        # Filled where the options ask for probabilities; the second is the product of those in the
        # line under way.
        self._probabilities: list[tuple[int, float]] = []
        self._line_probability = 1.0
        self._started = clock()

    def run(self) -> Iterator[SampleEvent]:
        """Yield drafted blocks and accepted text, and at last the `Outcome`."""
        state, prefilled = self._state, None
        reason: FinishReason | None = None
        block: BlockState | None = None
        try:
            for _ in self._model.prefill(state.tokens[state.cache.length : -1], state.cache):
                self._check()
            prefilled = self._clock()
            while reason is None:
                self._check()
                block = block or self._strategy.start(state)
                if block.tokens:
                    yield block
                    self._check()
                step = self._strategy.step(state, block)
                self._forwards += 1
                block = step.unfinished
                reason = self._accept(step)
                if text := self._detokenizer.take_stable():
                    yield Accepted(text)
        except Interrupted as stop:
            reason = stop.reason
        # Rows behind a stop inside a block are of no use to the next request.
        state.cache.truncate(min(state.cache.length, max(self._prompt_length, len(state.tokens) - 1)))
        now = self._clock()
        prefilled = now if prefilled is None else prefilled
        times = (prefilled - self._started, now - prefilled)
        generated = tuple(state.tokens[self._prompt_length :])
        yield Outcome(generated, self._detokenizer.text, reason, self._forwards, *times, tuple(self._probabilities))

    @property
    def tokens(self) -> list[int]:
        """The tokens of the prompt and those accepted."""
        return self._state.tokens

    def _check(self) -> None:
        if self._cancelled():
            raise Interrupted("cancelled")
        limit = self._options.deadline_s
        if limit is not None and self._clock() - self._started >= limit:
            raise Interrupted("deadline")

    def _accept(self, step: Step) -> FinishReason | None:
        """Take a step's tokens into the text, and tell why the text ends with one of them, or None
        where it goes on.
        """
        state = self._state
        assert len(step.tokens) <= state.room, "a block must not be longer than the tokens that are still wanted"
        for token, probability in zip_longest(step.tokens, step.probabilities):
            if probability is not None:
                self._line_probability *= probability
                if self._line_probability < self._options.min_chance:
                    return "unsure"
            state.tokens.append(token)
            state.room -= 1
            ends = self._detokenizer.feed(token)
            if probability is not None:
                self._note_probability(probability)
            if ends:
                return "stop"
        return None if state.room else "length"

    def _note_probability(self, probability: float) -> None:
        before = self._probabilities[-1][0] if self._probabilities else 0
        text = self._detokenizer.text
        self._probabilities.append((len(text), probability))
        if "\n" in text[before:]:
            self._line_probability = 1.0
