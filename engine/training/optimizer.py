"""The optimizer of the diffusion adapter, which every kind of run shares."""

from __future__ import annotations

import torch

from engine.training.lora import Lora

GRADIENT_NORM = 1.0
"""A step's gradients are scaled down to this norm where theirs is larger."""
BETAS = (0.9, 0.98)
"""Adam's decay rates. With 0.98 the second moment forgets within fifty steps; runs are hundreds of
steps long.
"""
HYDRA_RATE = 3.0
"""The Hydra head learns at this multiple of the learning rate, since it starts at random when the
LoRA is long trained.
"""


def new_optimizer(lora: Lora) -> torch.optim.AdamW:
    """Adam over all trained numbers. The rate is 0 until `set_rate` is called."""
    hydra_head = list(lora.neighbours.parameters())
    others = [p for p in lora.parameters() if not any(p is one for one in hydra_head)]
    return torch.optim.AdamW(
        [{"params": others, "scale": 1.0}, {"params": hydra_head, "scale": HYDRA_RATE}], lr=0.0, betas=BETAS, weight_decay=0.0
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of each group of parameters: `rate` times the group's scale, 1 if it
    has none.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)
