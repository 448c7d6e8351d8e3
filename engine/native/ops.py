"""Calls the CPU kernels on tensors.

Each call checks what it hands over, since the kernels get bare addresses.

Activations between products are float32; a product's input is quantised to 8 bits in blocks of 128.
Every row is computed alone, in one order of operations, so that the rows beside it change no bit of
it.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

BLOCK = 128
"""The number of inputs that share one scale of an activation. Widths are multiples of it."""
HEAD_MULTIPLE = 32
"""Head sizes are multiples of this."""
COLUMNS = 16
"""The number of outputs of a tile of weights."""
CACHE_ROWS = 16
"""The capacity of a cache is a multiple of this."""

_NONE = 0


def load(name: str | None = None, *, threads: int) -> Kernels | None:
    """Load the kernels for the instruction set `name`, "avx512" or "avx2", or for the best if it is
    None.

    Returns None where they were not built or cannot run on this processor.
    """
    try:
        module = importlib.import_module("engine.native._kernels")
    except ImportError:
        return None
    context = module.create(name, threads)
    return None if context is None else Kernels(module, context, threads)


@dataclass(frozen=True)
class Floats:
    """A float32 matrix (rows, width), or a vector as one row.

    Rows may lie `stride` numbers apart. It is checked once, here.
    """

    tensor: Tensor
    rows: int = field(init=False)
    width: int = field(init=False)
    stride: int = field(init=False)
    address: int = field(init=False)

    def __post_init__(self) -> None:
        tensor = self.tensor if self.tensor.dim() == 2 else self.tensor.unsqueeze(0)
        assert tensor.dtype is torch.float32, f"{tensor.dtype} instead of float32"
        assert tensor.device.type == "cpu"
        assert tensor.stride(1) == 1
        values = {"rows": tensor.shape[0], "width": tensor.shape[1], "stride": tensor.stride(0), "address": tensor.data_ptr()}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def dense(self) -> bool:
        return self.rows == 1 or self.stride == self.width


class QuantizedRows:
    """Room for activations in 8 bits: `rows` x `width`."""

    def __init__(self, rows: int, width: int) -> None:
        assert width % BLOCK == 0, f"{width} inputs are no multiple of {BLOCK}"
        self.rows, self.width = rows, width
        self._parts = (
            torch.empty(rows, width, dtype=torch.int8),
            torch.empty(rows, width // BLOCK),
            torch.empty(rows, width // 32),
            torch.empty(rows, width // BLOCK, dtype=torch.int32),
        )
        self.address = tuple(part.data_ptr() for part in self._parts)


@dataclass(frozen=True)
class PackedLinear:
    """The linear map y = x Wᵀ + b with packed weights.

    `weight` holds the bytes (tiles, blocks, bytes of a block) that `engine.model.quantize.pack`
    writes; `bias` is (outputs,). A map with fewer inputs than `BLOCK` is good for
    `Kernels.low_rank` alone.
    """

    weight: Tensor
    bias: Tensor | None = None
    inputs: int = field(init=False)
    outputs: int = field(init=False)
    address: tuple[int, int, int, int, int] = field(init=False)

    def __post_init__(self) -> None:
        tiles, blocks, size = self.weight.shape
        bits = {1280: 4, 2080: 8}.get(size)
        inputs = blocks * BLOCK
        if bits is None:
            bits, inputs = 8, (size - 32) // 16
            assert (blocks, size, inputs % 4) == (1, 16 * inputs + 32, 0), f"blocks of {size} bytes are neither 4 nor 8 bits"
        assert self.weight.dtype is torch.uint8
        assert self.weight.is_contiguous()
        outputs = tiles * COLUMNS
        bias = _address_of(None if self.bias is None else Floats(self.bias), 1, outputs)
        values = {"inputs": inputs, "outputs": outputs, "address": (bits, self.weight.data_ptr(), inputs, outputs, bias)}
        for name, value in values.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Heads:
    """The number of query heads, of key/value heads, and their size."""

    queries: int
    keys: int
    size: int


@dataclass(frozen=True)
class CacheRows:
    """One layer's keys and values, bfloat16, in the kernels' order; `capacity` positions."""

    keys: Tensor
    values: Tensor
    capacity: int

    def __post_init__(self) -> None:
        assert self.capacity % CACHE_ROWS == 0
        assert self.keys.dtype is self.values.dtype is torch.bfloat16
        assert self.keys.is_contiguous()
        assert self.values.is_contiguous()

    @cached_property
    def _address(self) -> tuple[int, int, int]:
        return self.keys.data_ptr(), self.values.data_ptr(), self.capacity

    @cached_property
    def _numbers(self) -> int:
        return min(self.keys.numel(), self.values.numel())

    def address(self, heads: Heads, end: int) -> tuple[int, int, int]:
        """The addresses of keys and values, and the capacity, for a call that reads or writes slots
        before `end`.
        """
        assert end <= self.capacity
        assert self._numbers == heads.keys * self.capacity * heads.size
        return self._address


class Queries:
    """Room for rotated queries (rows, heads, head size), bfloat16."""

    def __init__(self, rows: int, heads: Heads, tensor: Tensor | None = None) -> None:
        self.rows, self.heads = rows, heads
        self._tensor = torch.empty(rows, heads.queries, heads.size, dtype=torch.bfloat16) if tensor is None else tensor
        self.address = self._tensor.data_ptr()

    def row(self, index: int) -> Queries:
        """The room of one row."""
        return Queries(1, self.heads, self._tensor[index : index + 1])


class RowSpans:
    """For each row its position in the text and the spans of the cache's slots that attention lets
    it see.

    A row is (position, seen, own, own_end): it sees the slots before `seen`, and those from `own`
    to before `own_end`.
    """

    def __init__(self, rows: Sequence[tuple[int, int, int, int]]) -> None:
        self._table = np.array(rows, dtype=np.int32)
        self.rows = len(rows)
        self.last_position, self.last_slot = int(self._table[:, 0].max()), int(self._table[:, 3].max())
        self.address = self._table.ctypes.data

    @classmethod
    def causal(cls, start: int, rows: int) -> RowSpans:
        """The spans of rows one behind the other from slot `start` on, each of which sees those
        before it and itself.
        """
        return cls(causal_spans(start, rows))


def causal_spans(start: int, rows: int) -> list[tuple[int, int, int, int]]:
    return [(slot, slot + 1, slot + 1, slot + 1) for slot in range(start, start + rows)]


class Kernels:
    """A pool of threads and the kernels that run on it."""

    def __init__(self, module: ModuleType, context: Any, threads: int) -> None:
        self._module, self._context = module, context
        self.name: str = module.name(context)
        self.threads: int = threads

    def norm(self, x: Floats, weight: Floats, epsilon: float, out: QuantizedRows, plain: Floats | None = None) -> None:
        """RMS norm of `x` (rows, width) times `weight`, quantised; unquantised into `plain`."""
        assert x.dense
        assert (x.rows <= out.rows, x.width, weight.width) == (True, out.width, x.width)
        address = _address_of(plain, x.rows, x.width)
        self._module.norm(self._context, x.address, x.rows, x.width, weight.address, epsilon, out.address, address)

    def quantize(self, x: Floats, out: QuantizedRows) -> None:
        assert x.dense
        assert (x.rows <= out.rows, x.width) == (True, out.width)
        self._module.quantize(self._context, x.address, x.rows, x.width, out.address)

    def silu(self, gate_up: Floats, out: QuantizedRows, plain: Floats | None = None) -> None:
        """Multiply the second half of `gate_up` (rows, 2 width) by the SiLU of its first half.

        The product goes quantised into `out`, and unquantised into `plain`.
        """
        rows, width = gate_up.rows, gate_up.width // 2
        assert gate_up.dense
        assert (rows <= out.rows, width) == (True, out.width)
        self._module.silu(self._context, gate_up.address, rows, width, out.address, _address_of(plain, rows, width))

    def linear(self, weight: PackedLinear, x: QuantizedRows, out: Floats, *, add: bool = False) -> None:
        """Compute x Wᵀ + b into `out` (rows, outputs), or add it to what is there."""
        assert (out.rows <= x.rows, out.width, x.width) == (True, weight.outputs, weight.inputs)
        self._module.linear(self._context, weight.address, x.address, out.rows, out.address, out.stride, add)

    def low_rank(
        self, a: PackedLinear, b: PackedLinear, x: QuantizedRows, out: Floats, *, first: int, ranks: Floats, narrow: QuantizedRows
    ) -> None:
        """Add (x Aᵀ) Bᵀ to the rows of `out` (rows, outputs) from `first` on.

        What lies between the two products goes into `ranks` (rows, `BLOCK`), which must be zero
        behind A's outputs, and `narrow`.
        """
        assert (out.rows <= x.rows, out.width, x.width) == (True, b.outputs, a.inputs)
        assert (b.inputs, narrow.width, ranks.width) == (a.outputs, BLOCK, BLOCK)
        assert a.outputs <= BLOCK
        assert b.bias is None
        assert 0 <= first < out.rows <= ranks.rows
        assert out.rows - first <= narrow.rows
        assert ranks.dense
        self._module.low_rank(
            self._context, a.address, b.address, x.address, out.rows, first, ranks.address, narrow.address, out.address, out.stride
        )

    def dequantize_row(self, weight: PackedLinear, index: int, out: Floats, *, at: int = 0) -> None:
        """Dequantise row `index` of W into row `at` of `out` (rows, inputs)."""
        assert out.width == weight.inputs
        assert 0 <= index < weight.outputs
        assert 0 <= at < out.rows
        self._module.dequantize_row(self._context, *weight.address[:4], index, out.address + 4 * out.stride * at)

    def rotate(
        self,
        qkv: Floats,
        rope: tuple[Floats, Floats],
        norms: tuple[Floats | None, Floats | None],
        epsilon: float,
        start: int,
        spans: RowSpans,
        queries: Queries,
        cache: CacheRows,
    ) -> None:
        """Normalise queries and keys where they have norms and rotate them to their positions; keys
        and values go into the cache's slots from `start` on.

        `qkv` (rows, (queries + 2 keys) size); `rope`: cosines and sines (positions, size / 2).
        """
        heads = queries.heads
        assert qkv.dense
        assert (qkv.rows <= queries.rows, qkv.width) == (True, (heads.queries + 2 * heads.keys) * heads.size)
        assert spans.rows == qkv.rows
        assert all((table.dense, table.width) == (True, heads.size // 2) and spans.last_position < table.rows for table in rope)
        self._module.rotate(
            self._context,
            qkv.address,
            qkv.rows,
            (heads.queries, heads.keys, heads.size),
            rope[0].address,
            rope[1].address,
            _address_of(norms[0], 1, heads.size),
            _address_of(norms[1], 1, heads.size),
            epsilon,
            start,
            spans.address,
            queries.address,
            cache.address(heads, start + qkv.rows),
        )

    def attend(self, queries: Queries, spans: RowSpans, cache: CacheRows, out: Floats) -> None:
        """Compute attention of each row to the slots in its spans, into `out` (rows, queries x
        size).
        """
        heads = queries.heads
        assert out.dense
        assert (out.rows <= queries.rows, out.width) == (True, heads.queries * heads.size)
        assert spans.rows == out.rows
        address = cache.address(heads, spans.last_slot)
        counts = (heads.queries, heads.keys, heads.size)
        self._module.attend(self._context, queries.address, out.rows, counts, spans.address, address, out.address)

    def bandwidth(self, memory: Tensor) -> float:
        """The bytes a second at which all threads together read `memory`, which should be much
        larger than the caches.
        """
        size = memory.numel() * memory.element_size()
        started = time.perf_counter()
        self._module.read(self._context, memory.data_ptr(), size)
        return size / (time.perf_counter() - started)

    def operations(self) -> float:
        """The 8-bit multiplications and additions a second of all threads together, on numbers in
        registers.
        """
        steps = 2_000_000
        started = time.perf_counter()
        self._module.multiply(self._context, steps)
        return 2 * 12 * 64 * steps * self.threads / (time.perf_counter() - started)


def _address_of(x: Floats | None, rows: int, width: int) -> int:
    if x is None:
        return _NONE
    assert x.dense
    assert (x.rows, x.width) == (rows, width)
    return x.address
