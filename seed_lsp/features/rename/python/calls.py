"""What a named argument refers to if jedi finds no parameter for it.

Also: which calls may hand a named argument on to another function.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.decorators import keep_parameter, keywords_of, takes_any
from seed_lsp.features.rename.sites import word_pattern

if TYPE_CHECKING:
    from tree_sitter import Node

    from seed_lsp.features.rename.python.bindings import Bindings
    from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
    from seed_lsp.features.rename.python.names import Occurrence
    from seed_lsp.features.rename.sites import Scope
    from seed_lsp.source.resolve import Definition

_COPIERS, _OWN_COPIERS = frozenset({"replace", "evolve"}), frozenset({"_replace", "__replace__"})
"""Functions, and methods, that copy an object and change some of its fields.

They are `dataclasses.replace`, `copy.replace`, `attrs.evolve`, and the methods behind them.
"""
_GIVEN_FUNCTIONS = frozenset({"partial", "partialmethod"})
_MAKE_ARGUMENTS = frozenset({"dict", "OrderedDict", "update"})
"""Functions that collect named values, which another call may be given by ``**``."""


def parameter_scopes(bindings: Bindings, place: FileOccurrences, occurrence: Occurrence) -> frozenset[Scope]:
    """The functions or classes whose parameter or field a named argument is for.

    Empty if they are unknown.
    """
    function = _called(occurrence)
    if function is None:
        return frozenset()
    copied = _copied(place, function)
    if copied is not None:
        return _fields(bindings, bindings.classes_of_values(place, copied))
    of_type = _object_of_type(place, function)
    if of_type is not None:
        return _constructed(bindings, bindings.classes_of_values(place, of_type))
    values = bindings.values_of(place, function)
    found = _constructed(bindings, {scope for value in values if (scope := bindings.class_at(value)) is not None})
    for scope in functions_called(bindings, place, function, values):
        assert scope.path is not None, "functions of the workspace"
        there = bindings.place(scope.path)
        node = there.node_of(scope)
        if keep_parameter(bindings, there, node):
            found |= _own_or_above(bindings, there, node)
    return found


def parameter_scopes_by_name(
    bindings: Bindings, place: FileOccurrences, occurrence: Occurrence, found: Collection[Scope]
) -> frozenset[Scope]:
    """The functions of the file that a named argument may be for, by the scopes alone.

    They are only looked for if what jedi `found` has other names than the called one, or if another
    scope's code than the call's gives the name a function: jedi does not know when that code runs.
    """
    function = _called(occurrence)
    if function is None or not found:
        return frozenset()
    nodes = [place.node_of(scope) for scope in _functions_of_name(bindings, place, function)]
    named = frozenset(place.scope(node) for node in nodes if place.has_parameter(node) and keep_parameter(bindings, place, node))
    if not any(bindings.title(scope) == place.file.text_of(function) for scope in found):
        return frozenset() if named & set(found) else named
    owner, around = _owner(bindings, place, function), scoping.scope_of(function)
    while around.type in scoping.COMPREHENSIONS:
        around = scoping.outer_scope(around)
    own = {place.scope(node) for node in nodes if names.is_same(scoping.scope_of(node), around)}
    usual = {place.scope(node) for node in nodes if names.is_same(scoping.scope_of(node), owner)}
    return named - own - usual if set(found) <= own else named


def _owner(bindings: Bindings, place: FileOccurrences, called: Node) -> Node | None:
    """The node of the scope that a called name is looked up in."""
    there = bindings.for_name(place.file.text_of(called)).place(place.path)
    owner = there.lookup(called)
    return there.node_of(owner) if owner is not None else None


def functions_called(bindings: Bindings, place: FileOccurrences, function: Node, values: Iterable[Definition]) -> frozenset[Scope]:
    """The functions of the workspace that a call's expression names, or that are its value."""
    return bindings.functions([*values, *bindings.definitions_of(place, function)])


def _functions_of_name(bindings: Bindings, place: FileOccurrences, function: Node) -> frozenset[Scope]:
    """The functions of the file that the called name may stand for, by the scopes alone.

    jedi knows fewer: it goes by the last binding that it sees.
    """
    if function.type != "identifier":
        return frozenset()
    there = bindings.for_name(place.file.text_of(function)).place(place.path)
    scope = there.lookup(function)
    parents = (one.node.parent for one in there.bindings.get(scope, ())) if scope is not None else ()
    return frozenset(place.scope(parent) for parent in parents if parent is not None and parent.type == "function_definition")


