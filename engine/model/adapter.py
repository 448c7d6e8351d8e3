"""The diffusion adapter: a gated LoRA on the seven projections of each layer, and the embedding of
the mask.

The gate is the row: rows of a noisy block go through base + LoRA, rows of clean text through the
base alone (Samragh et al., arXiv 2507.11851; Uno, arXiv 2609.04010). With no noisy row the network
is the base, to the bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine.api import MAX_BLOCK_SIZE
from engine.config import ModelConfig
from engine.files import whole_file
from engine.model.draft_head import NAMES, HydraHead
from engine.model.reading import require_file

# The fused products of one layer, and the projections that each is made of.
FUSED = {
    "qkv": ("q_proj", "k_proj", "v_proj"),
    "o": ("o_proj",),
    "gate_up": ("gate_proj", "up_proj"),
    "down": ("down_proj",),
}


EDIT_OUTPUTS = ("delete", "insert")
"""What the two more rows of the head stand for."""
HYDRA_PREFIX = "neighbour."
"""The prefix of the Hydra head's tensors in an adapter's file: the head's former name."""


class AdapterError(ValueError):
    """The adapter's file does not fit the model or is damaged."""


@dataclass(frozen=True)
class LowRank:
    """The update x ↦ (x Aᵀ) Bᵀ of one fused product.

    `a` is (ranks, in), and `b` is (out, ranks) with the scale multiplied in.
    """

    a: Tensor
    b: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return (x @ self.a.T) @ self.b.T


@dataclass(frozen=True)
class Adapter:
    """What an adapter adds to its base, and what is known of it.

    - `mask_embedding` (hidden,) stands for a masked token.
    - `updates` maps (layer, fused product) to its `LowRank`; an absent one is zero.
    - `edit_outputs` (2, hidden), or None, are two more rows of the head, for *delete this token*
      and *insert one before it*.
    - `hydra_head`, or None, scores a draft's tokens given the tokens to their left.
    - `logit_shift` tells whether the logits of row i propose the token of row i + 1, as in the
      base, and not that of row i.
    - `block_size` is the number of masks that it was trained to fill at once.
    - `expected_accepted` is the mean number of drafted tokens in a row that the base agreed with on
      held-out text. It is 0 for an untrained adapter, and then `verified` drafts by prompt lookup
      alone.
    """

    mask_embedding: Tensor
    edit_outputs: Tensor | None = None
    hydra_head: HydraHead | None = None
    updates: dict[tuple[int, str], LowRank] = field(default_factory=dict)
    logit_shift: bool = True
    block_size: int = 8
    expected_accepted: float = 0.0

    @property
    def trained(self) -> bool:
        return bool(self.updates)


def load_adapter(path: Path, config: ModelConfig, *, device: torch.device, dtype: torch.dtype) -> Adapter:
    """Read an adapter file (safetensors).

    The tensors are ``mask_embedding`` (hidden,); if the adapter has them ``edit_outputs`` (2,
    hidden) and the three behind ``neighbour.``; and for each trained projection
    ``layers.N.PROJECTION.lora_a`` (rank, in) and ``.lora_b`` (out, rank). The metadata are
    ``alpha``, ``logit_shift``, ``block_size`` and ``expected_accepted``. Raise `AdapterError` where
    the file does not fit the model.
    """
    require_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name).to(device=device, dtype=dtype) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise AdapterError(f"cannot read the adapter {path}: {error}") from error
    mask = tensors.pop("mask_embedding", None)
    if mask is None or mask.shape != (config.hidden_size,):
        raise AdapterError(f"{path} holds no mask_embedding of {config.hidden_size} numbers; it is for another model")
    edit_outputs = tensors.pop("edit_outputs", None)
    if edit_outputs is not None and edit_outputs.shape != (len(EDIT_OUTPUTS), config.hidden_size):
        raise AdapterError(f"{path}: edit_outputs is {tuple(edit_outputs.shape)}, not {(len(EDIT_OUTPUTS), config.hidden_size)}")
    hydra_head = _hydra_head(path, tensors, config)
    try:
        alpha = float(metadata.get("alpha", "1"))
        shift = {"true": True, "false": False}[metadata.get("logit_shift", "true")]
        size = int(metadata.get("block_size", "8"))
        expected = float(metadata.get("expected_accepted", "0"))
    except (KeyError, ValueError) as error:
        raise AdapterError(f"{path} has unreadable metadata: {str(metadata)[:200]}") from error
    if not (math.isfinite(alpha) and math.isfinite(expected) and 1 <= size <= MAX_BLOCK_SIZE):
        raise AdapterError(f"{path} has numbers in its metadata that cannot be: {str(metadata)[:200]}")
    updates = fuse_updates(tensors, config, alpha)
    return Adapter(mask, edit_outputs, hydra_head, updates, logit_shift=shift, block_size=size, expected_accepted=expected)


