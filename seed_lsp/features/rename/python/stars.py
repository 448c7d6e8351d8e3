"""What ``from module import *`` brings: names that the importing file need not contain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from seed_lsp.errors import RenameRefusedError, UnknownDocumentError
from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.sites import APPLIED, References


def require_same_stars(resolution: Resolution, references: References, new: str) -> None:
    """`RenameRefusedError` if imports of ``*`` would bring other things than before.

    An import of ``*`` may no longer bring the renamed thing to a file that uses it, or may bring it
    to a file where the new name means another thing.
    """
    is_private = new.startswith("_") and not resolution.name.startswith("_")
    # Most new names stand nowhere yet, so that no file can mean another thing by them.
    brings_another = not new.startswith("_") and bool(resolution.files.containing(new))
    for scope in references.symbol.scopes:
        if scope.node_type != "module" or scope.path is None:
            continue
        own = resolution.place(scope.path)
        for source in resolution.star_sources(own):
            there = FileOccurrences(source, resolution.place(source).file, new)
            if there.module in there.bindings and not new.startswith("_"):
                raise RenameRefusedError(f"{own.path.name} imports another {new} from {source.name} with *")
        for importer in _importers(resolution, scope.path) if is_private or brings_another else ():
            if is_private:
                _require_no_use(references, scope.path, importer, new)
            else:
                _require_no_other(FileOccurrences(importer, resolution.place(importer).file, new), scope.path)


def _importers(resolution: Resolution, path: Path) -> list[Path]:
    """The files that import ``*`` from a module, directly or through other modules."""
    found: list[Path] = []
    waiting = [path]
    while waiting:
        module = waiting.pop()
        for place in _candidates(resolution, module):
            if place.path not in {*found, path} and module in resolution.star_sources(place):
                found.append(place.path)
                waiting.append(place.path)
    return found


def _candidates(resolution: Resolution, module: Path) -> Iterator[FileOccurrences]:
    word = module.parent.name if module.stem == "__init__" else module.stem
    for path in resolution.files.containing(word):
        try:
            document = resolution.files.document(path)
        except UnknownDocumentError:
            continue
        if document.language == "python" and names.STAR_IMPORT.search(document.text):
            yield resolution.place(path)


def _require_no_use(references: References, home: Path, importer: Path, new: str) -> None:
    listed = any(site.path == home and site.reason == "listed in __all__" for site in references.sites)
    if not listed and any(site.path != home and site.tier in APPLIED for site in references.sites):
        raise RenameRefusedError(f"{importer.name} imports * from {home.name}, which leaves out names that begin with an underscore: {new}")


def _require_no_other(taken: FileOccurrences, home: Path) -> None:
    for occurrence in taken.occurrences:
        scope = taken.container(occurrence) or taken.lookup(occurrence.node)
        imported = names.is_imported(occurrence.node)
        if taken.is_plain(occurrence) and not imported and (scope is None or scope == taken.module):
            line = taken.file.document.line_of(occurrence.start) + 1
            raise RenameRefusedError(
                f"{taken.name} on line {line} of {taken.path.name} is another one, and {home.name} would bring the renamed one there with *"
            )
