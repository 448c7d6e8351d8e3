"""The CPU kernels on tensors: each call checks what it hands over, since behind it are bare addresses.

Activations between products are float32; a product's input is quantised to 8 bits in blocks of 128. Every row is computed
alone, in one order of operations: what stands beside it changes no bit of it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

BLOCK = 128
"""Inputs that share the scale of an activation: widths are multiples of it."""
HEAD_MULTIPLE = 32
"""Head sizes are multiples of this."""
COLUMNS = 16
CACHE_ROWS = 16
"""The capacity of a cache is a multiple of this."""

_NONE = 0


def load(name: str | None = None, *, threads: int) -> Kernels | None:
    """The kernels for an instruction set ("avx512", "avx2"), None for the best; None where they were not built or cannot run."""
    try:
        module = importlib.import_module("engine.native._kernels")
    except ImportError:
        return None
    context = module.create(name, threads)
    return None if context is None else Kernels(module, context)


class QuantizedRows:
    """Room for activations in 8 bits: `rows` x `width`."""

    def __init__(self, rows: int, width: int) -> None:
        assert width % BLOCK == 0, f"{width} inputs are no multiple of {BLOCK}"
        self.rows, self.width = rows, width
        self._parts = (
            torch.empty(rows, width, dtype=torch.int8),
            torch.empty(rows, width // BLOCK),
            torch.empty(rows, width // 32),
            torch.empty(rows, width // 32, dtype=torch.int32),
        )
        self.address = tuple(part.data_ptr() for part in self._parts)


@dataclass(frozen=True)
class PackedLinear:
    """y = x Wᵀ + b. `weight`: bytes (tiles, groups, bytes of a group) as `engine.model.quantize.pack` writes them."""

    weight: Tensor
    bias: Tensor | None = None

    def __post_init__(self) -> None:
        assert self.weight.dtype is torch.uint8
        assert self.weight.is_contiguous()
        assert self.weight.shape[2] in {320, 544}, f"groups of {self.weight.shape[2]} bytes are neither 4 nor 8 bits"
        if self.bias is not None:
            _check(self.bias, torch.float32, self.outputs)

    @cached_property
    def bits(self) -> int:
        return 4 if self.weight.shape[2] == 320 else 8

    @cached_property
    def inputs(self) -> int:
        return self.weight.shape[1] * 32

    @cached_property
    def outputs(self) -> int:
        return self.weight.shape[0] * COLUMNS

    @cached_property
    def _address(self) -> tuple[int, int, int, int, int]:
        bias = _NONE if self.bias is None else self.bias.data_ptr()
        return self.bits, self.weight.data_ptr(), self.inputs, self.outputs, bias


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


class Kernels:
    """A pool of threads and the kernels that run on it."""

    def __init__(self, module: ModuleType, context: Any) -> None:
        self._module, self._context = module, context
        self.name: str = module.name(context)

    def norm(self, x: Tensor, weight: Tensor, epsilon: float, out: QuantizedRows, plain: Tensor | None = None) -> None:
        """RMS norm of `x` (rows, width) times `weight`, quantised; unquantised into `plain`."""
        rows, width = x.shape
        _check(x, torch.float32, rows, width)
        _check(weight, torch.float32, width)
        assert rows <= out.rows
        assert width == out.width
        self._module.norm(self._context, x.data_ptr(), rows, width, weight.data_ptr(), epsilon, out.address, _plain(plain, rows, width))

    def quantize(self, x: Tensor, out: QuantizedRows) -> None:
        rows, width = x.shape
        _check(x, torch.float32, rows, width)
        assert rows <= out.rows
        assert width == out.width
        self._module.quantize(self._context, x.data_ptr(), rows, width, out.address)

    def silu(self, gate_up: Tensor, out: QuantizedRows, plain: Tensor | None = None) -> None:
        """silu(gate) x up of `gate_up` (rows, 2 width), quantised; unquantised into `plain`."""
        rows, width = gate_up.shape[0], gate_up.shape[1] // 2
        _check(gate_up, torch.float32, rows, 2 * width)
        assert rows <= out.rows
        assert width == out.width
        self._module.silu(self._context, gate_up.data_ptr(), rows, width, out.address, _plain(plain, rows, width))

    def linear(self, weight: PackedLinear, x: QuantizedRows, out: Tensor, *, add: bool = False) -> None:
        """`out` (rows, outputs; its rows may lie apart) = x Wᵀ + b, or += that."""
        rows, outputs = out.shape
        assert out.dtype is torch.float32
        assert out.stride(1) == 1
        assert (rows <= x.rows, outputs, x.width) == (True, weight.outputs, weight.inputs)
        self._module.linear(self._context, *weight._address, x.address, rows, out.data_ptr(), out.stride(0), add)

    def row(self, weight: PackedLinear, index: int, out: Tensor) -> None:
        """Row `index` of W into `out` (inputs,)."""
        _check(out, torch.float32, weight.inputs)
        assert 0 <= index < weight.outputs
        self._module.row(self._context, *weight._address[:4], index, out.data_ptr())

    def rotate(
        self,
        qkv: Tensor,
        heads: Heads,
        rope: tuple[Tensor, Tensor],
        norms: tuple[Tensor | None, Tensor | None],
        epsilon: float,
        start: int,
        queries: Tensor,
        cache: CacheRows,
    ) -> None:
        """Norm (where there is one) and turn queries and keys at positions `start` and on; keys and values go into the cache.

        `qkv` (rows, (queries + 2 keys) size); `rope`: cosines and sines (positions, size / 2); `queries` (rows, queries, size) bfloat16.
        """
        rows = qkv.shape[0]
        _check(qkv, torch.float32, rows, (heads.queries + 2 * heads.keys) * heads.size)
        _check(queries, torch.bfloat16, queries.shape[0], heads.queries, heads.size)
        assert rows <= queries.shape[0]
        for table in rope:
            _check(table, torch.float32, table.shape[0], heads.size // 2)
            assert start + rows <= table.shape[0]
        self._module.rotate(
            self._context,
            qkv.data_ptr(),
            rows,
            (heads.queries, heads.keys, heads.size),
            *(table.data_ptr() for table in rope),
            *(_NONE if norm is None else norm.data_ptr() for norm in norms),
            epsilon,
            start,
            queries.data_ptr(),
            _cache_address(cache, heads, start + rows),
        )

    def attend(self, queries: Tensor, heads: Heads, start: int, clean: int, cache: CacheRows, out: Tensor) -> None:
        """Attention of rows at positions `start` and on: the first `clean` are causal, the others see all rows. `out` (rows, queries x size)."""
        rows = out.shape[0]
        _check(out, torch.float32, rows, heads.queries * heads.size)
        _check(queries, torch.bfloat16, queries.shape[0], heads.queries, heads.size)
        assert rows <= queries.shape[0]
        address = _cache_address(cache, heads, start + rows)
        counts = (heads.queries, heads.keys, heads.size)
        self._module.attend(self._context, queries.data_ptr(), rows, counts, start, clean, address, out.data_ptr())


def _check(x: Tensor, dtype: torch.dtype, *shape: int) -> None:
    assert x.dtype is dtype, f"{x.dtype} instead of {dtype}"
    assert x.shape == shape, f"{tuple(x.shape)} instead of {shape}"
    assert x.is_contiguous()


def _plain(plain: Tensor | None, rows: int, width: int) -> int:
    if plain is None:
        return _NONE
    _check(plain, torch.float32, rows, width)
    return plain.data_ptr()


def _cache_address(cache: CacheRows, heads: Heads, end: int) -> tuple[int, int, int]:
    assert end <= cache.capacity
    assert cache.capacity % CACHE_ROWS == 0
    assert cache.keys.numel() == cache.values.numel() == heads.keys * cache.capacity * heads.size
    return cache.keys.data_ptr(), cache.values.data_ptr(), cache.capacity
