"""New names that Python would read as another name in a class.

Python reads ``__name`` as ``_Class__name`` there (language reference, 6.2.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import mangling, names, scoping
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.sites import Site, is_private

_PRIVATE = re.compile(r"(?<!\w)__\w+")
_GENERIC_CLASS = re.compile(r"\bclass\s+\w+\s*\[")


def require_same_class(resolution: Resolution, sites: Mapping[Path, list[Site]], new: str) -> None:
    """`RenameRefusedError` if Python would read the new name as another one at some of the sites.

    That is so if the name would be private to a class at some sites only, or if it is the private
    name of something else.
    """
    _require_no_nested_namesake(resolution, sites, new)
    if is_private(new):
        _require_one_owner(resolution, sites, new)
        if not is_private(resolution.name):
            _require_no_generic_class(resolution, sites, new)
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
            # Python does not change the name of an argument in a call.
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


def _require_no_nested_namesake(resolution: Resolution, sites: Mapping[Path, list[Site]], new: str) -> None:
    """`RenameRefusedError` if a nested class of the same name shares private names.

    If two nested classes have one name, Python puts the same prefix before their private names.
    With two names each class would have private names of its own.
    """
    if new.lstrip("_") == resolution.name.lstrip("_"):
        return
    for path, some in sites.items():
        place = resolution.place(path)
        renamed = {node.start_byte: node for site in some if (node := _class_named_at(place, site)) is not None}
        for node in renamed.values():
            for outer, inner in _namesakes(node):
                other = outer if inner is node else inner
                if other.start_byte in renamed or not (shared := _shared_private_names(place, outer, inner)):
                    continue
                line = place.file.document.line_of(place.file.char_of(inner.start_byte)) + 1
                raise RenameRefusedError(
                    f"{resolution.name} on line {line} of {path.name} lies in another class of its name, with which it shares {shared[0]} as long as both have one name"
                )


def _class_named_at(place: FileOccurrences, site: Site) -> Node | None:
    occurrence = place.at(site.start)
    parent = occurrence.node.parent if occurrence is not None else None
    if occurrence is None or parent is None or parent.type != "class_definition":
        return None
    return parent if names.is_same(parent.child_by_field_name("name"), occurrence.node) else None


def _namesakes(node: Node) -> Iterator[tuple[Node, Node]]:
    """The pairs of an outer and an inner class that `node` is in, and that have the same prefix.

    The prefix is what Python puts before private names.
    """
    prefix = mangling.prefix_of(node)
    around = names.enclosing(node, {"class_definition"})
    while around is not None:
        if mangling.prefix_of(around) == prefix:
            yield around, node
        around = names.enclosing(around, {"class_definition"})
    for inner in names.walk(node):
        if inner.type == "class_definition" and inner.id != node.id and mangling.prefix_of(inner) == prefix:
            yield node, inner


def _shared_private_names(place: FileOccurrences, outer: Node, inner: Node) -> list[str]:
    """The private names that stand both in the inner class and in the outer one around it."""
    around = place.file.between(outer.start_byte, inner.start_byte) + " " + place.file.between(inner.end_byte, outer.end_byte)
    found = (set(_PRIVATE.findall(text)) for text in (place.file.text_of(inner), around))
    return sorted(name for name in set.intersection(*found) if is_private(name))


def _require_no_generic_class(resolution: Resolution, sites: Mapping[Path, list[Site]], new: str) -> None:
    """`RenameRefusedError` if CPython 3.12 would put a generic class's name before the new name.

    In a class with type parameters it does so for whatever looks private behind the first line.
    """
    for path, some in sites.items():
        place = resolution.place(path)
        generic = _generic_classes(place)
        for site in some:
            occurrence = place.at(site.start)
            if occurrence is None or occurrence.role in {"string", "comment", "keyword"}:
                continue
            inside = mangling.class_around(occurrence.node)
            since = inside.start_byte + 1 if inside is not None else 0
            at = place.file.byte_of(occurrence.start)
            owner = next((mangling.prefix_of(one) for one in generic if since <= one.start_byte < at), "")
            if owner:
                line = place.file.document.line_of(occurrence.start) + 1
                raise RenameRefusedError(
                    f"on line {line} of {path.name} Python 3.12 would read {new} as a private name of {owner}, a class with type parameters"
                )


def _generic_classes(place: FileOccurrences) -> list[Node]:
    """The classes of a file that have type parameters."""
    if not _GENERIC_CLASS.search(place.file.document.text):
        return []
    found = (node for node in names.walk(place.file.tree.root_node) if node.type == "class_definition")
    return [node for node in found if scoping.type_parameters_of(node) is not None]


def _require_unused(resolution: Resolution, owner: str, name: str, new: str) -> None:
    for place in resolution.for_name(name).python_places():
        for occurrence in place.occurrences:
            if occurrence.role not in {"string", "comment"} and mangling.class_of_private(occurrence.node) == owner:
                line = place.file.document.line_of(occurrence.start) + 1
                raise RenameRefusedError(f"{new} is taken: Python reads {name} on line {line} of {place.path.name} so")
