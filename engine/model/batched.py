"""Runs many sequences at once on torch, for greedy writing and for the clean rows of training.

Every shape of a step is fixed, so that a CUDA graph can hold it. There are clean rows alone, and no
adapter; `engine.model.transformer` is the network for one sequence and its drafts.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.config import ModelConfig
from engine.model.linear import FrozenLinear
from engine.model.network import rope_angles
from engine.model.transformer import Layer, rotate


class StaticCache:
    """The keys and values of `slots` sequences of up to `capacity` rows each, allocated at once.

    `keys` and `values` are (layers, slots, key/value heads, capacity, head size). A row behind the
    end of its sequence holds any finite numbers, and attention must not see it.
    """

    def __init__(self, config: ModelConfig, slots: int, capacity: int, *, device: torch.device, dtype: torch.dtype) -> None:
        if capacity > config.max_positions:
            raise ValueError(f"{capacity} rows are more than the model's {config.max_positions} positions")
        self.slots, self.capacity = slots, capacity
        shape = (config.num_layers, slots, config.num_kv_heads, capacity, config.head_dim)
        # Zeros, since a hidden row that is not a number would still spoil a sum.
        self.keys, self.values = (torch.zeros(shape, device=device, dtype=dtype) for _ in range(2))


class BatchedTransformer:
    """A network for the clean rows of many sequences. All methods run without gradients."""

    def __init__(self, config: ModelConfig, tensors: Mapping[str, Tensor], positions: int = 2048) -> None:
        """`tensors` by their Hugging Face names, of one dtype on one device; sequences of at most
        `positions` rows.
        """
        self.config = config
        self.embedding = tensors["model.embed_tokens.weight"]
        self.device, self.dtype = self.embedding.device, self.embedding.dtype
        self.final_norm = tensors["model.norm.weight"]
        self.head = FrozenLinear(self.embedding if config.tied_head else tensors["lm_head.weight"])
        self.layers = [Layer(config, tensors, i) for i in range(config.num_layers)]
        angles = rope_angles(config, positions).repeat(1, 2)
        self._cos, self._sin = (table.to(self.device, self.dtype) for table in (angles.cos(), angles.sin()))

    def new_cache(self, slots: int, capacity: int) -> StaticCache:
        return StaticCache(self.config, slots, capacity, device=self.device, dtype=self.dtype)

    @torch.no_grad()
    def prefill(self, tokens: Tensor, cache: StaticCache, slots: Tensor) -> None:
        """Write the rows of `tokens` (sequences, length), from position 0 on, into the cache's
        `slots` (sequences,).

        Shorter sequences are filled up at their ends with any token, which no row of theirs sees,
        since a row sees only what stands before it.
        """
        length = tokens.shape[1]
        rope = (self._cos[:length, None], self._sin[:length, None])
        x = F.embedding(tokens, self.embedding)
        for layer in self.layers:
            q, k, v = self._attention_inputs(layer, x, rope)
            k, v = k.transpose(1, 2), v.transpose(1, 2)
            cache.keys[layer.index, slots, :, :length] = k
            cache.values[layer.index, slots, :, :length] = v
            if layer is self.layers[-1]:
                return
            out = F.scaled_dot_product_attention(q.transpose(1, 2), k, v, is_causal=True, enable_gqa=True)
            x = self._rest(layer, x, out.transpose(1, 2).flatten(2))

    def clean_rows(self, tokens: Tensor) -> StaticCache:
        """Compute the rows of `tokens` (sequences, length) into a new cache."""
        cache = self.new_cache(*tokens.shape)
        self.prefill(tokens, cache, torch.arange(cache.slots, device=self.device))
        return cache

    @torch.no_grad()
    def step(self, tokens: Tensor, positions: Tensor, cache: StaticCache, window: int) -> Tensor:
        """Run one more row of every slot, and return the likeliest next tokens (slots,).

        `tokens` (slots,) stand at `positions` (slots,), all less than `window`. Attention reads the
        first `window` rows of each slot.
        """
        config, slots = self.config, torch.arange(cache.slots, device=self.device)
        rope = (self._cos[positions, None, None], self._sin[positions, None, None])
        seen = (torch.arange(window, device=self.device) <= positions[:, None])[:, None, None]
        x = F.embedding(tokens, self.embedding)[:, None]
        for layer in self.layers:
            q, k, v = self._attention_inputs(layer, x, rope)
            cache.keys[layer.index, slots, :, positions] = k[:, 0]
            cache.values[layer.index, slots, :, positions] = v[:, 0]
            # The heads that share keys lie in rows, so that these are read once for them.
            q = q.view(cache.slots, config.num_kv_heads, -1, config.head_dim)
            keys, values = cache.keys[layer.index, :, :, :window], cache.values[layer.index, :, :, :window]
            out = F.scaled_dot_product_attention(q, keys, values, attn_mask=seen)
            x = self._rest(layer, x, out.reshape(cache.slots, 1, -1))
        x = F.rms_norm(x[:, 0], (config.hidden_size,), self.final_norm, config.rms_norm_eps)
        return self.head(x).argmax(-1)

    def _attention_inputs(self, layer: Layer, x: Tensor, rope: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """The rotated queries and keys, and the values, of rows `x` (sequences, rows, hidden).

        Each is (sequences, rows, heads or key/value heads, head size).
        """
        config = self.config
        h = F.rms_norm(x, (config.hidden_size,), layer.input_norm, config.rms_norm_eps)
        sizes = [config.num_heads, config.num_kv_heads, config.num_kv_heads]
        q, k, v = torch.split(layer.products["qkv"](h).view(*h.shape[:2], -1, config.head_dim), sizes, dim=-2)
        if layer.q_norm is not None:
            q = F.rms_norm(q, (config.head_dim,), layer.q_norm, config.rms_norm_eps)
            k = F.rms_norm(k, (config.head_dim,), layer.k_norm, config.rms_norm_eps)
        return rotate(q, *rope), rotate(k, *rope), v

    def _rest(self, layer: Layer, x: Tensor, attended: Tensor) -> Tensor:
        """The part of a layer that follows attention."""
        x = x + layer.products["o"](attended)
        h = F.rms_norm(x, (self.config.hidden_size,), layer.post_norm, self.config.rms_norm_eps)
        gate, up = layer.products["gate_up"](h).chunk(2, dim=-1)
        return x + layer.products["down"](F.silu(gate) * up)
