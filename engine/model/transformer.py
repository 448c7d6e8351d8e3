"""The network on torch: for other devices than CPUs, for float weights, and for CPUs that the
kernels do not know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.config import ModelConfig
from engine.model.adapter import Adapter, LowRank
from engine.model.cache import Cache, KVCache
from engine.model.linear import FrozenLinear
from engine.model.network import ForwardResult, Network, NoisyBlock, rope_angles


class Layer:
    """The weights of one layer, with the projections that share an input fused into one product
    (`adapter.FUSED`).
    """

    def __init__(self, config: ModelConfig, tensors: Mapping[str, Tensor], index: int) -> None:
        self.index = index
        prefix = f"model.layers.{index}"
        attention, mlp = f"{prefix}.self_attn", f"{prefix}.mlp"
        qkv = [tensors[f"{attention}.{name}.weight"] for name in ("q_proj", "k_proj", "v_proj")]
        bias = None
        if config.qkv_bias:
            bias = torch.cat([tensors[f"{attention}.{name}.bias"] for name in ("q_proj", "k_proj", "v_proj")])
        self.products = {
            "qkv": FrozenLinear(torch.cat(qkv), bias),
            "o": FrozenLinear(tensors[f"{attention}.o_proj.weight"]),
            "gate_up": FrozenLinear(torch.cat([tensors[f"{mlp}.gate_proj.weight"], tensors[f"{mlp}.up_proj.weight"]])),
            "down": FrozenLinear(tensors[f"{mlp}.down_proj.weight"]),
        }
        self.input_norm = tensors[f"{prefix}.input_layernorm.weight"]
        self.post_norm = tensors[f"{prefix}.post_attention_layernorm.weight"]
        self.q_norm = tensors[f"{attention}.q_norm.weight"] if config.qk_norm else None
        self.k_norm = tensors[f"{attention}.k_norm.weight"] if config.qk_norm else None


@dataclass(frozen=True)
class Rows:
    """The input of one forward, as tensors on the network's device.

    `tokens` (rows,), int64. `masked` holds the indices of the rows that are masks, and is None if
    there are none. `rope` holds cosines and sines (rows, 1, head size). `mask` (groups x rows,
    cached + rows) is added to the scores of attention, and is None where every row sees every row.
    The last `num_noisy` rows go through the adapter.
    """

    tokens: Tensor
    masked: Tensor | None
    rope: tuple[Tensor, Tensor]
    mask: Tensor | None
    num_noisy: int


class Transformer(Network):
    """A `Network` on float weights."""

    def __init__(self, config: ModelConfig, tensors: Mapping[str, Tensor], adapter: Adapter | None = None) -> None:
        """`tensors` by their Hugging Face names, all of one dtype on one device."""
        self.config = config
        # The table is read a row at a time, so a memory-mapped one costs no more memory than the
        # rows that are used.
        self.embedding = tensors["model.embed_tokens.weight"]
        self.device, self.dtype = self.embedding.device, self.embedding.dtype
        self.number_format = str(self.dtype).removeprefix("torch.")
        self.final_norm = tensors["model.norm.weight"]
        self._head_weight = self.embedding if config.tied_head else tensors["lm_head.weight"]
        self.head = FrozenLinear(self._head_weight)
        self.layers = [Layer(config, tensors, i) for i in range(config.num_layers)]
        self.adapter = adapter
        self._cos, self._sin = self._rope_tables(1024)

    def new_cache(self, capacity: int = 1024) -> KVCache:
        return KVCache(self.config, device=self.device, dtype=self.dtype, capacity=capacity)

    def forward(self, clean: list[int], cache: Cache, *, noisy: Sequence[NoisyBlock] = (), logits_from: int | None = 0) -> ForwardResult:
        assert isinstance(cache, KVCache)
        return self.run(self.prepare(clean, cache, noisy), cache, logits_from)

    def prepare(self, clean: list[int], cache: KVCache, noisy: Sequence[NoisyBlock] = ()) -> Rows:
        """Do the host's part of `forward`: make room in the cache, and tell what the rows are,
        where they stand and what they see.
        """
        tokens = [*clean, *(token for block in noisy for token in block.tokens)]
        masked = [i for i, token in enumerate(tokens) if token is None]
        if masked and self.adapter is None:
            raise ValueError("masked rows need a diffusion adapter, and none is loaded")
        cache.reserve(len(tokens))
        self._reach(cache.length + len(tokens))
        positions = self._positions(len(clean), noisy, cache.length)
        return Rows(
            torch.tensor([0 if token is None else token for token in tokens], device=self.device),
            torch.tensor(masked, device=self.device) if masked else None,
            (self._cos[positions], self._sin[positions]),
            self._mask(len(clean), noisy, cache.length),
            num_noisy=len(tokens) - len(clean),
        )

    def run(self, rows: Rows, cache: KVCache, logits_from: int | None = 0) -> ForwardResult:
        """Do the device's part of `forward`, which waits for nothing.

        A CUDA graph can hold it, for one number of rows behind one number of cached rows.
        """
        x = self._embed(rows)
        for layer in self.layers:
            x = self._layer(layer, x, cache, rows)
        if logits_from is None:
            return ForwardResult(x.new_empty(0, self.config.vocab_size, dtype=torch.float32), x)
        h = F.rms_norm(x[logits_from:], (self.config.hidden_size,), self.final_norm, self.config.rms_norm_eps)
        return ForwardResult(self.head(h).float(), x)

    def embeddings(self, tokens: Sequence[int]) -> Tensor:
        return self.embedding[list(tokens)]

    def head_rows(self, tokens: Sequence[int]) -> Tensor:
        return self._head_weight[list(tokens)]

    def _embed(self, rows: Rows) -> Tensor:
        x = F.embedding(rows.tokens, self.embedding)
        if rows.masked is not None:
            assert self.adapter is not None, "checked where the rows were prepared"
            x[rows.masked] = self.adapter.mask_embedding
        return x

    def _layer(self, layer: Layer, x: Tensor, cache: KVCache, own: Rows) -> Tensor:
        config, rows = self.config, x.shape[0]
        h = F.rms_norm(x, (config.hidden_size,), layer.input_norm, config.rms_norm_eps)
        qkv = self._project(layer, "qkv", h, own.num_noisy)
        # Queries and keys are rotated together: (rows, heads + key/value heads, head size).
        turned = config.num_heads + config.num_kv_heads
        qk = qkv[:, : turned * config.head_dim].view(rows, turned, config.head_dim)
        values = qkv[:, turned * config.head_dim :].view(rows, config.num_kv_heads, config.head_dim)
        if layer.q_norm is not None:
            q = F.rms_norm(qk[:, : config.num_heads], (config.head_dim,), layer.q_norm, config.rms_norm_eps)
            k = F.rms_norm(qk[:, config.num_heads :], (config.head_dim,), layer.k_norm, config.rms_norm_eps)
            qk = torch.cat([q, k], dim=1)
        qk = rotate(qk, *own.rope)
        all_keys, all_values = cache.stage(layer.index, qk[:, config.num_heads :].transpose(0, 1), values.transpose(0, 1))
        out = self._attend(qk[:, : config.num_heads], all_keys, all_values, own.mask)
        x = x + self._project(layer, "o", out, own.num_noisy)
        h = F.rms_norm(x, (config.hidden_size,), layer.post_norm, config.rms_norm_eps)
        gate, up = self._project(layer, "gate_up", h, own.num_noisy).chunk(2, dim=-1)
        return x + self._project(layer, "down", F.silu(gate) * up, own.num_noisy)

    def _project(self, layer: Layer, name: str, x: Tensor, num_noisy: int) -> Tensor:
        """Compute a fused product of a layer.

        Its noisy rows, which are the last ones, get the adapter's update.
        """
        y = layer.products[name](x)
        update: LowRank | None = self.adapter.updates.get((layer.index, name)) if num_noisy and self.adapter else None
        if update is not None:
            y[-num_noisy:] += update(x[-num_noisy:])
        return y

    def _attend(self, q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """Attention of `q` (rows, heads, head size) to `keys` and `values` (key/value heads, all
        rows, head size).

        The heads of a group, which share keys, lie one behind the other as rows.
        """
        rows, heads, size = q.shape
        groups = heads // keys.shape[0]
        q = q.view(rows, keys.shape[0], groups, size).permute(1, 2, 0, 3).reshape(1, keys.shape[0], groups * rows, size)
        out = F.scaled_dot_product_attention(q, keys.unsqueeze(0), values.unsqueeze(0), attn_mask=mask)
        return out.view(-1, groups, rows, size).permute(2, 0, 1, 3).reshape(rows, heads * size)

    def _positions(self, num_clean: int, noisy: Sequence[NoisyBlock], cached: int) -> slice | Tensor:
        """The position of each row in the text."""
        if not noisy or (len(noisy) == 1 and noisy[0].behind == num_clean):
            return slice(cached, cached + num_clean + sum(len(block.tokens) for block in noisy))
        pieces = [torch.arange(cached, cached + num_clean)]
        pieces += [torch.arange(cached + block.behind, cached + block.behind + len(block.tokens)) for block in noisy]
        return torch.cat(pieces).to(self.device)

    def _mask(self, num_clean: int, noisy: Sequence[NoisyBlock], cached: int) -> Tensor | None:
        """The additive mask (groups x rows, cached + rows), one tile for each head of a group; None
        where every row sees every row.
        """
        rows = num_clean + sum(len(block.tokens) for block in noisy)
        if (num_clean == 0 and len(noisy) == 1) or rows == 1:
            return None
        hidden = torch.ones(rows, rows, dtype=torch.bool, device=self.device).triu(1)
        start = num_clean
        for block in noisy:
            end = start + len(block.tokens)
            hidden[start:end] = True
            hidden[start:end, : block.behind] = False
            hidden[start:end, start:end] = False
            start = end
        mask = torch.zeros(rows, cached + rows, dtype=self.dtype, device=self.device)
        mask[:, cached:].masked_fill_(hidden, float("-inf"))
        return mask.repeat(self.config.num_heads // self.config.num_kv_heads, 1)

    def _rope_tables(self, positions: int) -> tuple[Tensor, Tensor]:
        """Cosines and sines (positions, 1, head size), computed in float64 and kept in the
        network's dtype.
        """
        angles = rope_angles(self.config, positions).repeat(1, 2).unsqueeze(1)
        return angles.cos().to(self.device, self.dtype), angles.sin().to(self.device, self.dtype)

    def _reach(self, positions: int) -> None:
        if positions > self._cos.shape[0]:
            self._cos, self._sin = self._rope_tables(min(self.config.max_positions, positions + 1024))


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Apply the rotary position embedding, in the layout of two halves, to `x` (rows, heads, head
    size).
    """
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin
