"""Other answers than the likeliest one: each parts from it at one place, and goes on by itself.

A model that is asked to mend code often copies it. Where the copy was closest to becoming something
else is known from its own rows, and from there a greedy continuation, drafted from the old code,
takes few forwards. It is what a diffusion model does that denoises the least certain tokens once
more, with the base as the judge of whole texts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.api import SamplingOptions
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.decoding.sampler import Outcome, Sampler
from engine.model.cache import Cache
from engine.model.network import Network

SCORED_ROWS = 32
"""Rows of a forward that scores a text. Each has a number for every token of the vocabulary."""
LEAST_PROBABILITY = 0.005
"""A token that is less likely than this begins no other answer."""
_TOLD = 1e-300
"""A `min_chance` that ends no text, and has the probabilities of its tokens told."""


@dataclass(frozen=True)
class Departure:
    """The likeliest other token at a place of a text.

    `chance` is its probability there, and `log_before` the logarithm of that of all tokens before.
    """

    place: int
    token: int
    chance: float
    log_before: float


@dataclass(frozen=True)
class OtherText:
    """Another answer, the logarithm of its probability, and what finding it took."""

    text: str
    log_probability: float
    forwards: int
    seconds: float


class Departures:
    """Searches for other continuations of `prompt`; use once.

    `cache` holds the rows of a true prefix of `prompt` and of what it was continued by.
    """

    def __init__(
        self,
        network: Network,
        cache: Cache,
        prompt: Sequence[int],
        new_reader: Callable[[], IncrementalDetokenizer],
        *,
        options: SamplingOptions,
        cancelled: Callable[[], bool],
    ) -> None:
        self._network, self._cache, self._prompt = network, cache, list(prompt)
        self._new_reader, self._cancelled = new_reader, cancelled
        # Denoised blocks have no probabilities.
        mode = "verified" if options.mode == "diffusion" else options.mode
        self._options = replace(options, mode=mode, min_chance=_TOLD)

    def run(self, tokens: Sequence[int], count: int, *, spent_s: float = 0.0) -> list[OtherText]:
        """Texts that go on otherwise than by `tokens`, at most `count`, the likeliest first.

        Those that do not come to their end in time are left out; `spent_s` of it is over.
        Afterwards the cache holds rows of the prompt alone.
        """
        ends = None if self._options.deadline_s is None else time.perf_counter() + self._options.deadline_s - spent_s
        places = sorted(self._departures(tokens), key=lambda one: one.chance, reverse=True)[:count]
        found = []
        # From the last place to the first, so that the rows before each are still there.
        for one in sorted(places, key=lambda one: one.place, reverse=True):
            left_s = None if ends is None else ends - time.perf_counter()
            if self._cancelled() or (left_s is not None and left_s <= 0):
                break
            if (other := self._other(tokens, one, left_s)) is not None:
                found.append(other)
        self._cache.truncate(min(self._cache.length, len(self._prompt)))
        return sorted(found, key=lambda other: other.log_probability, reverse=True)

    def _other(self, tokens: Sequence[int], departure: Departure, left_s: float | None) -> OtherText | None:
        """The greedy continuation behind another token; None if it has no end."""
        start = [*tokens[: departure.place], departure.token]
        reader = self._new_reader()
        if any(reader.feed(token) for token in start):
            return None
        self._cache.truncate(min(self._cache.length, len(self._prompt) + departure.place))
        options = replace(self._options, deadline_s=left_s, max_new_tokens=max(1, self._options.max_new_tokens - len(start)))
        prompt, old = [*self._prompt, *start], tokens[departure.place + 1 :]
        *_, outcome = Sampler(self._network, self._cache, prompt, reader, options, old=old, cancelled=self._cancelled).run()
        assert isinstance(outcome, Outcome), "a run ends with its outcome"
        if outcome.finish_reason != "stop":
            return None
        behind = sum(math.log(max(chance, _TOLD)) for _, chance in outcome.probabilities)
        log_probability = departure.log_before + math.log(departure.chance) + behind
        return OtherText(outcome.text, log_probability, outcome.forwards, outcome.prefill_seconds + outcome.decode_seconds)

    def _departures(self, tokens: Sequence[int]) -> Iterator[Departure]:
        """The likeliest other token at each place of `tokens`."""
        self._cache.truncate(min(self._cache.length, len(self._prompt) - 1))
        for _ in self._network.prefill(self._prompt[self._cache.length : -1], self._cache):
            pass
        rows = [self._prompt[-1], *tokens[:-1]]
        log_before = 0.0
        for start in range(0, len(rows), SCORED_ROWS):
            piece = rows[start : start + SCORED_ROWS]
            scores = self._network.forward(piece, self._cache).logits.log_softmax(dim=-1)
            values, likeliest = scores.topk(2, dim=-1)
            for i, (two, their) in enumerate(zip(likeliest.tolist(), values.exp().tolist(), strict=True)):
                own = tokens[start + i]
                best = two[0] == own
                if their[best] >= LEAST_PROBABILITY:
                    yield Departure(start + i, two[best], their[best], log_before)
                log_before += float(scores[i, own])
            self._cache.commit(len(piece))
