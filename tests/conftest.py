"""Small random networks, a byte tokenizer and a model folder made of them.

They run the real code on weights that fit anywhere.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from engine.config import ModelConfig
from engine.model.adapter import Adapter, fuse_updates, projection_sizes
from engine.model.draft_head import Neighbour
from engine.model.tokenizer import _byte_alphabet
from engine.model.transformer import Transformer

# Tests count what they do in a file of their own, and not in the user's.
os.environ["SEED_LSP_STATISTICS"] = str(Path(tempfile.mkdtemp(prefix="seed-lsp-tests-")) / "statistics.json")


@pytest.fixture(autouse=True)
def _modules_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let child processes import modules from the working folder, as the tests need it.

    A command of ours forbids this to its children by a variable that would outlast its test.
    """
    monkeypatch.setenv("PYTHONSAFEPATH", "")


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
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

TINY = ModelConfig(
    vocab_size=256 + len(CONTROL),
    hidden_size=32,
    intermediate_size=48,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    head_dim=8,
    rope_theta=10_000.0,
    rms_norm_eps=1e-6,
    max_positions=4096,
    qkv_bias=True,
)
SHAPES = {
    "qwen2": TINY,
    "qwen3": replace(TINY, qkv_bias=False, qk_norm=True, head_dim=16, tied_head=False),
    "llama": replace(TINY, qkv_bias=False, tied_head=False, num_kv_heads=4),
}


def random_tensors(config: ModelConfig, seed: int, *, dtype: torch.dtype = torch.float32, scale: float = 0.3) -> dict[str, torch.Tensor]:
    """Random weights by their Hugging Face names.

    The scale is large, so that choices are clear and drafts are often wrong.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return (torch.randn(*shape, generator=generator) * scale).to(dtype)

    tensors = {"model.embed_tokens.weight": normal(config.vocab_size, config.hidden_size)}
    if not config.tied_head:
        tensors["lm_head.weight"] = normal(config.vocab_size, config.hidden_size)
    tensors["model.norm.weight"] = 1 + normal(config.hidden_size) / 4
    for i in range(config.num_layers):
        prefix = f"model.layers.{i}"
        for name, (out, inn) in projection_sizes(config).items():
            part = "mlp" if name in {"gate_proj", "up_proj", "down_proj"} else "self_attn"
            tensors[f"{prefix}.{part}.{name}.weight"] = normal(out, inn)
            if config.qkv_bias and name in {"q_proj", "k_proj", "v_proj"}:
                tensors[f"{prefix}.{part}.{name}.bias"] = normal(out)
        for name in ("q_norm", "k_norm") if config.qk_norm else ():
            tensors[f"{prefix}.self_attn.{name}.weight"] = 1 + normal(config.head_dim) / 4
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{prefix}.{name}.weight"] = 1 + normal(config.hidden_size) / 4
    return tensors


def random_adapter(config: ModelConfig, seed: int, *, rank: int = 4, logit_shift: bool = True, expected: float = 0.0) -> Adapter:
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in range(config.num_layers):
        for name, (out, inn) in projection_sizes(config).items():
            tensors[f"layers.{layer}.{name}.lora_a"] = torch.randn(rank, inn, generator=generator) * 0.3
            tensors[f"layers.{layer}.{name}.lora_b"] = torch.randn(out, rank, generator=generator) * 0.3
    mask = torch.randn(config.hidden_size, generator=generator)
    updates = fuse_updates(tensors, config, alpha=float(rank))
    edits = torch.randn(2, config.hidden_size, generator=generator)
    wide, narrow = (8, config.hidden_size), (config.hidden_size, 8)
    neighbour = Neighbour(*(torch.randn(shape, generator=generator) * 0.3 for shape in (wide, wide, narrow)))
    return Adapter(mask, edits, neighbour, updates, logit_shift=logit_shift, block_size=4, expected_accepted=expected)


def tiny_model(seed: int = 0, *, shape: str = "qwen2", adapter: bool = True, shift: bool = True, expected: float = 0.0) -> Transformer:
    config = SHAPES[shape]
    update = random_adapter(config, seed, logit_shift=shift, expected=expected) if adapter else None
    return Transformer(config, random_tensors(config, seed), update)


def write_tokenizer(folder: Path) -> None:
    """Write a byte-level tokenizer without merges, with the control tokens of Qwen2.5-Coder.

    Each byte is one token.
    """
    vocabulary = {char: i for i, char in enumerate(_byte_alphabet())}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(name, special=True) for name in CONTROL])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with its adapter, as `Engine.load` takes it."""
    folder = tmp_path_factory.mktemp("tiny-model")
    fields = {
        "model_type": "qwen2",
        "vocab_size": TINY.vocab_size,
        "hidden_size": TINY.hidden_size,
        "intermediate_size": TINY.intermediate_size,
        "num_hidden_layers": TINY.num_layers,
        "num_attention_heads": TINY.num_heads,
        "num_key_value_heads": TINY.num_kv_heads,
        "rope_theta": TINY.rope_theta,
        "rms_norm_eps": TINY.rms_norm_eps,
        "max_position_embeddings": TINY.max_positions,
        "tie_word_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(fields), encoding="utf-8")
    save_file(random_tensors(TINY, 7), folder / "model.safetensors")
    save_file({"mask_embedding": torch.ones(TINY.hidden_size)}, folder / "adapter.safetensors", metadata={"alpha": "1"})
    write_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder)
    return folder
