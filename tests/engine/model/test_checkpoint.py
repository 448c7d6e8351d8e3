"""GGUF files and safetensors folders become the same network."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine.api import InvalidRequestError, ModelUnavailableError
from engine.config import ModelConfig, UnsupportedModelError
from engine.decoding.verified import USEFUL_RUN
from engine.engine import Engine
from engine.model import checkpoint, gguf_file
from engine.model.adapter import AdapterError, load_adapter, save_adapter
from engine.model.gguf_file import GgufFile
from engine.native import ops
from engine.store import Store
from tests.conftest import SHAPES, TINY, random_tensors
from tests.engine.native.test_kernels import SHAPES as KERNEL_SHAPES

CPU = torch.device("cpu")


def write_gguf(
    path, config: ModelConfig, tensors, *, architecture: str, scaling: gguf.RopeScalingType | None = None, halved: tuple[str, ...] = ()
) -> None:
    """A small GGUF file as the publisher's converter writes it.

    Llama's queries and keys are interleaved, and the tensors of `halved` are in half precision.
    """
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(config.num_layers)
    writer.add_context_length(config.max_positions)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_heads)
    writer.add_head_count_kv(config.num_kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if scaling is not None:
        writer.add_rope_scaling_type(scaling)
    names = {value: key for key, value in gguf_file._BLOCK_NAMES.items()}
    tops = {value: key for key, value in gguf_file._TOP_NAMES.items()}
    for name, tensor in tensors.items():
        stem, _, kind = name.rpartition(".")
        if stem in tops:
            target = f"{tops[stem]}.{kind}"
        else:
            index, _, part = stem.removeprefix("model.layers.").partition(".")
            target = f"blk.{index}.{names[part]}.{kind}"
        values = tensor.float().numpy()
        if architecture == "llama" and ("q_proj" in name or "k_proj" in name):
            heads = config.num_heads if "q_proj" in name else config.num_kv_heads
            rows, columns = values.shape
            values = values.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns).copy()
        writer.add_tensor(target, np.ascontiguousarray(values.astype(np.float16) if name in halved else values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("shape", SHAPES)
def test_gguf_gives_the_network_it_was_made_from(shape, tmp_path, monkeypatch):
    """Names, shapes, fields and Llama's interleaved halves: each tensor comes back where it was."""
    monkeypatch.setattr(GgufFile, "write_tokenizer", lambda _self, _target: None)
    config = SHAPES[shape]
    tensors = random_tensors(config, 3)
    write_gguf(tmp_path / "m.gguf", config, tensors, architecture=shape)
    checkpoint.convert_gguf(tmp_path / "m.gguf", tmp_path / "out")
    loaded_config, loaded = checkpoint.load_folder(tmp_path / "out", device=CPU, dtype=torch.float32)
    expected = dict(vars(config))
    actual = dict(vars(loaded_config))
    for floats in ("rope_theta", "rms_norm_eps"):
        assert actual.pop(floats) == pytest.approx(expected.pop(floats))
    assert actual == expected
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        torch.testing.assert_close(loaded[name], tensor.bfloat16().float(), msg=name)


