"""A merged LoRA: what was learnt is added to the attention's weights at conversion.

Nothing else changes.
"""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch

from engine.engine import Engine
from engine.model import checkpoint
from engine.model.adapter import AdapterError, projection_sizes
from engine.model.gguf_file import GgufFile
from engine.model.merged_lora import PROJECTIONS, MergedLora, save_merged_lora
from engine.native import ops
from engine.store import Located, Store
from tests.conftest import random_tensors
from tests.engine.model.test_checkpoint import write_gguf
from tests.engine.native.test_kernels import SHAPES

CONFIG = SHAPES["qwen2"]
TOKENS = [5, 250, 17, 99, 3, 128]


@pytest.fixture
def located(tmp_path, monkeypatch, tokenizer_folder) -> Located:
    monkeypatch.setattr(GgufFile, "write_tokenizer", lambda _self, target: shutil.copytree(tokenizer_folder, target, dirs_exist_ok=True))
    write_gguf(tmp_path / "m.gguf", CONFIG, random_tensors(CONFIG, 3, scale=0.1), architecture="qwen2")
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for name in PROJECTIONS:
        out, inn = projection_sizes(CONFIG)[name]
        tensors[f"layers.1.{name}.lora_a"] = torch.randn(4, inn, generator=generator)
        tensors[f"layers.1.{name}.lora_b"] = torch.randn(out, 4, generator=generator)
    save_merged_lora(tmp_path / "lora.safetensors", tensors, alpha=8.0)
    return replace(Store(tmp_path / "cache").locate(str(tmp_path / "m.gguf")), merged_lora=tmp_path / "lora.safetensors")


def test_what_is_added_is_the_scaled_product(located):
    lora = MergedLora(located.merged_lora)
    update = lora.update("model.layers.1.self_attn.q_proj.weight")
    with checkpoint.safe_open(located.merged_lora, framework="pt") as file:
        a, b = (file.get_tensor(f"layers.1.q_proj.lora_{half}").float() for half in "ab")
    torch.testing.assert_close(torch.from_numpy(update), 2.0 * b @ a)
    for name in ("model.layers.0.self_attn.q_proj.weight", "model.layers.1.mlp.up_proj.weight", "model.embed_tokens.weight"):
        assert lora.update(name) is None


def test_only_the_tuned_matrices_differ(located):
    tuned, plain = (checkpoint.load_folder(checkpoint.ensure_converted(one), device=torch.device("cpu"), dtype=torch.float32)[1]
                    for one in (located, located.published()))  # fmt: skip
    differing = {name for name in plain if not torch.equal(tuned[name], plain[name])}
    assert differing == {f"model.layers.1.self_attn.{name}.weight" for name in PROJECTIONS}


def test_the_kernels_compute_the_tuned_network(located, monkeypatch):
    """What was tuned is stored in 8 bits, and is close to the same network in plain numbers."""
    if ops.load(threads=1) is None:
        pytest.skip("no kernels for this processor, or they are not built")
    monkeypatch.setattr(Store, "locate", lambda _self, _name: located)
    rows = {}
    for dtype in ("int4", "float32"):
        network = Engine.load("m", dtype=dtype).network
        rows[dtype] = network.forward(TOKENS, network.new_cache()).logits.clone()
    monkeypatch.setattr(Store, "locate", lambda _self, _name: located.published())
    network = Engine.load("m", dtype="float32").network
    untuned = network.forward(TOKENS, network.new_cache()).logits
    assert (rows["int4"] - rows["float32"]).std() < 0.05 * rows["float32"].std()
    assert (rows["int4"] - rows["float32"]).std() < 0.2 * (untuned - rows["float32"]).std()


def test_a_merged_lora_that_cannot_be_read(tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
    with pytest.raises(AdapterError, match=r"bad\.safetensors"):
        MergedLora(tmp_path / "bad.safetensors")
