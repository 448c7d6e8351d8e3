"""One step of each of the sampler's strategies."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from engine.api import SamplingOptions
from engine.decoding import reference
from engine.decoding.choice import TokenSampler
from engine.decoding.denoised import Denoised
from engine.decoding.denoising_policy import Thresholds
from engine.decoding.prompt_lookup import PromptLookupDrafter
from engine.decoding.step import BlockState, SamplingState
from engine.decoding.verified import CHEAP_ROWS, Verified
from engine.model.network import Network
from tests.conftest import tiny_model

PROMPT = [10, 20, 30, 40]


def state_of(network: Network, room: int = 20) -> SamplingState:
    """A prompt of which all rows but the last token's have been run."""
    state = SamplingState(list(PROMPT), network.new_cache(), room)
    list(network.prefill(PROMPT[:-1], state.cache))
    return state


def truth_of(network: Network, count: int) -> list[int]:
    logits = reference.recompute(network)
    return reference.generate(logits, PROMPT, max_new_tokens=count, stop_tokens=frozenset(), token_sampler=TokenSampler())


def test_a_verified_step_keeps_what_the_base_agrees_with_and_adds_a_token():
    """Two tokens are kept of a draft whose third is wrong.

    The base's own third comes behind them, and the base's probabilities of all three.
    """
    network = tiny_model(3)
    state, truth = state_of(network), truth_of(network, 3)
    strategy = Verified(network, SamplingOptions(min_chance=1e-300), PromptLookupDrafter(PROMPT), is_edit=False)
    step = strategy.step(state, BlockState((truth[0], truth[1], (truth[2] + 1) % 256, 7), 0))
    assert (list(step.tokens), step.unfinished) == (truth, None)
    logits = network.forward([*PROMPT, *truth[:2]], network.new_cache(), logits_from=len(PROMPT) - 1).logits
    assert step.probabilities == pytest.approx([float(row[token]) for row, token in zip(logits.softmax(-1), truth, strict=True)], rel=1e-4)
    assert state.cache.length == len(PROMPT) - 1 + len(truth), "the rows of the pending token and of the kept draft"


def test_drafts_grow_while_they_are_accepted_whole():
    """A step twice as wide follows a draft without a rejection.

    A short one follows a rejection.
    """
    network = tiny_model(3)
    state, truth = state_of(network, room=99), truth_of(network, CHEAP_ROWS)
    strategy = Verified(network, SamplingOptions(draft="copy"), PromptLookupDrafter(PROMPT, [*truth, *range(90)]), is_edit=True)
    block = strategy.start(state)
    assert block.tokens == tuple(truth[: CHEAP_ROWS - 1])
    state.tokens += strategy.step(state, block).tokens
    wide = strategy.start(state)
    assert len(wide.tokens) == 2 * CHEAP_ROWS - 1
    state.tokens += strategy.step(state, BlockState(((state.tokens[-1] + 1) % 256,) * 3, 0)).tokens
    assert len(strategy.start(state).tokens) < CHEAP_ROWS


@pytest.mark.parametrize("shift", [True, False])
def test_a_denoised_step_fills_the_masks_that_are_sure_enough(shift: bool):
    """A step fills one mask, and hands the block on, with a threshold that nothing reaches.

    With one that all reach the block is done.
    """
    network = tiny_model(2)
    network.adapter = replace(network.adapter, logit_shift=shift, edit_outputs=None, block_size=4)
    outcomes = []
    for mask in (1.0, 0.0):
        state = state_of(network)
        strategy = Denoised(
            network, SamplingOptions(mode="diffusion"), PromptLookupDrafter(PROMPT), is_edit=False, thresholds=Thresholds(mask=mask)
        )
        block = strategy.start(state)
        assert block == BlockState((None,) * 4, 0)
        outcomes.append(strategy.step(state, block))
        assert state.cache.length == len(PROMPT) - 1, "only accepted rows are kept, and the pending token's is run again"
    slow, fast = outcomes
    assert slow.tokens == ()
    assert slow.unfinished is not None
    assert (slow.unfinished.step, slow.unfinished.tokens.count(None)) == (1, 3)
    assert (len(fast.tokens), fast.unfinished) == (4, None)


def test_a_step_leaves_the_accepted_tokens_to_the_loop():
    """A step may be looked at, or thrown away, before the text has it."""
    network = tiny_model(2)
    state = state_of(network)
    strategy = Verified(network, SamplingOptions(mode="autoregressive"), None, is_edit=False)
    assert strategy.start(state) == BlockState((), 0)
    step = strategy.step(state, BlockState((), 0))
    assert len(step.tokens) == 1
    assert (state.tokens, state.room) == (PROMPT, 20)
    assert torch.equal(torch.tensor(step.tokens), torch.tensor(truth_of(network, 1)))
