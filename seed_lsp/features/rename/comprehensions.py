"""Names that a comprehension may not go through, although no rule of scope is against it."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from seed_lsp.errors import RejectedResultError
from seed_lsp.features.rename.names import FUNCTIONS, Occurrence, is_same, lies_in
from seed_lsp.features.rename.place import Place
from seed_lsp.features.rename.scoping import COMPREHENSIONS, outer_scope, scope_of


def require_no_double_binding(place: Place) -> None:
    """Python refuses ``[(x := x) for x in y]``: what ``:=`` binds around a comprehension may not be what the comprehension goes through (PEP 572)."""
    for occurrence in place.occurrences:
        parent = occurrence.node.parent
        if parent is None or parent.type != "named_expression" or not is_same(parent.child_by_field_name("name"), occurrence.node):
            continue
        scope = scope_of(parent)
        while scope.type in COMPREHENSIONS:
            if place.scope(scope) in place.bindings:
                raise _refused(place, occurrence, "be bound twice in a comprehension")
            scope = outer_scope(scope)


def require_apart(place: Place, renamed: Callable[[Occurrence], bool]) -> None:
    """CPython 3.12 and 3.13 run comprehensions within the function around (PEP 709), and may take what one goes through for a name that the function knows from outside. No
    renamed place may bring the two together.
    """
    for scope, bindings in list(place.bindings.items()):
        if scope.node_type not in COMPREHENSIONS or scope.node_type == "generator_expression":
            continue
        function = _around(place.node_of(scope))
        if function.type not in FUNCTIONS:
            continue
        moved = any(renamed(one) for one in bindings)
        for occurrence in place.occurrences:
            if not place.is_plain(occurrence) or not lies_in(occurrence.node, function) or not (moved or renamed(occurrence)):
                continue
            found = place.container(occurrence) or place.lookup(occurrence.node)
            if _is_outside(None if found is None else place.node_of(found), function):
                raise _refused(
                    place,
                    occurrence,
                    "come from outside of a function where a comprehension goes through it, which some versions of Python mix up",
                )


def _around(comprehension: Node) -> Node:
    scope = comprehension
    while scope.type in COMPREHENSIONS:
        scope = outer_scope(scope)
    return scope


def _is_outside(scope: Node | None, function: Node) -> bool:
    return scope is None or scope.type == "module" or not lies_in(scope, function)


def _refused(place: Place, occurrence: Occurrence, what: str) -> RejectedResultError:
    line = place.file.document.line_of(occurrence.start) + 1
    return RejectedResultError(f"on line {line} of {place.path.name} {place.name} would {what}; nothing was changed")
