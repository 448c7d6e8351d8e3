"""Writing files: everything but their text stays, and a failure leaves all as it was."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from seed_lsp.errors import StaleDocumentError, UnknownDocumentError
from seed_lsp.source import writing
from seed_lsp.source.writing import Replacement, write_files


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_text("old text\n")
    return path


def change(*paths: Path) -> None:
    write_files({path: Replacement("old text\n", "new\n") for path in paths})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_all_names_of_a_file_have_the_new_text(path: Path):
    """A hard link, one file with two names, must not go on with the old text under one of them."""
    other = path.with_name("b.py")
    other.hardlink_to(path)
    change(path)
    assert other.read_text() == path.read_text() == "new\n"
    assert path.samefile(other)
    assert names(path.parent) == ["a.py", "b.py"]


def test_owner_and_group_stay(path: Path, monkeypatch: pytest.MonkeyPatch):
    """An administrator's change to somebody's file must not take the file from them."""
    given: list[tuple[int, int]] = []
    state = path.stat()
    own = Path.stat

    def stat(self: Path, **more: bool) -> os.stat_result:
        found = own(self, **more)
        return os.stat_result((*found[:4], 1234, 5678, *found[6:])) if self == path else found

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(os, "chown", lambda _path, user, group: given.append((user, group)))
    change(path)
    assert given == [(1234, 5678)]
    assert state.st_ino != own(path).st_ino
    assert path.read_text() == "new\n"


def test_a_file_that_cannot_be_given_to_its_owner_is_written_itself(path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever may write into a colleague's file does not become its owner."""

    def denied(*_arguments: object) -> bool:
        return False

    before = path.stat().st_ino
    monkeypatch.setattr(writing, "_made_alike", denied)
    change(path)
    assert path.read_text() == "new\n"
    assert path.stat().st_ino == before


def test_permissions_and_attributes_stay(path: Path):
    """A changed file keeps its mode and its extended attributes."""
    path.chmod(0o751)
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        expected = None
    else:
        expected = b"mine"
    change(path)
    assert path.stat().st_mode & 0o7777 == 0o751
    assert expected is None or os.getxattr(path, "user.note") == expected


@pytest.mark.parametrize("kind", ["plain", "two names"])
@pytest.mark.parametrize("failing", ["first", "second"])
def test_a_failure_leaves_everything_as_it_was(path: Path, kind: str, failing: str, monkeypatch: pytest.MonkeyPatch):
    """A full disk in the middle of a rename takes back the files that were changed before."""
    other = path.with_name("b.py")
    other.write_text("old text\n")
    if kind == "two names":
        for file in (path, other):
            file.with_suffix(".link").hardlink_to(file)
    before = names(path.parent)
    inodes = [path.stat().st_ino, other.stat().st_ino]
    bad = path if failing == "first" else other
    real_put, real_overwrite, failed = writing.put_in_place, writing._overwrite, []

    def put(scratch: Path, target: Path) -> None:
        if target == bad:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        real_put(scratch, target)

    def overwrite(target: Path, content: bytes) -> None:
        real_overwrite(target, content if failed or target != bad else content[:2])
        if target == bad and not failed:
            failed.append(target)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(writing, "put_in_place", put)
    monkeypatch.setattr(writing, "_overwrite", overwrite)
    with pytest.raises(UnknownDocumentError, match="No space left on device; nothing was changed"):
        change(path, other)
    assert (path.read_text(), other.read_text()) == ("old text\n", "old text\n")
    assert names(path.parent) == before
    assert [path.stat().st_ino, other.stat().st_ino] == inodes


def test_a_disk_without_room_for_the_new_text_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch):
    """A full disk costs no text, and leaves no other file behind."""

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnknownDocumentError, match=re.escape(f"cannot write {path}: No space left on device; nothing was changed")):
        change(path)
    assert path.read_text() == "old text\n"
    assert names(path.parent) == ["a.py"]


@pytest.mark.parametrize("instead", ["pipe", "larger", "other", "gone", "folder"])
def test_what_was_put_in_a_files_place_meanwhile_is_not_touched(path: Path, instead: str):
    """What stands in the file's place is not changed, and a pipe there is not waited for."""
    path.unlink()
    {
        "pipe": lambda: os.mkfifo(path),
        "larger": lambda: path.write_text("old text\nand more"),
        "other": lambda: path.write_text("OLD TEXT\n"),
        "gone": lambda: None,
        "folder": path.mkdir,
    }[instead]()
    before = path.lstat() if instead != "gone" else None
    with pytest.raises((StaleDocumentError, UnknownDocumentError)):
        change(path)
    assert names(path.parent) == ([] if instead == "gone" else ["a.py"])
    assert before is None or path.lstat() == before


def test_a_name_as_long_as_names_can_be(tmp_path: Path):
    """A file with the longest possible name can be changed."""
    path = tmp_path / ("a" * 252 + ".py")
    path.write_text("old text\n")
    change(path)
    assert path.read_text() == "new\n"


def test_a_link_stays_a_link(path: Path):
    """A change through a link changes its target, and keeps the link."""
    link = path.with_name("link.py")
    link.symlink_to(path)
    change(link)
    assert link.is_symlink()
    assert path.read_text() == "new\n"
