"""The editor's open documents, and snapshots of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

from lsprotocol import types
from pygls.workspace import Workspace

from seed_lsp.errors import UnknownDocumentError
from seed_lsp.source.address import key_of, name_of
from seed_lsp.source.document import CharOffset, ClientPosition, Document, Encoding

Key = tuple[str, str, str, str]


class SeedWorkspace(Workspace):
    """Keeps the open documents by their addresses, in whatever spelling these come.

    A document is a snapshot, under the spelling that it was opened with.

    The one of pygls (pygls/workspace/workspace.py) looks documents up by an unescaped text, in
    which ``a%23b`` and ``a#b`` are one. It splits lines at form feeds, and takes positions behind a
    line's end for ones before its last character (`position_from_client_units` in
    pygls/workspace/position_codec.py).
    """

    def __init__(self, *arguments: Any, closed: Callable[[str], None]) -> None:
        """`closed` is told the address of each document that the editor closes."""
        super().__init__(*arguments)
        self._closed = closed
        self._open: dict[Key, Document] = {}
        self._openings = 0

    @cached_property
    def encoding(self) -> Encoding:
        """What the client counts characters in."""
        chosen = str(getattr(self.position_encoding, "value", self.position_encoding))
        if chosen == "utf-8":
            return "utf-8"
        return "utf-32" if chosen == "utf-32" else "utf-16"

    @property
    def documents(self) -> list[Document]:
        """The open documents as they are now."""
        return list(self._open.values())

    def find(self, uri: str) -> Document | None:
        return self._open.get(key_of(uri))

    def snapshot(self, uri: str) -> Document:
        """An open document as it is now; what the editor has not opened is not ours to touch."""
        document = self.find(uri)
        if document is None:
            raise UnknownDocumentError(f"{name_of(uri)} is not open in the editor; open it and try again")
        return document

    def is_current(self, document: Document) -> bool:
        """Whether the editor's document is still the one of the snapshot.

        It was not closed meanwhile, and has not another text under the same version.
        """
        return self.find(document.uri) == document

    def put_text_document(self, text_document: types.TextDocumentItem, notebook_uri: str | None = None) -> None:
        del notebook_uri
        self.remove_text_document(text_document.uri)
        self._openings += 1
        item = text_document
        self._open[key_of(item.uri)] = Document(item.uri, item.text, item.version, item.language_id or "plaintext", opening=self._openings)

    def remove_text_document(self, doc_uri: str) -> None:
        if (document := self._open.pop(key_of(doc_uri), None)) is not None:
            self._closed(document.uri)

    def update_text_document(self, text_doc: types.VersionedTextDocumentIdentifier, change: types.TextDocumentContentChangeEvent) -> None:
        document = self.snapshot(text_doc.uri)
        text = change.text
        if isinstance(change, types.TextDocumentContentChangePartial):
            start, end = offsets(document, change.range, self.encoding)
            text = document.text[:start] + text + document.text[end:]
        self._open[key_of(text_doc.uri)] = replace(document, text=text, version=text_doc.version)

    def renumber(self, uri: str, version: int) -> None:
        """Take the version of a change that changes nothing.

        Edits for the version before would be refused.
        """
        if (document := self.find(uri)) is not None and document.version != version:
            self._open[key_of(uri)] = replace(document, version=version)

    def add_folder(self, folder: types.WorkspaceFolder) -> None:
        self._folders[_folder_key(folder.uri)] = folder

    def remove_folder(self, folder_uri: str) -> None:
        self._folders.pop(_folder_key(folder_uri), None)


def _folder_key(uri: str) -> str:
    """Equal for two spellings of a folder's address."""
    return repr(key_of(uri.rstrip("/")))


def offsets(document: Document, area: types.Range, encoding: Encoding) -> tuple[CharOffset, CharOffset]:
    ends = [document.offset_at(ClientPosition(p.line, p.character), encoding) for p in (area.start, area.end)]
    return min(ends), max(ends)


def protocol_range(document: Document, start: int, end: int, encoding: Encoding) -> types.Range:
    first, last = (document.position_at(CharOffset(offset), encoding) for offset in (start, end))
    return types.Range(types.Position(first.line, first.character), types.Position(last.line, last.character))


def plain_range(area: types.Range) -> dict[str, dict[str, int]]:
    """A range as JSON has it, for what the protocol gives no type."""
    return {
        "start": {"line": area.start.line, "character": area.start.character},
        "end": {"line": area.end.line, "character": area.end.character},
    }


def field(value: Any, *names: str) -> Any:
    """A value within the parameters of a method that the protocol has no type for.

    None where it is missing.
    """
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def position_of(value: Any) -> types.Position | None:
    """A position as JSON has it; None for what is none."""
    line, character = field(value, "line"), field(value, "character")
    try:
        return types.Position(line, character) if is_whole(line) and is_whole(character) else None
    except ValueError:
        # Negative, or more than the protocol has.
        return None
