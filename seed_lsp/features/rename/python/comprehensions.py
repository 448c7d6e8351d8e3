"""Names that a comprehension's variable may not have, although no rule of scope forbids it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tree_sitter import Node

from seed_lsp.errors import RejectedResultError
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import Occurrence, is_same, lies_in
from seed_lsp.features.rename.python.scoping import COMPREHENSIONS, TYPE_PARAMETERS, outer_scope, scope_of, type_parameters_of

_INLINED = COMPREHENSIONS - {"generator_expression"}
_KINDS = {"class_definition": "class", "generator_expression": "generator", **dict.fromkeys(_INLINED, "comprehension")}


def require_no_double_binding(place: FileOccurrences) -> None:
    """`RejectedResultError` where a comprehension would bind the name twice.

    Python refuses ``[(x := x) for x in y]``: a variable of the comprehension cannot be bound by
    ``:=`` within it (PEP 572).
    """
    for occurrence in place.occurrences:
        parent = occurrence.node.parent
        if parent is None or parent.type != "named_expression" or not is_same(parent.child_by_field_name("name"), occurrence.node):
            continue
        scope = scope_of(parent)
        while scope.type in COMPREHENSIONS:
            if place.scope(scope) in place.bindings:
                raise _refused(place, occurrence, "be bound twice in a comprehension")
            scope = outer_scope(scope)


def require_apart(place: FileOccurrences, renamed: Callable[[Occurrence], bool]) -> None:
    """`RejectedResultError` where CPython might mix up a comprehension's variable and another name.

    Since 3.12, CPython runs a comprehension within the scope around it (PEP 709). It may take its
    variable for a name that the scope knows from outside, or for a type parameter in a class
    (cpython#121377). No renamed occurrence may bring two such names together.
    """
    plain = [occurrence for occurrence in place.occurrences if place.is_plain(occurrence)]
    for scope, bindings in list(place.bindings.items()):
        moved = any(renamed(one) for one in bindings)
        for around in _runs_within(place.node_of(scope)):
            for occurrence in plain:
                if not moved and not renamed(occurrence):
                    continue
                if (what := _mixed_up(place, occurrence, around)) is not None:
                    raise _refused(place, occurrence, f"{what} where a comprehension goes through it, which some versions of Python mix up")


def _runs_within(scope: Node) -> Iterator[Node]:
    """The scopes that CPython runs a comprehension in, from the inside out, without the module.

    The module is left out since CPython mixes nothing up there.
    """
    while scope.type in _INLINED:
        scope = outer_scope(scope)
        if scope.type != "module":
            yield scope


def _mixed_up(place: FileOccurrences, occurrence: Occurrence, around: Node) -> str | None:
    """How a scope that runs a comprehension uses the name, if CPython could mix this up.

    None if it cannot be mixed up with the comprehension's variable.
    """
    between = _scopes_between(occurrence.node, around) if lies_in(occurrence.node, around) else None
    if between is None:
        return None
    found = place.container(occurrence) or place.lookup(occurrence.node)
    scope = place.node_of(found) if found is not None else place.file.tree.root_node
    if scope.type != "module" and lies_in(scope, around) and not is_same(scope, type_parameters_of(around)):
        in_class = around.type == "class_definition" and scope.type == TYPE_PARAMETERS
        return "be a type parameter in a class" if in_class else None
    if scope.type == "module":
        # Only the variables of another comprehension become the scope's own. A class looks in the
        # module in any case.
        mixed = bool(between) and all(one.type in _INLINED for one in between) and around.type != "class_definition"
    else:
        mixed = bool(between) or around.type not in _INLINED
    return f"come from outside of a {_KINDS.get(around.type, 'function')}" if mixed else None


def _scopes_between(node: Node, around: Node) -> list[Node] | None:
    """The scopes between a name and `around`, from the inside out; None if it lies elsewhere."""
    found, scope = [], scope_of(node)
    while not is_same(scope, around):
        if scope.type == "module":
            return None
        found.append(scope)
        scope = outer_scope(scope)
    return found


def _refused(place: FileOccurrences, occurrence: Occurrence, what: str) -> RejectedResultError:
    line = place.file.document.line_of(occurrence.start) + 1
    return RejectedResultError(f"on line {line} of {place.path.name} {place.name} would {what}; nothing was changed")
