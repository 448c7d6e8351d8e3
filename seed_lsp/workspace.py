"""pygls' documents with the protocol's idea of a line, and snapshots of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from lsprotocol import types
from pygls.workspace import TextDocument, Workspace

from seed_lsp.errors import UnknownDocumentError
from seed_lsp.source.document import CharOffset, ClientPosition, Document, Encoding, split_lines


class SeedTextDocument(TextDocument):
    r"""Only \n, \r\n and \r end a line; pygls' own splitting also takes form feeds and others, and then loses step with the client."""

    @property
    def lines(self) -> Sequence[str]:
        return split_lines(self.source)


class SeedWorkspace(Workspace):
    """Makes `SeedTextDocument`s."""

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> SeedTextDocument:
        return SeedTextDocument(
            doc_uri, source=source, version=version, language_id=language_id, sync_kind=self._sync_kind, position_codec=self._position_codec
        )

    @cached_property
    def encoding(self) -> Encoding:
        """What the client counts characters in."""
        chosen = str(getattr(self.position_encoding, "value", self.position_encoding))
        if chosen == "utf-8":
            return "utf-8"
        return "utf-32" if chosen == "utf-32" else "utf-16"

    def snapshot(self, uri: str) -> Document:
        """An open document as it is now; what the editor has not opened is not ours to touch."""
        document = self.text_documents.get(uri)
        if document is None:
            raise UnknownDocumentError(f"{uri.rsplit('/', 1)[-1]} is not open in the editor; open it and try again")
        return Document(uri, document.source, document.version, document.language_id or "plaintext")

    def is_current(self, document: Document) -> bool:
        """Whether the editor's document is still the one of the snapshot."""
        now = self.text_documents.get(document.uri)
        return now is not None and now.version == document.version


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


def plain(value: Any) -> Any:
    """What a client sent for a method that the protocol does not know, as JSON had it: pygls makes named tuples of its objects."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(entry) for name, entry in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value