@pytest.mark.parametrize("shape", KERNEL_SHAPES)
def test_a_gguf_file_runs_on_the_kernels(shape, tmp_path, monkeypatch, tokenizer_folder):
    """The kernels' weights are packed once, found at the next start, and the same network.

    They are the default on a CPU.
    """
    if ops.load(threads=1) is None:
        pytest.skip("no kernels for this processor, or they are not built")
    monkeypatch.setattr(GgufFile, "write_tokenizer", lambda _self, target: shutil.copytree(tokenizer_folder, target, dirs_exist_ok=True))
    config = KERNEL_SHAPES[shape]
    write_gguf(tmp_path / "m.gguf", config, random_tensors(config, 3, scale=0.1), architecture=shape)
    store = Store(tmp_path / "cache")
    stem = store.locate(str(tmp_path / "m.gguf")).folder
    outdated = stem.with_name(f"{stem.name}-bf16-v1")
    outdated.mkdir(parents=True)
    shares: list[float] = []
    engine = Engine.load(str(tmp_path / "m.gguf"), store=store, report=shares.append)
    assert engine.network.number_format == "int4"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0, "each tensor was told of"
    assert not outdated.exists(), "gigabytes that nothing reads any more"
    [folder] = (tmp_path / "cache" / "converted").glob("m-*-int4-*")
    packed = folder / checkpoint.WEIGHTS
    written = packed.stat().st_mtime_ns
    again = Engine.load(str(tmp_path / "m.gguf"), store=store, dtype="int4", report=lambda share: pytest.fail(f"packed again: {share}"))
    assert packed.stat().st_mtime_ns == written
    tokens = [5, 250, 17, 99, 3, 128, 64, 1]
    actual = engine.network.forward(tokens, engine.network.new_cache()).logits.clone()
    assert torch.equal(again.network.forward(tokens, again.network.new_cache()).logits, actual)
    plain = Engine.load(str(tmp_path / "m.gguf"), store=store, dtype="float32").network
    expected = plain.forward(tokens, plain.new_cache()).logits
    assert (actual - expected).std() < 0.05 * expected.std()


def test_number_formats_that_cannot_be_had_are_refused(tiny_folder, monkeypatch):
    with pytest.raises(InvalidRequestError, match="int4, int8, bfloat16, float32"):
        Engine.load(str(tiny_folder), dtype="int3")
    if ops.load(threads=1) is not None:
        with pytest.raises(InvalidRequestError, match="do not fit"):
            Engine.load(str(tiny_folder), device="cpu", dtype="int8")
    monkeypatch.setattr(ops, "load", lambda _name=None, *, threads: None)
    with pytest.raises(InvalidRequestError, match="use bfloat16"):
        Engine.load(str(tiny_folder), device="cpu", dtype="int8")
    assert Engine.load(str(tiny_folder), device="cpu").network.number_format in {"bfloat16", "float32"}


def test_of_two_tables_for_a_tied_head_the_finer_is_used(tmp_path, monkeypatch):
    """The publisher quantised embedding and head differently though the model ties them."""
    monkeypatch.setattr(GgufFile, "write_tokenizer", lambda _self, _target: None)
    tensors = random_tensors(TINY, 3)
    fine = torch.randn(TINY.vocab_size, TINY.hidden_size)
    both = {**tensors, "lm_head.weight": fine}
    write_gguf(tmp_path / "m.gguf", TINY, both, architecture="qwen2", halved=("model.embed_tokens.weight",))
    assert GgufFile(tmp_path / "m.gguf", tied_head=True).config.tied_head
    checkpoint.convert_gguf(tmp_path / "m.gguf", tmp_path / "out", tied_head=True)
    _, loaded = checkpoint.load_folder(tmp_path / "out", device=CPU, dtype=torch.float32)
    assert "lm_head.weight" not in loaded
    torch.testing.assert_close(loaded["model.embed_tokens.weight"], fine.bfloat16().float())


def test_scaled_positions_are_refused_by_their_name(tmp_path):
    """A GGUF file whose rotary embedding is scaled would be computed wrongly."""
    write_gguf(tmp_path / "m.gguf", TINY, random_tensors(TINY, 3), architecture="qwen2", scaling=gguf.RopeScalingType.YARN)
    with pytest.raises(UnsupportedModelError, match="'yarn'"):
        checkpoint.convert_gguf(tmp_path / "m.gguf", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_adapter_in_the_folder_is_no_weight(tiny_folder):
    _, tensors = checkpoint.load_folder(tiny_folder, device=CPU, dtype=torch.float32)
    assert "mask_embedding" not in tensors
    assert "model.norm.weight" in tensors


def test_a_failed_conversion_leaves_no_folder(tmp_path, monkeypatch):
    """A conversion that dies half way must not look like a converted model at the next start."""

    def fail(_source, _target):
        raise OSError("disk gone")

    monkeypatch.setattr(GgufFile, "write_tokenizer", fail)
    write_gguf(tmp_path / "m.gguf", TINY, random_tensors(TINY, 3), architecture="qwen2")
    with pytest.raises(OSError, match="disk gone"):
        checkpoint.convert_gguf(tmp_path / "m.gguf", tmp_path / "out" / "x")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "mamba"}, "mamba"),
        ({"rope_scaling": {"rope_type": "yarn"}}, "yarn"),
        ({"use_sliding_window": True}, "sliding"),
        ({"hidden_act": "gelu"}, "gelu"),
        ({"num_attention_heads": 3}, "3 heads"),
    ],
)
def test_what_would_be_computed_wrongly_is_refused(change, message, tiny_folder):
    fields = json.loads((tiny_folder / "config.json").read_text())
    with pytest.raises(UnsupportedModelError, match=message):
        ModelConfig.from_huggingface({**fields, **change})


