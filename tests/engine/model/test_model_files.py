"""Model files that are damaged, or no files, are refused in words that name them.

That comes before anything is allocated or waited for.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmarks.robustness import gguf_bytes, model_files
from engine.api import GenerateRequest, InfillRequest, InvalidRequestError, ModelUnavailableError, SamplingOptions
from engine.engine import Engine
from engine.model.adapter import AdapterError, load_adapter
from engine.model.gguf_file import GgufFile
from engine.store import MODELS, HashMismatchError, Store, StoreError, UnknownModelError
from tests.conftest import TINY
from tests.engine.model import malformed

ROOT = Path(__file__).parents[3]
MOST_SECONDS = 5.0


@pytest.fixture(scope="module")
def tried() -> dict[str, tuple[float, str]]:
    """What came of all malformed files, in a process with little memory."""
    command = [sys.executable, "-m", "tests.engine.model.malformed"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", malformed.CASES)
@pytest.mark.slow
def test_a_malformed_gguf_file_is_refused(name: str, tried):
    """The user reads which file it is and what is wrong with it, at once.

    Whatever its header promises makes no difference.
    """
    seconds, outcome = tried[name]
    assert "m.gguf" in outcome
    assert any(words in outcome for words in malformed.CASES[name][1].split("|")), outcome
    assert seconds < MOST_SECONDS


def test_the_small_file_is_a_model(tmp_path):
    """What the malformed ones differ from is read, packed and run, its own tokenizer included."""
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes.valid().written())
    engine = Engine.load(str(path), store=Store(tmp_path / "cache"), device="cpu")
    *_, finished = engine.run(InfillRequest(1, "m", SamplingOptions(max_new_tokens=3), prefix="x = ", suffix=""))
    assert finished.new_tokens > 0
    assert engine.tokenizer.encode("ab") == [256], "the file's merge"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tokenizer.ggml.tokens", gguf_bytes.array(gguf_bytes.U32, [gguf_bytes.u32(7)] * 300)),
        ("tokenizer.ggml.tokens", gguf_bytes.array(gguf_bytes.STRING, [gguf_bytes.text(b"\xff")] * 300)),
        ("tokenizer.ggml.merges", gguf_bytes.array(gguf_bytes.STRING, [gguf_bytes.text("a")])),
    ],
)
def test_a_vocabulary_that_is_none_is_told(field: str, value: bytes, tmp_path):
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes.valid().with_field(field, gguf_bytes.ARRAY, value).written())
    with pytest.raises(ModelUnavailableError, match=r"m\.gguf holds no tokenizer"):
        Engine.load(str(path), store=Store(tmp_path / "cache"), device="cpu")
    assert not list((tmp_path / "cache" / "converted").glob("m-*")), "half a conversion is no model"


def test_weights_that_are_no_numbers_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(GgufFile, "write_tokenizer", lambda _self, _target: None)
    data = bytearray(gguf_bytes.valid().written())
    data[-4:] = b"\x00\x00\xc0\x7f"
    (tmp_path / "m.gguf").write_bytes(data)
    # The last are a norm's, which stays in floats; the embedding's are packed.
    start = len(data) - sum(-(-entry.num_bytes // 32) * 32 for entry in gguf_bytes.valid().entries)
    data[start : start + 2] = b"\x00\x7e"
    (tmp_path / "m.gguf").write_bytes(data)
    with pytest.raises(ModelUnavailableError, match=r"m\.gguf, tensor token_embd\.weight: .* no number"):
        Engine.load(str(tmp_path / "m.gguf"), store=Store(tmp_path / "cache"), device="cpu", dtype="int8")


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


CONFIGS = {
    "nothing": ("", "no JSON"),
    "no JSON": ("{", "no JSON"),
    "no UTF-8": (b"\xff\xfe\xff", "no JSON"),
    "null": ("null", "no JSON object"),
    "a list": ("[1]", "no JSON object"),
    "deep": ("[" * 100_000, "nested too deeply"),
    "deep in a field": ('{"model_type": "qwen2", "x": ' + "[" * 100_000, "nested too deeply"),
    "long": ('"' + "x" * (2 << 20) + '"', "larger than 1,048,576 bytes"),
    "digits without end": ('{"vocab_size": ' + "1" * 5000 + "}", "no JSON"),
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("file", ["config.json", "shape.json"])
def test_a_description_that_is_no_json_object_is_told(file: str, name: str, folder: Path):
    content, words = CONFIGS[name]
    (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ModelUnavailableError, match=f"{re.escape(str(folder / file))}.*{words}"):
        Engine.load(str(folder), device="cpu")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vocab_size": None}, "lacks vocab_size"),
        ({"vocab_size": "many"}, "vocab_size is 'many'"),
        ({"vocab_size": 10**400}, "vocab_size is beyond"),
        ({"vocab_size": 2**60}, "vocab_size is 1152921504606846976"),
        ({"vocab_size": 264}, r"embed_tokens\.weight is \(265, 32\) and not \(264, 32\)"),
        ({"hidden_size": 0}, "hidden_size is 0"),
        ({"hidden_size": -32}, "hidden_size is -32"),
        ({"hidden_size": 32.0}, r"hidden_size is 32\.0"),
        ({"hidden_size": True}, "hidden_size is True"),
        ({"num_attention_heads": 0}, "num_heads is 0"),
        ({"num_attention_heads": [4]}, "num_heads is of type list"),
        ({"num_key_value_heads": {}}, r"k_proj\.weight is"),
        ({"num_hidden_layers": 2**31 - 1}, r"lacks the tensor model\.layers\.2\."),
        ({"head_dim": 2**30}, r"q_proj\.weight is"),
        ({"rope_scaling": [1]}, "rope_parameters or rope_scaling is of type list"),
        ({"rope_theta": "1e4"}, "rope_theta is '1e4'"),
        ({"rms_norm_eps": 0}, "rms_norm_eps is 0"),
        ({"rms_norm_eps": float("nan")}, "rms_norm_eps is nan"),
        ({"max_position_embeddings": -1}, "max_positions is -1"),
        ({"tie_word_embeddings": "no"}, "tied_head is 'no'"),
        ({"tie_word_embeddings": False}, r"lacks the tensor lm_head\.weight"),
        ({"model_type": ["qwen2"]}, "model type of type list"),
    ],
)
def test_a_description_of_no_network_is_told(change, words: str, folder: Path):
    """Each with the field that is wrong, before the weights are touched."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelUnavailableError, match=words) as caught:
        Engine.load(str(folder), device="cpu", dtype="float32")
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(("change", "words"), [({"odd": 1}, "has odd, which is unknown"), ({"num_heads": None}, "lacks num_heads")])
def test_a_saved_shape_with_other_fields_is_told(change, words: str, folder: Path):
    values = {**vars(TINY), **change}
    (folder / "shape.json").write_text(json.dumps({name: value for name, value in values.items() if value is not None}))
    with pytest.raises(ModelUnavailableError, match=rf"shape\.json: it {words}"):
        Engine.load(str(folder), device="cpu", dtype="float32")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("model.safetensors", b"", "cannot read"),
        ("model.safetensors", b"\xff" * 7 + b"\x0f", "cannot read"),
        ("model.safetensors", (2**60).to_bytes(8, "little") + b"{}", "cannot read"),
        ("tokenizer.json", b"null", "no tokenizer that can be used"),
        ("tokenizer.json", b"{}", "no tokenizer that can be used"),
        ("tokenizer.json", b"[" * 100_000, "no tokenizer that can be used"),
        ("adapter.safetensors", b"x", "cannot read the adapter"),
    ],
)
def test_other_damaged_files_of_a_folder_are_told(name: str, data: bytes, words: str, folder: Path):
    (folder / name).write_bytes(data)
    with pytest.raises(ModelUnavailableError, match=words) as caught:
        Engine.load(str(folder), device="cpu", dtype="float32")
    assert name in str(caught.value)


