"""`verified` writes what the base alone writes, token for token, whatever was drafted."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch

from engine.api import SamplingOptions
from engine.decoding import reference
from engine.decoding.choice import TokenSampler, accepted_length
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.decoding.prompt_lookup import Copied, PromptLookupDrafter
from engine.decoding.proposals import CANDIDATES, Proposal, likeliest, propose
from engine.decoding.sampler import Outcome, Sampler
from engine.model.network import NoisyBlock
from engine.model.tokenizer import Tokenizer
from tests.conftest import SHAPES, tiny_model


class Adversary(PromptLookupDrafter):
    """Drafts that are right for a random stretch, and then wrong in a random way."""

    def __init__(self, truth: list[int], rng: random.Random) -> None:
        super().__init__([0])
        self._truth, self._rng, self._done = truth, rng, 0

    def extend(self, tokens):
        self._done += len(tokens)

    def propose(self, length):
        right = self._truth[self._done : self._done + self._rng.randint(0, length)]
        wrong = [self._rng.randrange(256) for _ in range(length - len(right))]
        tokens = (right + wrong)[: self._rng.randint(0, length)]
        return Copied(tokens, certain=self._rng.random() < 0.5)


def sample(model, tokenizer, prompt, options, *, old=(), stop_tokens=frozenset(), drafter=None, stop_strings=()) -> Outcome:
    cache = model.new_cache()
    detokenizer = IncrementalDetokenizer(tokenizer, stop_tokens=stop_tokens, stop_strings=stop_strings)
    sampler = Sampler(model, cache, prompt, detokenizer, options, old=old)
    if drafter is not None:
        sampler._strategy._lookup = drafter
    *_, outcome = sampler.run()
    assert isinstance(outcome, Outcome)
    assert cache.length == len(prompt) + len(outcome.tokens) - 1, "the cache holds all rows but the pending token's"
    return outcome


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder) -> Tokenizer:
    return Tokenizer(tokenizer_folder)


@pytest.mark.parametrize("seed", [*range(60), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(60, 240))])
def test_verified_equals_the_reference(seed: int, tokenizer: Tokenizer):
    """The text is always the base's.

    Networks, prompts, stops, block sizes and temperatures are random, and drafts are good, bad and
    adversarial.
    """
    rng = random.Random(seed)
    shape = rng.choice(list(SHAPES))
    model = tiny_model(seed % 12, shape=shape, shift=rng.random() < 0.7, expected=rng.choice([0.0, 2.0]))
    prompt = [rng.randrange(256) for _ in range(rng.randint(1, 40))]
    temperature, budget = rng.choice([0.0, 0.0, 0.7, 1.3]), rng.randint(1, 40)
    token_sampler = TokenSampler(temperature, seed)
    logits = reference.recompute(model)
    free = reference.generate(logits, prompt, max_new_tokens=budget, stop_tokens=frozenset(), token_sampler=token_sampler)
    stops = frozenset(rng.sample(free, 1)) if rng.random() < 0.5 else frozenset()
    truth = reference.generate(logits, prompt, max_new_tokens=budget, stop_tokens=stops, token_sampler=token_sampler)
    options = SamplingOptions(
        max_new_tokens=budget,
        temperature=temperature,
        seed=seed,
        block_size=rng.randint(1, 32),
        draft=rng.choice(["auto", "copy", "denoise", "none"]),
    )
    drafter = Adversary(truth, rng) if rng.random() < 0.5 else None
    old = truth if rng.random() < 0.3 else [rng.randrange(256) for _ in range(20)]
    outcome = sample(model, tokenizer, prompt, options, old=old, stop_tokens=stops, drafter=drafter)
    assert list(outcome.tokens) == truth
    assert outcome.finish_reason == ("stop" if truth[-1] in stops else "length")


@pytest.mark.parametrize("block_size", [1, 2, 3, 4, 8, 16, 32])
def test_every_block_size_writes_the_same(block_size: int, tokenizer: Tokenizer):
    model, prompt = tiny_model(3), [10, 20, 30]
    texts = {
        mode: sample(model, tokenizer, prompt, SamplingOptions(mode=mode, max_new_tokens=60, block_size=block_size), old=[1, 2, 3]).tokens
        for mode in ("verified", "autoregressive")
    }
    assert texts["verified"] == texts["autoregressive"]


def test_a_perfect_draft_needs_few_forwards(tokenizer: Tokenizer):
    """An edit that changes nothing costs rows, not forwards.

    120 tokens come in at most 120/16 forwards and the first small blocks.
    """
    model, prompt = tiny_model(5), [1, 2, 3, 4]
    truth = sample(model, tokenizer, prompt, SamplingOptions(mode="autoregressive", max_new_tokens=120)).tokens
    outcome = sample(model, tokenizer, prompt, SamplingOptions(max_new_tokens=120, block_size=16), old=truth)
    assert outcome.tokens == truth
    assert outcome.forwards <= 10


def test_drafts_from_the_denoiser_are_verified_too(tokenizer: Tokenizer):
    """The adapter's drafts ride along with the verification.

    They change no token, and a forward is never lost.
    """
    model, prompt = tiny_model(6), [9, 8, 7]
    truth = sample(model, tokenizer, prompt, SamplingOptions(mode="autoregressive", max_new_tokens=40)).tokens
    outcome = sample(model, tokenizer, prompt, SamplingOptions(max_new_tokens=40, draft="denoise", block_size=4))
    assert outcome.tokens == truth
    assert outcome.forwards <= 40, "each forward gives a token at the least"


def test_masks_behind_an_accepted_draft_are_the_next_draft(tokenizer: Tokenizer):
    """The denoiser is asked in the same forward that verifies its last draft.

    One that is always right gives five tokens a forward with four masks.
    """
    model, prompt = tiny_model(6), [9, 8, 7]
    truth = sample(model, tokenizer, prompt, SamplingOptions(mode="autoregressive", max_new_tokens=41)).tokens
    cache = model.new_cache()
    sampler = Sampler(
        model,
        cache,
        prompt,
        IncrementalDetokenizer(tokenizer, stop_tokens=frozenset()),
        SamplingOptions(max_new_tokens=41, draft="denoise", block_size=4),
    )

    def right(state, _masks, blocks, accepted):
        at = len(state.tokens) - len(prompt) + len(accepted)
        assert blocks[0].behind == len(accepted), "the masks stand behind the draft that is accepted whole"
        return Proposal(list(truth[at : at + 4]), [1.0] * 4)

    sampler._strategy._propose = right
    *_, outcome = sampler.run()
    assert outcome.tokens == truth
    # The first forward has no draft yet and gives one token; a block of 4 rows holds the pending
    # token and 3 drafted ones.
    assert outcome.forwards == 1 + 40 // 4


def test_masks_behind_beginnings_of_a_draft_change_no_text(tokenizer: Tokenizer):
    """With room for them every forward has a draft, whatever became of the last one.

    The text stays the base's.
    """
    model, prompt = tiny_model(6), [9, 8, 7]
    truth = sample(model, tokenizer, prompt, SamplingOptions(mode="autoregressive", max_new_tokens=60)).tokens
    drafted: list[int] = []
    forward = model.forward

    def noting(clean, cache, **more):
        drafted.append(len(clean) - 1)
        return forward(clean, cache, **more)

    model.forward = noting
    outcome = sample(model, tokenizer, prompt, SamplingOptions(max_new_tokens=60, draft="denoise", block_size=4, max_rows=64))
    assert outcome.tokens == truth
    decoding = drafted[-outcome.forwards :]
    assert decoding[0] == 0, "nothing is proposed yet"
    assert all(decoding[1:-1]), "no forward comes without a draft, though most drafts of an untrained adapter fail"


@pytest.mark.parametrize(("old", "expected", "asked"), [((), 2.0, True), ((), 0.1, False), ((1, 2, 3), 2.0, False)])
def test_auto_asks_the_denoiser_where_it_pays(tokenizer: Tokenizer, old, expected: float, asked: bool):
    """A useless adapter costs nothing.

    Neither does a good one in an edit, whose text is mostly a copy.
    """
    model, noisy = tiny_model(6, expected=expected), []
    forward = model.forward

    def noting(clean, cache, **more):
        noisy.append(more.get("noisy"))
        return forward(clean, cache, **more)

    model.forward = noting
    sample(model, tokenizer, [9, 8, 7], SamplingOptions(max_new_tokens=20), old=old)
    assert any(noisy) is asked


def test_each_proposal_has_its_probability():
    """Among the row's likeliest tokens, as the network gives it; no rows, no proposal."""
    logits = torch.tensor([[3.0, 0.0], [0.0, 2.0], [0.1, 0.0]])
    network = tiny_model()
    network.adapter = replace(network.adapter, hydra_head=None)
    hidden = torch.zeros(3, network.config.hidden_size)
    found = propose(network, logits, hidden, TokenSampler(), left=1, position=9)
    assert found.tokens == [0, 1, 0]
    assert found.probabilities == pytest.approx(logits.softmax(-1).max(-1).values.tolist())
    assert propose(network, logits[:0], hidden[:0], TokenSampler(), left=1, position=9).tokens == []


