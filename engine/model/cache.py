"""The key/value cache of clean rows, which grows in steps of `GROWTH_ROWS`."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from engine.config import ModelConfig

GROWTH_ROWS = 1024


class Cache(ABC):
    """Keys and values of the clean rows of one sequence.

    A forward writes the rows it computes *behind* the committed ones, where attention can read
    them. `commit` makes a prefix of them permanent; what is not committed (rejected drafts, noisy
    rows) is overwritten by the next forward.
    """

    def __init__(self, config: ModelConfig, capacity: int) -> None:
        self.config = config
        self.capacity = capacity
        self.length = 0
        self.staged = 0

    @abstractmethod
    def _grow(self, capacity: int) -> None:
        """Make room for `capacity` rows and keep the committed ones."""

    @abstractmethod
    def rows(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys and values of the committed rows, each (key/value heads, length, head size);
        training attends to them.
        """

    def reserve(self, rows: int) -> None:
        """Make room for `rows` staged rows; raise `ValueError` where the model's positions would
        run out.
        """
        needed = self.length + rows
        if needed > self.config.max_positions:
            raise ValueError(f"{needed} positions are more than the model's {self.config.max_positions}; shorten the text or its context")
        if needed > self.capacity:
            capacity = -(-needed // GROWTH_ROWS) * GROWTH_ROWS
            self._grow(capacity)
            self.capacity = capacity
        self.staged = rows

    def commit(self, rows: int) -> None:
        """Keep the first `rows` staged rows for good."""
        assert 0 <= rows <= self.staged, f"commit of {rows} rows, {self.staged} are staged"
        self.length += rows
        self.staged = 0

    def truncate(self, length: int) -> None:
        """Forget all rows from `length` on."""
        assert 0 <= length <= self.length, f"truncate to {length}, the cache holds {self.length}"
        self.length = length
        self.staged = 0


class KVCache(Cache):
    """Rows as torch's attention reads them: (key/value heads, rows, head size) for each layer."""

    def __init__(self, config: ModelConfig, *, device: torch.device, dtype: torch.dtype, capacity: int = GROWTH_ROWS) -> None:
        super().__init__(config, capacity)
        shape = (2, config.num_layers, config.num_kv_heads, capacity, config.head_dim)
        self._rows = torch.empty(shape, device=device, dtype=dtype)

    def _grow(self, capacity: int) -> None:
        shape = (*self._rows.shape[:3], capacity, self._rows.shape[4])
        grown = torch.empty(shape, device=self._rows.device, dtype=self._rows.dtype)
        grown[:, :, :, : self.length] = self._rows[:, :, :, : self.length]
        self._rows = grown

    def rows(self, layer: int) -> tuple[Tensor, Tensor]:
        return self._rows[0, layer, :, : self.length], self._rows[1, layer, :, : self.length]

    def stage(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write (key/value heads, staged, head size) rows; return the views (heads, length +
        staged, head size).
        """
        start, end = self.length, self.length + self.staged
        self._rows[0, layer, :, start:end] = keys
        self._rows[1, layer, :, start:end] = values
        return self._rows[0, layer, :, :end], self._rows[1, layer, :, :end]
