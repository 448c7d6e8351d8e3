"""The checkpoint of a run: the trained numbers with their moments and some counts.

It is one file that appears whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from engine.files import whole_file
from engine.training.lora import Lora


def save_state(path: Path, lora: Lora, optimizer: torch.optim.Optimizer, counts: Mapping[str, float]) -> None:
    """Write `counts`, the adapter and what Adam remembers of it."""
    state = {f"value.{name}": tensor for name, tensor in lora.tensors().items()}
    for name, parameter in lora.named_parameters():
        if moments := optimizer.state.get(parameter):
            state[f"first.{name}"], state[f"second.{name}"] = moments["exp_avg"], moments["exp_avg_sq"]
    with whole_file(path) as scratch:
        save_file(state, scratch, metadata={name: str(count) for name, count in counts.items()})


def load_state(path: Path, lora: Lora, optimizer: torch.optim.Optimizer) -> dict[str, float]:
    """Put back what `save_state` wrote, its ``step`` as Adam's, and return the counts."""
    with safe_open(path, framework="pt") as file:
        counts = {name: float(count) for name, count in file.metadata().items()}
    tensors = load_file(path)
    lora.load({name.removeprefix("value."): t for name, t in tensors.items() if name.startswith("value.")})
    for name, parameter in lora.named_parameters():
        if f"first.{name}" in tensors:
            optimizer.state[parameter] = {
                "step": torch.tensor(counts["step"]),
                "exp_avg": tensors[f"first.{name}"],
                "exp_avg_sq": tensors[f"second.{name}"],
            }
    return counts
