"""What names a symbol's word and is not resolved: what it may still be, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seed_lsp.features.rename.python import calls, names

if TYPE_CHECKING:
    from tree_sitter import Node

    from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
    from seed_lsp.features.rename.python.names import Occurrence
    from seed_lsp.features.rename.python.resolution import Resolution
    from seed_lsp.features.rename.sites import Scope, Symbol


_MODULES = frozenset({"ModuleType", "Module"})
"""What a module is to jedi that it knows no more of, as `importlib.import_module` gives one."""


def why_possible(resolution: Resolution, symbol: Symbol, place: FileOccurrences, occurrence: Occurrence) -> str:
    """Why a place that nothing is known of may be the symbol; empty where it is something else."""
    if occurrence.role == "attribute":
        return _of_attribute(resolution, symbol, place, occurrence)
    if occurrence.role == "keyword":
        return calls.why_possible(resolution, symbol.scopes | symbol.overrides, symbol.called_as, place, occurrence)
    if occurrence.role == "field":
        return "field of a class that is unknown" if symbol.is_member else ""
    if occurrence.role != "name" or symbol.is_local or symbol.is_member:
        return ""
    imported = _imported_here(place, occurrence)
    if imported is not None:
        return _of_import(resolution, place, imported)
    return "may come from an import of *" if place.file.has_star_import and place.lookup(occurrence.node) is None else ""


def _of_attribute(resolution: Resolution, symbol: Symbol, place: FileOccurrences, occurrence: Occurrence) -> str:
    known = resolution.receivers(place, occurrence)
    if not known:
        return "attribute of an object of unknown type"
    if all(value.kind == "module" for value in known):
        own = any(value.path is not None and resolution.files.holds(value.path) for value in known)
        return "attribute of a module that is not known to have it" if own and not symbol.is_member else ""
    if not symbol.is_member and any(value.name in _MODULES and value.kind == "instance" for value in known):
        return "attribute of a module that is not known"
    # What the object was taken for has no such attribute: it will be something else.
    return "attribute that its object is not known to have" if symbol.is_member else ""


def _imported_here(place: FileOccurrences, occurrence: Occurrence) -> Node | None:
    """The statement ``from module import name`` that the name is brought in by, or seen through."""
    scope = place.container(occurrence) or place.lookup(occurrence.node)
    bindings = [occurrence] if names.is_imported(occurrence.node) else place.bindings[scope] if scope is not None else []
    for binding in bindings:
        statement = names.enclosing(binding.node, {"import_from_statement"})
        if statement is not None and not names.is_alias_of_import(binding.node):
            module = statement.child_by_field_name("module_name")
            return statement if module is None or not names.lies_in(binding.node, module) else None
    return None


def _of_import(resolution: Resolution, place: FileOccurrences, statement: Node) -> str:
    """Of a name that a module is to have: the module is found nowhere, or is one of the workspace's and not seen to have it."""
    module = statement.child_by_field_name("module_name")
    last = names.last_identifier(module) if module is not None else None
    found = resolution.definitions_of(place, last) if last is not None else []
    if last is not None and not found:
        return "imported from a module that is not found"
    if all(one.path is None or not resolution.files.holds(one.path) for one in found) and found:
        return ""
    return "imported from a module that is not known to have it"


def scopes_of_unknown_family(resolution: Resolution, family: frozenset[Scope], candidates: set[Scope]) -> frozenset[Scope]:
    """Of the classes that have the name too those that may belong to the family, because a base of theirs, or of one of the family's, is unknown."""
    hierarchy, found = resolution.hierarchy, set(family)
    grown = True
    while grown:
        grown = False
        for scope in candidates - found:
            related = any(scope in hierarchy.line_of(one) or one in hierarchy.line_of(scope) for one in found)
            if related or hierarchy.may_inherit(scope, found) or any(hierarchy.may_inherit(one, {scope}) for one in found):
                found.add(scope)
                grown = True
    return frozenset(found - family)
