"""4- and 8-bit weights hold what they were made from."""

from __future__ import annotations

import gguf
import numpy as np
import pytest

from engine.model.quantize import QuantizationError, Quantized, dequantize, pack, quantize8, quantize8_narrow, read_q4_k

RNG = np.random.default_rng(5)


def test_q4_k_keeps_the_files_own_values():
    """A published 4-bit matrix is taken over value for value.

    Only its scales are rounded, to 11 bits.
    """
    raw = RNG.integers(0, 256, size=(32, 2 * 144), dtype=np.uint8)
    # Scales of a size that occurs; random bytes would be infinities among others.
    raw.reshape(-1, 144)[:, :4] = RNG.uniform(1e-4, 1e-2, size=(64, 2)).astype(np.float16).view(np.uint8)
    expected = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType.Q4_K)
    matrix = read_q4_k(raw)
    assert matrix.bits == 4
    assert matrix.values.shape == expected.shape == (32, 512)
    # |scale x 15| + |minimum| bounds the numbers that were rounded.
    bound = np.repeat(matrix.scales.astype(np.float32) * 15 + matrix.minima.astype(np.float32), 32, axis=1) / 4096
    assert np.all(np.abs(dequantize(matrix) - expected) <= bound * 2**-11 + 1e-9)


def test_8_bits_are_within_half_a_step():
    weight = RNG.normal(size=(16, 256)).astype(np.float32)
    weight[3] = 0
    error = np.abs(dequantize(quantize8(weight)) - weight).reshape(16, -1, 128)
    step = np.abs(weight).reshape(16, -1, 128).max(axis=2) / 127
    # Half a step, and what rounding the scale to 11 bits adds to 127 of them.
    assert np.all(error.max(axis=2) <= step * (0.5 + 127 * 2**-11) + 1e-7)
    assert not error[3].any()


def test_what_8_bits_hold_comes_back():
    values = RNG.integers(-127, 128, size=(16, 256)).astype(np.float32)
    values[:, ::128] = 127
    weight = values * np.float32(2**-9)
    assert np.array_equal(dequantize(quantize8(weight)), weight)


def test_weights_beyond_the_format_are_refused():
    with pytest.raises(QuantizationError, match="bfloat16"):
        quantize8(np.full((16, 128), 1e4, np.float32))
    with pytest.raises(QuantizationError, match="blocks"):
        quantize8(np.ones((16, 96), np.float32))
    with pytest.raises(QuantizationError, match="tiles"):
        pack(quantize8(np.ones((17, 128), np.float32)))


def test_rows_are_reordered_with_their_scales():
    matrix = quantize8(RNG.normal(size=(16, 256)).astype(np.float32))
    order = RNG.permutation(16)
    assert np.array_equal(dequantize(matrix.rows(order)), dequantize(matrix)[order])


def test_packed_size():
    """5 bits a weight in the 4-bit format, 8.125 in the 8-bit one."""
    eight = quantize8(np.ones((32, 256), np.float32))
    scales = np.ones((32, 8), np.float16)
    four = Quantized(eight.values & 15, scales, scales)
    assert pack(eight).numel() * 8 == 8.125 * 32 * 256
    assert pack(four).numel() * 8 == 5 * 32 * 256


def test_short_rows_are_filled_up_with_zeros():
    """An adapter's narrow matrix has the same numbers, nothing behind them, and no more bytes than
    that.
    """
    weight = np.random.default_rng(4).normal(size=(32, 24)).astype(np.float32)
    narrow = quantize8_narrow(weight)
    filled = dequantize(narrow)
    assert filled.shape == (32, 32)
    assert np.count_nonzero(filled[:, 24:]) == 0
    assert np.abs(filled[:, :24] - weight).max() <= np.abs(weight).max() / 127
    assert pack(narrow).numel() == 32 * (32 + 2)
