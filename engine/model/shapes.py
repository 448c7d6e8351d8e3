"""Compares the tensors that a file holds, and their shapes, with those that a network is made of,
before anything is allocated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from engine.config import ModelConfig
from engine.model.adapter import FUSED, projection_sizes
from engine.model.reading import CheckpointError
from engine.model.tensors import tensor_shapes
from engine.native.ops import BLOCK, COLUMNS

_PACKED_BYTES = (1280, 2080)
"""The bytes of a block of 16 x 128 weights, in 4 and in 8 bits."""

ShapeOf = Callable[[str], tuple[int, ...] | None]
"""Gives a tensor's shape by its name; None where there is no such tensor."""


def require_tensors(config: ModelConfig, shape_of: ShapeOf, source: object) -> None:
    """Raise `CheckpointError` where a tensor of the network, by its Hugging Face name, is absent or
    of another shape.

    `source` is the file or folder that the error names.
    """
    for name, wanted in tensor_shapes(config):
        if (shape := shape_of(name)) != wanted:
            raise CheckpointError(_difference(source, name, shape, wanted))


def require_packed(config: ModelConfig, tensors: Mapping[str, Tensor], source: object) -> None:
    """Check weights in the kernels' layout (`engine.model.packed`) likewise, since the kernels read
    from bare addresses.
    """
    for name, wanted in _packed_vectors(config):
        found = tensors.get(name)
        if found is None or found.dtype is not torch.float32 or tuple(found.shape) != wanted:
            raise CheckpointError(_difference(source, name, None if found is None else tuple(found.shape), wanted))
    for name, (outputs, inputs) in _packed_matrices(config):
        runs = _runs(tensors, name)
        fitting = all(
            run.dtype is torch.uint8 and run.dim() == 3 and run.shape[1] * BLOCK == inputs and run.shape[2] in _PACKED_BYTES for run in runs
        )
        if not fitting or sum(run.shape[0] for run in runs) * COLUMNS != outputs:
            shapes = ", ".join(str(tuple(run.shape)) for run in runs) or "absent"
            raise CheckpointError(f"{source}: the packed matrix {name} is {shapes}, which is not {outputs} x {inputs}")


def _packed_vectors(config: ModelConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "norm", (config.hidden_size,)
    for i in range(config.num_layers):
        yield f"{i}.input_norm", (config.hidden_size,)
        yield f"{i}.post_norm", (config.hidden_size,)
        for name in ("q_norm", "k_norm") if config.qk_norm else ():
            yield f"{i}.{name}", (config.head_dim,)
        if config.qkv_bias:
            yield f"{i}.qkv.bias", (config.query_size + 2 * config.kv_size,)


def _packed_matrices(config: ModelConfig) -> Iterator[tuple[str, tuple[int, int]]]:
    for name in ("embedding",) if config.tied_head else ("embedding", "head"):
        yield name, (config.vocab_size, config.hidden_size)
    sizes = projection_sizes(config)
    for i in range(config.num_layers):
        for product, projections in FUSED.items():
            yield f"{i}.{product}", (sum(sizes[name][0] for name in projections), sizes[projections[0]][1])


def _runs(tensors: Mapping[str, Tensor], name: str) -> list[Tensor]:
    if name in tensors:
        return [tensors[name]]
    runs: list[Tensor] = []
    while (run := tensors.get(f"{name}.{len(runs)}")) is not None:
        runs.append(run)
    return runs


def _difference(source: object, name: str, shape: tuple[int, ...] | None, wanted: tuple[int, ...]) -> str:
    if shape is None:
        return f"{source} lacks the tensor {name}"
    return f"{source}: the tensor {name} is {shape} and not {wanted}, as its description says"