def why_possible(
    bindings: Bindings, wanted: Collection[Scope], called_as: Iterable[str], place: FileOccurrences, occurrence: Occurrence
) -> str:
    """Why an unresolved named argument may be for one of the `wanted` functions and classes.

    Empty if it cannot be. `called_as` has the names of what is wanted.
    """
    function = _called(occurrence)
    values = bindings.values_of(place, function) if function is not None else []
    if function is None or not values:
        return "argument of a call of something unknown"
    if functions_called(bindings, place, function, values) & set(wanted):
        return "argument of a function behind a decorator"
    if _functions_of_name(bindings, place, function) & set(wanted):
        return "argument of a function whose name stands for other things, too"
    if any(_last_name(place, function) in _decorating(bindings, scope) for scope in wanted):
        return "argument of something that is given the function as its decorator"
    given = [argument for argument in _arguments(function) if argument.type in {"identifier", "attribute", "call", "subscript"}]
    of_given = [bindings.values_of(place, argument) for argument in given]
    if any(_scopes_of(bindings, some) & set(wanted) for some in of_given):
        return "argument of a call that is given the function"
    # jedi knows no value, only the name, of a class method that makes an object.
    if _passes_on(bindings, [*values, *bindings.definitions_of(place, function)]):
        return "argument of a function that takes any"
    if any(bindings.files.holds(value.path) for value in values if value.path is not None):
        return ""
    if _object_of_type(place, function) is not None or any(value.kind == "instance" for value in values):
        return "argument of a call of something unknown"
    name = _last_name(place, function)
    if name in _COPIERS | _GIVEN_FUNCTIONS and not all(of_given[:1]):
        return "argument of a call that is given something unknown"
    if name in _OWN_COPIERS and not bindings.values_of(place, function.named_children[0]):
        return "argument of a method of something unknown"
    text = place.file.document.text
    if name in _MAKE_ARGUMENTS and any(word_pattern(one).search(text) for one in called_as):
        return "in a dictionary that may be handed on"
    return ""


def _decorating(bindings: Bindings, scope: Scope) -> set[str]:
    """The names of the objects whose methods decorate a function: ``show`` of ``@show.register``.

    Such an object may call the function.
    """
    if scope.path is None or scope.node_type != "function_definition":
        return set()
    file = bindings.place(scope.path).file
    texts = names.dotted_decorators_of(file, bindings.place(scope.path).node_of(scope))
    return {owner.rpartition(".")[2] for text in texts if (owner := text.rpartition(".")[0])}


def _called(occurrence: Occurrence) -> Node | None:
    """The expression that is called with the named argument."""
    arguments = occurrence.node.parent.parent if occurrence.node.parent is not None else None
    call = arguments.parent if arguments is not None else None
    return call.child_by_field_name("function") if call is not None and call.type == "call" else None


def _arguments(function: Node) -> list[Node]:
    """The positional arguments of the call whose expression is `function`."""
    listed = function.parent.child_by_field_name("arguments") if function.parent is not None else None
    return [one for one in listed.named_children if one.type != "keyword_argument"] if listed is not None else []


def _last_name(place: FileOccurrences, function: Node) -> str:
    return place.file.text_of(function).rpartition(".")[2]


def _copied(place: FileOccurrences, function: Node) -> Node | None:
    """The object that a call copies with some fields changed; None if it does no such thing."""
    name = _last_name(place, function)
    if function.type == "attribute" and name in _OWN_COPIERS:
        return function.child_by_field_name("object")
    if name in _COPIERS and (arguments := _arguments(function)):
        return arguments[0]
    return None


def _object_of_type(place: FileOccurrences, function: Node) -> Node | None:
    """The object in ``object.__class__`` or ``type(object)``; None for other expressions."""
    if function.type == "attribute" and _last_name(place, function) == "__class__":
        return function.child_by_field_name("object")
    if function.type == "call":
        called = function.child_by_field_name("function")
        arguments = _arguments(called) if called is not None and place.file.text_of(called) == "type" else []
        return arguments[0] if len(arguments) == 1 else None
    return None


def _fields(bindings: Bindings, classes: Iterable[Scope]) -> frozenset[Scope]:
    """For each of the classes the nearest one that has a member of the name.

    The classes above are searched as well. Empty if one of the classes has no such member.
    """
    found = set()
    for scope in classes:
        owner = next((one for one in bindings.line_of(scope) if bindings.binds(one)), None)
        if owner is None:
            return frozenset()
        found.add(owner)
    return frozenset(found)


