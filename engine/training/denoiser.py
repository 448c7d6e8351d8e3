"""The noisy rows of the network, with gradients for the adapter.

It is the training twin of `engine.model.transformer`. The base is frozen and clean rows never pass
through the adapter, so keys and values of clean rows are constants. They come from the network that
serves, computed once and shared by all corruptions of a text. Only the noisy rows are run here, in
long packed products both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.model.adapter import EDIT_OUTPUTS
from engine.model.batched import StaticCache
from engine.model.draft_head import normalized
from engine.model.linear import FrozenLinear
from engine.model.network import Network, rope_angles
from engine.model.transformer import rotate
from engine.training.blocks import NO_TOKEN, Block, Packed, Text, pack
from engine.training.lora import Lora
from engine.training.padded import MASK, Padded

BLOCKS_TOGETHER = 16

NO_COLUMN = 1 << 40
"""The column of a token outside the vocabulary. It is no index of the logits, so using it fails."""

CleanRows = list[tuple[Tensor, Tensor]]
"""Keys and values of a text's clean rows: a pair (key/value heads, rows, head size) for each layer.
"""

Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""What each noisy row gathers in a layer: (rows, heads x head size). The arguments are the layer's
number, and the queries (rows, heads, head size), keys and values (rows, key/value heads, head size)
of all noisy rows.
"""


def run_clean(network: Network, tokens: list[int], logits_from: int | None = None) -> tuple[CleanRows, Tensor]:
    """Run the base over a text, once.

    Returns its rows, and the logits of its rows from `logits_from` on (none for None), which are
    good until the next pass.
    """
    with torch.inference_mode():
        cache = network.new_cache(len(tokens))
        logits = network.forward(tokens, cache, logits_from=logits_from).logits
        cache.commit(len(tokens))
        layers = [cache.rows(layer) for layer in range(network.config.num_layers)]
    # Autograd takes no tensors of inference mode.
    return [(keys.clone(), values.clone()) for keys, values in layers], logits


class Known(NamedTuple):
    """A text and its clean rows, for texts that are measured again and again."""

    text: Text
    rows: CleanRows


class _Both(torch.autograd.Function):
    """A frozen product whose weight is packed for both directions: y = x Wᵀ + b, and dx = dy W."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, product: FrozenProduct) -> Tensor:
        ctx.product = product
        return product.ahead(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return ctx.product.back(grads[0].contiguous()), None


class FrozenProduct:
    """y = x Wᵀ + b with a gradient for x alone."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self.ahead = FrozenLinear(weight, bias)
        self.back = FrozenLinear(weight.T.contiguous())

    def __call__(self, x: Tensor) -> Tensor:
        y: Tensor = _Both.apply(x, self)  # type: ignore[no-untyped-call]
        return y


class _Layer:
    def __init__(self, config: ModelConfig, tensors: Mapping[str, Tensor], index: int) -> None:
        self.index = index
        prefix = f"model.layers.{index}"
        self.products = {}
        for part, names in (("self_attn", ("q_proj", "k_proj", "v_proj", "o_proj")), ("mlp", ("gate_proj", "up_proj", "down_proj"))):
            for name in names:
                bias = tensors[f"{prefix}.{part}.{name}.bias"] if config.qkv_bias and name in {"q_proj", "k_proj", "v_proj"} else None
                self.products[name] = FrozenProduct(tensors[f"{prefix}.{part}.{name}.weight"], bias)
        self.input_norm = tensors[f"{prefix}.input_layernorm.weight"]
        self.post_norm = tensors[f"{prefix}.post_attention_layernorm.weight"]
        self.q_norm = tensors[f"{prefix}.self_attn.q_norm.weight"] if config.qk_norm else None
        self.k_norm = tensors[f"{prefix}.self_attn.k_norm.weight"] if config.qk_norm else None


class Logits(NamedTuple):
    """The logits of noisy rows (rows, vocabulary and `EDIT_OUTPUTS`), in the network's dtype.

    `own` are those of each row by itself, `followed` those given the token to the left of what the
    row proposes. They are the same where the adapter has no Hydra head, or the row no such
    token.
    """

    own: Tensor
    followed: Tensor


class _Rows(NamedTuple):
    """Noisy rows, each tensor (rows,), as `Packed` has them."""

    tokens: Tensor
    masked: Tensor
    positions: Tensor
    left: Tensor


