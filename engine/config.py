"""Shapes of the networks that the engine can run."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

MAX_SIZE = 2**31 - 1
"""The most that any count of a network's shape may be."""


class UnsupportedModelError(ValueError):
    """The checkpoint describes a network that the engine has no code for."""


@dataclass(frozen=True)
class ModelConfig:
    """The shapes of a dense decoder.

    Qwen2 (QKV bias), Qwen3 (QK-norm) and Llama (neither) differ in these fields alone.
    """

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
        for entry in fields(self):
            _require_kind(entry.name, str(entry.type), getattr(self, entry.name))
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
    def from_saved(values: dict[str, Any]) -> ModelConfig:
        """Read what `save` wrote; raise `UnsupportedModelError` for anything else."""
        known = {entry.name for entry in fields(ModelConfig)}
        if unknown := values.keys() - known:
            raise UnsupportedModelError(f"it has {', '.join(sorted(unknown))[:100]}, which is unknown")
        if lacking := known - values.keys():
            raise UnsupportedModelError(f"it lacks {', '.join(sorted(lacking))}")
        return ModelConfig(**values)

    @staticmethod
    def from_huggingface(values: dict[str, Any]) -> ModelConfig:
        """Read a Hugging Face ``config.json``; raise `UnsupportedModelError` for what we would
        compute wrongly.
        """
        kind = values.get("model_type")
        if kind not in ("qwen2", "qwen3", "llama"):
            raise UnsupportedModelError(f"model type {_shown(kind)} is not one of qwen2, qwen3, llama")
        rope = values.get("rope_parameters") or values.get("rope_scaling") or {}
        if not isinstance(rope, dict):
            raise UnsupportedModelError(f"its rope_parameters or rope_scaling is {_shown(rope)} and no object")
        rope_type = rope.get("rope_type", rope.get("type", "default"))
        if rope_type != "default":
            raise UnsupportedModelError(f"rotary embedding scaling {_shown(rope_type)} is not supported; use a model without it")
        if values.get("use_sliding_window"):
            raise UnsupportedModelError("sliding-window attention is not supported")
        if values.get("hidden_act", "silu") != "silu":
            raise UnsupportedModelError(f"activation {_shown(values['hidden_act'])} is not supported, only silu")
        if kind != "qwen2" and (values.get("attention_bias") or values.get("mlp_bias")):
            raise UnsupportedModelError("attention_bias and mlp_bias are supported for no model but qwen2's QKV bias")
        heads, hidden = _given(values, "num_attention_heads"), _given(values, "hidden_size")
        divides = _is_size(heads) and _is_size(hidden)
        return ModelConfig(
            vocab_size=_given(values, "vocab_size"),
            hidden_size=hidden,
            intermediate_size=_given(values, "intermediate_size"),
            num_layers=_given(values, "num_hidden_layers"),
            num_heads=heads,
            num_kv_heads=values.get("num_key_value_heads") or heads,
            head_dim=values.get("head_dim") or (hidden // heads if divides else 0),
            rope_theta=rope.get("rope_theta", values.get("rope_theta", 10000.0)),
            rms_norm_eps=_given(values, "rms_norm_eps"),
            max_positions=_given(values, "max_position_embeddings"),
            qkv_bias=kind == "qwen2",
            qk_norm=kind == "qwen3",
            tied_head=values.get("tie_word_embeddings") or False,
        )


def _given(values: dict[str, Any], name: str) -> Any:
    if values.get(name) is None:
        raise UnsupportedModelError(f"it lacks {name}")
    return values[name]


def _require_kind(name: str, kind: str, value: Any) -> None:
    """Refuse a field of another type, or a value beyond all sense, whatever file it is from."""
    if kind == "bool" and not isinstance(value, bool):
        raise UnsupportedModelError(f"{name} is {_shown(value)}; it must be true or false")
    if kind == "int" and not _is_size(value):
        raise UnsupportedModelError(f"{name} is {_shown(value)}; it must be a whole number from 1 to {MAX_SIZE:,}")
    if kind == "float":
        known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_SIZE
        if not known or not math.isfinite(value) or value <= 0:
            raise UnsupportedModelError(f"{name} is {_shown(value)}; it must be a positive number")


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_SIZE


def _shown(value: Any) -> str:
    if isinstance(value, int) and abs(value) > 2**64:
        return "beyond all numbers that can be"
    text = repr(value) if isinstance(value, int | float | str) or value is None else f"of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:60]}…"
