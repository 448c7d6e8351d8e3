"""GGUF files that are none, and words of what each is told.

Run as a program, it tries all with little memory, and prints what came of each as JSON.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.robustness.gguf_bytes import (
    ARRAY,
    BOOL,
    F32,
    FLOAT16,
    FLOAT32,
    HIDDEN,
    ROWS,
    STRING,
    U32,
    U64,
    Entry,
    array,
    text,
    u32,
    u64,
    valid,
)

MOST_BYTES = 200 << 20
WHOLE = valid()
HUGE = 2**60
EMBEDDING = "token_embd.weight"
_nested = u32(STRING) + u64(1) + text("x")
for _ in range(5000):
    _nested = u32(ARRAY) + u64(1) + _nested

CASES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "ends within the mark"),
    "cut in the mark": (b"GG", "ends within the mark"),
    "another mark": (b"PK\x03\x04" + bytes(100), "does not begin with GGUF"),
    "cut in the version": (b"GGUF\x03", "ends within the version"),
    "version 1": (replace(WHOLE, version=1).written(), "version is 1"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 1, 1) + bytes(64), "little-endian"),
    "cut in the counts": (WHOLE.written()[:12], "ends within the number of tensors"),
    "cut in a field": (WHOLE.written()[:60], "general.architecture"),
    "cut in an array": (WHOLE.written()[:2000], "tokenizer.ggml.tokens"),
    "cut in the tensors": (WHOLE.written()[: WHOLE.written().index(b"blk.0.attn_q.weight") + 22], "more than the file can hold|ends within"),
    "cut in the weights": (WHOLE.written()[:-100], "would end at byte"),
    "no weights": (replace(WHOLE, entries=()).written(), "lacks the tensor token_embd.weight"),
    "countless tensors": (replace(WHOLE, counts=(HUGE, None)).written(), "number of tensors is 1,152,921,504,606,846,976"),
    "countless fields": (replace(WHOLE, counts=(None, HUGE)).written(), "number of fields is 1,152,921,504,606,846,976"),
    "one tensor more": (replace(WHOLE, counts=(len(WHOLE.entries) + 1, None)).written(), "tensor's name"),
    "an endless array": (WHOLE.with_field("x", ARRAY, array(U32, [u32(1)] * 3000, count=HUGE)).written(), "length of 'x' is 1,152"),
    "an endless array of texts": (WHOLE.with_field("x", ARRAY, array(STRING, [text("")], count=HUGE)).written(), "length of 'x' is 1,152"),
    "a long text in an array": (WHOLE.with_field("x", ARRAY, array(STRING, [u64(HUGE)])).written(), "length of a text of 'x'"),
    "a long text": (WHOLE.with_field("x", STRING, u64(2**63)).written(), "length of the x is"),
    "more elements than are read": (WHOLE.with_field("x", ARRAY, array(BOOL, [bytes(1 << 22)], count=1 << 22)).written(), "length of 'x'"),
    "nested arrays": (WHOLE.with_field("x", ARRAY, _nested).written(), "array of arrays"),
    "an array of nothing known": (WHOLE.with_field("x", ARRAY, array(77, [u64(1)])).written(), "unknown type 77"),
    "a type that is none": (WHOLE.with_field("x", 13, u64(1)).written(), "unknown type 13"),
    "a name that is no text": (WHOLE.with_field("x", U32, u32(1)).written().replace(text("x") + u32(U32), text(b"\xff") + u32(U32)), "no UTF-8"),
    "an architecture that is no text": (WHOLE.with_field("general.architecture", STRING, text(b"\xff\xfe")).written(), "no UTF-8"),
    "a field twice": (replace(WHOLE, fields=(*WHOLE.fields, WHOLE.fields[1])).written(), "the field 'qwen2.block_count' twice"),
    "an odd alignment": (WHOLE.with_field("general.alignment", U32, u32(24)).written(), "general.alignment is 24"),
    "no alignment": (WHOLE.with_field("general.alignment", U32, u32(0)).written(), "general.alignment is 0"),
    "an alignment that is a text": (WHOLE.with_field("general.alignment", STRING, text("32")).written(), "general.alignment is '32'"),
    "no dimension": (WHOLE.with_entry(EMBEDDING, dimensions=()).written(), "has 0 dimensions"),
    "one dimension": (WHOLE.with_entry(EMBEDDING, dimensions=(HIDDEN * ROWS,)).written(), "is (34816,) and not (34816, 128)"),
    "three dimensions": (WHOLE.with_entry(EMBEDDING, dimensions=(HIDDEN, 2, ROWS // 2)).written(), "embed_tokens.weight is (136, 2, 128)"),
    "countless dimensions": (WHOLE.written().replace(text(EMBEDDING) + u32(2), text(EMBEDDING) + u32(2**32 - 1)), "dimensions; 1 to 4"),
    "a dimension of zero": (WHOLE.with_entry(EMBEDDING, dimensions=(HIDDEN, 0)).written(), "of 0 x 128 does not divide"),
    "an endless dimension": (WHOLE.with_entry(EMBEDDING, dimensions=(HIDDEN, HUGE)).written(), "would end at byte"),
    "dimensions that wrap": (WHOLE.with_entry(EMBEDDING, dimensions=(2**32, 2**32)).written(), "would end at byte"),
    "a row that is no block": (WHOLE.written().replace(_shape := text(EMBEDDING) + u32(2) + u64(HIDDEN) + u64(ROWS) + u32(FLOAT16),
                               _shape[:-20] + u64(HIDDEN - 1) + u64(ROWS) + u32(8)), "blocks of 32"),
    "a format that is none": (WHOLE.written().replace(_shape, _shape[:-4] + u32(99)), "unknown format 99"),
    "a format that numbers cannot be read from": (WHOLE.written().replace(_shape, _shape[:-4] + u32(26)), "would end|overlap|stored as I32"),
    "a place outside": (WHOLE.with_entry(EMBEDDING, offset=2**40).written(), "would end at byte"),
    "a place that wraps": (WHOLE.with_entry(EMBEDDING, offset=2**64 - 32).written(), "would end at byte"),
    "a place askew": (WHOLE.with_entry(EMBEDDING, offset=1).written(), "does not begin at a multiple of 32"),
    "one within another": (WHOLE.with_entry("output_norm.weight", offset=0).written(), "overlap"),
    "a tensor twice": (replace(WHOLE, entries=(*WHOLE.entries, WHOLE.entries[1])).written(), "the tensor 'output_norm.weight' twice"),
    "a tensor that is not there": (WHOLE.without_entry("blk.0.ffn_down.weight").written(), "lacks the tensor model.layers.0.mlp.down_proj.weight"),
    "a bias that is not there": (WHOLE.without_entry("blk.0.attn_k.bias").written(), "lacks the tensor model.layers.0.self_attn.k_proj.bias"),
    "an unknown tensor": (replace(WHOLE, entries=(*WHOLE.entries, Entry("blk.0.odd.weight", (32,), FLOAT32))).written(), "'blk.0.odd.weight' is unknown"),
    "a matrix of another shape": (WHOLE.with_entry("blk.0.attn_k.weight", dimensions=(HIDDEN, 32)).written(), "is (32, 128) and not (64, 128)"),
    "no architecture": (WHOLE.without_field("general.architecture").written(), "lacks the field general.architecture"),
    "another architecture": (WHOLE.with_field("general.architecture", STRING, text("mamba")).written(), "'mamba' is not one of"),
    "no length of context": (WHOLE.without_field("qwen2.context_length").written(), "lacks the field qwen2.context_length"),
    "no heads": (WHOLE.with_field("qwen2.attention.head_count", U32, u32(0)).written(), "num_heads is 0; it must be a whole number from 1"),
    "no key heads": (WHOLE.with_field("qwen2.attention.head_count_kv", U32, u32(0)).written(), "num_kv_heads is 0"),
    "heads that do not divide": (WHOLE.with_field("qwen2.attention.head_count_kv", U32, u32(3)).written(), "4 heads do not divide into 3"),
    "heads that are a text": (WHOLE.with_field("qwen2.attention.head_count", STRING, text("four")).written(), "num_heads is 'four'"),
    "heads that are an array": (WHOLE.with_field("qwen2.attention.head_count", ARRAY, array(U32, [u32(4)])).written(), "num_heads is of type list"),
    "heads that are true": (WHOLE.with_field("qwen2.attention.head_count", BOOL, b"\x01").written(), "num_heads is True"),
    "endless layers": (WHOLE.with_field("qwen2.block_count", U32, u32(2**31 - 1)).written(), "lacks the tensor model.layers.1."),
    "more layers than there are": (WHOLE.with_field("qwen2.block_count", U64, u64(HUGE)).written(), "num_layers is 1152921504606846976"),
    "a width that is none": (WHOLE.with_field("qwen2.embedding_length", U32, u32(2**31)).written(), "hidden_size is 2147483648"),
    "an epsilon that is no number": (WHOLE.with_field("qwen2.attention.layer_norm_rms_epsilon", F32, struct.pack("<f", float("nan"))).written(), "rms_norm_eps is nan"),
    "an endless base": (WHOLE.with_field("qwen2.rope.freq_base", F32, struct.pack("<f", float("inf"))).written(), "rope_theta is inf"),
}  # fmt: skip


def _main() -> None:
    from engine.config import UnsupportedModelError
    from engine.model.gguf_file import GgufFile
    from engine.model.reading import CheckpointError

    found: dict[str, tuple[float, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.gguf"
        path.write_bytes(WHOLE.written())
        GgufFile(path)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + MOST_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        for name, (data, _) in CASES.items():
            path.write_bytes(data)
            started = time.monotonic()
            try:
                GgufFile(path)
                outcome = "it was read"
            except (CheckpointError, UnsupportedModelError) as error:
                outcome = str(error)
            except Exception as error:  # noqa: BLE001 - that there is none is what is tried
                outcome = f"{type(error).__name__}: {error}"
            found[name] = time.monotonic() - started, outcome
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _main()
