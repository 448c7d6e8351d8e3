"""A model folder of a few kilobytes: a small random network, and a token for each byte.

The campaign of damaged model files and the tests run the real code on it. `tiny_model` writes a
GGUF file of the same kind.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from benchmarks.robustness.tiny_model import CONTROL
from engine.config import ModelConfig
from engine.model.adapter import projection_sizes
from engine.model.tokenizer import byte_alphabet

CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

TINY = ModelConfig(
    vocab_size=256 + len(CONTROL),
    hidden_size=32,
    intermediate_size=48,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    head_dim=8,
    rope_theta=10_000.0,
    rms_norm_eps=1e-6,
    max_positions=4096,
    qkv_bias=True,
)
SHAPES = {
    "qwen2": TINY,
    "qwen3": replace(TINY, qkv_bias=False, qk_norm=True, head_dim=16, tied_head=False),
    "llama": replace(TINY, qkv_bias=False, tied_head=False, num_kv_heads=4),
}
"""One network of each kind that the engine knows."""


def random_tensors(config: ModelConfig, seed: int, *, dtype: torch.dtype = torch.float32, scale: float = 0.3) -> dict[str, torch.Tensor]:
    """Random weights by their Hugging Face names.

    The scale is large, so that choices are clear and drafts are often wrong.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return (torch.randn(*shape, generator=generator) * scale).to(dtype)

    tensors = {"model.embed_tokens.weight": normal(config.vocab_size, config.hidden_size)}
    if not config.tied_head:
        tensors["lm_head.weight"] = normal(config.vocab_size, config.hidden_size)
    tensors["model.norm.weight"] = 1 + normal(config.hidden_size) / 4
    for i in range(config.num_layers):
        prefix = f"model.layers.{i}"
        for name, (out, inn) in projection_sizes(config).items():
            part = "mlp" if name in {"gate_proj", "up_proj", "down_proj"} else "self_attn"
            tensors[f"{prefix}.{part}.{name}.weight"] = normal(out, inn)
            if config.qkv_bias and name in {"q_proj", "k_proj", "v_proj"}:
                tensors[f"{prefix}.{part}.{name}.bias"] = normal(out)
        for name in ("q_norm", "k_norm") if config.qk_norm else ():
            tensors[f"{prefix}.self_attn.{name}.weight"] = 1 + normal(config.head_dim) / 4
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{prefix}.{name}.weight"] = 1 + normal(config.hidden_size) / 4
    return tensors


def write_tokenizer(folder: Path) -> None:
    """Write a byte-level tokenizer without merges, with the control tokens of Qwen2.5-Coder.

    Each byte is one token.
    """
    vocabulary = {char: i for i, char in enumerate(byte_alphabet())}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(name, special=True) for name in CONTROL])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")


def write_weights(folder: Path, seed: int) -> None:
    """Write ``config.json`` and ``model.safetensors`` of the network `TINY` with random weights."""
    fields = {
        "model_type": "qwen2",
        "vocab_size": TINY.vocab_size,
        "hidden_size": TINY.hidden_size,
        "intermediate_size": TINY.intermediate_size,
        "num_hidden_layers": TINY.num_layers,
        "num_attention_heads": TINY.num_heads,
        "num_key_value_heads": TINY.num_kv_heads,
        "rope_theta": TINY.rope_theta,
        "rms_norm_eps": TINY.rms_norm_eps,
        "max_position_embeddings": TINY.max_positions,
        "tie_word_embeddings": True,
        "rope_scaling": None,
        "hidden_act": "silu",
    }
    (folder / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    save_file(random_tensors(TINY, seed), folder / "model.safetensors")
