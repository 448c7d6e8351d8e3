"""The costs of a rename: each text is parsed once, and no tree is kept when it is done."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from seed_lsp.features.rename.change import plan_rename
from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.names import PythonFile
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.query import Query
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver

LIB = "class Shape:\n    def area(self):\n        return 1\n\n\nclass Square(Shape):\n    def area(self):\n        return super().area()\n"
MAIN = "from lib import Square\n\nprint(Square().area())\n"


def renamed(root: Path) -> None:
    """Rename a method that two files use."""
    (root / "lib.py").write_text(LIB, encoding="utf-8")
    (root / "main.py").write_text(MAIN, encoding="utf-8")
    files = WorkspaceFiles(root)
    offset = CharOffset(LIB.index("area"))
    found = plan_rename(Query(files, Resolver(files.root, files.open_text), files.root / "lib.py", offset), "surface")
    assert len(found.edits()) == 2


def test_each_text_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A rename in many files is no slower for having two checks.

    The search for the old name, the check of all plain names and the search for the new name share
    the trees.
    """
    parsed: list[str] = []
    real = names.parse
    monkeypatch.setattr(names, "parse", lambda text, *more, **options: (parsed.append(text), real(text, *more, **options))[1])
    renamed(tmp_path)
    texts = [LIB, MAIN]
    assert sorted(parsed) == sorted([*texts, *(text.replace("area", "surface") for text in texts)])


def test_no_tree_is_kept(tmp_path: Path):
    """The memory of a rename is free afterwards, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        renamed(tmp_path)
        assert not {type(one) for one in gc.get_objects()} & {Resolution, PythonFile}
    finally:
        gc.enable()