class Denoiser(nn.Module):
    """Turns noisy rows into logits over `vocabulary`, the ids (sorted) that the training text has.

    The head's other rows would cost time and teach nothing.
    """

    def __init__(self, config: ModelConfig, tensors: Mapping[str, Tensor], vocabulary: Tensor, lora: Lora) -> None:
        super().__init__()
        self.config, self.lora = config, lora
        self.embedding = tensors["model.embed_tokens.weight"]
        self.dtype, self.device = self.embedding.dtype, self.embedding.device
        head = self.embedding if config.tied_head else tensors["lm_head.weight"]
        self.vocabulary = vocabulary.to(self.device)
        # This leads from a token's id to its column of the logits; ids outside the vocabulary have
        # none.
        self.columns = torch.full((config.vocab_size + len(EDIT_OUTPUTS),), NO_COLUMN, device=self.device)
        self.columns[self.vocabulary] = torch.arange(len(vocabulary), device=self.device)
        # The edit outputs stand behind the vocabulary, as targets behind the token ids.
        self.delete, self.insert = config.vocab_size, config.vocab_size + 1
        self.columns[[self.delete, self.insert]] = len(vocabulary) + torch.arange(2, device=self.device)
        self.head = FrozenProduct(head[vocabulary])
        self.norm = tensors["model.norm.weight"]
        self.layers = [_Layer(config, tensors, i) for i in range(config.num_layers)]
        angles = rope_angles(config, min(config.max_positions, 4096)).repeat(1, 2).unsqueeze(1)
        self._cos, self._sin = (table.to(self.device, self.dtype) for table in (angles.cos(), angles.sin()))

    def forward(self, packed: Sequence[Packed], clean: Sequence[CleanRows], wanted: Tensor | None = None) -> Logits:
        """The logits of the rows of all texts, one text behind the other.

        With `wanted` (rows,) they are those of the rows that it marks.
        """
        fields = ([getattr(p, name) for p in packed] for name in _Rows._fields)
        rows = _Rows(*(torch.cat(tensors).to(self.device) for tensors in fields))
        return self._run(rows, None if wanted is None else wanted.to(self.device), self._pieces(packed, clean))

    def forward_padded(self, padded: Padded, clean: StaticCache) -> Logits:
        """The logits of the rows with a target, one text behind the other.

        A GPU wants few and large products, so the rows of all texts share each. The texts stand in
        the first slots of `clean`.
        """
        tokens = padded.tokens.flatten()
        rows = _Rows(tokens.clamp(min=0), tokens == MASK, padded.positions.flatten(), padded.left.flatten())
        return self._run(rows, padded.wanted, self._rectangle(padded, clean))

    def _run(self, rows: _Rows, wanted: Tensor | None, attend: Attend) -> Logits:
        """All but the way in which rows attend."""
        x = torch.where(rows.masked[:, None], self.lora.mask_embedding.to(self.dtype), F.embedding(rows.tokens, self.embedding))
        left = rows.left
        rope = (self._cos[rows.positions], self._sin[rows.positions])
        for layer in self.layers:
            # Below the lowest adapted layer nothing has a gradient but the mask's embedding.
            x = self._layer(layer, x, rope, attend)
        if wanted is not None:
            x, left = x[wanted], left[wanted]
        x = normalized(x, self.config)
        edits = F.linear(x * self.norm, self.lora.edit_outputs.to(self.dtype))
        own = torch.cat([self.head(x * self.norm), edits], dim=-1)
        hydra_head = self.lora.hydra_head(self.dtype)
        if hydra_head is None:
            return Logits(own, own)
        known = left != NO_TOKEN
        followed = hydra_head(x, normalized(F.embedding(left.clamp(min=0), self.embedding), self.config))
        return Logits(own, torch.cat([self.head(torch.where(known[:, None], followed, x) * self.norm), edits], dim=-1))

    def proposals(self, logits: Tensor) -> Tensor:
        """The likeliest token of each row of logits: ids (rows,)."""
        return self.vocabulary[logits[:, : len(self.vocabulary)].argmax(-1)]

    def _layer(self, layer: _Layer, x: Tensor, rope: tuple[Tensor, Tensor], attend: Attend) -> Tensor:
        config, size = self.config, (self.config.hidden_size,)
        h = F.rms_norm(x, size, layer.input_norm, config.rms_norm_eps)
        q, k, v = (self._project(layer, name, h).view(h.shape[0], -1, config.head_dim) for name in ("q_proj", "k_proj", "v_proj"))
        if layer.q_norm is not None:
            q = F.rms_norm(q, (config.head_dim,), layer.q_norm, config.rms_norm_eps)
            k = F.rms_norm(k, (config.head_dim,), layer.k_norm, config.rms_norm_eps)
        q, k = rotate(q, *rope), rotate(k, *rope)
        x = x + self._project(layer, "o_proj", attend(layer.index, q, k, v))
        h = F.rms_norm(x, size, layer.post_norm, config.rms_norm_eps)
        inner = F.silu(self._project(layer, "gate_proj", h)) * self._project(layer, "up_proj", h)
        return x + self._project(layer, "down_proj", inner)

    def _project(self, layer: _Layer, name: str, x: Tensor) -> Tensor:
        y = layer.products[name](x)
        update = self.lora.update(layer.index, name, x)
        # This changes the tensor itself: no one else needs the product, not even the way back.
        return y if update is None else y.add_(update)

    def _pieces(self, packed: Sequence[Packed], clean: Sequence[CleanRows]) -> Attend:
        """One piece after the other, each over no more rows than it can see."""
        groups, sizes = self._groups, [len(p.tokens) for p in packed]
        masks = [self._mask(p.hidden) for p in packed]

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            queries, keys, values = (torch.split(rows, sizes) for rows in (q, k, v))
            pieces = zip(queries, keys, values, masks, [rows[layer] for rows in clean], strict=True)
            return torch.cat([_attend(*piece, groups=groups) for piece in pieces])

        return attend

    def _rectangle(self, padded: Padded, clean: StaticCache) -> Attend:
        """All texts at once, each over as many clean rows as the longest has."""
        texts, rows = padded.tokens.shape
        mask = self._mask(padded.hidden()).unsqueeze(1)
        length = mask.shape[-1] - rows
        heads, shared, size = self.config.num_heads, self.config.num_kv_heads, self.config.head_dim

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            q = q.view(texts, rows, shared, self._groups, size).permute(0, 2, 3, 1, 4).reshape(texts, shared, -1, size)
            keys, values = (
                torch.cat([old[layer, :texts, :, :length], new.view(texts, rows, shared, size).transpose(1, 2)], dim=2)
                for old, new in ((clean.keys, k), (clean.values, v))
            )
            out = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
            return out.view(texts, shared, self._groups, rows, size).permute(0, 3, 1, 2, 4).reshape(-1, heads * size)

        return attend

    @property
    def _groups(self) -> int:
        """Heads that share keys."""
        return self.config.num_heads // self.config.num_kv_heads

    def _mask(self, hidden: Tensor) -> Tensor:
        """Additive, one tile of rows for each head of a group that shares keys."""
        mask = torch.zeros(hidden.shape, dtype=self.dtype, device=hidden.device).masked_fill_(hidden, float("-inf")).to(self.device)
        return torch.cat([mask] * self._groups, dim=-2)


