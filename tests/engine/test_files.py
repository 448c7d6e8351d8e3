"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.files import UnusableFileError, read_regular, whole_file


def write(path: Path, text: str, *, fail: bool = False) -> None:
    with whole_file(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
        if fail:
            raise KeyError(path)


def test_a_file_is_replaced_whole_or_left_as_it_was(tmp_path: Path):
    path = tmp_path / "a.json"
    write(path, "one")
    with pytest.raises(KeyError):
        write(path, "tw", fail=True)
    assert path.read_text(encoding="utf-8") == "one"
    assert list(tmp_path.iterdir()) == [path], "nothing half-written stays behind"


def test_writers_at_the_same_time_do_not_meet(tmp_path: Path):
    """Two processes that write one file do not write into each other's.

    The last one's text is whole.
    """
    path = tmp_path / "a.json"
    with whole_file(path) as one, whole_file(path) as other:
        assert one != other
        other.write_text("the other's", encoding="utf-8")
        one.write_text("one's", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "one's"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_with_the_longest_name_can_be_written(tmp_path: Path):
    path = tmp_path / ("a" * 255)
    write(path, "one")
    assert path.read_text(encoding="utf-8") == "one"


def test_a_secret_is_never_readable_by_others(tmp_path: Path):
    """Not even before it takes its place."""
    with whole_file(tmp_path / "token", 0o600) as scratch:
        assert stat.S_IMODE(scratch.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path):
    """A pipe would block its reader for good, a device would fill the memory."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")):
        with pytest.raises(UnusableFileError, match="no regular file"):
            read_regular(path, 100)
    with pytest.raises(OSError, match=r"Is a directory|no regular file"):
        read_regular(tmp_path, 100)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path):
    """A file of 2^40 bytes that are all holes is refused before a byte is read.

    One of exactly the limit is read.
    """
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    assert read_regular(path, 100) == b"x" * 100
    with pytest.raises(UnusableFileError, match="larger than 99 bytes"):
        read_regular(path, 99)
    os.truncate(path, 1 << 40)
    with pytest.raises(UnusableFileError, match="larger"):
        read_regular(path, 100)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to a device", "none"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, kind: str):
    """An administrator's `--json /dev/null` must not take the device from everybody."""
    path = tmp_path / "a"
    if kind == "link to a device":
        path.symlink_to("/dev/null")
    elif kind == "none":
        path = Path()
    else:
        path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(UnusableFileError, match="no regular file"):
        write(path, "text")
    assert not path.is_file()
