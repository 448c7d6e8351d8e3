"""GGUF files: their fields as a `ModelConfig`, their tensors by Hugging Face names."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

from engine.config import ModelConfig, UnsupportedModelError
from engine.model import gguf_tokenizer
from engine.model.gguf_header import StoredArray, StoredTensor, read_header
from engine.model.quantize import QuantizationError, Quantized, quantize8, read_q4_k
from engine.model.reading import CheckpointError
from engine.model.shapes import require_tensors

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
_EMBEDDING, _HEAD = "token_embd.weight", "output.weight"
_TOP_NAMES = {"token_embd": "model.embed_tokens", "output": "lm_head", "output_norm": "model.norm"}


class GgufFile:
    """An open file.

    Raises `CheckpointError` for one that is damaged, `UnsupportedModelError` for one we would
    compute wrongly.

    The header is checked whole, and against the network that it describes, before anything is made
    of the weights.
    """

    def __init__(self, path: Path, *, tied_head: bool | None = None) -> None:
        """Open `path`.

        `tied_head` says that the model's head is its embedding table. If the file holds both all
        the same, the finer of the two is used for both. None means tied if the file holds only one.
        """
        self._path = path
        header = read_header(path)
        self._fields = header.fields
        tensors = {tensor.name: tensor for tensor in header.tensors}
        if _EMBEDDING not in tensors:
            raise CheckpointError(f"{path} lacks the tensor {_EMBEDDING}")
        tied = _HEAD not in tensors if tied_head is None else tied_head
        if tied and _HEAD in tensors:
            both = (tensors[_EMBEDDING], tensors.pop(_HEAD))
            tensors[_EMBEDDING] = max(both, key=lambda tensor: tensor.num_bytes)
        try:
            self._tensors = {_huggingface_name(name): tensor for name, tensor in tensors.items()}
            self._architecture = str(self._field("general.architecture"))
            self.config = self._read_config(rows=tensors[_EMBEDDING].shape[0], tied_head=tied)
            _require_known(tensor.kind for tensor in tensors.values())
        except UnsupportedModelError as error:
            raise UnsupportedModelError(f"{path}: {error}") from error
        require_tensors(self.config, self._shape_of, path)
        self._data = np.memmap(path, mode="r")

    @property
    def names(self) -> list[str]:
        return list(self._tensors)

    @property
    def num_weights(self) -> int:
        return sum(math.prod(tensor.shape) for tensor in self._tensors.values())

    def floats(self, name: str) -> np.ndarray:
        """A tensor as float32."""
        tensor = self._tensors[name]
        values = dequantize(self._bytes_of(tensor), tensor.kind)
        order = self._row_order(tensor)
        # Float tensors come as read-only views of the file, which torch cannot hold.
        return np.require(values if order is None else values[order], requirements="W")

    def quantized(self, name: str, *, bits: int) -> Quantized:
        """A matrix in 8 bits, or with `bits` 4 as the file has it where that is Q4_K."""
        tensor = self._tensors[name]
        try:
            # NaN and infinities are refused at the end, so warnings about them on the way say
            # nothing new.
            with np.errstate(all="ignore"):
                if bits != 4 or tensor.kind is not GGMLQuantizationType.Q4_K:
                    return quantize8(self.floats(name))
                order = self._row_order(tensor)
                matrix = read_q4_k(self._bytes_of(tensor))
                return matrix if order is None else matrix.rows(order)
        except QuantizationError as error:
            raise QuantizationError(f"{self._path}, tensor {tensor.name}: {error}") from error

    def write_tokenizer(self, folder: Path) -> None:
        """Write the file's tokenizer into `folder`: see `engine.model.gguf_tokenizer`."""
        try:
            gguf_tokenizer.write_tokenizer(self._fields, self._data, folder)
        except UnsupportedModelError as error:
            raise UnsupportedModelError(f"{self._path}: {error}") from error
        except CheckpointError as error:
            raise CheckpointError(f"{self._path} holds no tokenizer that can be used: {error}") from error

    def _bytes_of(self, tensor: StoredTensor) -> np.ndarray:
        """A tensor's bytes (…, bytes of a row), a view of the file."""
        rows = tensor.shape[:-1]
        return np.asarray(self._data[tensor.offset : tensor.offset + tensor.num_bytes]).reshape(*rows, -1)

    def _shape_of(self, name: str) -> tuple[int, ...] | None:
        tensor = self._tensors.get(name)
        return None if tensor is None else tensor.shape

    def _row_order(self, tensor: StoredTensor) -> np.ndarray | None:
        """The order of rows that puts the two halves of rotary embedding one behind the other.

        GGUF files of Llama interleave them. None for a tensor whose rows are in order.
        """
        if self._architecture != "llama" or not tensor.name.endswith(("attn_q.weight", "attn_k.weight")):
            return None
        heads = self.config.num_heads if "attn_q." in tensor.name else self.config.num_kv_heads
        rows = heads * self.config.head_dim
        return np.arange(rows).reshape(heads, rows // heads // 2, 2).swapaxes(1, 2).reshape(-1)

    def _read_config(self, *, rows: int, tied_head: bool) -> ModelConfig:
        kind = self._architecture
        if kind not in ("qwen2", "qwen3", "llama"):
            raise UnsupportedModelError(f"GGUF architecture {kind[:60]!r} is not one of qwen2, qwen3, llama")
        if (scaling := self._field(f"{kind}.rope.scaling.type", "none")) != "none":
            raise UnsupportedModelError(f"rotary embedding scaling {scaling!r} is not supported")
        hidden, heads = self._field(f"{kind}.embedding_length"), self._field(f"{kind}.attention.head_count")
        divides = isinstance(hidden, int) and isinstance(heads, int) and heads > 0
        return ModelConfig(
            vocab_size=rows,
            hidden_size=hidden,
            intermediate_size=self._field(f"{kind}.feed_forward_length"),
            num_layers=self._field(f"{kind}.block_count"),
            num_heads=heads,
            num_kv_heads=self._field(f"{kind}.attention.head_count_kv", heads),
            head_dim=self._field(f"{kind}.attention.key_length", hidden // heads if divides else 0),
            rope_theta=self._field(f"{kind}.rope.freq_base", 10000.0),
            rms_norm_eps=self._field(f"{kind}.attention.layer_norm_rms_epsilon"),
            max_positions=self._field(f"{kind}.context_length"),
            qkv_bias=kind == "qwen2",
            qk_norm=kind == "qwen3",
            tied_head=tied_head,
        )

    def _field(self, name: str, default: Any = None) -> Any:
        """The value of a field, or `default`.

        For an array it is an empty list, which every check for a number refuses.
        """
        if name in self._fields:
            found = self._fields[name]
            return [] if isinstance(found, StoredArray) else found
        if default is None:
            raise CheckpointError(f"{self._path} lacks the field {name}")
        return default


def _require_known(kinds: Iterable[GGMLQuantizationType]) -> None:
    """Refuse formats that numbers cannot be read from, by reading one block of each."""
    for kind in sorted(set(kinds)):
        try:
            dequantize(np.zeros((1, GGML_QUANT_SIZES[kind][1]), dtype=np.uint8), kind)
        except NotImplementedError:
            raise UnsupportedModelError(f"its weights are stored as {kind.name}, which cannot be read; use a Q4_K_M or Q8_0 file") from None


def _huggingface_name(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    if stem in _TOP_NAMES:
        return f"{_TOP_NAMES[stem]}.{kind}"
    block, _, part = stem.removeprefix("blk.").partition(".")
    if part not in _BLOCK_NAMES or not block.isdigit():
        raise UnsupportedModelError(f"the tensor {name[:60]!r} is unknown")
    return f"model.layers.{block}.{_BLOCK_NAMES[part]}.{kind}"
