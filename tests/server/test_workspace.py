"""The open documents as the editor's changes leave them, without a process."""

from __future__ import annotations

import pytest
from lsprotocol import types

from seed_lsp.errors import UnknownDocumentError
from seed_lsp.server.workspace import SeedWorkspace

URI = "file:///w/a%20b.py"


def workspace(encoding: str) -> SeedWorkspace:
    return SeedWorkspace(None, types.TextDocumentSyncKind.Incremental, [], encoding, closed=CLOSED.append)


CLOSED: list[str] = []


def change(documents: SeedWorkspace, version: int, area: tuple[int, int, int, int] | None, text: str, uri: str = URI) -> str:
    identifier = types.VersionedTextDocumentIdentifier(version=version, uri=uri)
    if area is None:
        documents.update_text_document(identifier, types.TextDocumentContentChangeWholeDocument(text))
    else:
        ends = types.Range(types.Position(*area[:2]), types.Position(*area[2:]))
        documents.update_text_document(identifier, types.TextDocumentContentChangePartial(range=ends, text=text))
    return documents.snapshot(URI).text


CHANGES = [
    ("x = 1", (0, 0, 0, 2147483647), "y = 5", "y = 5"),
    ("x = 1\ny = x", (1, 999, 1, 999), "2", "x = 1\ny = x2"),
    ("x = 1\ny = x", (1, 6, 1, 6), "2", "x = 1\ny = x2"),
    ("x = 1\ny = 2\n", (0, 6, 0, 6), "2", "x = 12\ny = 2\n"),
    ("x = 1\ny = 2\n", (0, 4, 0, 6), "3", "x = 3\ny = 2\n"),
    ("x = 1\r\ny = 2\r\n", (0, 6, 0, 6), "2", "x = 12\r\ny = 2\r\n"),
    ("x = 1\r\ny = 2\r\n", (0, 7, 1, 0), "", "x = 1y = 2\r\n"),
    ("x = 1\ry = 2", (0, 6, 1, 99), "", "x = 1"),
    ("é = '😀'\ny", (0, 99, 1, 99), "!", "é = '😀'!"),
    ("a\u2028b\x0cc\n", (0, 99, 9, 0), "", "a\u2028b\x0cc"),
    ("", (0, 5, 7, 5), "a", "a"),
    ("a\n", (1, 3, 1, 3), "b", "a\nb"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize(("before", "area", "text", "after"), CHANGES)
def test_positions_behind_a_lines_end(encoding: str, before: str, area: tuple[int, int, int, int], text: str, after: str):
    """A position behind the end of a line means its end (LSP 3.17, Position).

    With another reading the server's text would differ from the editor's for good.
    """
    documents = workspace(encoding)
    documents.put_text_document(types.TextDocumentItem(URI, "python", 1, before))
    assert change(documents, 2, area, text) == after


def test_a_snapshot_is_of_one_opening_one_version_and_one_text():
    """An edit for a snapshot must not reach another text that only has the same version."""
    documents = workspace("utf-16")
    documents.put_text_document(types.TextDocumentItem(URI, "python", 1, "a"))
    first = documents.snapshot("file:///w/a b.py")
    assert first.uri == URI
    assert documents.is_current(first)
    change(documents, 1, None, "b")
    assert not documents.is_current(first), "the same version with another text"
    change(documents, 2, None, "a")
    assert not documents.is_current(first), "the same text with another version"
    documents.remove_text_document("file:///w/a b.py")
    assert CLOSED.pop() == URI
    assert not documents.is_current(first), "closed"
    with pytest.raises(UnknownDocumentError, match=r"a b\.py is not open"):
        documents.snapshot(URI)
    documents.put_text_document(types.TextDocumentItem(URI, "python", 1, "a"))
    assert not documents.is_current(first), "opened again"
    assert documents.is_current(documents.snapshot(URI))
