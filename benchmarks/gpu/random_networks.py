"""Networks of random weights, on any device.

What is computed and how long it takes do not depend on what a model knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from engine.config import ModelConfig
from engine.model.adapter import EDIT_OUTPUTS, Adapter, LowRank, fuse_updates, projection_sizes
from engine.model.draft_head import HydraHead
from engine.model.tensors import tensor_shapes

_QWEN2 = ModelConfig(
    vocab_size=640,
    hidden_size=384,
    intermediate_size=768,
    num_layers=3,
    num_heads=6,
    num_kv_heads=2,
    head_dim=64,
    rope_theta=1_000_000.0,
    rms_norm_eps=1e-6,
    max_positions=4096,
    qkv_bias=True,
)
SHAPES = {
    "Qwen2": _QWEN2,
    "Qwen3": replace(_QWEN2, qkv_bias=False, qk_norm=True, num_heads=4, head_dim=128),
    "Llama": replace(_QWEN2, qkv_bias=False, tied_head=False, num_heads=8, num_kv_heads=4, head_dim=32),
}
"""Small ones, that differ in all that networks of these kinds can differ in."""
GAINS = {"q_proj": 2.0, "o_proj": 4.0}
"""Gains of the products that have another than 1. Rows look at few others and are changed by them;
else most greedy texts would be one token again and again.
"""
EMBEDDING_SCALE = 0.1
"""The scale of embeddings is small beside what the layers add: with a large one a tied head would
choose the token that it has just read, for ever.
"""
HYDRA_WIDTH = 32


def shapes(*, small: bool) -> dict[str, ModelConfig]:
    """`SHAPES`, or for a CPU the same smaller still."""
    if not small:
        return SHAPES
    return {
        name: replace(config, vocab_size=256, hidden_size=96, intermediate_size=192, num_layers=2, head_dim=16)
        for name, config in SHAPES.items()
    }


def random_tensors(config: ModelConfig, generator: torch.Generator, dtype: torch.dtype) -> dict[str, Tensor]:
    """Random weights by their Hugging Face names, on the generator's device.

    They are scaled so that each product keeps the mean square of what it multiplies, or has its
    gain.
    """
    found = {}
    for name, shape in tensor_shapes(config):
        numbers = torch.randn(*shape, generator=generator, device=generator.device, dtype=dtype)
        found[name] = numbers.mul_(_scale(name, shape)).add_(1.0 if "norm" in name else 0.0)
    return found


def _scale(name: str, shape: tuple[int, ...]) -> float:
    *_, module, kind = name.split(".")
    if "norm" in module:
        return 0.1
    if kind == "bias":
        return 0.3
    return EMBEDDING_SCALE if module in {"embed_tokens", "lm_head"} else GAINS.get(module, 1.0) * shape[1] ** -0.5


def random_adapter(config: ModelConfig, generator: torch.Generator, dtype: torch.dtype, *, rank: int = 8) -> Adapter:
    """An adapter with everything that one can have.

    It changes noisy rows by a third of what the base makes of them.
    """

    def normal(*shape: int, scale: float) -> Tensor:
        return torch.randn(*shape, generator=generator, device=generator.device, dtype=dtype).mul_(scale)

    pairs = {}
    for layer in range(config.num_layers):
        for name, (out, inn) in projection_sizes(config).items():
            pairs[f"layers.{layer}.{name}.lora_a"] = normal(rank, inn, scale=inn**-0.5)
            pairs[f"layers.{layer}.{name}.lora_b"] = normal(out, rank, scale=0.3 * rank**-0.5)
    hidden = config.hidden_size
    of_hidden, of_token = (normal(HYDRA_WIDTH, hidden, scale=hidden**-0.5) for _ in range(2))
    hydra_head = HydraHead(of_hidden, of_token, normal(hidden, HYDRA_WIDTH, scale=HYDRA_WIDTH**-0.5))
    edits = normal(len(EDIT_OUTPUTS), hidden, scale=EMBEDDING_SCALE)
    updates = fuse_updates(pairs, config, alpha=float(rank))
    return Adapter(normal(hidden, scale=EMBEDDING_SCALE), edits, hydra_head, updates, expected_accepted=2.0)


def moved(tensors: Mapping[str, Tensor], device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    return {name: tensor.to(device, dtype) for name, tensor in tensors.items()}


def moved_adapter(adapter: Adapter, device: torch.device, dtype: torch.dtype) -> Adapter:
    assert adapter.edit_outputs is not None
    assert adapter.hydra_head is not None
    near = adapter.hydra_head
    return replace(
        adapter,
        mask_embedding=adapter.mask_embedding.to(device, dtype),
        edit_outputs=adapter.edit_outputs.to(device, dtype),
        hydra_head=HydraHead(*(tensor.to(device, dtype) for tensor in (near.hidden, near.token, near.out))),
        updates={key: LowRank(pair.a.to(device, dtype), pair.b.to(device, dtype)) for key, pair in adapter.updates.items()},
    )
