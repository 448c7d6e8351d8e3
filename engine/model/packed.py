"""A network's weights in the CPU kernels' layout, as tensors that a file holds.

Names: ``embedding`` and ``head`` (the one that is the other's tie is absent), ``norm``; for layer N ``N.input_norm``, ``N.post_norm``,
``N.q_norm``, ``N.k_norm`` where there are any, and for each fused product (`engine.model.adapter.FUSED`) ``N.PRODUCT.0`` and on, the runs of its
outputs that have one format, and ``N.PRODUCT.bias``.
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
    """All tensors of the packed file; `matrix` and `floats` give a tensor by its Hugging Face name."""

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
