"""A small GGUF file byte by byte, so that tests can write ones that no library would."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field, replace
from typing import Any

from engine.model.tokenizer import byte_alphabet

U32, F32, BOOL, STRING, ARRAY, U64 = 4, 6, 7, 8, 9, 10
FLOAT32, FLOAT16, Q8_0 = 0, 1, 8
HIDDEN, INNER, LAYERS, HEADS, KV_HEADS, HEAD, ROWS = 128, 128, 1, 4, 2, 32, 272
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
           "<|repo_name|>", "<|file_sep|>")  # fmt: skip
TOKENS = (*byte_alphabet(), "ab", *CONTROL)


def u32(number: int) -> bytes:
    return struct.pack("<I", number)


def u64(number: int) -> bytes:
    return struct.pack("<Q", number)


def text(value: str | bytes) -> bytes:
    data = value if isinstance(value, bytes) else value.encode()
    return u64(len(data)) + data


@dataclass(frozen=True)
class Field:
    name: str | bytes
    kind: int
    value: bytes

    def written(self) -> bytes:
        return text(self.name) + u32(self.kind) + self.value


@dataclass(frozen=True)
class Entry:
    """A tensor's entry.

    `dimensions` has the innermost first, as the file has them. With `offset` None the tensor stands
    behind the one before.
    """

    name: str | bytes
    dimensions: tuple[int, ...]
    kind: int = FLOAT32
    offset: int | None = None

    @property
    def num_bytes(self) -> int:
        count = 1
        for length in self.dimensions:
            count *= length
        return count * {FLOAT32: 4, FLOAT16: 2}[self.kind]


@dataclass(frozen=True)
class Gguf:
    """A file; `counts`: other numbers of tensors and fields than there are."""

    fields: tuple[Field, ...]
    entries: tuple[Entry, ...]
    version: int = 3
    mark: bytes = b"GGUF"
    counts: tuple[int | None, int | None] = (None, None)
    seed: int = field(default=1)

    def written(self) -> bytes:
        tensors, fields = (
            len(what) if count is None else count for what, count in zip((self.entries, self.fields), self.counts, strict=True)
        )
        head = self.mark + u32(self.version) + u64(tensors) + u64(fields) + b"".join(entry.written() for entry in self.fields)
        offset, data = 0, bytearray()
        rng = random.Random(self.seed)
        for entry in self.entries:
            head += text(entry.name) + u32(len(entry.dimensions)) + b"".join(map(u64, entry.dimensions)) + u32(entry.kind)
            head += u64(offset if entry.offset is None else entry.offset)
            # An entry that is a lie has no data.
            if entry.kind in (FLOAT32, FLOAT16) and entry.offset is None and entry.num_bytes < 1 << 20:
                letter, size = ("f", 4) if entry.kind == FLOAT32 else ("e", 2)
                data += struct.pack(f"<{entry.num_bytes // size}{letter}", *(rng.gauss(0, 0.1) for _ in range(entry.num_bytes // size)))
                data += bytes(-len(data) % 32)
                offset = len(data)
        return head + bytes(-len(head) % 32) + bytes(data)

    def with_field(self, name: str, kind: int, value: bytes) -> Gguf:
        """The file with another value of a field, or with the field."""
        if any(entry.name == name for entry in self.fields):
            return replace(self, fields=tuple(Field(name, kind, value) if entry.name == name else entry for entry in self.fields))
        return replace(self, fields=(*self.fields, Field(name, kind, value)))

    def without_field(self, name: str) -> Gguf:
        return replace(self, fields=tuple(entry for entry in self.fields if entry.name != name))

    def with_entry(self, name: str, **changes: Any) -> Gguf:
        return replace(self, entries=tuple(replace(entry, **changes) if entry.name == name else entry for entry in self.entries))

    def without_entry(self, name: str) -> Gguf:
        return replace(self, entries=tuple(entry for entry in self.entries if entry.name != name))


def valid() -> Gguf:
    """A whole model: one layer, a token for each byte."""
    kinds = [1] * 257 + [3] * len(CONTROL)
    fields = [
        Field("general.architecture", STRING, text("qwen2")),
        Field("qwen2.block_count", U32, u32(LAYERS)),
        Field("qwen2.context_length", U32, u32(4096)),
        Field("qwen2.embedding_length", U32, u32(HIDDEN)),
        Field("qwen2.feed_forward_length", U32, u32(INNER)),
        Field("qwen2.attention.head_count", U32, u32(HEADS)),
        Field("qwen2.attention.head_count_kv", U32, u32(KV_HEADS)),
        Field("qwen2.rope.freq_base", F32, struct.pack("<f", 10_000.0)),
        Field("qwen2.attention.layer_norm_rms_epsilon", F32, struct.pack("<f", 1e-6)),
        Field("tokenizer.ggml.model", STRING, text("gpt2")),
        Field("tokenizer.ggml.pre", STRING, text("qwen2")),
        Field("tokenizer.ggml.tokens", ARRAY, array(STRING, [text(token) for token in TOKENS])),
        Field("tokenizer.ggml.token_type", ARRAY, array(U32, [u32(kind) for kind in kinds])),
        Field("tokenizer.ggml.merges", ARRAY, array(STRING, [text("a b")])),
        Field("tokenizer.ggml.eos_token_id", U32, u32(257)),
    ]
    wide, narrow = HEADS * HEAD, KV_HEADS * HEAD
    entries = [Entry("token_embd.weight", (HIDDEN, ROWS), FLOAT16), Entry("output_norm.weight", (HIDDEN,))]
    outputs = {
        "attn_q": wide,
        "attn_k": narrow,
        "attn_v": narrow,
        "attn_output": HIDDEN,
        "ffn_gate": INNER,
        "ffn_up": INNER,
        "ffn_down": HIDDEN,
    }
    for name, out in outputs.items():
        entries.append(Entry(f"blk.0.{name}.weight", (INNER if name == "ffn_down" else HIDDEN, out), FLOAT16))
    entries += [Entry(f"blk.0.{name}.bias", (outputs[name],)) for name in ("attn_q", "attn_k", "attn_v")]
    entries += [Entry(f"blk.0.{name}.weight", (HIDDEN,)) for name in ("attn_norm", "ffn_norm")]
    return Gguf(tuple(fields), tuple(entries))


def array(kind: int, elements: list[bytes], *, count: int | None = None) -> bytes:
    return u32(kind) + u64(len(elements) if count is None else count) + b"".join(elements)
