"""Weights on disk: a GGUF file becomes, once, a folder of safetensors that is read as it is at
every later start.
"""

from __future__ import annotations

import glob
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.config import ModelConfig, UnsupportedModelError
from engine.model.gguf_file import GgufFile
from engine.model.merged_lora import MergedLora
from engine.model.packed import pack_network
from engine.model.quantize import QuantizationError, Quantized, quantize8
from engine.model.reading import CheckpointError, read_json, require_file
from engine.model.shapes import require_packed, require_tensors
from engine.store import CONVERTED_VERSION, Located, require_published

WEIGHTS = "model.safetensors"
SHAPE = "shape.json"
ADAPTER = "adapter.safetensors"
"""An adapter may lie in a model's folder, beside the weights."""

Stored = Literal["bfloat16", "int8", "int4"]
"""How a converted folder holds matrices: as plain tensors, or packed for the CPU kernels, in 8 bits
or in 4 where the file has 4.
"""

_BYTES_A_WEIGHT = {"bfloat16": 2.0, "int8": 1.1, "int4": 1.1}


Result = TypeVar("Result")

Share = Callable[[float], None]
"""Is called with the share of a conversion that is done, from 0 to 1."""


def ensure_converted(located: Located, stored: Stored = "bfloat16", report: Share = lambda _share: None) -> Path:
    """The folder to load.

    It is converted now if it is not there; of two processes that start together one converts.
    """
    if located.gguf is None:
        return located.folder
    folder = located.converted(stored)
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_name(f".{folder.name}.lock")):
                if not folder.is_dir():
                    _convert(located, folder, stored, report)
        except (OSError, SafetensorError) as error:
            # The library that writes the weights names no error's number.
            reason = getattr(error, "strerror", None) or error
            raise CheckpointError(
                f"cannot keep the converted model at {folder}: {reason}. Free some space, or set SEED_LSP_CACHE to a folder that can be written."
            ) from error
    return folder


def _convert(located: Located, folder: Path, stored: Stored, report: Share) -> None:
    """Convert while the caller holds the lock, so that nobody else does."""
    assert located.gguf is not None
    for left in folder.parent.glob(f"{glob.escape(_scratch_prefix(folder))}*"):
        # It was left by a process that was killed while it converted.
        shutil.rmtree(left, ignore_errors=True)
    require_published(located)
    lora = MergedLora(located.merged_lora) if located.merged_lora else None
    convert_gguf(located.gguf, folder, stored, tied_head=located.tied_head, lora=lora, report=report)
    for old in located.conversions():
        if not old.name.endswith(CONVERTED_VERSION):
            shutil.rmtree(old, ignore_errors=True)


def _scratch_prefix(folder: Path) -> str:
    return f".converting-{folder.name}-"


def convert_gguf(
    source: Path,
    target: Path,
    stored: Stored = "bfloat16",
    *,
    tied_head: bool | None = None,
    lora: MergedLora | None = None,
    report: Share = lambda _share: None,
) -> None:
    """Convert `source` into the folder `target`, which appears whole or not at all.

    `lora` is added to the weights. `tied_head` is what `GgufFile` takes.
    """
    from safetensors.torch import save_file

    file = GgufFile(source, tied_head=tied_head)
    target.parent.mkdir(parents=True, exist_ok=True)
    _require_space(target.parent, int(_BYTES_A_WEIGHT[stored] * file.num_weights))
    scratch = Path(tempfile.mkdtemp(prefix=_scratch_prefix(target), dir=target.parent))
    read = itertools.count(1)

    def counted(tensor: Callable[[str], Result]) -> Callable[[str], Result]:
        def read_one(name: str) -> Result:
            found = tensor(name)
            report(min(1.0, next(read) / len(file.names)))
            return found

        return read_one

    floats_of = counted(file.floats)
    try:
        # The tokenizer comes first: an unknown one is refused before the minute that the weights
        # take.
        file.write_tokenizer(scratch)
        if stored == "bfloat16":
            weights = {}
            for name in file.names:
                update = lora.update(name) if lora else None
                floats = floats_of(name)
                weights[name] = torch.from_numpy(floats if update is None else floats + update).to(torch.bfloat16)
        else:
            bits = 4 if stored == "int4" else 8
            weights = pack_network(file.config, counted(lambda name: _quantized(file, name, lora, bits)), floats_of)
        save_file(weights, scratch / WEIGHTS)
        file.config.save(scratch / SHAPE)
        scratch.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _quantized(file: GgufFile, name: str, lora: MergedLora | None, bits: int) -> Quantized:
    """A matrix as the file has it; or, with the LoRA added, in 8 bits, since the file's own 4 have
    no room for what was learnt.
    """
    update = lora.update(name) if lora else None
    return file.quantized(name, bits=bits) if update is None else quantize8(file.floats(name) + update)


