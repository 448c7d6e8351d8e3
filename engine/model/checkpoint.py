"""Weights on disk: a GGUF file becomes, once, a folder of bfloat16 safetensors that is memory-mapped at every later start."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.config import ModelConfig, UnsupportedModelError
from engine.model.store import Located

if TYPE_CHECKING:
    import numpy as np
    from gguf import GGUFReader, ReaderTensor

WEIGHTS = "model.safetensors"
SHAPE = "shape.json"
ADAPTER = "adapter.safetensors"
"""An adapter may lie in a model's folder, beside the weights."""

_BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_TOP_NAMES = {"token_embd": "model.embed_tokens", "output": "lm_head", "output_norm": "model.norm"}


class CheckpointError(ValueError):
    """The file is no checkpoint that the engine can read."""


def ensure_converted(located: Located) -> Path:
    """The folder to load, converted now if it is not there; two processes that start together convert once."""
    if located.gguf is not None and not located.folder.is_dir():
        located.folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(located.folder.with_name(f".{located.folder.name}.lock")):
            if not located.folder.is_dir():
                convert_gguf(located.gguf, located.folder, tied_head=located.tied_head)
    return located.folder


def convert_gguf(source: Path, target: Path, *, tied_head: bool | None = None) -> None:
    """Dequantise `source` into the folder `target`, which appears whole or not at all.

    `tied_head`: the model's head is its embedding table though the file holds both; the finer of the two is then used
    for both. None: tied if the file holds only one. Needs about two bytes a weight on disk and in memory.
    """
    from safetensors.torch import save_file

    reader = _open_gguf(source)
    tensors = {t.name: t for t in reader.tensors}
    tied = "output.weight" not in tensors if tied_head is None else tied_head
    config = read_gguf_config(reader, tied_head=tied)
    if tied and "output.weight" in tensors:
        both = (tensors["token_embd.weight"], tensors.pop("output.weight"))
        tensors["token_embd.weight"] = max(both, key=lambda t: int(t.n_bytes))
    target.parent.mkdir(parents=True, exist_ok=True)
    _require_space(target.parent, 2 * sum(int(t.n_elements) for t in tensors.values()))
    scratch = Path(tempfile.mkdtemp(prefix=".converting-", dir=target.parent))
    try:
        architecture = _architecture(reader)
        weights = {_huggingface_name(name): _dequantise(tensor, config, architecture) for name, tensor in tensors.items()}
        save_file(weights, scratch / WEIGHTS)
        _convert_tokenizer(source, scratch)
        config.save(scratch / SHAPE)
        scratch.replace(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def load_folder(folder: Path, *, device: torch.device, dtype: torch.dtype) -> tuple[ModelConfig, Mapping[str, Tensor]]:
    """Read a converted folder or a Hugging Face one. On a CPU, tensors already in `dtype` stay memory-mapped."""
    if (folder / SHAPE).is_file():
        config = ModelConfig.load(folder / SHAPE)
    elif (folder / "config.json").is_file():
        config = ModelConfig.from_huggingface(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    else:
        raise CheckpointError(f"{folder} holds neither {SHAPE} nor config.json")
    files = sorted(path for path in folder.glob("*.safetensors") if path.name != ADAPTER)
    if not files:
        raise CheckpointError(f"{folder} holds no .safetensors file")
    tensors: dict[str, Tensor] = {}
    for path in files:
        try:
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 - not a dict
                    tensors[name] = file.get_tensor(name).to(device=device, dtype=dtype)
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"cannot read {path}: {error}") from error
    return config, tensors


def read_gguf_config(reader: GGUFReader, *, tied_head: bool) -> ModelConfig:
    kind = _architecture(reader)
    if kind not in ("qwen2", "qwen3", "llama"):
        raise UnsupportedModelError(f"GGUF architecture {kind!r} is not one of qwen2, qwen3, llama")
    if (scaling := _field(reader, f"{kind}.rope.scaling.type", "none")) != "none":
        raise UnsupportedModelError(f"rotary embedding scaling {scaling!r} is not supported")
    hidden, heads = _field(reader, f"{kind}.embedding_length"), _field(reader, f"{kind}.attention.head_count")
    rows = next(int(t.shape[1]) for t in reader.tensors if t.name == "token_embd.weight")
    return ModelConfig(
        vocab_size=rows,
        hidden_size=hidden,
        intermediate_size=_field(reader, f"{kind}.feed_forward_length"),
        num_layers=_field(reader, f"{kind}.block_count"),
        num_heads=heads,
        num_kv_heads=_field(reader, f"{kind}.attention.head_count_kv", heads),
        head_dim=_field(reader, f"{kind}.attention.key_length", hidden // heads),
        rope_theta=float(_field(reader, f"{kind}.rope.freq_base", 10000.0)),
        rms_norm_eps=float(_field(reader, f"{kind}.attention.layer_norm_rms_epsilon")),
        max_positions=_field(reader, f"{kind}.context_length"),
        qkv_bias=kind == "qwen2",
        qk_norm=kind == "qwen3",
        tied_head=tied_head,
    )


def _open_gguf(path: Path) -> GGUFReader:
    from gguf import GGUFReader

    try:
        return GGUFReader(path)
    except (OSError, ValueError, IndexError) as error:
        raise CheckpointError(f"{path} is no readable GGUF file: {error}") from error


def _architecture(reader: GGUFReader) -> str:
    return str(_field(reader, "general.architecture"))


def _field(reader: GGUFReader, name: str, default: Any = None) -> Any:
    found = reader.get_field(name)
    if found is not None:
        return found.contents()
    if default is None:
        raise CheckpointError(f"the GGUF file lacks the field {name}")
    return default


def _huggingface_name(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    if stem in _TOP_NAMES:
        return f"{_TOP_NAMES[stem]}.{kind}"
    block, _, part = stem.removeprefix("blk.").partition(".")
    if part not in _BLOCK_NAMES or not block.isdigit():
        raise UnsupportedModelError(f"unknown tensor {name} in the GGUF file")
    return f"model.layers.{block}.{_BLOCK_NAMES[part]}.{kind}"


def _dequantise(tensor: ReaderTensor, config: ModelConfig, architecture: str) -> Tensor:
    import numpy as np
    from gguf.quants import dequantize

    values = dequantize(tensor.data, tensor.tensor_type)
    if architecture == "llama" and tensor.name.endswith(("attn_q.weight", "attn_k.weight")):
        heads = config.num_heads if "attn_q." in tensor.name else config.num_kv_heads
        values = _halves_from_pairs(values, heads)
    # Float tensors come as read-only views of the file, which torch cannot hold.
    return torch.from_numpy(np.require(values, requirements="W")).to(torch.bfloat16)


def _halves_from_pairs(weight: np.ndarray, heads: int) -> np.ndarray:
    """Llama's GGUF files interleave the two halves that rotary embedding turns; put them back one behind the other."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns).copy()


def _convert_tokenizer(source: Path, target: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name, trust_remote_code=False)
    tokenizer.save_pretrained(target)


def _require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(f"{folder} has {free:,} bytes free; the converted weights need {needed:,}. Free some, or set SEED_LSP_CACHE.")
