"""Weights in 4 and 8 bits, laid out the way that the CPU kernels walk them.

A published file's 4-bit matrices (GGUF's Q4_K: 4-bit values, a scale and a minimum for each group
of 32) keep their very values. All others become symmetric 8-bit ones with a scale for each block of
128: for files with 5 and 6 bits a rounding far below theirs. Scales and minima are half floats,
`SCALE` times their value, since small ones would lose digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

GROUP = 32
"""Inputs that share a scale in 4 bits."""
BLOCK = 128
"""Inputs that share a scale in 8 bits."""
COLUMNS = 16
"""Outputs of a tile (`engine/native/kernels.h`)."""
SCALE = 4096.0
_BLOCK = 256
"""Weights of one Q4_K block: 8 groups."""
_Q4_K_BYTES = 2 + 2 + 12 + _BLOCK // 2


class QuantizationError(ValueError):
    """The weights do not fit the format."""


@dataclass(frozen=True)
class Quantized:
    """A matrix of which each row is cut into pieces; a weight is its piece's scale times its value,
    minus its piece's minimum.

    `values` (out, in) are bytes: 0 to 15, or for 8 bits -127 to 127 with 128 added. `scales` and
    `minima` (out, pieces) are float16, `SCALE` times their value; `minima` is None for 8 bits.
    """

    values: np.ndarray
    scales: np.ndarray
    minima: np.ndarray | None = None

    @property
    def bits(self) -> int:
        return 8 if self.minima is None else 4

    def rows(self, order: np.ndarray) -> Quantized:
        """The same matrix with its rows in another order."""
        return Quantized(self.values[order], self.scales[order], None if self.minima is None else self.minima[order])


def quantize8(weight: np.ndarray) -> Quantized:
    """Quantise float weights (out, in) symmetrically to 8 bits."""
    if weight.shape[1] % BLOCK:
        raise QuantizationError(f"rows of {weight.shape[1]} weights do not divide into blocks of {BLOCK}")
    return _quantize8(weight, BLOCK)


def quantize8_narrow(weight: np.ndarray) -> Quantized:
    """Quantise rows of at most a block of weights to 8 bits, and fill them up with zeros to a
    multiple of `COLUMNS`.
    """
    width = weight.shape[1]
    assert width <= BLOCK, f"rows of {width} weights are longer than a block"
    narrow = _quantize8(weight, width)
    # A byte of 128 is zero. Bytes are padded, not floats: an adapter is packed at each start.
    return Quantized(np.pad(narrow.values, ((0, 0), (0, -width % COLUMNS)), constant_values=128), narrow.scales)


def _quantize8(weight: np.ndarray, block: int) -> Quantized:
    blocks = weight.reshape(weight.shape[0], -1, block)
    scales = _halves(np.abs(blocks).max(axis=2) / 127)
    # Values are divided by the stored scale, which is rounded, since they are multiplied with it.
    exact = scales.astype(np.float32) / SCALE
    inverse = np.divide(1, exact, out=np.zeros_like(exact), where=exact > 0)
    values = np.clip(np.rint(blocks * inverse[:, :, None]), -127, 127)
    return Quantized((values + 128).astype(np.uint8).reshape(weight.shape), scales)


def read_q4_k(data: np.ndarray) -> Quantized:
    """Read the bytes `data` (out, bytes of a row) of a GGUF Q4_K matrix.

    A block of 256 weights has two half floats d and m, then eight 6-bit scales and eight 6-bit
    minima in 12 bytes, then 128 bytes of values, of which 32 at a time hold one group in their low
    nibbles and the next one in their high nibbles. A weight is d x scale x value - m x minimum.
    """
    out = data.shape[0]
    blocks = data.reshape(-1, _Q4_K_BYTES)
    d, m = (blocks[:, i : i + 2].copy().view(np.float16).astype(np.float32) for i in (0, 2))
    low, high, mixed = (blocks[:, i : i + 4] for i in (4, 8, 12))
    scales = np.concatenate([low & 63, (mixed & 15) | ((low >> 6) << 4)], axis=1)
    minima = np.concatenate([high & 63, (mixed >> 4) | ((high >> 6) << 4)], axis=1)
    nibbles = blocks[:, 16:].reshape(-1, 4, 1, GROUP)
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=2)
    return Quantized(values.reshape(out, -1), _halves((d * scales).reshape(out, -1)), _halves((m * minima).reshape(out, -1)))


def dequantize(matrix: Quantized) -> np.ndarray:
    """The matrix as float32 (out, in)."""
    shape = (*matrix.scales.shape, -1)
    values = matrix.values.reshape(shape).astype(np.float32)
    scales = matrix.scales.astype(np.float32)[:, :, None]
    minima = 128 * scales if matrix.minima is None else matrix.minima.astype(np.float32)[:, :, None]
    return (values * scales - minima).reshape(matrix.values.shape) / SCALE


def pack(matrix: Quantized) -> Tensor:
    """Lay out a matrix as the kernels read it: bytes (tiles, blocks, bytes of a block).

    The number of outputs must be a multiple of 16; that of inputs a multiple of 128, or less than
    128 (`quantize8_narrow`).
    """
    out, width = matrix.values.shape
    block = min(width, BLOCK)
    if out % COLUMNS or width % block:
        raise QuantizationError(f"a matrix of {out} x {width} does not divide into tiles of {COLUMNS} x {BLOCK}")
    tiles, pieces = out // COLUMNS, matrix.scales.shape[1]
    # (tile, piece, four inputs at a time, column, input)
    values = matrix.values.reshape(tiles, COLUMNS, pieces, -1, 4).transpose(0, 2, 3, 1, 4)
    if matrix.bits == 4:
        values = values[:, :, 0::2] | (values[:, :, 1::2] << 4)
    parts = [np.ascontiguousarray(values).reshape(tiles, pieces, -1)]
    for numbers in (matrix.scales, matrix.minima):
        if numbers is not None:
            lanes = np.ascontiguousarray(numbers.reshape(tiles, COLUMNS, pieces).transpose(0, 2, 1))
            parts.append(lanes.view(np.uint8).reshape(tiles, pieces, -1))
    return torch.from_numpy(np.concatenate(parts, axis=2).reshape(tiles, width // block, -1))


def _halves(values: np.ndarray) -> np.ndarray:
    largest = float(np.abs(values).max(initial=0)) * SCALE
    if np.isnan(largest):
        raise QuantizationError("the weights hold what is no number; the file is damaged")
    if largest > float(np.finfo(np.float16).max):
        raise QuantizationError(f"a scale of {largest / SCALE:.3g} is beyond the format; use --dtype bfloat16")
    return (values * SCALE).astype(np.float16)
