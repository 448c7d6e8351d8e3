"""A GGUF file of a few hundred kilobytes that the engine packs and runs.

Its weights are random, and it has a token for each byte.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from engine.model.tokenizer import byte_alphabet

HIDDEN, INNER, LAYERS, HEADS, KV_HEADS, HEAD = 128, 256, 2, 4, 2, 32
CONTROL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
CHAT_TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"


def write_model(path: Path, seed: int = 1) -> None:
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_block_count(LAYERS)
    writer.add_context_length(4096)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    tokens = [*byte_alphabet(), "ab", *CONTROL]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * 257 + [gguf.TokenType.CONTROL] * len(CONTROL))
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(257)
    writer.add_chat_template(CHAT_TEMPLATE)
    rng = np.random.default_rng(seed)
    # There are more rows than tokens, as in published files: the CPU kernels want sixteen at a
    # time.
    for name, shape in _tensors(len(tokens) + -len(tokens) % 16).items():
        values = rng.standard_normal(shape, dtype=np.float32) * 0.1
        writer.add_tensor(name, values + 1 if "norm" in name else values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(vocabulary: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (vocabulary, HIDDEN), "output_norm.weight": (HIDDEN,)}
    wide, narrow = HEADS * HEAD, KV_HEADS * HEAD
    for block in range(LAYERS):
        matrices = {
            "attn_q": (wide, HIDDEN),
            "attn_k": (narrow, HIDDEN),
            "attn_v": (narrow, HIDDEN),
            "attn_output": (HIDDEN, wide),
            "ffn_gate": (INNER, HIDDEN),
            "ffn_up": (INNER, HIDDEN),
            "ffn_down": (HIDDEN, INNER),
        }
        shapes |= {f"blk.{block}.{name}.weight": shape for name, shape in matrices.items()}
        shapes |= {f"blk.{block}.{name}.bias": matrices[name][:1] for name in ("attn_q", "attn_k", "attn_v")}
        shapes |= {f"blk.{block}.{name}.weight": (HIDDEN,) for name in ("attn_norm", "ffn_norm")}
    return shapes