def test_a_tokenizer_of_another_model_is_told(folder: Path):
    """Its tokens would be looked up behind the end of the embedding table."""
    path = folder / "tokenizer.json"
    source = json.loads(path.read_text())
    source["model"]["vocab"]["ab"] = TINY.vocab_size
    path.write_text(json.dumps(source))
    with pytest.raises(ModelUnavailableError, match=r"tokenizer\.json .* token 265, and the model 265 rows"):
        Engine.load(str(folder), device="cpu", dtype="float32")


def test_a_control_token_without_a_row_is_one_that_the_model_has_not(folder: Path):
    path = folder / "tokenizer.json"
    source = json.loads(path.read_text())
    for token in source["added_tokens"]:
        if token["content"] == "<|fim_middle|>":
            token["id"] = 5000
    path.write_text(json.dumps(source))
    engine = Engine.load(str(folder), device="cpu", dtype="float32")
    with pytest.raises(InvalidRequestError, match=r"no <\|fim_middle\|> token"):
        list(engine.run(InfillRequest(1, "m", SamplingOptions(max_new_tokens=3), prefix="x", suffix="")))


@pytest.mark.parametrize("template", ["{% if %}", "{{ 1 / 0 }}", "{{ messages.x.y }}", "{% for i in range(10**9) %}{% endfor %}"])
def test_a_chat_template_that_is_none_is_told(template: str, folder: Path):
    (folder / "chat_template.jinja").write_text(template)
    engine = Engine.load(str(folder), device="cpu", dtype="float32")
    with pytest.raises(InvalidRequestError, match="chat template"):
        list(engine.run(GenerateRequest(1, "m", SamplingOptions(max_new_tokens=3), prompt="x")))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "adapter.safetensors", "m.gguf"])
