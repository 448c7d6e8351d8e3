"""Sites in files that are not resolved, since they are too large or their encoding is unknown."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from seed_lsp.errors import UnknownDocumentError
from seed_lsp.features.rename.sites import References, Site, Symbol, Tier, word_pattern
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import WorkspaceFiles, read_document


def with_unread_files(files: WorkspaceFiles, references: References) -> References:
    """The references, with sites in files that are not resolved.

    The tier of such a site is "possible" in Python, and "mention" in other files.
    """
    symbol, sites, documents = references.symbol, list(references.sites), dict(references.documents)
    if symbol.is_local and not symbol.called_as:
        return references
    large = files.too_large(symbol.name)
    for path in [*large, *_unreadable(files, symbol.name)]:
        try:
            document = read_document(path, unread=True)
        except UnknownDocumentError:
            continue
        reason = "in a file above 1 MB, where nothing is resolved" if path in large else "in a file whose encoding is unknown"
        fresh = _sites(path, document, symbol, reason)
        if fresh:
            sites += fresh
            documents[path] = document
    return replace(references, sites=tuple(sorted(sites, key=lambda site: (site.path, site.start))), documents=documents)


def _unreadable(files: WorkspaceFiles, name: str) -> list[Path]:
    found = []
    for path in files.containing(name):
        try:
            files.document(path)
        except UnknownDocumentError:
            found.append(path)
    return found


def _sites(path: Path, document: Document, symbol: Symbol, reason: str) -> list[Site]:
    python, pattern = document.language == "python", re.compile(f"(?P<name>{word_pattern(symbol.name).pattern})")
    if symbol.is_local:
        # In other files, only arguments of calls of its function can name a parameter.
        if not python or not any(word_pattern(one).search(document.text) for one in symbol.called_as):
            return []
        pattern = re.compile(rf"[(,]\s*(?P<name>{re.escape(symbol.name)})(?=\s*=(?!=))")
    tier: Tier = "possible" if python else "mention"
    found = pattern.finditer(document.text)
    return [Site(path, CharOffset(match.start("name")), CharOffset(match.end("name")), tier, reason) for match in found]