def load_folder(folder: Path, *, device: torch.device, dtype: torch.dtype) -> tuple[ModelConfig, Mapping[str, Tensor]]:
    """Read a converted folder or a Hugging Face one.

    On a CPU, tensors already in `dtype` stay memory-mapped.
    """
    with telling_what_to_do(folder):
        config, tensors = load_config(folder), _read(folder)
        _require_network(config, tensors, folder)
    return config, {name: tensor.to(device=device, dtype=dtype) for name, tensor in tensors.items()}


def load_packed(folder: Path) -> Mapping[str, Tensor]:
    """Read the packed weights (`engine.model.packed`) of a converted folder, memory-mapped.

    A Hugging Face folder is packed here, in 8 bits.
    """
    with telling_what_to_do(folder):
        config, tensors = load_config(folder), _read(folder)
        if (folder / SHAPE).is_file():
            require_packed(config, tensors, folder)
            return tensors
        _require_network(config, tensors, folder)

    def floats(name: str) -> np.ndarray:
        return tensors[name].float().numpy()

    try:
        return pack_network(config, lambda name: quantize8(floats(name)), floats)
    except QuantizationError as error:
        raise QuantizationError(f"{folder}: {error}") from error


@contextmanager
def telling_what_to_do(folder: Path) -> Iterator[None]:
    """Add to errors about a folder that we converted ourselves that it can be made anew."""
    try:
        yield
    except (CheckpointError, UnsupportedModelError) as error:
        if not folder.name.endswith(CONVERTED_VERSION):
            raise
        raise CheckpointError(f"{error}. Delete {folder}: it is made anew with the next request.") from error


def config_of(located: Located) -> ModelConfig:
    """The network's shapes, read from a conversion if there is one."""
    if located.gguf is None:
        return load_config(located.folder)
    kinds: tuple[Stored, ...] = ("int4", "int8", "bfloat16")
    for folder in map(located.converted, kinds):
        if folder.is_dir():
            with telling_what_to_do(folder):
                return load_config(folder)
    return GgufFile(located.gguf, tied_head=located.tied_head).config


def load_config(folder: Path) -> ModelConfig:
    """The shapes of a converted network or a Hugging Face one. An error names the file."""
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder that can be read")
    read = {SHAPE: ModelConfig.from_saved, "config.json": ModelConfig.from_huggingface}
    for name, config_of_values in read.items():
        path = folder / name
        if path.exists():
            try:
                return config_of_values(read_json(path))
            except UnsupportedModelError as error:
                raise UnsupportedModelError(f"{path}: {error}") from error
    raise CheckpointError(f"{folder} holds neither {SHAPE} nor config.json")


def _require_network(config: ModelConfig, tensors: Mapping[str, Tensor], folder: Path) -> None:
    def shape_of(name: str) -> tuple[int, ...] | None:
        return tuple(tensors[name].shape) if name in tensors else None

    require_tensors(config, shape_of, folder)
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise UnsupportedModelError(
                f"{folder}: the tensor {name} holds {str(tensor.dtype).removeprefix('torch.')}, and no plain numbers"
            )


def _read(folder: Path) -> dict[str, Tensor]:
    files = sorted(path for path in folder.glob("*.safetensors") if path.name != ADAPTER)
    if not files:
        raise CheckpointError(f"{folder} holds no .safetensors file")
    tensors: dict[str, Tensor] = {}
    for path in files:
        require_file(path)
        try:
            with safe_open(path, framework="pt") as file:
                tensors.update({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - not a dict
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"cannot read {path}: {error}") from error
    return tensors


def _require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(f"its disk has {free:,} bytes free, and {needed:,} are needed")
