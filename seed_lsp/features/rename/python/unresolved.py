"""Whether an unresolved occurrence may still be the symbol, and why."""

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
"""jedi's names for the type of a module that it knows nothing more of.

`importlib.import_module` returns one.
"""


def why_possible(resolution: Resolution, symbol: Symbol, place: FileOccurrences, occurrence: Occurrence) -> str:
    """Why an unresolved occurrence may be the symbol; empty if it is something else."""
    if occurrence.role == "attribute":
        return _of_attribute(resolution, symbol, place, occurrence)
    if occurrence.role == "keyword":
        return calls.why_possible(resolution, symbol.scopes | symbol.overrides, symbol.called_as, place, occurrence)
    if occurrence.role == "field":
        return "field of a class that is unknown" if symbol.is_member else ""
    if occurrence.role != "name" or not symbol.is_global:
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
        return "attribute of a module that is not known to have it" if own and symbol.is_global else ""
    if symbol.is_global and any(value.name in _MODULES and value.kind == "instance" for value in known):
        return "attribute of a module that is not known"
    # jedi's guess of the object has no such attribute, so the object is probably something else.
    return "attribute that its object is not known to have" if symbol.is_member else ""


def _imported_here(place: FileOccurrences, occurrence: Occurrence) -> Node | None:
    """The ``from module import name`` that binds the name, here or for a use; None without one."""
    scope = place.container(occurrence) or place.lookup(occurrence.node)
    bindings = [occurrence] if names.is_imported(occurrence.node) else place.bindings[scope] if scope is not None else []
    for binding in bindings:
        statement = names.enclosing(binding.node, {"import_from_statement"})
        if statement is not None and not names.is_alias_of_import(binding.node):
            module = statement.child_by_field_name("module_name")
            return statement if module is None or not names.lies_in(binding.node, module) else None
    return None


def _of_import(resolution: Resolution, place: FileOccurrences, statement: Node) -> str:
    """Why an imported name may be the symbol; empty if it comes from a library.

    The module is not found, or it is the workspace's and jedi does not see that it has the name.
    """
    module = statement.child_by_field_name("module_name")
    last = names.last_identifier(module) if module is not None else None
    found = resolution.definitions_of(place, last) if last is not None else []
    if last is not None and not found:
        return "imported from a module that is not found"
    if all(one.path is None or not resolution.files.holds(one.path) for one in found) and found:
        return ""
    return "imported from a module that is not known to have it"


def scopes_of_unknown_family(resolution: Resolution, family: frozenset[Scope], candidates: set[Scope]) -> frozenset[Scope]:
    """The candidates that may belong to the family by a base that is unknown.

    The candidates define the name, too. The base may be one of theirs, or of a class of the family.
    """
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
