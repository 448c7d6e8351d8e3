"""The sampling loop: stops, deadlines, cancellation, events, and the diffusion mode."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from engine.api import InvalidRequestError, SamplingOptions
from engine.decoding.denoised import Denoised
from engine.decoding.denoising_policy import Thresholds
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.decoding.prompt_lookup import PromptLookupDrafter
from engine.decoding.sampler import Accepted, Outcome, Sampler
from engine.decoding.step import BlockState
from engine.model.network import ForwardResult, NoisyBlock
from engine.model.tokenizer import Tokenizer
from tests.conftest import tiny_model

PROMPT = [65, 66, 67]


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder) -> Tokenizer:
    return Tokenizer(tokenizer_folder)


def make(tokenizer, options, *, stops=(), model=None, **more) -> Sampler:
    model = model or tiny_model(1)
    return Sampler(
        model, model.new_cache(), PROMPT, IncrementalDetokenizer(tokenizer, stop_tokens=frozenset(), stop_strings=stops), options, **more
    )


def test_a_stop_string_ends_the_text_before_itself(tokenizer):
    """A stop inside a block cuts the block: same text and tokens as token by token."""
    text = list(make(tokenizer, SamplingOptions(mode="autoregressive", max_new_tokens=60)).run())[-1].text
    stop = next(char for char in text[10:] if char.isascii() and char not in text[:10])
    outcomes = [
        list(make(tokenizer, SamplingOptions(mode=mode, max_new_tokens=60), stops=(stop,), old=list(range(40))).run())[-1]
        for mode in ("autoregressive", "verified")
    ]
    assert outcomes[0].finish_reason == outcomes[1].finish_reason == "stop"
    assert outcomes[0].text == outcomes[1].text
    # A random network writes broken characters; one that the stop cuts off is not text.
    assert outcomes[0].text.rstrip("\ufffd") == text[: text.index(stop)].rstrip("\ufffd")
    assert outcomes[0].tokens == outcomes[1].tokens


def test_a_deadline_gives_the_text_so_far(tokenizer):
    """What was verified is kept when time is up between two forwards, and the reason says so."""
    full = list(make(tokenizer, SamplingOptions(mode="autoregressive", max_new_tokens=50)).run())[-1]
    ticks = itertools.count()
    options = SamplingOptions(mode="autoregressive", max_new_tokens=50, deadline_s=20.0)
    outcome = list(make(tokenizer, options, clock=lambda: float(next(ticks))).run())[-1]
    assert outcome.finish_reason == "deadline"
    assert 0 < len(outcome.tokens) < 50
    assert full.tokens[: len(outcome.tokens)] == outcome.tokens


@pytest.mark.parametrize("mode", ["verified", "diffusion", "autoregressive"])
def test_cancellation_takes_effect_at_the_next_step(tokenizer, mode):
    asked = itertools.count()
    outcome = list(make(tokenizer, SamplingOptions(mode=mode, max_new_tokens=64), cancelled=lambda: next(asked) >= 3).run())[-1]
    assert outcome.finish_reason == "cancelled"
    assert outcome.forwards <= 4


def test_cancellation_during_the_prompt(tokenizer):
    """A request can be dropped even before the first token.

    A long prompt is run in pieces for that.
    """
    model = tiny_model(1)
    sampler = Sampler(
        model,
        model.new_cache(),
        [1] * 900,
        IncrementalDetokenizer(tokenizer, stop_tokens=frozenset()),
        SamplingOptions(),
        cancelled=lambda: True,
    )
    outcome = list(sampler.run())[-1]
    assert (outcome.finish_reason, outcome.tokens, outcome.forwards) == ("cancelled", (), 0)


def test_accepted_text_adds_up_to_the_outcome(tokenizer):
    """Streaming loses nothing and repeats nothing."""
    events = list(make(tokenizer, SamplingOptions(max_new_tokens=80), stops=("\x00\x00\x00",)).run())
    streamed = "".join(event.text for event in events if isinstance(event, Accepted))
    assert isinstance(events[-1], Outcome)
    assert events[-1].text.startswith(streamed)
    assert len(events[-1].text) - len(streamed) <= 3


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize("thresholds", [Thresholds(), Thresholds(mask=0.0), Thresholds(mask=1.0, edit=0.0, remask=1.0)])
def test_diffusion_ends_and_fills_every_mask(tokenizer, shift, thresholds):
    """A block is denoised in a bounded number of steps, whatever the thresholds."""
    model = tiny_model(2)
    model.adapter = replace(model.adapter, logit_shift=shift, block_size=8)
    options = SamplingOptions(mode="diffusion", max_new_tokens=24, block_size=32)
    events = list(make(tokenizer, options, model=model, thresholds=thresholds).run())
    outcome = events[-1]
    assert len(outcome.tokens) == 24
    assert outcome.forwards <= 3 * (2 * 8 + 1)
    states = [event for event in events if isinstance(event, BlockState)]
    assert states[0].tokens == (None,) * 8


class Recomputed(Denoised):
    """Runs everything before a block anew in each step, behind an empty cache."""

    def _forward(self, state, block):
        clean, network = state.tokens, self._network
        start = len(clean) - (1 if self._adapter.logit_shift else 0)
        result = network.forward(clean, network.new_cache(), noisy=[NoisyBlock(block, len(clean))], logits_from=start)
        return ForwardResult(result.logits[: len(block)], result.hidden[len(clean) :])


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize("old", [(), tuple(range(40, 70))])
def test_an_accepted_block_enters_the_cache_with_the_next_ones_first_step(tokenizer, shift, old):
    """No forward of its own, and the same text as when nothing is kept."""
    model = tiny_model(2)
    model.adapter = replace(model.adapter, logit_shift=shift, block_size=4)
    options = SamplingOptions(mode="diffusion", max_new_tokens=30, block_size=16)
    samplers = [make(tokenizer, options, model=model, old=list(old)) for _ in range(2)]
    samplers[1]._strategy = Recomputed(model, options, PromptLookupDrafter(PROMPT, old), is_edit=bool(old))
    (*events, kept), (*_, anew) = (sampler.run() for sampler in samplers)
    assert kept.tokens == anew.tokens
    assert kept.forwards == anew.forwards == sum(isinstance(event, BlockState) for event in events)
    assert samplers[0]._state.cache.length < len(PROMPT) + len(kept.tokens)


def test_a_block_is_done_once_nothing_that_was_placed_changed(tokenizer):
    """The step that fills the last masks is the last, where it leaves the rest as it was."""
    model = tiny_model(2)
    model.adapter = replace(model.adapter, block_size=4)
    options = SamplingOptions(mode="diffusion", max_new_tokens=12, block_size=8)
    *_, outcome = make(tokenizer, options, model=model, thresholds=Thresholds(mask=0.0, edit=1.0, remask=0.0)).run()
    assert outcome.forwards == 3, "a step for each block of four masks that are all filled at once"


@pytest.mark.parametrize(("trained", "first"), [(8, (70, 71, 72, 73, 74, None, None, None)), (4, (70, 71, 72, 73, 74))])
def test_diffusion_starts_an_edit_from_the_old_code(tokenizer, trained, first):
    """The first state of an edit's block is the code that is there, however long.

    It has masks up to what the adapter was trained to fill at once.
    """
    model = tiny_model(2)
    model.adapter = replace(model.adapter, block_size=trained)
    options = SamplingOptions(mode="diffusion", max_new_tokens=12, block_size=16)
    states = [e for e in make(tokenizer, options, model=model, old=[70, 71, 72, 73, 74]).run() if isinstance(e, BlockState)]
    assert states[0].tokens == first


@pytest.mark.parametrize(
    "bad",
    [
        {"mode": "guess"},
        {"draft": "x"},
        {"max_new_tokens": 0},
        {"temperature": -1.0},
        {"block_size": 0},
        {"block_size": 1000},
        {"deadline_s": 0.0},
    ],
)
def test_bad_options_are_refused_with_their_value(bad):
    with pytest.raises(InvalidRequestError, match=str(next(iter(bad.values())))):
        SamplingOptions(**bad)


@pytest.mark.parametrize("mode", ["verified", "autoregressive"])
def test_probabilities_are_told_and_change_no_text(tokenizer, mode):
    """Each token has the base's own probability, however the tokens were drafted."""
    plain, told = (
        list(make(tokenizer, SamplingOptions(mode=mode, max_new_tokens=40, min_chance=bound), old=list(range(40))).run())[-1]
        for bound in (0.0, 1e-300)
    )
    assert (told.text, told.tokens, plain.probabilities) == (plain.text, plain.tokens, ())
    assert len(told.probabilities) == len(told.tokens)
    assert all(0.0 < probability <= 1.0 for _, probability in told.probabilities)
    assert told.probabilities[-1][0] == len(told.text)
    other = "autoregressive" if mode == "verified" else "verified"
    again = list(make(tokenizer, SamplingOptions(mode=other, max_new_tokens=40, min_chance=1e-300)).run())[-1]
    assert [probability for _, probability in again.probabilities] == pytest.approx(
        [probability for _, probability in told.probabilities], rel=1e-3
    )


def test_a_line_that_is_not_likely_enough_ends_the_text(tokenizer):
    """The text ends before the token that makes its line too unlikely; each line begins anew."""
    told = list(make(tokenizer, SamplingOptions(max_new_tokens=40, min_chance=1e-300)).run())[-1]
    product, kept, start = 1.0, 0, 0
    for end, probability in told.probabilities:
        product *= probability
        if product < 1e-6:
            break
        kept += 1
        if "\n" in told.text[start:end]:
            product = 1.0
        start = end
    bounded = list(make(tokenizer, SamplingOptions(max_new_tokens=40, min_chance=1e-6)).run())[-1]
    assert 0 < kept < 40
    assert (bounded.finish_reason, bounded.tokens) == ("unsure", told.tokens[:kept])
    surest = list(make(tokenizer, SamplingOptions(max_new_tokens=40, min_chance=1.0)).run())[-1]
    assert (surest.finish_reason, surest.text) == ("unsure", "")
