"""Small random networks, a byte tokenizer and a model folder made of them.

They run the real code on weights that fit anywhere.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmarks.robustness.tiny_folder import SHAPES, TINY, random_tensors, write_tokenizer, write_weights
from engine.config import ModelConfig
from engine.model.adapter import Adapter, fuse_updates, projection_sizes
from engine.model.draft_head import HydraHead
from engine.model.transformer import Transformer

# Tests count what they do in a file of their own, and not in the user's.
os.environ["SEED_LSP_STATISTICS"] = str(Path(tempfile.mkdtemp(prefix="seed-lsp-tests-")) / "statistics.json")


@pytest.fixture(autouse=True)
def _modules_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let child processes import modules from the working folder, as the tests need it.

    A command of ours forbids this to its children by a variable that would outlast its test.
    """
    monkeypatch.setenv("PYTHONSAFEPATH", "")


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
    hydra_head = HydraHead(*(torch.randn(shape, generator=generator) * 0.3 for shape in (wide, wide, narrow)))
    return Adapter(mask, edits, hydra_head, updates, logit_shift=logit_shift, block_size=4, expected_accepted=expected)


def tiny_model(seed: int = 0, *, shape: str = "qwen2", adapter: bool = True, shift: bool = True, expected: float = 0.0) -> Transformer:
    config = SHAPES[shape]
    update = random_adapter(config, seed, logit_shift=shift, expected=expected) if adapter else None
    return Transformer(config, random_tensors(config, seed), update)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with its adapter, as `Engine.load` takes it."""
    folder = tmp_path_factory.mktemp("tiny-model")
    write_weights(folder, 7)
    save_file({"mask_embedding": torch.ones(TINY.hidden_size)}, folder / "adapter.safetensors", metadata={"alpha": "1"})
    write_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder)
    return folder
