"""Calls of objects, which reach the ``__call__`` of their class.

They are found if the class is known, in the files that name the class or an object of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.lineage import Lineage
from seed_lsp.features.rename.python.references import site_of
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.signature.constructed import Family
from seed_lsp.features.rename.sites import References, Scope, Site

CALL = "__call__"
_MAY_BE_OBJECTS = frozenset({"identifier", "attribute", "call", "subscript", "parenthesized_expression"})


@dataclass(frozen=True)
class ObjectCall:
    """A call of an object.

    `function` is the object that is called, and `reached` the class whose ``__call__`` this
    reaches.
    """

    place: FileOccurrences
    site: Site
    node: Node
    function: Node
    reached: Scope


def object_calls(resolution: Resolution, references: References, check: Callable[[], None]) -> Iterator[ObjectCall]:
    """The calls of objects of the classes that have the method, and of the classes below."""
    lineage = Lineage(resolution)
    owners = references.symbol.scopes | references.symbol.overrides
    families = [Family(resolution, scope, check) for scope in sorted(owners, key=str)]
    paths = {place.path for family in families for place in family.places()}
    seen: dict[Path, set[int]] = {}
    made: set[str] = set()
    for path in sorted(paths):
        check()
        place = resolution.place(path)
        made |= _names_of_objects(lineage, place, owners)
        yield from _calls_in(lineage, place, owners, seen.setdefault(path, set()), None)
    for name in sorted(made):
        for place in resolution.for_name(name).python_places():
            if place.path not in paths:
                check()
                yield from _calls_in(lineage, resolution.place(place.path), owners, seen.setdefault(place.path, set()), name)


def _calls_in(lineage: Lineage, place: FileOccurrences, owners: frozenset[Scope], seen: set[int], name: str | None) -> Iterator[ObjectCall]:
    """The calls of objects in one file; with `name` only those of objects of this name."""
    for call in names.walk(place.file.tree.root_node):
        function = call.child_by_field_name("function") if call.type == "call" else None
        if function is None or function.type not in _MAY_BE_OBJECTS or call.start_byte in seen:
            continue
        if name is not None and place.file.text_of(function).rpartition(".")[2] != name:
            continue
        reached = _reached(lineage, place, function, owners)
        if reached is not None:
            yield ObjectCall(place, site_of(place, function, "call"), call, function, reached)


def _reached(lineage: Lineage, place: FileOccurrences, function: Node, owners: frozenset[Scope]) -> Scope | None:
    """The class whose ``__call__`` an object has; None if it is no object of these classes."""
    values = lineage.resolution.values_of(place, function)
    if not values or any(value.kind != "instance" for value in values):
        return None
    found = {next((one for one in lineage.order(scope) if one in owners), None) for scope in lineage.scopes_of(values)}
    return found.pop() if len(found) == 1 else None


def _names_of_objects(lineage: Lineage, place: FileOccurrences, owners: frozenset[Scope]) -> set[str]:
    """The names of the variables and attributes in a file that are given such an object."""
    found = set()
    for node in names.walk(place.file.tree.root_node):
        left = node.child_by_field_name("left") if node.type == "assignment" else None
        right = node.child_by_field_name("right") if left is not None else None
        if (
            left is not None
            and right is not None
            and left.type in {"identifier", "attribute"}
            and _reached(lineage, place, right, owners) is not None
        ):
            found.add(place.file.text_of(left).rpartition(".")[2])
    return found
