"""Converting a model where disk, rights or memory are wanting, and twice at once.

The folder is whole, or it is refused in words with nothing left behind.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.robustness import gguf_bytes
from engine import store
from engine.api import ModelUnavailableError
from engine.engine import Engine
from engine.model import checkpoint
from engine.model.gguf_file import GgufFile
from engine.store import Store

ROOT = Path(__file__).parents[3]
LOAD = """
import resource, shutil, sys
from pathlib import Path
from engine.api import ModelUnavailableError
from engine.engine import Engine
from engine.model import checkpoint
from engine.model.gguf_file import GgufFile
from engine.store import Store
model, cache, tokenizer, most = sys.argv[1:]
GgufFile.write_tokenizer = lambda _self, target: shutil.copytree(tokenizer, target, dirs_exist_ok=True)
real = checkpoint.convert_gguf
def convert(*given, **more):
    print("converts")
    real(*given, **more)
checkpoint.convert_gguf = convert
if int(most):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
try:
    Engine.load(model, store=Store(Path(cache)), device="cpu", threads=1)
    print("loaded")
except ModelUnavailableError as error:
    print(error)
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes.valid().written())
    return path


@pytest.fixture
def _own_tokenizer(monkeypatch, tokenizer_folder: Path):
    monkeypatch.setattr(GgufFile, "write_tokenizer", lambda _self, target: shutil.copytree(tokenizer_folder, target, dirs_exist_ok=True))


def start(model: Path, cache: Path, tokenizer: Path, most_bytes: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LOAD, str(model), str(cache), str(tokenizer), str(most_bytes)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_that_start_at_once_convert_once(model: Path, tmp_path: Path, tokenizer_folder: Path):
    started = [start(model, tmp_path / "cache", tokenizer_folder) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in started]
    assert sorted(out for out, _ in said) == ["converts\nloaded\n", "loaded\n"], said


@pytest.mark.parametrize("most_bytes", [1, 1000, 100_000])
@pytest.mark.slow
def test_a_disk_that_is_full_while_weights_are_written_is_told(most_bytes: int, model: Path, tmp_path: Path, tokenizer_folder: Path):
    """Half a model is left nowhere, and the next start works.

    The library that writes the files has errors of its own.
    """
    out, errors = start(model, tmp_path / "cache", tokenizer_folder, most_bytes).communicate(timeout=120)
    assert "cannot keep the converted model" in out, errors
    assert "SEED_LSP_CACHE" in out
    assert not [path for path in (tmp_path / "cache" / "converted").iterdir() if path.is_dir()]
    out, errors = start(model, tmp_path / "cache", tokenizer_folder).communicate(timeout=120)
    assert out.endswith("loaded\n"), errors


def test_a_cache_that_cannot_be_written_is_told(model: Path, tmp_path: Path, monkeypatch):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ModelUnavailableError, match=r"cannot keep the converted model at .*set SEED_LSP_CACHE"):
        Engine.load(str(model), store=Store(tmp_path / "cache"), device="cpu")

    def read_only(*_args, **_options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(ModelUnavailableError, match=r"Read-only file system\. .*set SEED_LSP_CACHE"):
        Engine.load(str(model), store=Store(tmp_path / "other"), device="cpu")


def test_a_file_comes_to_a_place_on_another_file_system(tmp_path: Path, monkeypatch):
    """A model is converted where the folder of models is a link to a larger disk.

    Nothing can be moved onto that in one step.
    """
    whole, place = tmp_path / "incoming" / "whole", tmp_path / "models" / "m.gguf"
    for path in (whole, place):
        path.parent.mkdir()
    whole.write_bytes(b"weights")
    replace = Path.replace

    def across(self: Path, target: Path):
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", across)
    store._put(whole, place)
    assert place.read_bytes() == b"weights"
    assert [path.name for path in place.parent.iterdir()] == ["m.gguf"]


@pytest.mark.usefixtures("_own_tokenizer")
def test_what_a_killed_conversion_left_is_cleared_away(model: Path, tmp_path: Path):
    """Gigabytes that nothing would ever read; what another model's conversion is writing stays."""
    located = Store(tmp_path / "cache").locate(str(model))
    target = located.converted("bfloat16")
    left = target.parent / f".converting-{target.name}-abc"
    other = target.parent / ".converting-other-abc"
    for folder in (left, other):
        folder.mkdir(parents=True)
    checkpoint.ensure_converted(located)
    assert not left.exists()
    assert other.exists()


@pytest.mark.usefixtures("_own_tokenizer")
@pytest.mark.parametrize(
    ("name", "data"),
    [("shape.json", b"{"), ("shape.json", b"[]"), ("model.safetensors", b"x" * 100), ("model.safetensors", None), ("tokenizer.json", b"{")],
)
def test_a_damaged_conversion_is_told_with_what_to_do(name: str, data: bytes | None, model: Path, tmp_path: Path):
    found = Store(tmp_path / "cache")
    Engine.load(str(model), store=found, device="cpu", dtype="float32")
    [folder] = found.locate(str(model)).conversions()
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)
    with pytest.raises(ModelUnavailableError, match=f"Delete .*{folder.name}"):
        Engine.load(str(model), store=found, device="cpu", dtype="float32")
    shutil.rmtree(folder)
    Engine.load(str(model), store=found, device="cpu", dtype="float32")


@pytest.mark.usefixtures("_own_tokenizer")
def test_packed_weights_of_other_shapes_never_reach_the_kernels(model: Path, tmp_path: Path):
    """Behind the kernels are bare addresses: a damaged cache must be an error and no crash."""
    from safetensors.torch import load_file, save_file

    located = Store(tmp_path / "cache").locate(str(model))
    folder = checkpoint.ensure_converted(located, "int4")
    whole = load_file(folder / checkpoint.WEIGHTS)
    for name, damaged in (
        ("0.down.0", whole["0.down.0"][:1].clone()),
        ("0.o.0", whole["0.o.0"][:, :, :-1].clone()),
        ("embedding", whole["embedding"].float()),
        ("norm", whole["norm"][:-1].clone()),
        ("0.qkv.bias", whole["0.qkv.bias"].half()),
    ):
        save_file({**whole, name: damaged}, folder / checkpoint.WEIGHTS)
        with pytest.raises(checkpoint.CheckpointError, match=name.removesuffix(".0")):
            checkpoint.load_packed(folder)
    save_file(whole, folder / checkpoint.WEIGHTS)
    assert checkpoint.load_packed(folder).keys() == whole.keys()
