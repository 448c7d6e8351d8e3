"""A file that travels in pieces is whole and verified in the end, or not there at all.

What is missing or damaged is named.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engine import store
from engine.model import pieces
from engine.model.piece_list import LIST, PieceError, read_list
from engine.store import Store

DATA = random.Random(0).randbytes(1000)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "toy.gguf"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "carried-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("carried/__init__.py", "VALUE = 7\n")
    return path


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    """A split into ten pieces."""
    pieces.split(source, tmp_path / "cut", 100)
    return tmp_path / "cut"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "there"


def names(folder: Path) -> list[str]:
    return [piece.name for piece in read_list(folder / LIST).pieces]


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [30, 100, 333, 999, 1000, 1001])
def test_pieces_are_the_file(source, tmp_path, target, size: int):
    """Joined pieces are the file byte for byte, and no piece is larger than asked for."""
    made = pieces.split(source, tmp_path / "cut", size)
    assert [piece.size for piece in made.pieces[:-1]] == [size] * (len(made.pieces) - 1)
    assert 0 < made.pieces[-1].size <= size
    pieces.join(tmp_path / "cut", target)
    assert (target / "models" / "toy.gguf").read_bytes() == DATA
    assert files_below(target) == {"models/toy.gguf"}


def test_the_list_says_what_the_pieces_are(folder):
    """Whoever has the list can check each piece and the whole."""
    said = json.loads((folder / LIST).read_text(encoding="utf-8"))
    assert [(whole["place"], whole["size"], whole["sha256"]) for whole in said["wholes"]] == [
        ("models/toy.gguf", 1000, hashlib.sha256(DATA).hexdigest())
    ]
    assert [piece["sha256"] for piece in said["pieces"]] == [hashlib.sha256(DATA[i : i + 100]).hexdigest() for i in range(0, 1000, 100)]


def test_pieces_come_in_any_order(folder, target):
    """Any piece may come in any call, and nothing looks whole before the last.

    Each call says which pieces are missing.
    """
    order = names(folder)
    random.Random(1).shuffle(order)
    for i, name in enumerate(order):
        assert not (target / "models").exists()
        assert set(pieces.take(folder / name, target)) == set(order[i + 1 :])
    assert files_below(target) == {"models/toy.gguf"}
    assert (target / "models" / "toy.gguf").read_bytes() == DATA


def test_a_piece_may_come_twice(folder, target):
    """A call that is repeated changes nothing, before the join and behind it."""
    order = names(folder)
    assert pieces.take(folder / order[0], target) == pieces.take(folder / order[0], target) == order[1:]
    pieces.join(folder, target)
    before = (target / "models" / "toy.gguf").stat().st_mtime_ns
    assert pieces.take(folder / order[3], target) == []
    pieces.join(folder, target)
    assert (target / "models" / "toy.gguf").stat().st_mtime_ns == before
    assert files_below(target) == {"models/toy.gguf"}


def test_a_join_takes_what_is_there_and_names_what_is_not(folder, target):
    """Where pieces are missing they are named, and those that came need not come again."""
    first, *others = names(folder)
    (folder / first).unlink()
    with pytest.raises(PieceError, match=r"1 of 10 pieces are missing: 001\.piece"):
        pieces.join(folder, target)
    for name in others:
        (folder / name).unlink()
    with pytest.raises(PieceError, match="10 of 10"):
        pieces.join(folder, target.with_name("elsewhere"))
    (folder / first).write_bytes(DATA[:100])
    assert pieces.take(folder / first, target) == []
    assert (target / "models" / "toy.gguf").read_bytes() == DATA


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:60]), "60 bytes instead of 100; bring it once more"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "101 bytes instead of 100"),
        (lambda path: path.write_bytes(b""), "0 bytes instead of 100"),
        (lambda path: path.write_bytes(bytes(100)), "damaged"),
        (lambda path: path.rename(path.with_name("elsewhere")).parent.joinpath(path.name).symlink_to("elsewhere"), "is a link"),
        (lambda path: (path.unlink(), path.symlink_to("nowhere")), "is a link"),
    ],
    ids=["truncated", "longer", "empty", "damaged", "link", "dangling link"],
)
def test_a_spoilt_piece_is_refused(folder, target, spoil, reason: str):
    """A piece that is not the list's is not kept, and the others are.

    The piece alone has to come again.
    """
    spoil(folder / "004.piece")
    for name in names(folder):
        if name == "004.piece":
            with pytest.raises(PieceError, match=reason):
                pieces.take(folder / name, target)
        else:
            missing = pieces.take(folder / name, target)
    assert missing == ["004.piece"]
    assert not (target / "models").exists()
    (folder / "004.piece").unlink()
    (folder / "004.piece").write_bytes(DATA[300:400])
    assert pieces.take(folder / "004.piece", target) == []
    assert (target / "models" / "toy.gguf").read_bytes() == DATA


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes in folders")
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda _path: None], ids=["pipe", "folder", "nothing"])
def test_what_is_no_file_is_refused(folder, target, make, capsys):
    """A pipe is not waited for, and the command names what it was given."""
    (folder / "002.piece").unlink()
    make(folder / "002.piece")
    with pytest.raises(SystemExit, match=r"002\.piece"):
        pieces.main(["take", str(folder / "002.piece"), str(target)])


def test_a_piece_that_spoils_after_it_came_is_asked_for_again(folder, target):
    """The disk's mistakes are found before anything looks whole.

    The piece concerned is named, dropped and taken anew.
    """
    first, *others = names(folder)
    for name in others:
        pieces.take(folder / name, target)
    (target / "incoming" / "007.piece").write_bytes(bytes(100))
    with pytest.raises(PieceError, match=r"007\.piece were damaged"):
        pieces.take(folder / first, target)
    assert not list((target / "models").iterdir())
    assert pieces.take(folder / "007.piece", target) == []
    assert (target / "models" / "toy.gguf").read_bytes() == DATA


def test_a_list_that_is_wrong_about_the_whole_gives_no_file(folder, target):
    """The whole file's own hash decides, though every piece is the list's."""
    made = read_list(folder / LIST)
    dataclasses.replace(made, wholes=(dataclasses.replace(made.wholes[0], sha256="0" * 64),)).save(folder / LIST)
    with pytest.raises(PieceError, match="split the file once more"):
        pieces.join(folder, target)
    assert not list((target / "models").iterdir())


def test_an_interrupted_join_is_done_again(folder, target, monkeypatch):
    """Nothing looks whole where the joining was stopped while the files were written.

    Any piece that comes again ends it.
    """
    monkeypatch.setattr(pieces, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pieces.join(folder, target)
    assert not list((target / "models").iterdir())
    monkeypatch.undo()
    assert pieces.take(folder / "001.piece", target) == []
    assert (target / "models" / "toy.gguf").read_bytes() == DATA


def interrupted(*_arguments):
    raise KeyboardInterrupt


def test_a_wrong_file_in_the_place_is_replaced(folder, target):
    """A file of the same size that is another one does not pass for the whole."""
    (target / "models").mkdir(parents=True)
    (target / "models" / "toy.gguf").write_bytes(bytes(1000))
    pieces.join(folder, target)
    assert (target / "models" / "toy.gguf").read_bytes() == DATA


def test_pieces_of_different_files_are_not_mixed(folder, source, tmp_path, target):
    """A folder that waits for the pieces of one split takes none of another."""
    pieces.take(folder / "001.piece", target)
    source.write_bytes(DATA[::-1])
    pieces.split(source, tmp_path / "other", 100)
    with pytest.raises(PieceError, match="pieces of other files"):
        pieces.take(tmp_path / "other" / "002.piece", target)
    shutil.copy(folder / "001.piece", folder / "099.piece")
    with pytest.raises(PieceError, match="none of the pieces"):
        pieces.take(folder / "099.piece", target)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said["wholes"][0].update(place="models/../../x"),
        lambda said: said["wholes"][0].update(place="models/.."),
        lambda said: said["wholes"][0].update(place="/etc/x"),
        lambda said: said["pieces"][0].update(name="../001.piece"),
        lambda said: said["pieces"][0].update(size=-100),
        lambda said: said["pieces"][0].update(size=99),
        lambda said: said["pieces"][0].update(sha256="no"),
        lambda said: said["pieces"][1].update(name="001.piece"),
        lambda said: said["pieces"][0].pop("sha256"),
        lambda said: said.update(pieces=3),
        lambda said: said.update(version=2),
    ],
    ids=["up", "dots", "absolute", "piece up", "negative", "sum", "hash", "twice", "field missing", "no pieces", "version"],
)
def test_a_list_that_cannot_be_trusted_is_refused(folder, target, spoil):
    """No list writes outside the target, and none that does not add up is begun with."""
    said = json.loads((folder / LIST).read_text(encoding="utf-8"))
    spoil(said)
    (folder / LIST).write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(PieceError, match=r"pieces\.json is no list of pieces"):
        pieces.take(folder / "001.piece", target)
    assert not target.exists()


def test_a_list_that_was_cut_off_or_is_missing_is_refused(folder, target):
    """The list travels too, and may break off like a piece."""
    (folder / LIST).write_bytes((folder / LIST).read_bytes()[:200])
    with pytest.raises(PieceError, match=r"pieces\.json"):
        pieces.take(folder / "001.piece", target)
    (folder / LIST).unlink()
    with pytest.raises(PieceError, match=r"pieces\.json"):
        pieces.join(folder, target)


def test_what_goes_along_arrives_and_wheels_can_be_imported(source, wheel, tmp_path, target):
    """Packages that the machine lacks work from one folder on the path.

    Those of a later split come on top.
    """
    prompts = tmp_path / "prompts.npz"
    prompts.write_bytes(b"")
    pieces.split(source, tmp_path / "cut", 90, [wheel, prompts])
    pieces.join(tmp_path / "cut", target)
    assert files_below(target) == {"models/toy.gguf", f"files/{wheel.name}", "files/prompts.npz", "packages/carried/__init__.py"}
    later = wheel.with_name("later-1.0-py3-none-any.whl")
    with zipfile.ZipFile(later, "w") as archive:
        archive.writestr("later.py", "")
    pieces.split(source, tmp_path / "cut", 90, [later])
    pieces.join(tmp_path / "cut", target)
    environment = {**os.environ, "PYTHONPATH": str(target / "packages")}
    run = [sys.executable, "-c", "import carried, later; print(carried.VALUE)"]
    assert subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout == "7\n"


def test_a_split_that_cannot_work_is_refused(source, wheel, tmp_path, capsys):
    """What cannot be split is refused, each with its reason, before a piece is written.

    A folder that holds something else is let be.
    """
    cut = tmp_path / "cut"
    twice = tmp_path / "twice" / wheel.name
    twice.parent.mkdir()
    shutil.copy(wheel, twice)
    broken = tmp_path / "broken.whl"
    broken.write_bytes(b"x")
    empty = tmp_path / "empty.gguf"
    empty.touch()
    for arguments, reason in (
        ([source, cut, "--size", "-1"], "bytes, not"),
        ([source, cut, "--size", "0"], "bytes, not"),
        ([source, cut, "--size", str(61 << 20)], "bytes, not"),
        ([source, cut, "--with", wheel, twice], "same name"),
        ([source, cut, "--with", broken], "is no wheel"),
        ([empty, cut], "is empty"),
        ([tmp_path, cut], "is a folder"),
        ([tmp_path / "none", cut], "cannot read"),
        ([source, tmp_path], "take an empty folder"),
    ):
        with pytest.raises(SystemExit, match=reason):
            pieces.main(["split", *map(str, arguments)])
    assert not cut.exists()
    assert source.read_bytes() == DATA


def test_a_second_split_leaves_nothing_of_the_first(folder, source):
    """Pieces of two splits never lie beside one list."""
    pieces.split(source, folder, 400)
    assert files_below(folder) == {LIST, "001.piece", "002.piece", "003.piece"}


def test_the_printed_calls_are_all_that_is_needed(source, wheel, tmp_path, monkeypatch, capsys):
    """The printed calls bring the model to where the store looks for it.

    They are run as they are printed, each with what it says to carry and nothing else.
    """
    here, there = tmp_path / "here", tmp_path / "machine"
    here.mkdir()
    there.mkdir()
    target = tmp_path / "cache"
    monkeypatch.chdir(here)
    pieces.main(["split", str(source), ".pieces", "--size", "700", "--with", str(wheel), "--target", str(target)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("carry ")]
    assert len(lines) == 2
    remaining = lines
    while remaining:
        carried, _, command = remaining[0].removeprefix("carry ").partition("    run: python3 -m engine.model.pieces ")
        shutil.rmtree(there / ".pieces", ignore_errors=True)
        (there / ".pieces").mkdir()
        for path in carried.split():
            shutil.copy(here / path, there / path)
        monkeypatch.chdir(there)
        pieces.main(command.split())
        told = capsys.readouterr().out
        remaining = [line for line in told.splitlines() if line.startswith("carry ")]
        assert remaining == lines[len(lines) - len(remaining) :]
    assert f"export SEED_LSP_CACHE={target} PYTHONPATH={target}/packages" in told
    spec = dataclasses.replace(
        store.MODELS[0], name="toy", alias="t", filename="toy.gguf", size_bytes=1000, sha256=hashlib.sha256(DATA).hexdigest()
    )
    monkeypatch.setattr(store, "MODELS", (spec,))
    monkeypatch.setenv("SEED_LSP_CACHE", str(target))
    located = Store().locate("toy")
    assert located.gguf == target / "models" / "toy.gguf"
    store.require_published(located)


def test_pieces_fit_beside_the_tree_and_do_not_belong_to_it(source, tmp_path, monkeypatch):
    """A piece has what a call leaves beside tracked and untracked files.

    What can be away meanwhile is not counted, and git does not see the pieces.
    """
    monkeypatch.chdir(tmp_path)
    assert pieces.size_beside_tree() <= 60 << 20
    subprocess.run(["git", "init", "-q"], check=True)
    monkeypatch.setattr(pieces, "CALL_BYTES", 10_000)
    (tmp_path / "engine" / "adapters").mkdir(parents=True)
    (tmp_path / "engine" / "adapters" / "a.safetensors").write_bytes(bytes(5000))
    assert pieces.size_beside_tree() == 10_000 - 1000
    (tmp_path / "new.py").write_bytes(bytes(50))
    pieces.main(["split", str(source), ".pieces", "--size", "100"])
    pieces.main(["split", str(source), ".pieces", "--size", "300"])
    assert files_below(tmp_path / ".pieces") == {".gitignore", LIST, *names(tmp_path / ".pieces")}
    assert pieces.size_beside_tree() == 10_000 - 1050
