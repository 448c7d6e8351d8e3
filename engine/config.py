"""Shapes of the networks that the engine can run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


class UnsupportedModelError(ValueError):
    """The checkpoint describes a network that the engine has no code for."""


@dataclass(frozen=True)
class ModelConfig:
    """A dense decoder: Qwen2 (QKV bias), Qwen3 (QK-norm) and Llama (neither) differ in these fields alone."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    rope_theta: float
    rms_norm_eps: float
    max_positions: int
    qkv_bias: bool = False
    qk_norm: bool = False
    tied_head: bool = True

    def __post_init__(self) -> None:
        if self.num_heads % self.num_kv_heads:
            raise UnsupportedModelError(f"{self.num_heads} heads do not divide into {self.num_kv_heads} key/value heads")
        if self.head_dim % 2:
            raise UnsupportedModelError(f"head size {self.head_dim} is odd; rotary embeddings need an even one")

    @property
    def query_size(self) -> int:
        return self.num_heads * self.head_dim

    @property
    def kv_size(self) -> int:
        return self.num_kv_heads * self.head_dim

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: Path) -> ModelConfig:
        return ModelConfig(**json.loads(path.read_text(encoding="utf-8")))

    @staticmethod
    def from_huggingface(fields: dict[str, Any]) -> ModelConfig:
        """Read a Hugging Face ``config.json``; raise `UnsupportedModelError` for what we would compute wrongly."""
        kind = fields.get("model_type")
        if kind not in ("qwen2", "qwen3", "llama"):
            raise UnsupportedModelError(f"model type {kind!r} is not one of qwen2, qwen3, llama")
        rope = fields.get("rope_parameters") or fields.get("rope_scaling") or {}
        rope_type = rope.get("rope_type", rope.get("type", "default"))
        if rope_type != "default":
            raise UnsupportedModelError(f"rotary embedding scaling {rope_type!r} is not supported; use a model without it")
        if fields.get("use_sliding_window"):
            raise UnsupportedModelError("sliding-window attention is not supported")
        if fields.get("hidden_act", "silu") != "silu":
            raise UnsupportedModelError(f"activation {fields['hidden_act']!r} is not supported, only silu")
        if kind != "qwen2" and (fields.get("attention_bias") or fields.get("mlp_bias")):
            raise UnsupportedModelError("attention_bias and mlp_bias are supported for no model but qwen2's QKV bias")
        heads = fields["num_attention_heads"]
        return ModelConfig(
            vocab_size=fields["vocab_size"],
            hidden_size=fields["hidden_size"],
            intermediate_size=fields["intermediate_size"],
            num_layers=fields["num_hidden_layers"],
            num_heads=heads,
            num_kv_heads=fields.get("num_key_value_heads") or heads,
            head_dim=fields.get("head_dim") or fields["hidden_size"] // heads,
            rope_theta=float(rope.get("rope_theta", fields.get("rope_theta", 10000.0))),
            rms_norm_eps=fields["rms_norm_eps"],
            max_positions=fields["max_position_embeddings"],
            qkv_bias=kind == "qwen2",
            qk_norm=kind == "qwen3",
            tied_head=bool(fields.get("tie_word_embeddings", False)),
        )
