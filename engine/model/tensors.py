"""Names the tensors that a network is made of, with their shapes."""

from __future__ import annotations

from collections.abc import Iterator

from engine.config import ModelConfig
from engine.model.adapter import FUSED, projection_sizes


def tensor_shapes(config: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A network's tensors by their Hugging Face names, and the shape of each."""
    hidden = config.hidden_size
    yield "model.embed_tokens.weight", (config.vocab_size, hidden)
    yield "model.norm.weight", (hidden,)
    if not config.tied_head:
        yield "lm_head.weight", (config.vocab_size, hidden)
    sizes = projection_sizes(config)
    for i in range(config.num_layers):
        prefix = f"model.layers.{i}"
        yield f"{prefix}.input_layernorm.weight", (hidden,)
        yield f"{prefix}.post_attention_layernorm.weight", (hidden,)
        for name in ("q_norm", "k_norm") if config.qk_norm else ():
            yield f"{prefix}.self_attn.{name}.weight", (config.head_dim,)
        for product, projections in FUSED.items():
            part = "self_attn" if product in {"qkv", "o"} else "mlp"
            for name in projections:
                yield f"{prefix}.{part}.{name}.weight", sizes[name]
                if product == "qkv" and config.qkv_bias:
                    yield f"{prefix}.{part}.{name}.bias", sizes[name][:1]
