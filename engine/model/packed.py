"""A network's weights in the CPU kernels' layout, as tensors that a file holds.

The tensors are named ``embedding``, ``head`` (absent where the embedding serves as the head), and
``norm``. Layer N has ``N.input_norm`` and ``N.post_norm``, and ``N.q_norm`` and ``N.k_norm`` if its
heads have norms. Each of its fused products (`engine.model.adapter.FUSED`) has ``N.PRODUCT.0`` and
on, one for each run of outputs that have one format, and may have ``N.PRODUCT.bias``.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from engine.config import ModelConfig
from engine.model.adapter import FUSED
from engine.model.quantize import Quantized, pack

Matrix = Callable[[str], Quantized]
Floats = Callable[[str], np.ndarray]


def pack_network(config: ModelConfig, matrix: Matrix, floats: Floats) -> dict[str, Tensor]:
    """All tensors of a packed file; `matrix` and `floats` give one by its Hugging Face name."""

    def vector(name: str) -> Tensor:
        return torch.from_numpy(floats(name).astype(np.float32))

    packed = {"embedding": pack(matrix("model.embed_tokens.weight")), "norm": vector("model.norm.weight")}
    if not config.tied_head:
        packed["head"] = pack(matrix("lm_head.weight"))
    for i in range(config.num_layers):
        prefix = f"model.layers.{i}"
        packed[f"{i}.input_norm"] = vector(f"{prefix}.input_layernorm.weight")
        packed[f"{i}.post_norm"] = vector(f"{prefix}.post_attention_layernorm.weight")
        if config.qk_norm:
            packed[f"{i}.q_norm"] = vector(f"{prefix}.self_attn.q_norm.weight")
            packed[f"{i}.k_norm"] = vector(f"{prefix}.self_attn.k_norm.weight")
        for product, projections in FUSED.items():
            part = "self_attn" if product in {"qkv", "o"} else "mlp"
            matrices = [matrix(f"{prefix}.{part}.{name}.weight") for name in projections]
            for run, (_, members) in enumerate(groupby(matrices, key=lambda m: m.bits)):
                packed[f"{i}.{product}.{run}"] = torch.cat([pack(m) for m in members])
            if product == "qkv" and config.qkv_bias:
                packed[f"{i}.qkv.bias"] = torch.cat([vector(f"{prefix}.self_attn.{name}.bias") for name in projections])
    return packed
