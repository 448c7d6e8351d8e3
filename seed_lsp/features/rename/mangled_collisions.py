"""New names that Python would read as another one in a class: ``__name`` is ``_Class__name`` there (language reference, 6.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename import mangling
from seed_lsp.features.rename.references import Site
from seed_lsp.features.rename.resolution import Resolution


def require_same_class(resolution: Resolution, sites: Mapping[Path, list[Site]], new: str) -> None:
    """`RenameRefusedError` where the new name would be private to a class at some of the sites and not at others, or is the private name of something else."""
    if mangling.is_private(new):
        _require_one_owner(resolution, sites, new)
    for owner, name in mangling.unmangled(new):
        _require_unused(resolution, owner, name, new)


def _require_one_owner(resolution: Resolution, sites: Mapping[Path, list[Site]], new: str) -> None:
    owners: dict[str, str] = {}
    for path, some in sites.items():
        place = resolution.place(path)
        for site in some:
            occurrence = place.at(site.start)
            if occurrence is None or occurrence.role not in {"name", "attribute", "field", "keyword"}:
                continue
            # The name of an argument in a call is read as it stands.
            owner = "" if occurrence.role == "keyword" else mangling.class_of_private(occurrence.node)
            line = place.file.document.line_of(occurrence.start) + 1
            owners.setdefault(owner, f"on line {line} of {path.name}")
    if len(owners) > 1:
        owner, where = next((owner, where) for owner, where in owners.items() if owner)
        raise RenameRefusedError(f"{where} Python would read {new} as {mangling.mangled(new, owner)}, which is another name than elsewhere")
    for owner in owners:
        full = mangling.mangled(new, owner)
        if owner and (taken := resolution.files.containing(full)):
            raise RenameRefusedError(f"Python would read {new} as {full}, which {taken[0].name} has already")


def _require_unused(resolution: Resolution, owner: str, name: str, new: str) -> None:
    for place in resolution.for_name(name).python_places():
        for occurrence in place.occurrences:
            if occurrence.role not in {"string", "comment"} and mangling.class_of_private(occurrence.node) == owner:
                line = place.file.document.line_of(occurrence.start) + 1
                raise RenameRefusedError(f"{new} is taken: Python reads {name} on line {line} of {place.path.name} so")
