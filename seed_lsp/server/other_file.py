"""Whether another file that a proposal adds to still has the text that the proposal is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seed_lsp.errors import StaleDocumentError
from seed_lsp.source.address import path_of
from seed_lsp.source.files import read_document

if TYPE_CHECKING:
    from seed_lsp.features.refactor.action import OtherFile
    from seed_lsp.session.session import Documents


def require_as_it_was(documents: Documents, other: OtherFile) -> None:
    """`StaleDocumentError` if the file has another text now, in the editor or, if it is not open
    there, on the disk.
    """
    path, document = other.path.resolve(), other.document
    texts = {one.text for one in documents.documents if path_of(one.uri) == path} or {read_document(path).text}
    moved = document.version is not None and not documents.is_current(document)
    if moved or texts != {document.text}:
        raise StaleDocumentError(f"{path.name} changed meanwhile, or is open with two texts; nothing was applied")
