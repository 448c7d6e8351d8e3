"""The network computes what the reference implementation computes, from a cache as from scratch."""

from __future__ import annotations

import pytest
import torch

from benchmarks.contest.peer import transformers_network
from engine.config import ModelConfig
from engine.model.network import NoisyBlock
from engine.model.transformer import Transformer
from tests.conftest import SHAPES, random_adapter, random_tensors, tiny_model

TOKENS = [5, 250, 17, 17, 99, 3, 128, 64, 1, 200, 42, 7, 7, 7, 180, 31]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_logits_equal_those_of_transformers(shape: str, seed: int):
    """Right network: Qwen2, Qwen3 and Llama shapes give the reference's logits within 1e-4."""
    ours = tiny_model(seed, shape=shape, adapter=False)
    reference = transformers_network(SHAPES[shape], random_tensors(SHAPES[shape], seed))
    expected = reference(torch.tensor([TOKENS])).logits[0]
    assert ModelConfig.from_huggingface(reference.config.to_dict()) == SHAPES[shape]
    actual = ours.forward(TOKENS, ours.new_cache()).logits
    assert expected.abs().max() > 1, "a comparison of zeros would show nothing"
    torch.testing.assert_close(actual, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pieces", [(16,), (1,) * 16, (5, 1, 7, 3), (15, 1)])
def test_cached_passes_equal_one_full_pass(shape: str, pieces: tuple[int, ...]):
    """The block cache holds what full recomputation would compute.

    How the text is cut into blocks makes no difference.
    """
    model = tiny_model(1, shape=shape)
    full = model.forward(TOKENS, model.new_cache()).logits
    cache, rows, start = model.new_cache(capacity=2), [], 0
    for size in pieces:
        rows.append(model.forward(TOKENS[start : start + size], cache).logits)
        cache.commit(size)
        start += size
    torch.testing.assert_close(torch.cat(rows), full, atol=1e-5, rtol=0)


def test_rejected_rows_leave_no_trace():
    """A rejected draft can not leak.

    After a truncated or uncommitted block, logits are those of a fresh cache.
    """
    model = tiny_model(2)
    cache = model.new_cache()
    list(model.prefill(TOKENS[:8], cache, chunk=3))
    model.forward([1, 2, 3, 4, 5], cache, noisy=[NoisyBlock([None, 9, None], 5)])
    cache.commit(2)
    cache.truncate(8)
    after = model.forward(TOKENS[8:], cache).logits
    torch.testing.assert_close(after, model.forward(TOKENS, model.new_cache()).logits[8:], atol=1e-5, rtol=0)


def test_clean_rows_do_not_know_the_adapter_or_the_noisy_block():
    """Clean rows are the base's, with noisy rows behind them and an adapter on those.

    They are equal to the bit for the same shape.
    """
    config = SHAPES["qwen2"]
    tensors = random_tensors(config, 3)
    one, other = (Transformer(config, tensors, random_adapter(config, seed)) for seed in (10, 11))
    blocks = [NoisyBlock([None, 4, None, None], len(TOKENS)), NoisyBlock([None, None], 2)]
    left = one.forward(TOKENS, one.new_cache(), noisy=blocks).logits
    right = other.forward(TOKENS, other.new_cache(), noisy=blocks).logits
    assert torch.equal(left[: len(TOKENS)], right[: len(TOKENS)])
    assert not torch.allclose(left[len(TOKENS) :], right[len(TOKENS) :], atol=0.1)
    alone = one.forward(TOKENS, one.new_cache()).logits
    torch.testing.assert_close(left[: len(TOKENS)], alone, atol=1e-5, rtol=0)


def test_noisy_rows_see_one_another_in_both_directions():
    """A noisy row's logits depend on a later noisy row.

    A clean row's never do on a later clean row.
    """
    model = tiny_model(4)
    a = model.forward([1, 2], model.new_cache(), noisy=[NoisyBlock([None, None, 8], 2)]).logits
    b = model.forward([1, 2], model.new_cache(), noisy=[NoisyBlock([None, None, 9], 2)]).logits
    assert not torch.allclose(a[2], b[2], atol=1e-3)
    c = model.forward([1, 2, 8], model.new_cache()).logits
    d = model.forward([1, 2, 9], model.new_cache()).logits
    torch.testing.assert_close(c[:2], d[:2], atol=1e-6, rtol=0)


def test_a_block_sees_the_beginning_that_it_follows_and_itself():
    """Several blocks in one forward are what each is alone.

    Each stands behind its own beginning of the clean rows.
    """
    model, tokens = tiny_model(4), [1, 2, 3, 4, 5]
    cache = model.new_cache()
    list(model.prefill([9, 8, 7], cache))
    blocks = [NoisyBlock([None, 6, None], 5), NoisyBlock([None, None], 2), NoisyBlock([None], 1)]
    together = model.forward(tokens, cache, noisy=blocks).logits
    start = len(tokens)
    for block in blocks:
        end = start + len(block.tokens)
        alone = model.forward(tokens[: block.behind], cache, noisy=[block]).logits[block.behind :]
        torch.testing.assert_close(together[start:end], alone, atol=1e-5, rtol=0)
        start = end


def test_logits_only_of_the_rows_asked_for():
    """The head runs for the asked rows alone, and gives the same numbers for them."""
    model = tiny_model(5)
    full = model.forward(TOKENS, model.new_cache()).logits
    tail = model.forward(TOKENS, model.new_cache(), logits_from=13).logits
    assert tail.shape == (3, model.config.vocab_size)
    torch.testing.assert_close(tail, full[13:], atol=1e-5, rtol=0)
    assert model.forward(TOKENS, model.new_cache(), logits_from=None).logits.shape == (0, model.config.vocab_size)


def test_prepared_rows_run_again_with_other_tokens():
    """What the host prepares holds for any tokens that are written into it later.

    That is all that a CUDA graph's replay does.
    """
    model = tiny_model(5)
    cache = model.new_cache()
    list(model.prefill(TOKENS, cache))
    blocks = [NoisyBlock([None, 9, None], 4), NoisyBlock([None], 1)]
    rows = model.prepare([1, 2, 3, 4], cache, blocks)
    first = model.run(rows, cache).logits
    rows.tokens[:4] = torch.tensor([8, 7, 6, 5])
    again = model.run(rows, cache).logits
    assert not torch.allclose(again, first, atol=0.1)
    assert torch.equal(again, model.forward([8, 7, 6, 5], cache, noisy=blocks).logits)


def test_a_zero_update_is_no_update():
    """An adapter without LoRA tensors leaves noisy rows as the base would compute them."""
    config = SHAPES["qwen2"]
    model = tiny_model(6)
    bare = Transformer(config, random_tensors(config, 6), None)
    model.adapter = type(model.adapter)(model.adapter.mask_embedding)
    a = model.forward([3], model.new_cache(), noisy=[NoisyBlock([4], 1)]).logits
    b = bare.forward([3, 4], bare.new_cache()).logits
    torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_positions_run_out_with_a_clear_error():
    """A text that is longer than the model's positions is refused, not computed wrongly."""
    model = tiny_model(0)
    with pytest.raises(ValueError, match="positions"):
        model.forward([1] * (model.config.max_positions + 1), model.new_cache())


def test_masks_need_an_adapter():
    """Without an adapter there is no mask embedding, and the error says so."""
    model = tiny_model(0, adapter=False)
    with pytest.raises(ValueError, match="adapter"):
        model.forward([1], model.new_cache(), noisy=[NoisyBlock([None], 1)])
