"""Other answers than the likeliest one: each parts from it at one place, and goes on by itself.

A model that is asked to mend code often copies it. Where the copy was closest to becoming something
else is known from its own rows, and from there a greedy continuation, drafted from the old code,
takes few forwards. It is what a diffusion model does that denoises the least certain tokens once
more, with the base as the judge of whole texts.

Texts are judged by their probability as an answer times that of the same text on its own, without
the question: with the old code in view whatever is a copy of it seems likely, while on its own code
with a fault is less likely than code without.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from torch import Tensor

from engine.api import SamplingOptions
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.decoding.proposals import likeliest
from engine.decoding.sampler import Interrupted, Outcome, Sampler
from engine.model.cache import Cache
from engine.model.network import Network

SCORED_ROWS = 32
"""Rows of a forward that scores a text. Each has a number for every token of the vocabulary."""
LEAST_PROBABILITY = 0.005
"""A token that is less likely than this begins no other answer."""
ALONE_WEIGHT = 0.3
"""How much a text's probability on its own counts. It varies more than the other, and a text that
leaves code out gains most."""
_LEAST_S = 1e-3
"""A deadline must lie ahead; the check before it says whether one does."""
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
    """Another answer, and what finding it took.

    `as_answer` is the logarithm of its probability as an answer, `alone` that of the text on its
    own.
    """

    text: str
    as_answer: float
    alone: float
    forwards: int
    seconds: float

    @property
    def score(self) -> float:
        """How likely it is in all."""
        return self.as_answer + ALONE_WEIGHT * self.alone


class Departures:
    """Searches for other continuations of `prompt`; use once.

    `cache` holds the rows of a true prefix of `prompt` and of what it was continued by. `opening`
    are the tokens at the end of the prompt that belong to any answer, at least one.
    """

    def __init__(
        self,
        network: Network,
        cache: Cache,
        prompt: Sequence[int],
        new_reader: Callable[[], IncrementalDetokenizer],
        *,
        opening: Sequence[int],
        options: SamplingOptions,
        cancelled: Callable[[], bool],
    ) -> None:
        self._answer = _Scores(network, cache, prompt, self._check)
        self._alone = _Scores(network, network.new_cache(), opening, self._check)
        self._network, self._cache, self._prompt = network, cache, list(prompt)
        self._new_reader, self._cancelled = new_reader, cancelled
        # Denoised blocks have no probabilities.
        mode = "verified" if options.mode == "diffusion" else options.mode
        self._options = replace(options, mode=mode, min_chance=_TOLD)
        self._ends = math.inf

    def run(self, tokens: Sequence[int], count: int, *, spent_s: float = 0.0) -> list[OtherText]:
        """Texts that go on otherwise than by `tokens`, at most `count`, the likeliest first.

        Those that do not come to their end in time are left out; `spent_s` of it is over.
        Afterwards the cache holds rows of the prompt alone.
        """
        if self._options.deadline_s is not None:
            self._ends = time.perf_counter() + self._options.deadline_s - spent_s
        found = []
        with suppress(Interrupted):
            places = sorted(self._departures(tokens), key=lambda one: one.chance, reverse=True)[:count]
            # From the last place to the first, so that the rows before each are still there.
            for one in sorted(places, key=lambda one: one.place, reverse=True):
                self._check()
                if (other := self._other(tokens, one)) is not None:
                    found.append(other)
        self._cache.truncate(min(self._cache.length, len(self._prompt)))
        return sorted(found, key=lambda other: other.score, reverse=True)

    def _check(self) -> None:
        """Asked before each forward, since nobody may want the answers any more."""
        if self._cancelled():
            raise Interrupted("cancelled")
        if time.perf_counter() >= self._ends:
            raise Interrupted("deadline")

    def _other(self, tokens: Sequence[int], departure: Departure) -> OtherText | None:
        """The greedy continuation behind another token; None if it has no end."""
        started = time.perf_counter()
        start = [*tokens[: departure.place], departure.token]
        reader = self._new_reader()
        if any(reader.feed(token) for token in start):
            return None
        self._cache.truncate(min(self._cache.length, len(self._prompt) + departure.place))
        left_s = None if math.isinf(self._ends) else max(_LEAST_S, self._ends - started)
        options = replace(self._options, deadline_s=left_s, max_new_tokens=max(1, self._options.max_new_tokens - len(start)))
        prompt, old = [*self._prompt, *start], tokens[departure.place + 1 :]
        *_, outcome = Sampler(self._network, self._cache, prompt, reader, options, old=old, cancelled=self._cancelled).run()
        assert isinstance(outcome, Outcome), "a run ends with its outcome"
        if outcome.finish_reason != "stop":
            return None
        behind = sum(math.log(max(chance, _TOLD)) for _, chance in outcome.probabilities)
        as_answer = departure.log_before + math.log(departure.chance) + behind
        alone = self._alone.total([*start, *outcome.tokens[:-1]])
        return OtherText(outcome.text, as_answer, alone, outcome.forwards, time.perf_counter() - started)

    def _departures(self, tokens: Sequence[int]) -> Iterator[Departure]:
        """The likeliest other token at each place of `tokens`."""
        log_before = 0.0
        for place, (own, scores) in enumerate(zip(tokens, self._answer.rows(tokens), strict=True)):
            other = max((token for token in likeliest(scores, 2) if token != own), key=lambda token: float(scores[token]))
            if (chance := math.exp(float(scores[other]))) >= LEAST_PROBABILITY:
                yield Departure(place, other, chance, log_before)
            log_before += float(scores[own])


class _Scores:
    """Log-probabilities of texts that follow a `prompt`; texts share the rows of what they have in
    common with the one before.
    """

    def __init__(self, network: Network, cache: Cache, prompt: Sequence[int], check: Callable[[], None]) -> None:
        """`check` is called before each forward, and raises to end the scoring."""
        self._network, self._cache, self._prompt, self._check = network, cache, list(prompt), check
        self._known: list[int] = []
        """Tokens behind the prompt that were scored, and their log-probabilities."""
        self._sums: list[float] = []

    def rows(self, tokens: Sequence[int], first: int = 0) -> Iterator[Tensor]:
        """The log-probabilities (vocabulary,) of what stands at the place of each token from
        `first` on; each row is good until the next is asked for.
        """
        everything = [*self._prompt, *tokens]
        begin = len(self._prompt) - 1 + first
        self._cache.truncate(min(self._cache.length, begin))
        for _ in self._network.prefill(everything[self._cache.length : begin], self._cache):
            pass
        for start in range(begin, len(everything) - 1, SCORED_ROWS):
            self._check()
            piece = everything[start : min(start + SCORED_ROWS, len(everything) - 1)]
            yield from self._network.forward(piece, self._cache).logits.log_softmax(dim=-1)
            self._cache.commit(len(piece))

    def total(self, tokens: Sequence[int]) -> float:
        """The log-probability of a text."""
        same = next(
            (i for i, (one, other) in enumerate(zip(self._known, tokens, strict=False)) if one != other), min(len(self._known), len(tokens))
        )
        fresh = [float(row[token]) for row, token in zip(self.rows(tokens, same), tokens[same:], strict=True)]
        self._known, self._sums = list(tokens), [*self._sums[:same], *fresh]
        return sum(self._sums)
