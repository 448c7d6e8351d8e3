"""A merged LoRA: an update of the attention of *clean* rows, added to the weights when a model's
file is converted.

The one that ships was tuned on filling in the middle.

Only the projections of attention are tuned, an eighth of a layer's weights, and only they are
stored in 8 bits where the published file has 4. All other weights stay those of that file, to the
bit. Nothing is added at run time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine.files import whole_file
from engine.model.adapter import AdapterError
from engine.model.reading import require_file

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj")


class MergedLora:
    """The updates that a file holds.

    Its tensors are ``layers.N.PROJECTION.lora_a`` (rank, in) and ``.lora_b`` (out, rank); ``alpha``
    is in the metadata.
    """

    def __init__(self, path: Path) -> None:
        """Read `path`; `AdapterError` where it cannot be read."""
        require_file(path)
        try:
            with safe_open(path, framework="pt") as file:
                self._alpha = float((file.metadata() or {})["alpha"])
                self._tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - not a dict
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise AdapterError(f"cannot read the merged LoRA {path}: {error}") from error

    def update(self, name: str) -> np.ndarray | None:
        """The float32 matrix α / rank · B A (out, in) that is added to the matrix `name` (its
        Hugging Face name); None if that is not tuned.
        """
        pair = name.removeprefix("model.").removesuffix(".weight").replace(".self_attn.", ".")
        a, b = (self._tensors.get(f"{pair}.lora_{half}") for half in "ab")
        if a is None or b is None:
            return None
        product: np.ndarray = ((b @ a) * (self._alpha / a.shape[0])).numpy()
        return product


def save_merged_lora(path: Path, tensors: dict[str, Tensor], *, alpha: float) -> None:
    """Write what `MergedLora` reads, in bfloat16; the file appears whole or not at all."""
    with whole_file(path) as scratch:
        save_file({name: tensor.to(torch.bfloat16) for name, tensor in tensors.items()}, scratch, metadata={"alpha": str(alpha)})
