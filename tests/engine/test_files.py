"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.files import whole_file


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
