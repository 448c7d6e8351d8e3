"""Reasons to refuse a rename that only an editor can bring about.

The document has no file, a text moved on meanwhile, or one file is open with two texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seed_lsp.errors import RenameRefusedError, StaleDocumentError
from seed_lsp.source.address import name_of, path_of, scheme_of

if TYPE_CHECKING:
    from seed_lsp.features.rename.change import Rename
    from seed_lsp.session.session import Documents
    from seed_lsp.session.surroundings import Surroundings
    from seed_lsp.source.document import Document


def refuse_moved(documents: Documents, asked: Document, found: Rename, around: Surroundings) -> None:
    """Places of a text that the editor no longer has, or has only now, are none to change."""
    for one in (asked, *found.references.documents.values()):
        if one.version is not None and not documents.is_current(one):
            raise StaleDocumentError(f"{name_of(one.uri)} changed while its names were looked for; nothing was applied")
    for one in documents.documents:
        if (file := path_of(one.uri)) in found.references.documents and file not in around.opened:
            raise StaleDocumentError(f"{name_of(one.uri)} was opened while its names were looked for; nothing was applied")


def refuse_contested(found: Rename, around: Surroundings) -> None:
    """Refuse to change a file that is open with two texts, neither of which was asked about."""
    name, edited = found.references.symbol.name, {*found.all_edits(), *(site.path for site in found.references.sites)}
    for path, others in around.contested.items():
        chosen = around.opened[path]
        differing = [one for one in others if one.text != chosen.text]
        if differing and (path in edited or any(name in one.text for one in differing)):
            raise RenameRefusedError(f"{path.name} is open under two addresses with different texts; save or close one of them")


def why_no_file(uri: str) -> str:
    """Words for a document whose address is not that of a file."""
    scheme = scheme_of(uri)
    if scheme == "untitled" or uri in {"", "file:", "file://"}:
        return "the document has no file yet; save it first"
    if scheme == "vscode-notebook-cell":
        return "only files can be renamed in, and a notebook's cells are parts of one"
    if scheme != "file":
        return f"only files can be renamed in, and what {scheme or 'no scheme'} names is none here; open the file itself"
    return "only whole files on this machine can be renamed in; this address names none"
