"""GGUF files: their fields as a `ModelConfig`, their tensors by Hugging Face names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, ReaderTensor
from gguf.quants import dequantize

from engine.config import ModelConfig, UnsupportedModelError
from engine.model.quantize import Quantized, quantize8, read_q4_k

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


class GgufFile:
    """An open file. Raises `CheckpointError` for one that is damaged, `UnsupportedModelError` for one we would compute wrongly."""

    def __init__(self, path: Path, *, tied_head: bool | None = None) -> None:
        """`tied_head`: the model's head is its embedding table though the file holds both; the finer of the two is then
        used for both. None: tied if the file holds only one.
        """
        self._path = path
        try:
            self._reader = GGUFReader(path)
        except (OSError, ValueError, IndexError) as error:
            raise CheckpointError(f"{path} is no readable GGUF file: {error}") from error
        tensors = {t.name: t for t in self._reader.tensors}
        tied = "output.weight" not in tensors if tied_head is None else tied_head
        if tied and "output.weight" in tensors:
            both = (tensors["token_embd.weight"], tensors.pop("output.weight"))
            tensors["token_embd.weight"] = max(both, key=lambda t: int(t.n_bytes))
        self._architecture = str(self._field("general.architecture"))
        self.config = self._read_config(tied_head=tied)
        self._tensors = {_huggingface_name(name): tensor for name, tensor in tensors.items()}

    @property
    def names(self) -> list[str]:
        return list(self._tensors)

    @property
    def num_weights(self) -> int:
        return sum(int(t.n_elements) for t in self._tensors.values())

    def floats(self, name: str) -> np.ndarray:
        """A tensor as float32."""
        tensor = self._tensors[name]
        values = dequantize(tensor.data, tensor.tensor_type)
        order = self._row_order(tensor)
        # Float tensors come as read-only views of the file, which torch cannot hold.
        return np.require(values if order is None else values[order], requirements="W")

    def quantized(self, name: str, *, bits: int) -> Quantized:
        """A matrix in 8 bits, or with `bits` 4 as the file has it where that is Q4_K."""
        tensor = self._tensors[name]
        if bits != 4 or tensor.tensor_type is not GGMLQuantizationType.Q4_K:
            return quantize8(self.floats(name))
        order = self._row_order(tensor)
        matrix = read_q4_k(np.asarray(tensor.data))
        return matrix if order is None else matrix.rows(order)

    def write_tokenizer(self, folder: Path) -> None:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(self._path.parent, gguf_file=self._path.name, trust_remote_code=False)
        tokenizer.save_pretrained(folder)

    def _row_order(self, tensor: ReaderTensor) -> np.ndarray | None:
        """Llama's GGUF files interleave the two halves that rotary embedding turns; the rows that put them one behind the other."""
        if self._architecture != "llama" or not tensor.name.endswith(("attn_q.weight", "attn_k.weight")):
            return None
        heads = self.config.num_heads if "attn_q." in tensor.name else self.config.num_kv_heads
        rows = heads * self.config.head_dim
        return np.arange(rows).reshape(heads, rows // heads // 2, 2).swapaxes(1, 2).reshape(-1)

    def _read_config(self, *, tied_head: bool) -> ModelConfig:
        kind = self._architecture
        if kind not in ("qwen2", "qwen3", "llama"):
            raise UnsupportedModelError(f"GGUF architecture {kind!r} is not one of qwen2, qwen3, llama")
        if (scaling := self._field(f"{kind}.rope.scaling.type", "none")) != "none":
            raise UnsupportedModelError(f"rotary embedding scaling {scaling!r} is not supported")
        hidden, heads = self._field(f"{kind}.embedding_length"), self._field(f"{kind}.attention.head_count")
        rows = next(int(t.shape[1]) for t in self._reader.tensors if t.name == "token_embd.weight")
        return ModelConfig(
            vocab_size=rows,
            hidden_size=hidden,
            intermediate_size=self._field(f"{kind}.feed_forward_length"),
            num_layers=self._field(f"{kind}.block_count"),
            num_heads=heads,
            num_kv_heads=self._field(f"{kind}.attention.head_count_kv", heads),
            head_dim=self._field(f"{kind}.attention.key_length", hidden // heads),
            rope_theta=float(self._field(f"{kind}.rope.freq_base", 10000.0)),
            rms_norm_eps=float(self._field(f"{kind}.attention.layer_norm_rms_epsilon")),
            max_positions=self._field(f"{kind}.context_length"),
            qkv_bias=kind == "qwen2",
            qk_norm=kind == "qwen3",
            tied_head=tied_head,
        )

    def _field(self, name: str, default: Any = None) -> Any:
        found = self._reader.get_field(name)
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
