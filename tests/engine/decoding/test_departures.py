"""Other answers than the likeliest one, on a small random network."""

from __future__ import annotations

import itertools

import pytest

from engine.api import SamplingOptions
from engine.decoding import departures
from engine.decoding.departures import Departures, OtherText
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.decoding.sampler import Outcome, Sampler
from engine.model.tokenizer import Tokenizer
from tests.conftest import tiny_model

PROMPT = [65, 66, 67]
OPTIONS = SamplingOptions(max_new_tokens=80)
STOPS = tuple("aeiouAEIOU0123456789")


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder) -> Tokenizer:
    return Tokenizer(tokenizer_folder)


@pytest.fixture(autouse=True)
def _any_token(monkeypatch):
    """A random network finds no token likely."""
    monkeypatch.setattr(departures, "LEAST_PROBABILITY", 0.0)


class Search:
    """The likeliest continuation of the prompt by a network, and the search for others."""

    def __init__(self, tokenizer: Tokenizer, options: SamplingOptions = OPTIONS) -> None:
        self.network, self.options, self.tokenizer = tiny_model(5), options, tokenizer
        self.cache = self.network.new_cache()
        *_, outcome = Sampler(self.network, self.cache, PROMPT, self.reader(), options).run()
        assert isinstance(outcome, Outcome)
        self.outcome = outcome

    def reader(self) -> IncrementalDetokenizer:
        return IncrementalDetokenizer(self.tokenizer, stop_tokens=frozenset(), stop_strings=STOPS)

    def run(self, count: int, cancelled=lambda: False, **more) -> list[OtherText]:
        search = Departures(self.network, self.cache, PROMPT, self.reader, opening=PROMPT[-1:], options=self.options, cancelled=cancelled)
        return search.run(self.outcome.tokens, count, **more)

    def log_probability(self, prompt: list[int], tokens: list[int]) -> float:
        """That of tokens behind a prompt, computed in one forward without a cache."""
        logits = self.network.forward([*prompt, *tokens], self.network.new_cache()).logits.log_softmax(dim=-1)
        return sum(float(logits[len(prompt) - 1 + i, token]) for i, token in enumerate(tokens))

    def likeliest(self, start: list[int]) -> tuple[str, float] | None:
        """The text that begins with `start` and is greedy from there, one token at a time."""
        tokens, reader = list(start), self.reader()
        ended = any(reader.feed(token) for token in start)
        while not ended and len(tokens) < OPTIONS.max_new_tokens:
            logits = self.network.forward([*PROMPT, *tokens], self.network.new_cache()).logits
            tokens.append(int(logits[-1].argmax()))
            ended = reader.feed(tokens[-1])
        if not ended or len(tokens) == len(start):
            return None
        return reader.text, self.log_probability(PROMPT, tokens) + departures.ALONE_WEIGHT * self.log_probability(PROMPT[-1:], tokens[:-1])


def test_each_other_answer_parts_at_one_place_and_is_greedy_from_there(tokenizer):
    """Texts and their probabilities are those that one token at a time would give."""
    search = Search(tokenizer)
    own = list(search.outcome.tokens)
    expected = set()
    for place in range(len(own)):
        logits = search.network.forward([*PROMPT, *own[:place]], search.network.new_cache()).logits[-1]
        second = next(token for token in logits.topk(2).indices.tolist() if token != own[place])
        if (found := search.likeliest([*own[:place], second])) is not None:
            expected.add((found[0], round(found[1], 2)))
    found = [(other.text, round(other.score, 2)) for other in search.run(len(own))]
    assert len(found) > 1, "the network was chosen so that there are some"
    assert set(found) == expected
    assert search.outcome.text not in {text for text, _ in found}


def test_no_more_are_looked_for_than_are_wanted(tokenizer):
    assert len(Search(tokenizer).run(2)) <= 2


def test_a_cancelled_search_ends(tokenizer):
    """The next request does not wait for answers that nobody wants any more."""
    asked = itertools.count()
    assert len(Search(tokenizer).run(50, lambda: next(asked) > 0)) == 0


def test_scoring_a_long_answer_is_cancelled_between_two_forwards(tokenizer):
    """Whoever types on while a long answer is scored does not wait until it has been read."""
    search, asked = Search(tokenizer), itertools.count()
    forward, forwards = search.network.forward, []
    search.network.forward = lambda *given, **more: forwards.append(1) or forward(*given, **more)
    departures_of = Departures(
        search.network, search.cache, PROMPT, search.reader, opening=PROMPT[-1:], options=OPTIONS, cancelled=lambda: next(asked) >= 2
    )
    assert departures_of.run([70] * 20 * departures.SCORED_ROWS, 3) == []
    assert len(forwards) == 2


def test_the_deadline_is_for_the_answer_and_all_others(tokenizer):
    search = Search(tokenizer, SamplingOptions(max_new_tokens=80, deadline_s=1000.0))
    assert search.run(50, spent_s=1001.0) == []
    assert search.run(50, spent_s=1.0)


def test_unlikely_tokens_begin_no_other_answer(tokenizer, monkeypatch):
    """What the model would hardly write is no proposal."""
    monkeypatch.setattr(departures, "LEAST_PROBABILITY", 0.99)
    assert Search(tokenizer).run(50) == []


def test_the_likeliest_come_first(tokenizer):
    found = [other.score for other in Search(tokenizer).run(50)]
    assert found == sorted(found, reverse=True)


def test_no_rows_of_other_answers_stay_behind(tokenizer):
    """Whoever asks next goes on from the prompt's rows, which are the prompt's."""
    search = Search(tokenizer)
    assert search.run(50)
    length = search.cache.length
    assert length <= len(PROMPT)
    ours = search.network.forward([*PROMPT, 70][length:], search.cache).logits[-1]
    fresh = search.network.forward([*PROMPT, 70], search.network.new_cache()).logits[-1]
    assert float((ours - fresh).abs().max()) < 1e-4
