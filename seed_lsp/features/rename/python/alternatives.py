"""Several definitions that are one symbol.

These are overloads, definitions that a condition chooses between, and the functions that
`functools.singledispatch` chooses from by the type of an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import PythonFile
from seed_lsp.features.rename.sites import Scope

_DEFINITIONS = frozenset({"function_definition", "class_definition"})


def alternatives(place: FileOccurrences, scope: Scope) -> frozenset[Scope]:
    """The other definitions that stand for the one with this scope.

    For a function with a parameter of the name, these are functions that a call may reach instead.
    For a class with a member of the name, these are classes that may take its place.
    """
    if scope.node_type not in _DEFINITIONS:
        return frozenset()
    node = place.node_of(scope)
    if scope.node_type == "function_definition" and not place.has_parameter(node):
        return frozenset()
    own = place.file.qualified_name(node)
    others = [other for other in place.file.scopes_named(own) if _may_replace(place.file, other, node)]
    if node.type == "function_definition" and not _chooses(place, node):
        others += (other for other in _registered(place, node, own) if not _chooses(place, other))
    return frozenset(place.scope(other) for other in others if _has_name(place, other))


def _registered(place: FileOccurrences, function: Node, own: Sequence[str]) -> Iterator[Node]:
    """The functions of the same block among which the type of an argument chooses.

    Decorators such as ``@show.register`` tell them. The function itself is left out.
    """
    *around, name = own
    if ".register" not in place.file.document.text:
        return
    shown = _register_of(place, function) or name
    for one in names.walk(place.file.tree.root_node):
        if one.type == "function_definition" and one.id != function.id and place.file.qualified_name(one)[:-1] == tuple(around):
            registered = _register_of(place, one)
            if registered == shown or (shown != name and registered is None and place.file.qualified_name(one)[-1] == shown):
                yield one


def _chooses(place: FileOccurrences, function: Node) -> bool:
    """Whether the name is the parameter whose argument's type chooses the function.

    This is the first parameter behind ``self``. No argument can name it, since it has to be
    positional.
    """
    listed = function.child_by_field_name("parameters")
    in_class = names.enclosing(names.with_decorators(function), {"class_definition", "function_definition"})
    first = int(
        in_class is not None and in_class.type == "class_definition" and "staticmethod" not in names.decorators_of(place.file, function)
    )
    chosen = listed.named_children[first : first + 1] if listed is not None else []
    return any(names.lies_in(one.node, parameter) for one in place.bindings[place.scope(function)] for parameter in chosen)


def _register_of(place: FileOccurrences, function: Node) -> str | None:
    """The ``show`` of the decorator ``@show.register`` above a function; None without one."""
    for text in names.dotted_decorators_of(place.file, function):
        if text.endswith(".register"):
            return text.removesuffix(".register")
    return None


def _may_replace(file: PythonFile, one: Node, other: Node) -> bool:
    """Whether one of two definitions of a name may be used in place of the other.

    In one block the second definition hides the first, unless they are overloads.
    """
    if one.id == other.id or one.type != other.type:
        return False
    blocks = [names.with_decorators(node).parent for node in (one, other)]
    if blocks[0] is not None and blocks[1] is not None and blocks[0].id != blocks[1].id:
        return True
    return one.type == "function_definition" and any("overload" in names.decorators_of(file, node) for node in (one, other))


def _has_name(place: FileOccurrences, node: Node) -> bool:
    if node.type == "function_definition":
        return place.has_parameter(node)
    scope = place.scope(node)
    return scope in place.bindings or any(place.container(one) == scope for one in place.occurrences if one.role == "attribute")
