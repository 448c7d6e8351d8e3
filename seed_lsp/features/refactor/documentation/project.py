"""The style of a project: from the file itself, and from its neighbours if it tells too little."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from seed_lsp.errors import UnknownDocumentError
from seed_lsp.features.refactor.documentation.definition import Definition
from seed_lsp.features.refactor.documentation.selected import Code
from seed_lsp.features.refactor.documentation.style import Style, columns_of, documented_functions, read_style
from seed_lsp.source.files import language_of, read_document

ENOUGH = 3
"""Documented functions with parameters, which tell the style of sections."""
MOST_NEIGHBOURS, MOST_BYTES, MOST_ENTRIES = 6, 100_000, 1000


def project_style(code: Code, path: Path | None) -> Style:
    """How documentation is written here; neighbours are files of the same language and folder."""
    found: list[Definition] = list(code.all)
    neighbours = _neighbours(code, path) if path is not None else iter(())
    while documented_functions(found) < ENOUGH and (neighbour := next(neighbours, None)) is not None:
        found += neighbour.all
    return read_style(found, columns_of(code.document.text), code.grammar)


def _neighbours(code: Code, path: Path) -> Iterator[Code]:
    """A few of the small files beside one, those first whose names are next to its own."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in islice(entries, MOST_ENTRIES) if _is_like(entry, code, path)]
    except OSError:
        return
    later = sorted(name for name in names if name > path.name)
    earlier = sorted((name for name in names if name < path.name), reverse=True)
    for name in [*later, *earlier][:MOST_NEIGHBOURS]:
        try:
            yield Code(read_document(path.parent / name))
        except UnknownDocumentError:
            continue


def _is_like(entry: os.DirEntry[str], code: Code, path: Path) -> bool:
    if entry.name == path.name or language_of(Path(entry.name)) != code.document.language:
        return False
    try:
        return entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_size <= MOST_BYTES
    except OSError:
        return False
