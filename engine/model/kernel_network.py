"""The network on the CPU kernels: packed 4- and 8-bit weights, a static cache, nothing allocated in a step.

A row's numbers do not depend on the rows beside it, to the bit: what sixteen rows verify is what one row at a time would write.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.config import ModelConfig
from engine.model.adapter import Adapter, LowRank
from engine.model.cache import GROWTH_ROWS, Cache
from engine.model.network import Network, rope_angles
from engine.native.ops import BLOCK, CACHE_ROWS, COLUMNS, HEAD_MULTIPLE, CacheRows, Heads, Kernels, PackedLinear, QuantizedRows

PREFILL_ROWS = 64
"""Within 5 % of the rate of 256 rows, in a quarter of the time, after which a cancelled request stops."""


def fits(config: ModelConfig) -> bool:
    """Whether the kernels' blocks divide the network's shapes."""
    wide = (config.hidden_size, config.intermediate_size, config.query_size)
    return (
        all(width % BLOCK == 0 for width in wide)
        and config.head_dim % HEAD_MULTIPLE == 0
        and config.vocab_size % COLUMNS == 0
        and config.kv_size % COLUMNS == 0
    )


class KernelCache(Cache):
    """Rows in the order that the attention kernel reads (`engine/native/kernels.h`), bfloat16, zeros where nothing was written."""

    def __init__(self, config: ModelConfig, capacity: int = GROWTH_ROWS) -> None:
        super().__init__(config, -(-capacity // CACHE_ROWS) * CACHE_ROWS)
        self._rows = self._zeros(self.capacity)
        self.layers = self._views()

    def _zeros(self, capacity: int) -> Tensor:
        config = self.config
        return torch.zeros(2, config.num_layers, config.num_kv_heads, capacity * config.head_dim, dtype=torch.bfloat16)

    def _views(self) -> list[CacheRows]:
        capacity = self._rows.shape[3] // self.config.head_dim
        return [CacheRows(self._rows[0, i], self._rows[1, i], capacity) for i in range(self.config.num_layers)]

    def _grow(self, capacity: int) -> None:
        # Blocks of positions lie one behind the other for each head, so that what is there is a prefix of what will be.
        grown = self._zeros(capacity)
        grown[:, :, :, : self._rows.shape[3]] = self._rows
        self._rows = grown
        self.layers = self._views()


class _Layer:
    def __init__(self, config: ModelConfig, tensors: Mapping[str, Tensor], index: int) -> None:
        self.index = index
        self.input_norm, self.post_norm = tensors[f"{index}.input_norm"], tensors[f"{index}.post_norm"]
        self.head_norms = (tensors.get(f"{index}.q_norm"), tensors.get(f"{index}.k_norm"))
        bias = tensors[f"{index}.qkv.bias"] if config.qkv_bias else None
        self.qkv = _runs(tensors, f"{index}.qkv", bias)
        self.o, self.gate_up, self.down = (_runs(tensors, f"{index}.{name}") for name in ("o", "gate_up", "down"))


def _runs(tensors: Mapping[str, Tensor], name: str, bias: Tensor | None = None) -> list[PackedLinear]:
    """A fused product: one linear map for each run of outputs that have one format."""
    runs: list[PackedLinear] = []
    start = 0
    while (weight := tensors.get(f"{name}.{len(runs)}")) is not None:
        end = start + weight.shape[0] * COLUMNS
        runs.append(PackedLinear(weight, None if bias is None else bias[start:end]))
        start = end
    if not runs:
        raise KeyError(f"{name}.0")
    return runs


class _Workspace:
    """Room for the activations of `rows` rows."""

    def __init__(self, config: ModelConfig, rows: int) -> None:
        qkv = config.query_size + 2 * config.kv_size
        self.rows = rows
        self.x = torch.empty(rows, config.hidden_size)
        self.qkv = torch.empty(rows, qkv)
        self.queries = torch.empty(rows, config.num_heads, config.head_dim, dtype=torch.bfloat16)
        self.attended = torch.empty(rows, config.query_size)
        self.gate_up = torch.empty(rows, 2 * config.intermediate_size)
        self.hidden_in = QuantizedRows(rows, config.hidden_size)
        self.attended_in = QuantizedRows(rows, config.query_size)
        self.inner_in = QuantizedRows(rows, config.intermediate_size)
        # The unquantised inputs of the adapter's updates.
        self.hidden_plain = torch.empty(rows, config.hidden_size)
        self.inner_plain = torch.empty(rows, config.intermediate_size)


class KernelNetwork(Network):
    """A `Network` on packed weights (`engine.model.packed`)."""

    prefill_chunk = PREFILL_ROWS

    def __init__(
        self, config: ModelConfig, tensors: Mapping[str, Tensor], kernels: Kernels, *, number_format: str, adapter: Adapter | None = None
    ) -> None:
        assert fits(config), "checked where the network was chosen"
        self.config, self.adapter = config, adapter
        self.number_format = number_format
        self.device = torch.device("cpu")
        self._kernels = kernels
        self._heads = Heads(config.num_heads, config.num_kv_heads, config.head_dim)
        self._embedding = PackedLinear(tensors["embedding"])
        self._head = self._embedding if config.tied_head else PackedLinear(tensors["head"])
        self._norm = tensors["norm"]
        self._layers = [_Layer(config, tensors, i) for i in range(config.num_layers)]
        self._rope = self._rope_tables(1024)
        self._space = _Workspace(config, PREFILL_ROWS)
        self._logits = torch.empty(1, config.vocab_size)

    def new_cache(self, capacity: int = GROWTH_ROWS) -> KernelCache:
        return KernelCache(self.config, capacity)

    def forward(self, clean: list[int], cache: Cache, *, noisy: list[int | None] | None = None, logits_from: int | None = 0) -> Tensor:
        assert isinstance(cache, KernelCache)
        num_noisy = len(noisy) if noisy else 0
        rows = len(clean) + num_noisy
        cache.reserve(rows)
        self._make_room(rows, cache.length + rows)
        x = self._space.x[:rows]
        self._embed(clean, noisy or [], x)
        for layer in self._layers:
            self._attention(layer, x, cache, len(clean))
            self._mlp(layer, x, num_noisy)
        return self._head_of(x, logits_from)

    def _attention(self, layer: _Layer, x: Tensor, cache: KernelCache, num_clean: int) -> None:
        kernels, space, config, rows = self._kernels, self._space, self.config, x.shape[0]
        updates = self._updates(layer, rows - num_clean)
        qkv, attended, stored = space.qkv[:rows], space.attended[:rows], cache.layers[layer.index]
        self._normed(x, layer.input_norm, plain="qkv" in updates)
        self._project(layer.qkv, space.hidden_in, qkv)
        _add(updates.get("qkv"), space.hidden_plain[num_clean:rows], qkv[num_clean:])
        kernels.rotate(qkv, self._heads, self._rope, layer.head_norms, config.rms_norm_eps, cache.length, space.queries, stored)
        kernels.attend(space.queries, self._heads, cache.length, num_clean, stored, attended)
        kernels.quantize(attended, space.attended_in)
        self._project(layer.o, space.attended_in, x, add=True)
        _add(updates.get("o"), attended[num_clean:], x[num_clean:])

    def _mlp(self, layer: _Layer, x: Tensor, num_noisy: int) -> None:
        space, rows = self._space, x.shape[0]
        updates, num_clean = self._updates(layer, num_noisy), rows - num_noisy
        gate_up = space.gate_up[:rows]
        self._normed(x, layer.post_norm, plain="gate_up" in updates)
        self._project(layer.gate_up, space.hidden_in, gate_up)
        _add(updates.get("gate_up"), space.hidden_plain[num_clean:rows], gate_up[num_clean:])
        self._kernels.silu(gate_up, space.inner_in, space.inner_plain[:rows] if "down" in updates else None)
        self._project(layer.down, space.inner_in, x, add=True)
        _add(updates.get("down"), space.inner_plain[num_clean:rows], x[num_clean:])

    def _normed(self, x: Tensor, weight: Tensor, *, plain: bool) -> None:
        into = self._space.hidden_plain[: x.shape[0]] if plain else None
        self._kernels.norm(x, weight, self.config.rms_norm_eps, self._space.hidden_in, into)

    def _project(self, runs: list[PackedLinear], x: QuantizedRows, out: Tensor, *, add: bool = False) -> None:
        start = 0
        for run in runs:
            self._kernels.linear(run, x, out[:, start : start + run.outputs], add=add)
            start += run.outputs

    def _updates(self, layer: _Layer, num_noisy: int) -> dict[str, LowRank]:
        if not num_noisy or self.adapter is None:
            return {}
        return {name: update for (index, name), update in self.adapter.updates.items() if index == layer.index}

    def _embed(self, clean: list[int], noisy: list[int | None], x: Tensor) -> None:
        for i, token in enumerate([*clean, *noisy]):
            if token is not None:
                self._kernels.row(self._embedding, token, x[i])
            elif self.adapter is None:
                raise ValueError("masked rows need a diffusion adapter, and none is loaded")
            else:
                x[i] = self.adapter.mask_embedding

    def _head_of(self, x: Tensor, logits_from: int | None) -> Tensor:
        if logits_from is None:
            return x.new_empty(0, self.config.vocab_size)
        last = x[logits_from:]
        if self._logits.shape[0] < last.shape[0]:
            self._logits = torch.empty(last.shape[0], self.config.vocab_size)
        logits = self._logits[: last.shape[0]]
        self._normed(last, self._norm, plain=False)
        self._kernels.linear(self._head, self._space.hidden_in, logits)
        return logits

    def _make_room(self, rows: int, positions: int) -> None:
        if rows > self._space.rows:
            self._space = _Workspace(self.config, rows)
        if positions > self._rope[0].shape[0]:
            self._rope = self._rope_tables(min(self.config.max_positions, positions + 1024))

    def _rope_tables(self, positions: int) -> tuple[Tensor, Tensor]:
        angles = rope_angles(self.config, positions)
        return angles.cos().float(), angles.sin().float()


def _add(update: LowRank | None, x: Tensor, y: Tensor) -> None:
    """The adapter's share of a product, for the noisy rows."""
    if update is not None:
        y += update(x)
