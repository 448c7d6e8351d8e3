"""A file is read as the text of its encoding, and written back as the bytes that it had."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from seed_lsp.errors import UnknownDocumentError
from seed_lsp.source.files import WorkspaceFiles, read_document
from seed_lsp.source.writing import Replacement, write_files

LATIN = "# coding: latin-1\nfrom lib import net\nprint(net('grüß'))\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (LATIN.encode("latin-1"), "iso-8859-1"),
        ("#!/usr/bin/python\n# -*- coding: cp1252 -*-\nprice = '3 €'\n".encode("cp1252"), "cp1252"),
        ("# vim: set fileencoding=koi8-r :\nname = 'имя'\n".encode("koi8-r"), "koi8-r"),
        ("# coding: shift_jis\nname = '名前'\n".encode("shift_jis"), "shift_jis"),
        (codecs.BOM_UTF8 + "größe = 1\n".encode(), "utf-8-sig"),
        ("größe = 1\r\n".encode(), "utf-8"),
    ],
)
def test_a_python_file_is_read_and_written_in_its_encoding(tmp_path: Path, content: bytes, encoding: str):
    """A change leaves every other byte as it was, and a byte order mark is no character."""
    path = tmp_path / "a.py"
    path.write_bytes(content)
    document = read_document(path)
    assert document.encoding == encoding
    assert not document.text.startswith("\ufeff")
    changed = document.text + "more = 1\n"
    write_files({path: Replacement(document.text, changed, document.encoding)})
    assert path.read_bytes() == content + b"more = 1\n"


def test_words_are_found_in_whatever_encoding(tmp_path: Path):
    """A word is found in any encoding, behind a mark, and between typographic quotes."""
    (tmp_path / "a.py").write_bytes("# coding: latin-1\ngröße = 1\n".encode("latin-1"))
    (tmp_path / "b.py").write_bytes(codecs.BOM_UTF8 + "größe = 1\n".encode())
    (tmp_path / "c.md").write_bytes("the “größe”\n".encode("utf-16"))
    files = WorkspaceFiles(tmp_path)
    files.refresh()
    assert [path.name for path in files.containing("größe")] == ["a.py", "b.py", "c.md"]


@pytest.mark.parametrize(
    "content", [b"# coding: klingon\nx = 1\n", b"x = '\xfc'\n", b"# coding: rot13\nk = 1\n", b"# coding: ascii\nx = '\xfc'\n"]
)
def test_what_cannot_be_read_is_said_in_words(tmp_path: Path, content: bytes):
    """A file whose encoding is unknown or wrong is refused, with what to do."""
    path = tmp_path / "a.py"
    path.write_bytes(content)
    with pytest.raises(UnknownDocumentError, match="convert it first"):
        read_document(path)


def test_a_name_that_the_encoding_cannot_write_is_refused(tmp_path: Path):
    """Then nothing is written, in no file."""
    path, other = tmp_path / "a.py", tmp_path / "b.py"
    path.write_bytes(LATIN.encode("latin-1"))
    other.write_text("x")
    with pytest.raises(UnknownDocumentError, match=r"a\.py is written in iso-8859-1, which has no 'ł'"):
        write_files({other: Replacement("x", "y"), path: Replacement(LATIN, LATIN.replace("net", "łódź"), "iso-8859-1")})
    assert path.read_bytes() == LATIN.encode("latin-1")
    assert other.read_text() == "x"