def _constructed(bindings: Bindings, classes: Iterable[Scope]) -> frozenset[Scope]:
    """What takes an argument of this name when the classes are called.

    This is a constructor with such a parameter, or a class with such a field.
    """
    found: set[Scope] = set()
    for scope in classes:
        line = bindings.line_of(scope)
        own = _along(bindings, line, "__new__") or _along(bindings, line, "__init__")
        found |= own or {one for one in line[:1] if one.path is not None and one in bindings.place(one.path).bindings}
    return frozenset(found)


def _own_or_above(bindings: Bindings, place: FileOccurrences, function: Node) -> frozenset[Scope]:
    """The function, if it has a parameter of the name, or those above that get its arguments."""
    if place.has_parameter(function):
        return frozenset({place.scope(function)})
    owner, name = scoping.scope_of(function), function.child_by_field_name("name")
    if owner.type != "class_definition" or name is None:
        return frozenset()
    return _along(bindings, bindings.line_of(place.scope(owner)), place.file.text_of(name))


def _along(bindings: Bindings, line: Iterable[Scope], method: str) -> frozenset[Scope]:
    """The first method in a line of classes that has a parameter of the resolution's name.

    The search ends at a method that does not hand its named arguments on. A field counts in a class
    that has no such method.
    """
    for scope in line:
        assert scope.path is not None, "classes of the workspace"
        place = bindings.place(scope.path)
        own = list(names.methods_of(place.file, place.node_of(scope), method))
        if any(place.has_parameter(node) for node in own):
            return frozenset(place.scope(node) for node in own if place.has_parameter(node))
        if own and not all(_hands_up(place, node, method) for node in own):
            return frozenset()
        if not own and method == "__init__" and scope in place.bindings and _is_field(place, scope):
            return frozenset({scope})
    return frozenset()


def _is_field(place: FileOccurrences, scope: Scope) -> bool:
    """Whether the class's body annotates the name, which makes it a field of a dataclass."""
    parents = (binding.node.parent for binding in place.bindings[scope])
    return any(parent is not None and parent.type == "assignment" and parent.child_by_field_name("type") is not None for parent in parents)


def _hands_up(place: FileOccurrences, function: Node, method: str) -> bool:
    """Whether a method hands the named arguments it has no parameter for to the method above."""
    keywords = keywords_of(function)
    if keywords is None:
        return False
    for node in names.walk(function):
        called = node.child_by_field_name("function") if node.type == "call" else None
        if called is not None and called.type == "attribute" and _last_name(place, called) == method:
            splats = [place.file.text_of(one) for one in _arguments(called) if one.type == "dictionary_splat"]
            if f"**{place.file.text_of(keywords)}" in splats:
                return True
    return False


def _scopes_of(bindings: Bindings, values: Iterable[Definition]) -> set[Scope]:
    """The functions and classes that values stand for, with what their calls lead to.

    A value may be a function, a class, or an object of a class.
    """
    values = list(values)
    classes = {scope for value in values if (scope := bindings.class_at(value, {"class", "instance"})) is not None}
    return {*bindings.functions(values), *classes, *_constructed(bindings, classes), *_fields(bindings, classes)}


def _passes_on(bindings: Bindings, callees: Iterable[Definition]) -> bool:
    """Whether a callee takes arguments of any name.

    A callee may be a function of the workspace, a class by its constructor, or an object by its
    ``__call__``.
    """
    callees = list(callees)
    functions = set(bindings.functions(callees))
    for scope in {scope for callee in callees if (scope := bindings.class_at(callee)) is not None}:
        own = _methods_along(bindings, scope, names.CONSTRUCTORS)
        if not own and bindings.hierarchy.unknown_bases(scope):
            return True
        functions |= own
    for scope in {scope for callee in callees if (scope := bindings.class_at(callee, {"instance"})) is not None}:
        functions |= _methods_along(bindings, scope, ("__call__",))
    return any(scope.path is not None and takes_any(bindings.place(scope.path).node_of(scope)) for scope in functions)


def _methods_along(bindings: Bindings, scope: Scope, wanted: Iterable[str]) -> set[Scope]:
    """The methods with the `wanted` names that a class has, or those above it."""
    places = [(bindings.place(one.path), one) for one in bindings.line_of(scope) if one.path is not None]
    return {
        place.scope(node) for place, one in places for name in wanted for node in names.methods_of(place.file, place.node_of(one), name)
    }