@pytest.mark.parametrize("kind", ["a named pipe", "a socket", "a device", "a folder"])
def test_what_is_no_file_is_refused_without_waiting(kind: str, name: str, folder: Path):
    """A pipe would be waited for without end, and a device read without end."""
    path = folder / name
    path.unlink(missing_ok=True)
    if kind == "a named pipe":
        os.mkfifo(path)
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as listening, pytest.MonkeyPatch.context() as patch:
            # Addresses of sockets are short.
            patch.chdir(folder)
            listening.bind(name)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(ModelUnavailableError, match=re.escape(str(path))):
        Engine.load(str(path if name == "m.gguf" else folder), store=Store(folder / "cache"), device="cpu", dtype="float32")


def test_a_link_to_a_model_is_followed_and_one_to_nothing_told(folder: Path, tmp_path: Path):
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert Engine.load(str(link), device="cpu", dtype="float32").name == str(link)
    lost = tmp_path / "lost.gguf"
    lost.symlink_to(tmp_path / "nowhere.gguf")
    with pytest.raises(ModelUnavailableError, match=r"lost\.gguf .* does not exist"):
        Engine.load(str(lost), store=Store(tmp_path / "cache"))
    round_and_round = tmp_path / "round.gguf"
    round_and_round.symlink_to(round_and_round)
    with pytest.raises(ModelUnavailableError, match=r"round\.gguf"):
        Engine.load(str(round_and_round), store=Store(tmp_path / "cache"))


@pytest.mark.parametrize("name", ["~nosuchuser/x.gguf", "~nosuchuser", "a" * 5000, "x\0y", "\ud800.gguf", "", " "])
def test_a_name_that_can_be_no_model_is_told(name: str, tmp_path: Path):
    """Looking for the chosen model fails with no other error.

    The server does that with each list of code actions.
    """
    with pytest.raises(StoreError):
        Store(tmp_path).locate(name)
    with pytest.raises(ModelUnavailableError):
        Engine.load(name, store=Store(tmp_path))


def test_the_cache_of_nobody_is_told(monkeypatch):
    monkeypatch.setenv("SEED_LSP_CACHE", "~nosuchuser/cache")
    with pytest.raises(UnknownModelError, match="home folder"):
        Store()


def test_a_published_file_with_other_bytes_is_not_converted(tmp_path, monkeypatch):
    """It may have been put there by hand: it is hashed before it is used for the first time."""
    store = Store(tmp_path)
    path = store.file_of(MODELS[0])
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(MODELS[0].size_bytes)
    monkeypatch.setattr("engine.store.sha256_of", lambda _path, _report: "0" * 64)
    from engine.model import checkpoint

    with pytest.raises(HashMismatchError, match=r"has SHA-256 000.* delete it and run: seed-lsp model fetch"):
        checkpoint.ensure_converted(store.locate(MODELS[0].name))


def test_an_adapter_whose_numbers_cannot_be_is_refused(tmp_path):
    path = tmp_path / "adapter.safetensors"
    mask = {"mask_embedding": torch.zeros(TINY.hidden_size)}
    for metadata in ({"alpha": "nan"}, {"block_size": "1000000000"}, {"block_size": "0"}, {"expected_accepted": "inf"}):
        save_file(mask, path, metadata=metadata)
        with pytest.raises(AdapterError, match="cannot be"):
            load_adapter(path, TINY, device=torch.device("cpu"), dtype=torch.float32)
    for a, b in (((32,), (32, 2)), ((0, 32), (32, 0))):
        save_file({**mask, "layers.0.q_proj.lora_a": torch.zeros(a), "layers.0.q_proj.lora_b": torch.zeros(b)}, path)
        with pytest.raises(AdapterError, match="do not fit"):
            load_adapter(path, TINY, device=torch.device("cpu"), dtype=torch.float32)


@pytest.mark.slow
def test_files_damaged_at_random_are_refused_or_work():
    """Nothing but a model or words that name the file, with little memory and within seconds."""
    found = model_files.run(300, seed=20)
    assert found["faults"] == []
    assert found["refused"] > 100
    assert found["loaded"] > 5
