"""Protocols (PEP 544), and classes that may implement one without inheriting from it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from seed_lsp.features.rename.python import names

if TYPE_CHECKING:
    from tree_sitter import Node

    from seed_lsp.features.rename.python.resolution import Resolution
    from seed_lsp.features.rename.sites import Scope


def classes_alike(resolution: Resolution, family: Collection[Scope], candidates: Collection[Scope]) -> frozenset[Scope]:
    """The `candidates` that are related to the family by a protocol.

    Either the candidate may implement a protocol of the family, or a class of the family may
    implement the candidate. The candidates are classes that have the name, too.
    """
    return frozenset(
        scope
        for scope in candidates
        if scope not in family and any(_stands_for(resolution, scope, one) or _stands_for(resolution, one, scope) for one in family)
    )


def _stands_for(resolution: Resolution, scope: Scope, protocol: Scope) -> bool:
    """Whether a class has all members of a protocol, as far as this is known."""
    if not _is_protocol(resolution, protocol):
        return False
    if resolution.hierarchy.unknown_bases(scope):
        return True
    line = resolution.line_of(scope)
    return all(any(own.binds(one) for one in line) for own in map(resolution.for_name, _members(resolution, protocol)))


def _is_protocol(resolution: Resolution, scope: Scope) -> bool:
    assert scope.path is not None, "a class of the workspace"
    place = resolution.place(scope.path)
    bases = map(names.without_arguments, names.bases_of(place.node_of(scope)))
    return any(names.imported_as(place.file, base) == "Protocol" for base in bases if base.type == "identifier")


def _members(resolution: Resolution, protocol: Scope) -> frozenset[str]:
    """The names of the methods and attributes in the bodies of a protocol and those it extends."""
    found = set()
    for scope in resolution.line_of(protocol):
        assert scope.path is not None, "a class of the workspace"
        place = resolution.place(scope.path)
        body = place.node_of(scope).child_by_field_name("body")
        for statement in body.named_children if body is not None else ():
            named = _defined(statement)
            if named is not None and place.file.text_of(named) not in _OF_THE_CLASS:
                found.add(place.file.text_of(named))
    return frozenset(found)


def _defined(statement: Node) -> Node | None:
    """The name that a statement in a class's body gives to a method or an attribute."""
    node = statement.child_by_field_name("definition") if statement.type == "decorated_definition" else statement
    if node is not None and node.type == "expression_statement" and node.named_children:
        node = node.named_children[0]
    field = "left" if node is not None and node.type == "assignment" else "name"
    named = node.child_by_field_name(field) if node is not None else None
    return named if named is not None and named.type == "identifier" else None


_OF_THE_CLASS = frozenset({"__slots__", "__match_args__"})
"""Members that a protocol has for itself, and does not ask of other classes."""