def test_a_drafted_token_knows_the_one_before_it():
    """Each row's candidates are scored anew behind the token that was drafted before it.

    Nothing else is scored.
    """
    network, cache = tiny_model(3), None
    cache = network.new_cache()
    result = network.forward([4, 5], cache, noisy=[NoisyBlock([None] * 3, 2)])
    plain, rows = result.logits[2:], result.hidden[2:]
    draft = propose(network, plain.clone(), rows, TokenSampler(), left=7, position=5).tokens
    assert draft != plain.argmax(-1).tolist(), "the Hydra head changes nothing here, so the test shows nothing"
    for row, scores, left, token in zip(rows, plain, [7, *draft], draft, strict=False):
        candidates = scores.topk(CANDIDATES).indices
        scores[candidates] = network.followed_logits(row, left, candidates.tolist())
        assert token == int(scores.argmax())


@pytest.mark.parametrize("size", [100, 128 * 40, 128 * 40 + 3])
def test_the_likeliest_tokens(size: int):
    scores = torch.randn(size, generator=torch.Generator().manual_seed(1))
    # All in one group, and all in groups of their own.
    for places in (range(16), range(5, size, size // 16)):
        scores[list(places)[:16]] += 9.0
        assert sorted(likeliest(scores, 16)) == sorted(scores.topk(16).indices.tolist())


def test_acceptance_stops_at_the_first_difference():
    assert accepted_length([1, 2, 3], [1, 2, 3, 4]) == 3
    assert accepted_length([1, 9, 3], [1, 2, 3, 4]) == 1
    assert accepted_length([], [5]) == 0


def test_samples_follow_the_distribution():
    """The choice of a position has the softmax's frequencies at a temperature (chi-squared, 5
    tokens).
    """
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0, 0.5]])
    temperature, draws = 0.8, 20_000
    counts = torch.zeros(5)
    for position in range(draws):
        counts[TokenSampler(temperature, seed=11).choose(logits, position)[0]] += 1
    expected = torch.softmax(logits[0] / temperature, 0) * draws
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    assert chi_squared < 18.5, "0.1 % of samples lie beyond, with 4 degrees of freedom"


def test_positions_and_seeds_draw_independently():
    """Different positions and different seeds do not repeat one another's noise."""
    logits = torch.zeros(1, 200)
    by_position = {TokenSampler(1.0, 1).choose(logits, p)[0] for p in range(50)}
    by_seed = {TokenSampler(1.0, s).choose(logits, 1)[0] for s in range(50)}
    assert len(by_position) > 30
    assert len(by_seed) > 30