def pack_over(blocks: Sequence[Block], rows: CleanRows) -> list[tuple[Packed, CleanRows]]:
    """Pack the blocks of one text in groups, each with the clean rows that it can see.

    The cost of attention is the number of rows times that of the rows they look at.
    """
    packed = []
    for start in range(0, len(blocks), BLOCKS_TOGETHER):
        group = blocks[start : start + BLOCKS_TOGETHER]
        seen = 1 + max(block.root for block in group)
        packed.append((pack(group, seen), [(keys[:, :seen], values[:, :seen]) for keys, values in rows]))
    return packed


def _attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, clean: tuple[Tensor, Tensor], *, groups: int) -> Tensor:
    """Attend from noisy rows to the clean ones and to each other.

    `q` is (rows, heads, size), `k` and `v` (rows, key/value heads, size); they stand behind the
    clean rows' (key/value heads, clean, size).
    """
    rows, heads, size = q.shape
    keys, values = (torch.cat([old.to(new.dtype), new.transpose(0, 1)], dim=1).unsqueeze(0) for old, new in zip(clean, (k, v), strict=True))
    q = q.view(rows, heads // groups, groups, size).permute(1, 2, 0, 3).reshape(1, heads // groups, groups * rows, size)
    out = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
    return out.view(heads // groups, groups, rows, size).permute(2, 0, 1, 3).reshape(rows, heads * size)
