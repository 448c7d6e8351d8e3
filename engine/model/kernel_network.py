"""The network on the CPU kernels, with packed 4- and 8-bit weights. A step allocates nothing.

The numbers of a row do not depend on the rows beside it, to the bit, so that sixteen rows verify
what one row at a time would write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.config import ModelConfig
from engine.model.adapter import Adapter, LowRank
from engine.model.cache import GROWTH_ROWS, Cache
from engine.model.network import ForwardResult, Network, NoisyBlock, rope_angles
from engine.model.quantize import QuantizationError, pack, quantize8, quantize8_narrow
from engine.native.ops import (
    BLOCK,
    CACHE_ROWS,
    COLUMNS,
    HEAD_MULTIPLE,
    CacheRows,
    Floats,
    Heads,
    Kernels,
    PackedLinear,
    QuantizedRows,
    Queries,
    RowSpans,
    causal_spans,
)

_Updates = Mapping[str, "_PackedUpdate"]
"""The adapter's updates of a layer's fused products by name; empty where no row is noisy."""

PREFILL_ROWS = 64
"""Rows of a forward over a prompt: nearly (within 5 %) the rate of 256 rows, and a cancelled
request stops after a quarter of the time.
"""


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
    """Rows in bfloat16, in the order that the attention kernel reads (`engine/native/kernels.h`).

    Where nothing was written are zeros.
    """

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
        # Blocks of positions lie one behind the other for each head, so that what is there is a
        # prefix of what will be.
        grown = self._zeros(capacity)
        grown[:, :, :, : self._rows.shape[3]] = self._rows
        self._rows = grown
        self.layers = self._views()

    def rows(self, layer: int) -> tuple[Tensor, Tensor]:
        heads, size = self.config.num_kv_heads, self.config.head_dim
        keys = self._rows[0, layer].view(heads, -1, size // 2, CACHE_ROWS, 2).permute(0, 1, 3, 2, 4).reshape(heads, -1, size)
        values = self._rows[1, layer].view(heads, -1, size, 2).permute(0, 1, 3, 2).reshape(heads, -1, size)
        return keys[:, : self.length], values[:, : self.length]


class _Layer:
    def __init__(self, config: ModelConfig, tensors: Mapping[str, Tensor], index: int) -> None:
        self.index = index
        self.input_norm, self.post_norm = Floats(tensors[f"{index}.input_norm"]), Floats(tensors[f"{index}.post_norm"])
        head_norms = (tensors.get(f"{index}.{name}") for name in ("q_norm", "k_norm"))
        self.query_norm, self.key_norm = (None if norm is None else Floats(norm) for norm in head_norms)
        bias = tensors[f"{index}.qkv.bias"] if config.qkv_bias else None
        self.qkv = _runs(tensors, f"{index}.qkv", bias)
        self.o, self.gate_up, self.down = (_runs(tensors, f"{index}.{name}") for name in ("o", "gate_up", "down"))


def _runs(tensors: Mapping[str, Tensor], name: str, bias: Tensor | None = None) -> list[PackedLinear]:
    """The parts of a fused product: one linear map for each run of outputs that have one format."""
    runs: list[PackedLinear] = []
    start = 0
    while (weight := tensors.get(f"{name}.{len(runs)}")) is not None:
        end = start + weight.shape[0] * COLUMNS
        runs.append(PackedLinear(weight, None if bias is None else bias[start:end]))
        start = end
    if not runs:
        raise KeyError(f"{name}.0")
    return runs


class _PackedUpdate:
    """A `LowRank` in 8 bits, which adds (x Aᵀ) Bᵀ to a product.

    The ranks between its two products are padded with zeros to a multiple of `COLUMNS`.
    """

    def __init__(self, update: LowRank) -> None:
        a, b = (half.float().numpy() for half in (update.a, update.b))
        if a.shape[0] > BLOCK:
            raise QuantizationError(
                f"the CPU kernels take adapters of {BLOCK} ranks a fused product, not {a.shape[0]}; use --dtype bfloat16"
            )
        self.ranks = -(-a.shape[0] // COLUMNS) * COLUMNS
        self.a = PackedLinear(pack(quantize8(np.pad(a, ((0, self.ranks - a.shape[0]), (0, 0))))))
        self.b = PackedLinear(pack(quantize8_narrow(b)))


class _Workspace:
    """Room for the activations of `rows` rows."""

    def __init__(self, config: ModelConfig, rows: int, update_ranks: AbstractSet[int]) -> None:
        heads = Heads(config.num_heads, config.num_kv_heads, config.head_dim)
        self.rows = rows
        self.x = torch.empty(rows, config.hidden_size)
        self.qkv = torch.empty(rows, config.query_size + 2 * config.kv_size)
        self.attended = torch.empty(rows, config.query_size)
        self.gate_up = torch.empty(rows, 2 * config.intermediate_size)
        self.queries = Queries(rows, heads)
        self.hidden_in = QuantizedRows(rows, config.hidden_size)
        self.attended_in = QuantizedRows(rows, config.query_size)
        self.inner_in = QuantizedRows(rows, config.intermediate_size)
        # Between the two products of an adapter's update; the padding of a narrow one stays zero.
        self.ranks = {ranks: Floats(torch.zeros(rows, BLOCK)) for ranks in update_ranks}
        self.ranks_in = QuantizedRows(rows, BLOCK)
        self._views: dict[int, _Views] = {}

    def views(self, rows: int) -> _Views:
        """The first `rows` rows of everything, made once for each number of rows."""
        if rows not in self._views:
            self._views[rows] = _Views(self, rows)
        return self._views[rows]


class _Views:
    def __init__(self, space: _Workspace, rows: int) -> None:
        self.rows = rows
        self.x, self.qkv, self.attended, self.gate_up = (
            Floats(whole[:rows]) for whole in (space.x, space.qkv, space.attended, space.gate_up)
        )
        self._columns: dict[tuple[int, int, int], Floats] = {}
        self._rows: dict[tuple[int, int], Floats] = {}

    def columns(self, whole: Floats, start: int, width: int) -> Floats:
        if width == whole.width:
            return whole
        key = (whole.address, start, width)
        if key not in self._columns:
            self._columns[key] = Floats(whole.tensor[:, start : start + width])
        return self._columns[key]

    def row(self, whole: Floats, index: int) -> Floats:
        key = (whole.address, index)
        if key not in self._rows:
            self._rows[key] = Floats(whole.tensor[index : index + 1])
        return self._rows[key]


@dataclass(frozen=True)
class _Segment:
    """The rows of a forward that belong to one sequence: its cache, what they see of it, and where
    they lie in the workspace.
    """

    cache: KernelCache
    spans: RowSpans
    qkv: Floats
    queries: Queries
    attended: Floats


def _spans(start: int, clean: int, noisy: Sequence[NoisyBlock]) -> RowSpans:
    """What is seen by the clean rows, which are written from slot `start` on, and by the rows of
    the blocks, which follow them.
    """
    rows = causal_spans(start, clean)
    own = start + clean
    for block in noisy:
        seen, own_end = start + block.behind, own + len(block.tokens)
        rows += [(seen + i, seen, own, own_end) for i in range(len(block.tokens))]
        own = own_end
    return RowSpans(rows)


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
        self.kernels = kernels
        self._embedding = PackedLinear(tensors["embedding"])
        self._head = self._embedding if config.tied_head else PackedLinear(tensors["head"])
        self._norm = Floats(tensors["norm"])
        self.final_norm = self._norm.tensor
        self._layers = [_Layer(config, tensors, i) for i in range(config.num_layers)]
        self._packed_updates: list[_Updates] = [{} for _ in self._layers]
        for (layer, name), update in (adapter.updates if adapter else {}).items():
            self._packed_updates[layer] = {**self._packed_updates[layer], name: _PackedUpdate(update)}
        self._rope = self._rope_tables(1024)
        self._space = self._new_workspace(PREFILL_ROWS)
        self._logits = torch.empty(1, config.vocab_size)

    @property
    def weight_bytes(self) -> int:
        """The bytes of the weights that a forward reads, the head's included."""
        return sum(product.weight.numel() for product in self._products())

    @property
    def num_weights(self) -> int:
        return sum(product.inputs * product.outputs for product in self._products())

    def _products(self) -> list[PackedLinear]:
        runs = [run for layer in self._layers for product in (layer.qkv, layer.o, layer.gate_up, layer.down) for run in product]
        return [*runs, self._head]

    def new_cache(self, capacity: int = GROWTH_ROWS) -> KernelCache:
        return KernelCache(self.config, capacity)

    def forward(self, clean: list[int], cache: Cache, *, noisy: Sequence[NoisyBlock] = (), logits_from: int | None = 0) -> ForwardResult:
        assert isinstance(cache, KernelCache)
        num_noisy = sum(len(block.tokens) for block in noisy)
        rows = len(clean) + num_noisy
        cache.reserve(rows)
        self._make_room(rows, cache.length + rows)
        views = self._space.views(rows)
        self._embed([*clean, *(token for block in noisy for token in block.tokens)], views.x)
        segment = _Segment(cache, _spans(cache.length, len(clean), noisy), views.qkv, self._space.queries, views.attended)
        for layer in self._layers:
            updates = self._packed_updates[layer.index] if num_noisy else {}
            self._attention(layer, views, (segment,), len(clean), updates)
            self._mlp(layer, views, len(clean), updates)
        return ForwardResult(self._head_of(views, logits_from), views.x.tensor)

    def embeddings(self, tokens: Sequence[int]) -> Tensor:
        return self._unpacked(self._embedding, tokens)

    def head_rows(self, tokens: Sequence[int]) -> Tensor:
        return self._unpacked(self._head, tokens)

    def _unpacked(self, weight: PackedLinear, rows: Sequence[int]) -> Tensor:
        unpacked = Floats(torch.empty(len(rows), weight.inputs))
        for i, row in enumerate(rows):
            self.kernels.dequantize_row(weight, row, unpacked, at=i)
        return unpacked.tensor

    def step(self, tokens: Sequence[int], caches: Sequence[Cache]) -> Tensor:
        rows = len(tokens)
        for cache in caches:
            cache.reserve(1)
        self._make_room(rows, 1 + max(cache.length for cache in caches))
        views = self._space.views(rows)
        self._embed(tokens, views.x)
        segments = [
            _Segment(
                cache, RowSpans.causal(cache.length, 1), views.row(views.qkv, i), self._space.queries.row(i), views.row(views.attended, i)
            )
            for i, cache in enumerate(caches)
            if isinstance(cache, KernelCache)
        ]
        assert len(segments) == rows, "one cache of this network's kind for each token"
        for layer in self._layers:
            self._attention(layer, views, segments, rows, {})
            self._mlp(layer, views, rows, {})
        for cache in caches:
            cache.commit(1)
        return self._head_of(views, 0)

    def _attention(self, layer: _Layer, views: _Views, segments: Sequence[_Segment], num_clean: int, updates: _Updates) -> None:
        kernels, space, epsilon = self.kernels, self._space, self.config.rms_norm_eps
        kernels.norm(views.x, layer.input_norm, epsilon, space.hidden_in)
        self._project(layer.qkv, space.hidden_in, views, views.qkv)
        self._update(updates.get("qkv"), space.hidden_in, views.qkv, num_clean)
        for segment in segments:
            start, stored = segment.cache.length, segment.cache.layers[layer.index]
            norms, spans = (layer.query_norm, layer.key_norm), segment.spans
            kernels.rotate(segment.qkv, self._rope, norms, epsilon, start, spans, segment.queries, stored)
            kernels.attend(segment.queries, spans, stored, segment.attended)
        kernels.quantize(views.attended, space.attended_in)
        self._project(layer.o, space.attended_in, views, views.x, add=True)
        self._update(updates.get("o"), space.attended_in, views.x, num_clean)

    def _mlp(self, layer: _Layer, views: _Views, num_clean: int, updates: _Updates) -> None:
        kernels, space = self.kernels, self._space
        kernels.norm(views.x, layer.post_norm, self.config.rms_norm_eps, space.hidden_in)
        self._project(layer.gate_up, space.hidden_in, views, views.gate_up)
        self._update(updates.get("gate_up"), space.hidden_in, views.gate_up, num_clean)
        kernels.silu(views.gate_up, space.inner_in)
        self._project(layer.down, space.inner_in, views, views.x, add=True)
        self._update(updates.get("down"), space.inner_in, views.x, num_clean)

    def _project(self, runs: list[PackedLinear], x: QuantizedRows, views: _Views, out: Floats, *, add: bool = False) -> None:
        start = 0
        for run in runs:
            self.kernels.linear(run, x, views.columns(out, start, run.outputs), add=add)
            start += run.outputs

    def _update(self, update: _PackedUpdate | None, x: QuantizedRows, y: Floats, num_clean: int) -> None:
        """The adapter's share of a product, added to the noisy rows, which are the last ones of
        `y`.
        """
        if update is None:
            return
        space = self._space
        self.kernels.low_rank(update.a, update.b, x, y, first=num_clean, ranks=space.ranks[update.ranks], narrow=space.ranks_in)

    def _embed(self, tokens: Sequence[int | None], x: Floats) -> None:
        for i, token in enumerate(tokens):
            if token is not None:
                self.kernels.dequantize_row(self._embedding, token, x, at=i)
            elif self.adapter is None:
                raise ValueError("masked rows need a diffusion adapter, and none is loaded")
            else:
                x.tensor[i] = self.adapter.mask_embedding

    def _head_of(self, views: _Views, logits_from: int | None) -> Tensor:
        last = self._space.x[views.rows if logits_from is None else logits_from : views.rows]
        if self._logits.shape[0] < last.shape[0]:
            self._logits = torch.empty(last.shape[0], self.config.vocab_size)
        logits = self._logits[: last.shape[0]]
        if last.shape[0]:
            self.kernels.norm(Floats(last), self._norm, self.config.rms_norm_eps, self._space.hidden_in)
            self.kernels.linear(self._head, self._space.hidden_in, Floats(logits))
        return logits

    def _make_room(self, rows: int, positions: int) -> None:
        if rows > self._space.rows:
            self._space = self._new_workspace(rows)
        if positions > self._rope[0].rows:
            self._rope = self._rope_tables(min(self.config.max_positions, positions + 1024))

    def _new_workspace(self, rows: int) -> _Workspace:
        return _Workspace(self.config, rows, {u.ranks for updates in self._packed_updates for u in updates.values()})

    def _rope_tables(self, positions: int) -> tuple[Floats, Floats]:
        angles = rope_angles(self.config, positions)
        return Floats(angles.cos().float()), Floats(angles.sin().float())