def test_a_damaged_file_is_a_clear_error(tmp_path):
    """Rubbish in place of a model is reported as that, by its name."""
    (tmp_path / "bad.gguf").write_bytes(b"not a model at all")
    with pytest.raises(ModelUnavailableError, match=r"bad\.gguf"):
        Engine.load(str(tmp_path / "bad.gguf"), store=Store(tmp_path / "cache"))
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(ModelUnavailableError, match=r"config\.json"):
        Engine.load(str(folder))


def test_shipped_adapters_fit_their_models():
    """Each adapter that ships fits its model's shapes, and says whether `auto` may ask it.

    The 1.5B's is trained, the 0.5B's is not yet.
    """
    from importlib.resources import files

    large = replace(TINY, hidden_size=1536, intermediate_size=8960, num_layers=28, num_heads=12, num_kv_heads=2, head_dim=128)
    small = replace(TINY, hidden_size=896, intermediate_size=4864, num_layers=24, num_heads=14, num_kv_heads=2, head_dim=64)
    for name, config, trained in (("qwen2.5-coder-1.5b", large, True), ("qwen2.5-coder-0.5b", small, False)):
        path = Path(str(files("engine") / "adapters" / f"{name}.safetensors"))
        adapter = load_adapter(path, config, device=CPU, dtype=torch.float32)
        assert path.stat().st_size <= 40_000_000
        assert adapter.trained is trained
        assert (adapter.expected_accepted >= USEFUL_RUN) is trained
        assert adapter.logit_shift
        if trained:
            assert len(adapter.updates) == 4 * 28
            assert all(torch.isfinite(half).all() for update in adapter.updates.values() for half in (update.a, update.b))


def test_adapters_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    save_adapter(path, {"mask_embedding": torch.zeros(5)}, alpha=1.0, logit_shift=False, block_size=5, expected_accepted=0.5)
    with pytest.raises(AdapterError, match="another model"):
        load_adapter(path, TINY, device=CPU, dtype=torch.float32)
    good = {"mask_embedding": torch.zeros(TINY.hidden_size)}
    save_adapter(path, good, alpha=1.0, logit_shift=False, block_size=5, expected_accepted=0.5)
    loaded = load_adapter(path, TINY, device=CPU, dtype=torch.float32)
    assert (loaded.logit_shift, loaded.block_size, loaded.expected_accepted) == (False, 5, 0.5)
    for extra, message in (
        ({"layers.0.q_proj.lora_a": torch.zeros(2, 32)}, "one half"),
        ({"layers.0.q_proj.lora_a": torch.zeros(2, 31), "layers.0.q_proj.lora_b": torch.zeros(32, 2)}, "do not fit"),
        ({"layers.9.q_proj.lora_a": torch.zeros(2, 32)}, "unknown tensors"),
    ):
        save_file({**good, **extra}, path, metadata={"alpha": "1"})
        with pytest.raises(AdapterError, match=message):
            load_adapter(path, TINY, device=CPU, dtype=torch.float32)
    path.write_bytes(b"junk")
    with pytest.raises(AdapterError, match="cannot read"):
        load_adapter(path, TINY, device=CPU, dtype=torch.float32)
