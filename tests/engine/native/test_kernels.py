"""The CPU kernels compute what torch computes, and each row alone.

A row's bits are the same whatever stands beside it.
"""

from __future__ import annotations

import importlib
import math
import platform
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.api import SamplingOptions
from engine.config import ModelConfig
from engine.model.kernel_network import KernelNetwork, fits
from engine.model.network import NoisyBlock
from engine.model.packed import pack_network
from engine.model.quantize import Quantized, dequantize, pack, quantize8, quantize8_narrow
from engine.model.tokenizer import Tokenizer
from engine.model.transformer import Transformer
from engine.native import ops
from engine.native.ops import CacheRows, Floats, Heads, Kernels, PackedLinear, QuantizedRows, Queries, RowSpans
from tests.conftest import random_adapter, random_tensors
from tests.engine.decoding.test_lossless import sample

ROWS = (1, 2, 7, 8, 9, 17)


@pytest.fixture(params=["avx512", "avx2"])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    found = ops.load(request.param, threads=2)
    if found is None:
        pytest.skip(f"no {request.param} here, or the kernels are not built")
    return found


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(11)


def random_matrix(out: int, inputs: int, bits: int, seed: int = 0) -> Quantized:
    rng = np.random.default_rng(seed)
    if bits == 8:
        return quantize8(rng.normal(size=(out, inputs)).astype(np.float32))
    scales, minima = (rng.uniform(1, 40, size=(out, inputs // 32)).astype(np.float16) for _ in range(2))
    return Quantized(rng.integers(0, 16, size=(out, inputs), dtype=np.uint8), scales, minima)


def as_quantized(x: torch.Tensor) -> torch.Tensor:
    """What 8-bit activations with a scale for each block of 128 hold.

    The operations are the same, so that ties fall the same way.
    """
    blocks = x.view(x.shape[0], -1, 128)
    largest = blocks.abs().amax(dim=2, keepdim=True)
    return ((blocks * (127 / largest)).round() * (largest / 127)).view(x.shape)


def test_the_kernels_were_built():
    """Without a compiler the installation goes on without the kernels.

    With one, a failure to build must not pass in silence.
    """
    if platform.machine() == "x86_64" and shutil.which("c++"):
        assert importlib.import_module("engine.native._kernels")


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_the_number_of_threads_changes_no_bit(threads: int):
    few, many = ops.load(threads=2), ops.load(threads=threads)
    if few is None or many is None:
        pytest.skip("no kernels for this processor, or they are not built")
    networks = [both(kernels)[0] for kernels in (few, many)]
    assert torch.equal(*(network.forward(TOKENS, network.new_cache()).logits for network in networks))


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("rows", ROWS)
def test_linear(kernels: Kernels, bits: int, rows: int):
    matrix = random_matrix(48, 384, bits)
    weight, bias = PackedLinear(pack(matrix), torch.randn(48)), torch.from_numpy(dequantize(matrix))
    x = torch.randn(rows, 384)
    quantized, out = QuantizedRows(rows, 384), torch.ones(rows, 64)
    kernels.quantize(Floats(x), quantized)
    kernels.linear(weight, quantized, Floats(out[:, :48]), add=True)
    expected = as_quantized(x) @ bias.T + weight.bias + 1
    torch.testing.assert_close(out[:, :48], expected, atol=2e-3, rtol=2e-3)
    assert torch.equal(out[:, 48:], torch.ones(rows, 16)), "it wrote beside its columns"


@pytest.mark.parametrize("bits", [4, 8])
def test_extreme_values_do_not_overflow(kernels: Kernels, bits: int):
    """Sums of products do not saturate.

    All weights and activations stand at the ends of their ranges.
    """
    values = np.full((16, 128), 15 if bits == 4 else 255, np.uint8)
    scales = np.full((16, 4 if bits == 4 else 1), 4096, np.float16)
    weight = PackedLinear(pack(Quantized(values, scales, np.zeros_like(scales) if bits == 4 else None)))
    x = torch.cat([torch.full((1, 128), 127.0), torch.full((1, 128), -127.0)])
    quantized, out = QuantizedRows(2, 128), torch.empty(2, 16)
    kernels.quantize(Floats(x), quantized)
    kernels.linear(weight, quantized, Floats(out))
    largest = 127.0 * 128 * (15 if bits == 4 else 127)
    assert torch.equal(out, torch.tensor([[largest], [-largest]]).expand(2, 16))


@pytest.mark.parametrize(("rows", "first"), [(1, 0), (6, 1), (8, 7), (17, 5)])
@pytest.mark.parametrize("rank", [16, 48, 128])
def test_a_low_rank_update_is_its_two_products(kernels: Kernels, rank: int, rows: int, first: int):
    """Rows before the first one and columns beside its own are left alone."""
    a, b = random_matrix(rank, 384, 8), quantize8_narrow(np.random.default_rng(rank).normal(size=(48, rank)).astype(np.float32))
    x, quantized = torch.randn(rows, 384), QuantizedRows(rows, 384)
    kernels.quantize(Floats(x), quantized)
    between = as_quantized(x) @ torch.from_numpy(dequantize(a)).T
    padded = torch.nn.functional.pad(between, (0, 128 - rank))
    update = as_quantized(padded)[:, :rank] @ torch.from_numpy(dequantize(b)).T
    out, ranks, narrow = torch.ones(rows, 64), torch.zeros(rows + 3, 128), QuantizedRows(rows, 128)
    products = (PackedLinear(pack(a)), PackedLinear(pack(b)))
    kernels.low_rank(*products, quantized, Floats(out[:, :48]), first=first, ranks=Floats(ranks), narrow=narrow)
    assert update.std() > 0.5
    # An activation between two of its 8-bit steps may fall to either.
    torch.testing.assert_close(out[first:, :48] - 1, update[first:], atol=0.02 * float(update.abs().max()), rtol=0)
    assert torch.equal(out[:first], torch.ones(first, 64))
    assert torch.equal(out[:, 48:], torch.ones(rows, 16))
    assert torch.count_nonzero(ranks[:, rank:]) == 0


@pytest.mark.parametrize("bits", [4, 8])
def test_row_of_a_table(kernels: Kernels, bits: int):
    matrix = random_matrix(48, 256, bits)
    weight, out = PackedLinear(pack(matrix)), torch.empty(256)
    for index in (0, 15, 16, 37):
        kernels.dequantize_row(weight, index, Floats(out))
        torch.testing.assert_close(out, torch.from_numpy(dequantize(matrix))[index], atol=1e-7, rtol=1e-6)


def test_norm_and_silu(kernels: Kernels):
    x, weight = torch.randn(5, 256) * 3, torch.randn(256)
    plain = torch.empty(5, 256)
    kernels.norm(Floats(x), Floats(weight), 1e-6, QuantizedRows(5, 256), Floats(plain))
    torch.testing.assert_close(plain, F.rms_norm(x, (256,), weight, 1e-6), atol=1e-5, rtol=1e-5)
    gate_up = torch.randn(5, 512) * 20
    gate_up[0, :4] = torch.tensor([-200.0, 200.0, 0.0, -88.0])
    kernels.silu(Floats(gate_up), QuantizedRows(5, 256), Floats(plain))
    gate, up = gate_up.chunk(2, dim=1)
    torch.testing.assert_close(plain, F.silu(gate) * up, atol=1e-5, rtol=1e-5)


def test_a_row_of_zeros_stays_zero(kernels: Kernels):
    weight = PackedLinear(pack(random_matrix(16, 128, 8)))
    quantized, out = QuantizedRows(1, 128), torch.ones(1, 16)
    kernels.quantize(Floats(torch.zeros(1, 128)), quantized)
    kernels.linear(weight, quantized, Floats(out))
    assert not out.any()


@pytest.mark.parametrize("size", [32, 64, 128, 160])
@pytest.mark.parametrize(("rows", "clean"), [(1, 1), (9, 9), (9, 4), (3, 0)])
def test_attention(kernels: Kernels, size: int, rows: int, clean: int):
    """Rotation, the cache's order, the causal and the two-sided rows, against torch."""
    heads, start, capacity = Heads(6, 2, size), 29, 48
    cache = CacheRows(*(torch.zeros(2, capacity * size, dtype=torch.bfloat16) for _ in range(2)), capacity)
    angles = torch.outer(torch.arange(64.0), 10000 ** (-torch.arange(0, size, 2) / size))
    rope = (angles.cos(), angles.sin())
    everything = torch.randn(start + rows, 10, size)
    norms = (torch.rand(size) + 0.5, torch.rand(size) + 0.5)

    def run(first: int, count: int) -> torch.Tensor:
        queries, tables = Queries(count, heads), (Floats(rope[0]), Floats(rope[1]))
        weights = (Floats(norms[0]), Floats(norms[1]))
        causal = clean if first else count
        # The rows behind the clean ones see all.
        ends = [first + (i + 1 if i < causal else count) for i in range(count)]
        spans = RowSpans([(first + i, end, end, end) for i, end in enumerate(ends)])
        kernels.rotate(Floats(everything[first : first + count].reshape(count, -1)), tables, weights, 1e-6, first, spans, queries, cache)
        out = torch.empty(count, 6 * size)
        kernels.attend(queries, spans, cache, Floats(out))
        return out

    run(0, start)
    actual = run(start, rows)

    q, k, v = everything.split([6, 2, 2], dim=1)
    q, k = (F.rms_norm(x, (size,), norm, 1e-6) for x, norm in zip((q, k), norms, strict=True))
    cos, sin = (table[: start + rows].repeat(1, 2).unsqueeze(1) for table in rope)
    q, k = (x * cos + torch.cat([-x[..., size // 2 :], x[..., : size // 2]], dim=-1) * sin for x in (q, k))
    q, k, v = (x.bfloat16().float() for x in (q, k, v))
    k, v = (x.repeat_interleave(3, dim=1) for x in (k, v))
    scores = torch.einsum("rhd,shd->hrs", q[start:], k) / math.sqrt(size)
    hidden = torch.ones(rows, start + rows, dtype=torch.bool).triu(start + 1)
    hidden[clean:] = False
    expected = torch.einsum("hrs,shd->rhd", scores.masked_fill(hidden, -torch.inf).softmax(dim=-1), v).reshape(rows, -1)
    torch.testing.assert_close(actual, expected, atol=2e-2, rtol=2e-2)


CONFIG = ModelConfig(
    vocab_size=272,
    hidden_size=128,
    intermediate_size=256,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    head_dim=32,
    rope_theta=10_000.0,
    rms_norm_eps=1e-6,
    max_positions=4096,
    qkv_bias=True,
)
SHAPES = {
    "qwen2": CONFIG,
    "qwen3": replace(CONFIG, qkv_bias=False, qk_norm=True, tied_head=False),
    "llama": replace(CONFIG, qkv_bias=False),
}
TOKENS = [5, 250, 17, 17, 99, 3, 128, 64, 1, 200, 42, 7, 7, 7, 180, 31, 8, 8, 90, 260]


def both(kernels: Kernels, shape: str = "qwen2", *, adapter: bool = False) -> tuple[KernelNetwork, Transformer]:
    """The network on the kernels and on torch, with the same weights: those that 8 bits hold."""
    config = SHAPES[shape]
    tensors = random_tensors(config, 3, scale=0.1)
    rounded = {name: torch.from_numpy(dequantize(quantize8(t.numpy()))) if t.dim() == 2 else t for name, t in tensors.items()}
    packed = pack_network(config, lambda name: quantize8(tensors[name].numpy()), lambda name: tensors[name].numpy())
    update = random_adapter(config, 4) if adapter else None
    return KernelNetwork(config, packed, kernels, number_format="int8", adapter=update), Transformer(config, rounded, update)


def close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    """8-bit activations and a bfloat16 cache: the logits' error is a small part of their spread."""
    assert expected.std() > 0.3, "a comparison of nearly equal numbers would show nothing"
    assert (actual - expected).std() < 0.05 * expected.std()


@pytest.mark.parametrize("shape", SHAPES)
def test_network_equals_torch(kernels: Kernels, shape: str):
    ours, reference = both(kernels, shape)
    close(ours.forward(TOKENS, ours.new_cache()).logits, reference.forward(TOKENS, reference.new_cache()).logits)


def test_noisy_rows_equal_torch(kernels: Kernels):
    """The adapter's updates and the mask embedding act on noisy rows, and not on clean ones."""
    ours, reference = both(kernels, adapter=True)
    blocks = [NoisyBlock([None, 9, None, 4], len(TOKENS)), NoisyBlock([None, None], 3), NoisyBlock([7], 1)]
    results = [network.forward(TOKENS, network.new_cache(), noisy=blocks) for network in (ours, reference)]
    close(*(result.logits for result in results))
    # These logits are of noisy rows alone, which this large random adapter drives apart the most.
    noisy = [result.hidden[-4:] for result in results]
    actual, expected = (network.edit_logits(rows) for network, rows in zip((ours, reference), noisy, strict=True))
    assert (actual - expected).std() < 0.15 * expected.std()
    some = list(range(200))
    actual, expected = (network.followed_logits(rows[1], 5, some) for network, rows in zip((ours, reference), noisy, strict=True))
    assert (actual - expected).std() < 0.15 * expected.std()


@pytest.mark.parametrize("pieces", [(1,) * 20, (8, 12), (3, 9, 1, 7), (17, 3)])
def test_a_row_does_not_depend_on_its_neighbours(kernels: Kernels, pieces: tuple[int, ...]):
    """What a block verifies is what single steps would have written, to the last bit.

    So no near-tie falls otherwise.
    """
    network, _ = both(kernels)
    full = network.forward(TOKENS, network.new_cache()).logits.clone()
    cache, start = network.new_cache(capacity=16), 0
    for size in pieces:
        rows = network.forward(TOKENS[start : start + size], cache).logits
        assert torch.equal(rows, full[start : start + size])
        cache.commit(size)
        start += size


def test_sequences_stepped_together_do_not_know_of_each_other(kernels: Kernels):
    """Rows of several sequences in one forward are to the bit what each gives alone.

    The sequences have different lengths.
    """
    network, _ = both(kernels, adapter=True)
    texts = [TOKENS[:3], TOKENS[:17], TOKENS[4:6], TOKENS]
    alone, together = ([network.new_cache() for _ in texts] for _ in range(2))
    for text, *caches in zip(texts, alone, together, strict=True):
        for cache in caches:
            list(network.prefill(text[:-1], cache))
    expected = []
    for text, cache in zip(texts, alone, strict=True):
        rows = []
        for token in (text[-1], 77):
            rows.append(network.forward([token], cache).logits.clone())
            cache.commit(1)
        expected.append(rows)
    for step, tokens in enumerate(([text[-1] for text in texts], [77] * len(texts))):
        logits = network.step(tokens, together)
        assert torch.equal(logits, torch.cat([rows[step] for rows in expected]))
    assert [cache.length for cache in together] == [len(text) + 1 for text in texts]


def test_a_caches_rows_are_those_that_were_computed(kernels: Kernels):
    """Training attends to them: out of the kernels' order, they are what torch computes."""
    ours, reference = both(kernels)
    caches = []
    for network in (ours, reference):
        cache = network.new_cache(32)
        network.forward(TOKENS, cache)
        cache.commit(len(TOKENS))
        caches.append(cache)
    for layer in range(ours.config.num_layers):
        for actual, expected in zip(caches[0].rows(layer), caches[1].rows(layer), strict=True):
            assert actual.shape == expected.shape == (ours.config.num_kv_heads, len(TOKENS), ours.config.head_dim)
            assert (actual.float() - expected).std() < 0.03 * expected.std()


def test_rejected_rows_leave_no_trace(kernels: Kernels):
    network, _ = both(kernels, adapter=True)
    full = network.forward(TOKENS, network.new_cache()).logits.clone()
    cache = network.new_cache(capacity=16)
    list(network.prefill(TOKENS[:8], cache, chunk=3))
    network.forward([1, 2, 3, 4, 5], cache, noisy=[NoisyBlock([None, 9, None], 5)])
    cache.commit(2)
    cache.truncate(8)
    assert torch.equal(network.forward(TOKENS[8:], cache).logits, full[8:])
    assert torch.equal(network.forward(TOKENS[8:], cache, logits_from=10).logits, full[18:])


def test_a_cache_that_grows_keeps_its_rows(kernels: Kernels):
    network, _ = both(kernels)
    small, large = network.new_cache(capacity=16), network.new_cache(capacity=4096)
    tokens = [(7 * i) % 270 for i in range(1100)]
    for cache in (small, large):
        list(network.prefill(tokens[:-1], cache))
    assert small.capacity == 2048
    expected = network.forward(tokens[-1:], large).logits.clone()
    assert torch.equal(network.forward(tokens[-1:], small).logits, expected)


@pytest.mark.parametrize("seed", range(12))
def test_verified_writes_what_single_steps_write(kernels: Kernels, tokenizer_folder: Path, seed: int):
    """Right, wrong and half-right drafts give the very tokens of one row at a time.

    So `verified` is lossless without an if.
    """
    network, _ = both(kernels, "qwen2", adapter=True)
    rng, tokenizer = random.Random(seed), Tokenizer(tokenizer_folder)
    prompt = [rng.randrange(256) for _ in range(rng.randint(1, 30))]
    single = SamplingOptions(mode="autoregressive", max_new_tokens=50, temperature=rng.choice([0.0, 0.0, 0.9]), seed=seed)
    truth = sample(network, tokenizer, prompt, single).tokens
    old = [token if rng.random() < 0.8 else rng.randrange(256) for token in truth]
    drafted = replace(single, mode="verified", block_size=rng.randint(2, 32), draft=rng.choice(["copy", "auto", "denoise"]))
    outcome = sample(network, tokenizer, prompt, drafted, old=old)
    assert outcome.tokens == truth


def test_shapes_that_do_not_divide_are_known():
    assert fits(CONFIG)
    for change in ({"hidden_size": 96}, {"head_dim": 24, "num_heads": 16}, {"vocab_size": 265}, {"intermediate_size": 200}):
        assert not fits(replace(CONFIG, **change))
