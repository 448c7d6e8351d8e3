"""The adapter's trainable numbers, and their way to and from its file."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.model.adapter import EDIT_OUTPUTS, HYDRA_PREFIX, projection_sizes
from engine.model.draft_head import HydraHead


class Lora(nn.Module):
    """The trained numbers of an adapter, in float32.

    They are A ∈ (rank, in) and B ∈ (out, rank) for each of `projections` (all for None) of each
    layer from `lowest_layer` on, the mask's embedding, the edit outputs, and a Hydra head of
    `neighbour_width` (`engine.model.draft_head`), none for 0. B and the head's
    last matrix start as zero, so that they change nothing untrained (Hu et al., arXiv 2106.09685,
    section 4.1).
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        rank: int,
        alpha: float,
        mask_embedding: Tensor,
        lowest_layer: int = 0,
        neighbour_width: int = 0,
        projections: Collection[str] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.rank, self.alpha, self.lowest_layer = rank, alpha, lowest_layer
        generator = torch.Generator().manual_seed(seed)
        self.mask_embedding = nn.Parameter(mask_embedding.float().clone())
        self.edit_outputs = nn.Parameter(torch.zeros(len(EDIT_OUTPUTS), config.hidden_size))
        self.pairs = nn.ParameterDict()
        for layer in range(lowest_layer, config.num_layers):
            for name, (out, inn) in projection_sizes(config).items():
                if projections is not None and name not in projections:
                    continue
                self.pairs[_key(layer, name, "a")] = nn.Parameter(_of_unit_gain(rank, inn, generator))
                self.pairs[_key(layer, name, "b")] = nn.Parameter(torch.zeros(out, rank))
        # Runs store the Hydra head under this name (`engine.training.state`).
        self.neighbours = nn.ParameterDict()
        if neighbour_width:
            self.neighbours["hidden"] = nn.Parameter(_of_unit_gain(neighbour_width, config.hidden_size, generator))
            self.neighbours["token"] = nn.Parameter(_of_unit_gain(neighbour_width, config.hidden_size, generator))
            self.neighbours["out"] = nn.Parameter(torch.zeros(config.hidden_size, neighbour_width))

    def update(self, layer: int, name: str, x: Tensor) -> Tensor | None:
        """The projection's update for rows `x`, in their dtype; None where it is not adapted."""
        if _key(layer, name, "a") not in self.pairs:
            return None
        a, b = (self.pairs[_key(layer, name, half)].to(x.dtype) for half in "ab")
        update: Tensor = ((x @ a.T) * (self.alpha / self.rank)) @ b.T
        return update

    def hydra_head(self, dtype: torch.dtype) -> HydraHead | None:
        return HydraHead(**{name: tensor.to(dtype) for name, tensor in self.neighbours.items()}) if self.neighbours else None

    def tensors(self) -> dict[str, Tensor]:
        """The tensors under the names that `engine.model.adapter` gives them."""
        named = {f"layers.{_path(key)}": parameter.detach() for key, parameter in self.pairs.items()}
        named |= {f"{HYDRA_PREFIX}{name}": parameter.detach() for name, parameter in self.neighbours.items()}
        return {"mask_embedding": self.mask_embedding.detach(), "edit_outputs": self.edit_outputs.detach(), **named}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take an adapter's tensors; those of another rank or of other layers are a `ValueError`.

        An adapter without a Hydra head leaves ours as it is.
        """
        own = self.tensors()
        if not any(name.startswith(HYDRA_PREFIX) for name in tensors):
            own = {name: tensor for name, tensor in own.items() if not name.startswith(HYDRA_PREFIX)}
        if own.keys() != tensors.keys() or any(own[name].shape != tensors[name].shape for name in own):
            raise ValueError(
                "the adapter to go on from has other shapes or layers; set `rank`, `lowest_layer` and `neighbour_width` as it has them"
            )
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(tensors[name])


def _of_unit_gain(out: int, inn: int, generator: torch.Generator) -> Tensor:
    """A random matrix (out, inn) that keeps the mean square of what it multiplies."""
    return torch.empty(out, inn).uniform_(-1, 1, generator=generator) * math.sqrt(3 / inn)


def _key(layer: int, name: str, half: str) -> str:
    # A parameter's name must hold no dot.
    return f"{layer}:{name}:{half}"


def _path(key: str) -> str:
    layer, name, half = key.split(":")
    return f"{layer}.{name}.lora_{half}"
