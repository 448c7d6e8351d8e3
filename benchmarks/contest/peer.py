"""transformers' own network on our shapes and tensors.

It is the reference for logits, and a peer for speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.config import ModelConfig


def transformers_network(config: ModelConfig, tensors: Mapping[str, Tensor]) -> Any:
    """A Qwen2, Qwen3 or Llama of transformers that holds `tensors` without a copy."""
    import transformers

    kind = "Qwen3" if config.qk_norm else "Qwen2" if config.qkv_bias else "Llama"
    fields = {
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "rms_norm_eps": config.rms_norm_eps,
        "max_position_embeddings": config.max_positions,
        "tie_word_embeddings": config.tied_head,
    }
    with torch.device("meta"):
        network = getattr(transformers, f"{kind}ForCausalLM")(getattr(transformers, f"{kind}Config")(**fields))
    missing, unexpected = network.load_state_dict(dict(tensors), strict=False, assign=True)
    if unexpected or set(missing) - {"lm_head.weight"}:
        raise ValueError(f"the tensors do not fit transformers' {kind}: {missing[:3]} {unexpected[:3]}")
    network.tie_weights()
    # Its rotary frequencies are computed when it is made; on the meta device there is nothing to
    # compute with.
    network.model.rotary_emb = type(network.model.rotary_emb)(network.config)
    return network.eval()
