"""Renames in files as they are on disk: encodings, marks, missing suffixes, sizes, other kinds."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from seed_lsp.errors import RenameRefusedError, UnknownDocumentError
from seed_lsp.features.rename.change import Rename, plan_rename
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.sites import TIERS
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import MAX_BYTES, WorkspaceFiles
from seed_lsp.source.resolve import Resolver
from seed_lsp.source.writing import Replacement, write_files

LIB = b"def net(x):\n    return x\n"


def planned(root: Path, new_name: str, *, opened: dict[str, str] | None = None, offset: int = 4) -> Rename:
    """The rename of the name at `offset` in ``lib.py``, with some documents open."""
    files = WorkspaceFiles(root)
    files.open = {files.root / name: Document((files.root / name).as_uri(), text, 1, "python") for name, text in (opened or {}).items()}
    return plan_rename(Query(files, Resolver(files.root, files.open_text), files.root / "lib.py", CharOffset(offset)), new_name)


def written(root: Path, new_name: str) -> Rename:
    found = planned(root, new_name)
    documents = found.references.documents
    write_files({path: Replacement(documents[path].text, text, documents[path].encoding) for path, text in found.texts().items()})
    return found


def left(found: Rename) -> list[tuple[str, int, str, str]]:
    documents = found.references.documents
    return [(site.path.name, documents[site.path].line_of(site.start) + 1, site.tier, site.reason) for site in found.left()]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "koi8-r", "utf-8", "shift_jis"])
def test_a_file_in_another_encoding_changes_and_stays_in_it(tmp_path: Path, encoding: str):
    """Imports and calls in the file follow, and every other byte stays as it was."""
    (tmp_path / "lib.py").write_bytes(LIB)
    signs = {"koi8-r": "имя", "shift_jis": "名前"}.get(encoding, "grüß")
    text = f"# coding: {encoding}\nfrom lib import net\nprint('{signs}', net('{signs}'))\n"
    (tmp_path / "main.py").write_bytes(text.encode(encoding))
    written(tmp_path, "gross")
    assert (tmp_path / "main.py").read_bytes() == text.replace("net", "gross").encode(encoding)


def test_an_override_in_another_encoding_changes(tmp_path: Path):
    """An override in a file of another encoding changes with its method."""
    (tmp_path / "lib.py").write_bytes(b"class A:\n    def net(self): ...\n")
    text = "# coding: latin-1\nfrom lib import A\nclass Größe(A):\n    def net(self): ...  # größer\n"
    (tmp_path / "main.py").write_bytes(text.encode("latin-1"))
    found = planned(tmp_path, "gross", offset=17)
    assert [site.tier for site in found.references.sites] == ["exact", "override"]


@pytest.mark.parametrize("marked", [{"lib.py"}, {"main.py"}, {"lib.py", "main.py"}])
def test_a_byte_order_mark_is_no_character(tmp_path: Path, marked: set[str]):
    """A name in the first line behind a byte order mark is found, and the mark stays."""
    mark = {name: codecs.BOM_UTF8 if name in marked else b"" for name in ("lib.py", "main.py")}
    (tmp_path / "lib.py").write_bytes(mark["lib.py"] + LIB)
    (tmp_path / "main.py").write_bytes(mark["main.py"] + b"import lib; from lib import net; print(net(1), lib.net)\n")
    written(tmp_path, "gross")
    assert (tmp_path / "lib.py").read_bytes() == mark["lib.py"] + b"def gross(x):\n    return x\n"
    assert (tmp_path / "main.py").read_bytes() == mark["main.py"] + b"import lib; from lib import gross; print(gross(1), lib.gross)\n"


def test_a_mark_that_an_editor_has_kept_is_a_character(tmp_path: Path):
    """Offsets in an open document count the text that the editor has sent, with its mark."""
    (tmp_path / "lib.py").write_bytes(codecs.BOM_UTF8 + LIB)
    (tmp_path / "main.py").write_bytes(b"from lib import net\nprint(net(1))\n")
    opened = {"lib.py": "\ufeff" + LIB.decode(), "main.py": "\ufefffrom lib import net\nprint(net(1))\n"}
    texts = {path.name: text for path, text in planned(tmp_path, "gross", opened=opened, offset=5).texts().items()}
    assert texts == {name: text.replace("net", "gross") for name, text in opened.items()}


@pytest.mark.parametrize("is_open", [False, True])
def test_a_name_that_an_encoding_has_no_signs_for_is_refused(tmp_path: Path, *, is_open: bool):
    """No file is written whose encoding cannot hold the new name."""
    (tmp_path / "lib.py").write_bytes(LIB)
    text = "# coding: latin-1\nfrom lib import net\nprint(net('grüß'))\n"
    (tmp_path / "main.py").write_bytes(text.encode("latin-1"))
    with pytest.raises(UnknownDocumentError, match="written in iso-8859-1, which has no 'ł'"):
        planned(tmp_path, "łódź", opened={"main.py": text} if is_open else None)


def test_an_editor_gets_no_edits_for_what_it_may_read_otherwise(tmp_path: Path):
    """No file is written back broken by an editor that takes it for UTF-8.

    The rename is refused if the file has to change, and leaves it out if the file only may change.
    """
    (tmp_path / "lib.py").write_bytes(LIB)
    text = "# coding: latin-1\nfrom lib import net\nprint(net('grüß'))\n"
    (tmp_path / "main.py").write_bytes(text.encode("latin-1"))
    with pytest.raises(RenameRefusedError, match=r"main\.py is written in iso-8859-1"):
        planned(tmp_path, "gross").edits_for_editor()
    found = planned(tmp_path, "gross", opened={"main.py": text})
    assert {path.name for path in found.edits_for_editor()} == {"lib.py", "main.py"}
    (tmp_path / "main.py").write_bytes("# coding: latin-1\n# grüße von net\n".encode("latin-1"))
    assert {path.name for path in planned(tmp_path, "gross").edits_for_editor(TIERS)} == {"lib.py"}


def test_what_cannot_be_read_is_listed(tmp_path: Path):
    """A file that cannot be read, or is too large, is listed with the place of the name."""
    (tmp_path / "lib.py").write_bytes(LIB)
    (tmp_path / "broken.py").write_bytes(b"from lib import net\nprint(net('gr\xfc\xdf'))\n")
    (tmp_path / "notes.txt").write_bytes(b"net is gro\xdf\n")
    (tmp_path / "large.py").write_bytes(b"x = 1\n" * (MAX_BYTES // 6 + 1) + b"from lib import net\n")
    (tmp_path / "large.json").write_bytes(b'"other": 1\n' * (MAX_BYTES // 11 + 1))
    found = planned(tmp_path, "gross")
    assert left(found) == [
        ("broken.py", 1, "possible", "in a file whose encoding is unknown"),
        ("broken.py", 2, "possible", "in a file whose encoding is unknown"),
        ("large.py", MAX_BYTES // 6 + 2, "possible", "in a file above 1 MB, where nothing is resolved"),
        ("notes.txt", 1, "mention", "in a file whose encoding is unknown"),
    ]
    changed = {path.name: text for path, text in found.texts(TIERS).items()}
    assert changed["broken.py"].encode("latin-1") == b"from lib import gross\nprint(gross('gr\xfc\xdf'))\n"


def test_a_parameter_is_looked_for_in_large_files_by_its_function(tmp_path: Path):
    """A large file is only searched for arguments of calls of the parameter's own function.

    A variable of the same name is not listed, nor is an argument in a file that lacks the
    function's name.
    """
    (tmp_path / "lib.py").write_bytes(LIB)
    filler = b"w = 1\n" * (MAX_BYTES // 6 + 1)
    (tmp_path / "large.py").write_bytes(filler + b"from lib import net\nx = 1\nnet(x=2)\n")
    (tmp_path / "other.py").write_bytes(filler + b"f(x=2)\n")
    assert [(name, line) for name, line, *_ in left(planned(tmp_path, "y", offset=8))] == [("large.py", MAX_BYTES // 6 + 4)]


def test_other_files_of_python_change(tmp_path: Path):
    """Names also follow in scripts for Windows, web entry points, and scripts without suffix."""
    (tmp_path / "lib.py").write_bytes(LIB)
    use = "from lib import net\nprint(net(1))\n"
    scripts = {
        "gui.pyw": use,
        "app.wsgi": use,
        "run": "#!/usr/bin/env python3\n" + use,
        "bin/tool": "#!/usr/bin/python -E\n",
    }
    others = {"notes": use, "shell": "#!/bin/sh\n# net\n"}
    for name, text in {**scripts, **others}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    written(tmp_path, "gross")
    for name, text in scripts.items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text.replace("net", "gross"), name
    for name, text in others.items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text, name


def test_a_script_is_known_by_its_first_line_as_it_is_now(tmp_path: Path):
    """A file without suffix is looked at again when its first line changes."""
    files = WorkspaceFiles(tmp_path)
    script = files.root / "tool"
    script.write_text("net = 1\n")
    files.refresh()
    assert files.containing("net") == []
    script.write_text("#!/usr/bin/python3\nnet = 1\n")
    files.refresh()
    assert files.containing("net") == [script]
    script.write_text("net = 2\n")
    files.refresh()
    assert files.containing("net") == []


@pytest.mark.parametrize("source", ["from lib import net\nnet(1)\n\tnet(2)", ["from lib import net\n", "net(1)\n", "\tnet(2)"]])
def test_notebooks_are_listed(tmp_path: Path, source: object):
    """A name in a notebook is listed, whether a cell is kept as one string or as lines."""
    (tmp_path / "lib.py").write_bytes(LIB)
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": source}]}), encoding="utf-8")
    assert left(planned(tmp_path, "gross")) == [("a.ipynb", 1, "mention", "in a notebook")] * 3
