"""pytest's fixtures: a test asks for a fixture by a parameter with the name of its function."""

from __future__ import annotations

from pathlib import Path

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.sites import Scope

_SHARED = "conftest.py"


def with_fixtures(resolution: Resolution, scopes: frozenset[Scope]) -> frozenset[Scope]:
    """The scopes, with the functions whose parameter stands for the same fixture.

    The result is unchanged if no fixture is meant.
    """
    places = {place.path: place for place in resolution.python_places()}
    fixtures = {path for path, place in places.items() if _defines_fixture(place)}
    if not fixtures:
        return scopes
    own: set[Path | None] = {scope.path for scope in scopes if scope.path in fixtures and scope.node_type == "module"}
    for scope in scopes:
        if scope.path is not None and _asks(places.get(scope.path), scope):
            own.add(_visible(scope.path, fixtures))
    found = set(scopes)
    for path in own - {None}:
        assert path is not None, "left out"
        found.add(places[path].scope(places[path].file.tree.root_node))
        for other, place in places.items():
            if _visible(other, fixtures) == path:
                found |= {scope for scope in place.bindings if _asks(place, scope)}
    return frozenset(found)


def _visible(path: Path, fixtures: set[Path]) -> Path | None:
    """The file whose fixture of the name the tests of a file get; None if there is none.

    This is the file itself, or the nearest ``conftest.py`` above it.
    """
    if path in fixtures:
        return path
    return next((found for folder in path.parents if (found := folder / _SHARED) in fixtures), None)


def _defines_fixture(place: FileOccurrences) -> bool:
    module = place.scope(place.file.tree.root_node)
    return any(_is_fixture(place, binding.node.parent) for binding in place.bindings.get(module, []))


def _asks(place: FileOccurrences | None, scope: Scope) -> bool:
    """Whether a function is a test or a fixture, with a parameter of the name."""
    if place is None or scope.node_type != "function_definition":
        return False
    node = place.node_of(scope)
    parameters = node.child_by_field_name("parameters")
    named = any(parameters is not None and names.lies_in(binding.node, parameters) for binding in place.bindings.get(scope, []))
    name = node.child_by_field_name("name")
    return named and ((name is not None and place.file.text_of(name).startswith("test")) or _is_fixture(place, node))


def _is_fixture(place: FileOccurrences, node: Node | None) -> bool:
    return node is not None and node.type == "function_definition" and "fixture" in names.decorators_of(place.file, node)