def _hydra_head(path: Path, tensors: dict[str, Tensor], config: ModelConfig) -> HydraHead | None:
    """Take the Hydra head's tensors out of `tensors`, and check their shapes; None if there are
    none.
    """
    found = {name: tensors.pop(HYDRA_PREFIX + name) for name in NAMES if HYDRA_PREFIX + name in tensors}
    if not found:
        return None
    if found.keys() != set(NAMES):
        raise AdapterError(f"{path}: of the tensors {HYDRA_PREFIX}{', '.join(NAMES)} it holds {', '.join(found)} alone")
    width = found["out"].shape[-1] if found["out"].dim() else 0
    wanted = ((width, config.hidden_size), (width, config.hidden_size), (config.hidden_size, width))
    if (shapes := tuple(tuple(found[name].shape) for name in NAMES)) != wanted:
        raise AdapterError(f"{path}: the shapes of {HYDRA_PREFIX}{', '.join(NAMES)} are {shapes}, not {wanted}")
    return HydraHead(**found)


def save_adapter(
    path: Path, tensors: dict[str, Tensor], *, alpha: float, logit_shift: bool, block_size: int, expected_accepted: float
) -> None:
    """Write what `load_adapter` reads; the file appears whole or not at all."""
    metadata = {
        "alpha": str(alpha),
        "logit_shift": str(logit_shift).lower(),
        "block_size": str(block_size),
        "expected_accepted": str(expected_accepted),
    }
    with whole_file(path) as scratch:
        save_file(tensors, scratch, metadata=metadata)


def fuse_updates(tensors: dict[str, Tensor], config: ModelConfig, alpha: float) -> dict[tuple[int, str], LowRank]:
    """Stack the LoRA pairs of projections that share an input into one pair for each fused product.

    The matrices A are stacked by rows; the matrices B, times alpha / rank, lie on a block diagonal.
    """
    sizes = projection_sizes(config)
    left = dict(tensors)
    updates = {}
    for layer in range(config.num_layers):
        for fused, projections in FUSED.items():
            pairs = []
            for name in projections:
                a = left.pop(f"layers.{layer}.{name}.lora_a", None)
                b = left.pop(f"layers.{layer}.{name}.lora_b", None)
                out, inn = sizes[name]
                if (a is None) != (b is None):
                    raise AdapterError(f"layer {layer} {name}: one half of the LoRA pair is missing")
                if (
                    a is not None
                    and b is not None
                    and (a.dim() != 2 or not a.shape[0] or a.shape[1] != inn or b.shape != (out, a.shape[0]))
                ):
                    raise AdapterError(f"layer {layer} {name}: shapes {tuple(a.shape)}, {tuple(b.shape)} do not fit ({out}, {inn})")
                pairs.append((a, b, out))
            present = [a for a, _, _ in pairs if a is not None]
            if present:
                like = present[0]
                blocks = [b * (alpha / a.shape[0]) if a is not None and b is not None else like.new_zeros(out, 0) for a, b, out in pairs]
                diagonal: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
                updates[layer, fused] = LowRank(torch.cat(present), diagonal.to(like.dtype))
    if left:
        raise AdapterError(f"unknown tensors in the adapter: {', '.join(sorted(left)[:4])}")
    return updates


def projection_sizes(config: ModelConfig) -> dict[str, tuple[int, int]]:
    """(out, in) of each of the seven projections."""
    hidden, inner = config.hidden_size, config.intermediate_size
    return {
        "q_proj": (config.query_size, hidden),
        "k_proj": (config.kv_size, hidden),
        "v_proj": (config.kv_size, hidden),
        "o_proj": (hidden, config.query_size),
        "gate_proj": (inner, hidden),
        "up_proj": (inner, hidden),
        "down_proj": (hidden, inner),
    }
