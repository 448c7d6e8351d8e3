"""Calls that construct an object of a class without naming the class.

Examples are ``super().__init__(…)``, ``cls(…)``, ``type(self)(…)`` and ``self.__class__(…)``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.lineage import Lineage
from seed_lsp.features.rename.python.references import site_of
from seed_lsp.features.rename.sites import Scope, Site

_OF_CLASS = frozenset({"__init_subclass__", "__class_getitem__", "__new__"})
"""Methods whose first parameter is the class, also without a decorator."""


@dataclass(frozen=True)
class Constructing:
    """A call that constructs an object.

    `behind` is, for ``super()``, the class behind which the next constructor is looked for; None if
    it is not known. `skip_first` is true if the object is passed without being written.
    """

    place: FileOccurrences
    site: Site
    node: Node
    is_super: bool
    behind: Scope | None
    skip_first: bool


def constructing_calls(lineage: Lineage, scope: Scope, method: str) -> Iterator[Constructing]:
    """The constructing calls in the methods of one class."""
    place, class_node = lineage.place_of(scope)
    body = class_node.child_by_field_name("body")
    for call in names.walk(body) if body is not None else ():
        around = names.enclosing(call, {"class_definition"}) if call.type == "call" else None
        function = call.child_by_field_name("function") if around is not None and around.id == class_node.id else None
        if function is None or (first := _first_parameter(place, function)) is None:
            continue
        name, of_class = first
        if function.type == "attribute":
            yield from _method(lineage, scope, call, name, method)
        elif (function.type == "identifier" and of_class and place.file.text_of(function) == name) or (
            function.type == "call" and not of_class and place.file.text_of(function).replace(" ", "") == f"type({name})"
        ):
            yield _made(place, call, function)


def constructed_like(
    lineage: Lineage, place: FileOccurrences, scopes: Collection[Scope], method: str
) -> Iterator[tuple[Scope, Constructing]]:
    """The calls in a file that construct an object like another one, each with its class.

    These are ``type(x)(…)``, ``x.__class__(…)`` and ``x.__init__(…)``, if x is an object of one of
    the classes in `scopes`.
    """
    for call in names.walk(place.file.tree.root_node):
        function = call.child_by_field_name("function") if call.type == "call" else None
        model = _model(place, function, method) if function is not None else None
        if function is None or model is None:
            continue
        values = lineage.resolution.values_of(place, model)
        classes = set(lineage.scopes_of(value for value in values if value.kind == "instance"))
        if len(classes) == 1 and (scope := classes.pop()) in scopes:
            named = function.child_by_field_name("attribute")
            at = named if named is not None and place.file.text_of(named) == method else function
            yield scope, Constructing(place, site_of(place, at, ""), call, is_super=False, behind=None, skip_first=True)


def _model(place: FileOccurrences, function: Node, method: str) -> Node | None:
    """The object whose class is called, or whose ``__init__`` is called."""
    if function.type == "attribute":
        named = function.child_by_field_name("attribute")
        wanted = {"__class__", "__init__"} & {"__class__", method}
        return function.child_by_field_name("object") if named is not None and place.file.text_of(named) in wanted else None
    of_type = function.child_by_field_name("function") if function.type == "call" else None
    listed = function.child_by_field_name("arguments") if function.type == "call" else None
    if of_type is None or listed is None or place.file.text_of(of_type) != "type" or len(listed.named_children) != 1:
        return None
    return listed.named_children[0]


def _method(lineage: Lineage, scope: Scope, call: Node, first: str, method: str) -> Iterator[Constructing]:
    """The call, if it is ``super().__init__(…)``, ``self.__init__(…)``, ``self.__class__(…)``."""
    place, function = lineage.place_of(scope)[0], call.child_by_field_name("function")
    receiver, named = (function.child_by_field_name(part) if function is not None else None for part in ("object", "attribute"))
    if function is None or receiver is None or named is None:
        return
    attribute = place.file.text_of(named)
    if attribute == "__class__" and place.file.text_of(receiver) == first:
        yield _made(place, call, function)
    elif attribute == method and place.file.text_of(receiver) == first and method == "__init__":
        yield Constructing(place, site_of(place, named, ""), call, is_super=False, behind=None, skip_first=True)
    elif attribute == method and receiver.type == "call":
        of_super = receiver.child_by_field_name("function")
        if of_super is not None and place.file.text_of(of_super) == "super":
            behind = _behind(lineage, scope, place, receiver)
            yield Constructing(place, site_of(place, named, ""), call, is_super=True, behind=behind, skip_first=method == "__init__")


def _behind(lineage: Lineage, scope: Scope, place: FileOccurrences, of_super: Node) -> Scope | None:
    """The class behind which ``super(C, self)`` begins; without arguments the class around."""
    listed = of_super.child_by_field_name("arguments")
    given = [child for child in listed.named_children if child.type != "comment"] if listed is not None else []
    if not given or place.file.text_of(given[0]) in {lineage.title(scope), "__class__"}:
        return scope
    classes = set(lineage.scopes_of(lineage.resolution.values_of(place, given[0])))
    return classes.pop() if len(classes) == 1 else None


def _first_parameter(place: FileOccurrences, node: Node) -> tuple[str, bool] | None:
    """The first parameter of the method around, and whether it is the class."""
    function = names.enclosing(node, {"function_definition"})
    while function is not None and scoping.scope_of(function).type != "class_definition":
        function = names.enclosing(function, {"function_definition"})
    listed = function.child_by_field_name("parameters") if function is not None else None
    named = function.child_by_field_name("name") if function is not None else None
    first = listed.named_children[0] if listed is not None and listed.named_children else None
    while first is not None and first.type != "identifier":
        first = first.named_children[0] if first.named_children else None
    if function is None or named is None or first is None:
        return None
    decorators = names.decorators_of(place.file, function)
    if "staticmethod" in decorators and place.file.text_of(named) != "__new__":
        return None
    return place.file.text_of(first), "classmethod" in decorators or place.file.text_of(named) in _OF_CLASS


def _made(place: FileOccurrences, call: Node, function: Node) -> Constructing:
    return Constructing(place, site_of(place, function, ""), call, is_super=False, behind=None, skip_first=True)
