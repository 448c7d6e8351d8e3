"""Weights on disk: a GGUF file becomes, once, a folder of safetensors that is read as it is at every later start."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.config import ModelConfig
from engine.model.gguf_file import CheckpointError, GgufFile
from engine.model.packed import pack_network
from engine.model.parent import Parent
from engine.model.quantize import Quantized, quantize8
from engine.model.store import CONVERTED_VERSION, Located

WEIGHTS = "model.safetensors"
SHAPE = "shape.json"
ADAPTER = "adapter.safetensors"
"""An adapter may lie in a model's folder, beside the weights."""

Stored = Literal["bfloat16", "int8", "int4"]
"""How a converted folder holds matrices: as plain tensors, or packed for the CPU kernels in 8 bits, or in 4 where the file is."""

_BYTES_A_WEIGHT = {"bfloat16": 2.0, "int8": 1.1, "int4": 1.1}


Result = TypeVar("Result")

Share = Callable[[float], None]
"""Told how much of a conversion is done, from 0 to 1."""


def ensure_converted(located: Located, stored: Stored = "bfloat16", report: Share = lambda _share: None) -> Path:
    """The folder to load, converted now if it is not there; two processes that start together convert once."""
    if located.gguf is None:
        return located.folder
    folder = located.converted(stored)
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if not folder.is_dir():
                parent = Parent(located.parent) if located.parent else None
                convert_gguf(located.gguf, folder, stored, tied_head=located.tied_head, parent=parent, report=report)
                for old in located.conversions():
                    if not old.name.endswith(CONVERTED_VERSION):
                        shutil.rmtree(old, ignore_errors=True)
    return folder


def convert_gguf(
    source: Path,
    target: Path,
    stored: Stored = "bfloat16",
    *,
    tied_head: bool | None = None,
    parent: Parent | None = None,
    report: Share = lambda _share: None,
) -> None:
    """Convert `source` into the folder `target`, which appears whole or not at all. `tied_head`: see `GgufFile`. `parent` is added to the weights."""
    from safetensors.torch import save_file

    file = GgufFile(source, tied_head=tied_head)
    target.parent.mkdir(parents=True, exist_ok=True)
    _require_space(target.parent, int(_BYTES_A_WEIGHT[stored] * file.num_weights))
    scratch = Path(tempfile.mkdtemp(prefix=".converting-", dir=target.parent))
    read = itertools.count(1)

    def counted(tensor: Callable[[str], Result]) -> Callable[[str], Result]:
        def read_one(name: str) -> Result:
            found = tensor(name)
            report(min(1.0, next(read) / len(file.names)))
            return found

        return read_one

    floats_of = counted(file.floats)
    try:
        if stored == "bfloat16":
            weights = {}
            for name in file.names:
                update = parent.update(name) if parent else None
                floats = floats_of(name)
                weights[name] = torch.from_numpy(floats if update is None else floats + update).to(torch.bfloat16)
        else:
            bits = 4 if stored == "int4" else 8
            weights = pack_network(file.config, counted(lambda name: _quantized(file, name, parent, bits)), floats_of)
        save_file(weights, scratch / WEIGHTS)
        file.write_tokenizer(scratch)
        file.config.save(scratch / SHAPE)
        scratch.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _quantized(file: GgufFile, name: str, parent: Parent | None, bits: int) -> Quantized:
    """A matrix as the file has it, or tuned and then in 8 bits: the file's own 4 have no room for what was learnt."""
    update = parent.update(name) if parent else None
    return file.quantized(name, bits=bits) if update is None else quantize8(file.floats(name) + update)


def load_folder(folder: Path, *, device: torch.device, dtype: torch.dtype) -> tuple[ModelConfig, Mapping[str, Tensor]]:
    """Read a converted folder or a Hugging Face one. On a CPU, tensors already in `dtype` stay memory-mapped."""
    config = load_config(folder)
    return config, {name: tensor.to(device=device, dtype=dtype) for name, tensor in _read(folder).items()}


def load_packed(folder: Path) -> Mapping[str, Tensor]:
    """The packed weights (`engine.model.packed`) of a converted folder, memory-mapped; a Hugging Face one is packed here, in 8 bits."""
    tensors = _read(folder)
    if (folder / SHAPE).is_file():
        return tensors

    def floats(name: str) -> np.ndarray:
        return tensors[name].float().numpy()

    return pack_network(load_config(folder), lambda name: quantize8(floats(name)), floats)


def config_of(located: Located) -> ModelConfig:
    """The network's shapes, from a conversion if there is one."""
    if located.gguf is None:
        return load_config(located.folder)
    kinds: tuple[Stored, ...] = ("int4", "int8", "bfloat16")
    for folder in map(located.converted, kinds):
        if folder.is_dir():
            return load_config(folder)
    return GgufFile(located.gguf, tied_head=located.tied_head).config


def load_config(folder: Path) -> ModelConfig:
    if (folder / SHAPE).is_file():
        return ModelConfig.load(folder / SHAPE)
    if (folder / "config.json").is_file():
        return ModelConfig.from_huggingface(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    raise CheckpointError(f"{folder} holds neither {SHAPE} nor config.json")


def _read(folder: Path) -> dict[str, Tensor]:
    files = sorted(path for path in folder.glob("*.safetensors") if path.name != ADAPTER)
    if not files:
        raise CheckpointError(f"{folder} holds no .safetensors file")
    tensors: dict[str, Tensor] = {}
    for path in files:
        try:
            with safe_open(path, framework="pt") as file:
                tensors.update({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - not a dict
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"cannot read {path}: {error}") from error
    return tensors


def _require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(f"{folder} has {free:,} bytes free; the converted weights need {needed:,}. Free some, or set SEED_LSP_CACHE.")
