"""Definitions of one name that are one symbol: overloads, and those that a condition chooses between."""

from __future__ import annotations

from tree_sitter import Node

from seed_lsp.features.rename import names
from seed_lsp.features.rename.names import PythonFile
from seed_lsp.features.rename.place import Place, Scope

_DEFINITIONS = frozenset({"function_definition", "class_definition"})


def alternatives(place: Place, scope: Scope) -> frozenset[Scope]:
    """The other functions that a call may reach in place of one with the name for a parameter, and the other classes in place of one with it for a member."""
    if scope.node_type not in _DEFINITIONS:
        return frozenset()
    node = place.node_of(scope)
    if scope.node_type == "function_definition" and not place.has_parameter(node):
        return frozenset()
    others = (other for other in place.file.scopes_named(place.file.qualified_name(node)) if _may_replace(place.file, other, node))
    return frozenset(place.scope(other) for other in others if _has_name(place, other))


def _may_replace(file: PythonFile, one: Node, other: Node) -> bool:
    """Whether two definitions of a name are there for each other. In one block the second hides the first, unless that is an overload."""
    if one.id == other.id or one.type != other.type:
        return False
    blocks = [names.with_decorators(node).parent for node in (one, other)]
    if blocks[0] is not None and blocks[1] is not None and blocks[0].id != blocks[1].id:
        return True
    return one.type == "function_definition" and any("overload" in names.decorators_of(file, node) for node in (one, other))


def _has_name(place: Place, node: Node) -> bool:
    if node.type == "function_definition":
        return place.has_parameter(node)
    scope = place.scope(node)
    return scope in place.bindings or any(place.container(one) == scope for one in place.occurrences if one.role == "attribute")
