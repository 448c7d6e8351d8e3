"""The symbol at a place: what defines it, what is related to it, and whether it may be renamed."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from pathlib import Path

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.file_occurrences import library_names
from seed_lsp.features.rename.python.fixtures import with_fixtures
from seed_lsp.features.rename.python.protocols import classes_alike
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.python.unresolved import scopes_of_unknown_family
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.sites import Kind, Scope, Symbol, is_private, name_at
from seed_lsp.source.document import CharOffset

# Python's import system calls these methods on objects of any class (importlib.abc).
_IMPORT_HOOKS = frozenset({"find_spec", "create_module", "exec_module", "load_module", "find_module", "invalidate_caches"})


def find_symbol(resolution: Resolution, path: Path, offset: CharOffset, *, renamed: bool = True) -> Symbol:
    """The symbol at a place.

    If not `renamed`, only its signature is to change. `RenameRefusedError` if there is no symbol,
    or none that may change like this.
    """
    place = resolution.place(path)
    occurrence = place.at(offset)
    if occurrence is None:
        raise RenameRefusedError("there is no name at the cursor")
    name = resolution.name
    if keyword.iskeyword(name):
        raise RenameRefusedError(f"{name} is a keyword of Python")
    if occurrence.role in {"string", "comment"}:
        raise RenameRefusedError(f"this {name} is text in a {occurrence.role}, no name; put the cursor on one in the code")
    scopes = resolution.scopes(place, occurrence)
    if not scopes:
        raise RenameRefusedError(f"what {name} refers to here is unknown; put the cursor on its definition")
    if any(scope.node_type == "file" for scope in scopes):
        raise RenameRefusedError(f"{name} is a module; its name is that of its file")
    if all(scope.is_library for scope in scopes):
        raise RenameRefusedError(f"{name} is defined outside the workspace ({', '.join(library_names(scopes))})")
    if any(scope.is_library for scope in scopes):
        raise RenameRefusedError(f"{name} may also be one of {', '.join(library_names(scopes))}, which is outside the workspace")
    _refuse_library_member(resolution, name, scopes, renamed=renamed)
    scopes = resolution.with_twins(with_fixtures(resolution, scopes))
    kind, overrides = _kind(resolution, scopes), resolution.with_twins(_related(resolution, scopes)) - scopes
    unsure = _unsure(resolution, scopes | overrides)
    alike = _alike(resolution, scopes | overrides)
    return Symbol(name, kind, scopes, overrides, _called_as(resolution, kind, scopes | overrides), unsure, alike)


def resolution_at(query: Query) -> Resolution:
    """A resolution for the name that is meant; `RenameRefusedError` if no name stands there."""
    return Resolution(query.files, query.resolver, name_at(query.document, query.offset), query.check)


def _kind(resolution: Resolution, scopes: Iterable[Scope]) -> Kind:
    """The kind of a symbol, by its first definition that is not local."""
    scope = min(scopes, key=lambda s: (s.is_local, str(s.path), s.start))
    assert scope.path is not None, "a library's symbol was refused"
    bindings = resolution.place(scope.path).bindings.get(scope, [])
    node = bindings[0].node if bindings else None
    parent = node.parent if node is not None else None
    if parent is not None and parent.type == "class_definition":
        return "class"
    if parent is not None and parent.type == "function_definition":
        return "method" if scope.is_class else "function"
    if scope.is_class:
        return "attribute"
    around = names.enclosing(node, {"parameters", "lambda_parameters", "block", "module"}) if node is not None else None
    by_name = node is not None and around is not None and around.type in {"parameters", "lambda_parameters"} and names.takes_keyword(node)
    return "parameter" if by_name else "variable"


def _related(resolution: Resolution, scopes: frozenset[Scope]) -> frozenset[Scope]:
    """The classes above and below that define the same name, and those above and below these.

    For a parameter of a method, these are related functions instead.
    """
    family = {scope for scope in scopes if scope.is_class}
    if not family:
        return _related_parameters(resolution, scopes)
    classes = _classes_with(resolution, family)
    ancestors = {scope: resolution.ancestors(scope) for scope in classes | family}
    grown = True
    while grown:
        grown = False
        for scope in classes - family:
            if any(scope in ancestors[one] or one in ancestors[scope] for one in family):
                family.add(scope)
                grown = True
    return frozenset(family - scopes)


def _classes_with(resolution: Resolution, family: Iterable[Scope]) -> set[Scope]:
    """The classes of the workspace that define the name, and may be related to the family.

    Classes can only share a private name if Python puts the same prefix before it.
    """
    found = set()
    for place in resolution.python_places():
        containers = (place.container(occurrence) for occurrence in place.occurrences)
        found |= {scope for scope in containers if scope is not None and scope.is_class}
    if is_private(resolution.name):
        prefixes = {resolution.prefix_of(scope) for scope in family}
        return {scope for scope in found if resolution.prefix_of(scope) in prefixes}
    return found


def _related_parameters(resolution: Resolution, scopes: frozenset[Scope]) -> frozenset[Scope]:
    """The same parameter in the methods that override a method, or that it overrides."""
    found: set[Scope] = set()
    for methods, own in _methods(resolution, scopes):
        family = {own, *_related(methods, frozenset({own}))}
        for owner in family - {own}:
            found |= _functions_in(resolution, methods, owner)
        if methods.name in names.CONSTRUCTORS:
            found |= _other_constructors(resolution, resolution.for_name(names.CONSTRUCTORS[methods.name]), family)
    return frozenset(found - scopes)


def _other_constructors(resolution: Resolution, methods: Resolution, family: Iterable[Scope]) -> set[Scope]:
    """The other constructors with the parameter: ``__new__`` beside ``__init__``, or vice versa.

    A call of the class gives its arguments to both.
    """
    nearest = (next((one for one in methods.line_of(scope) if methods.binds(one)), None) for scope in family)
    below = {one for scope in family for one in methods.hierarchy.below(scope) if methods.binds(one)}
    owners = {*below, *(one for one in nearest if one is not None)}
    owners |= {related for owner in owners for related in _related(methods, frozenset({owner}))}
    return {function for owner in owners for function in _functions_in(resolution, methods, owner)}


def _methods(resolution: Resolution, scopes: Iterable[Scope]) -> Iterator[tuple[Resolution, Scope]]:
    """The class of each scope that is a method with a parameter of the name.

    Each class comes with a resolution for the method's name.
    """
    for scope in scopes:
        if scope.path is None or scope.node_type != "function_definition":
            continue
        place = resolution.place(scope.path)
        method = place.node_of(scope).child_by_field_name("name")
        around = scoping.scope_of(place.node_of(scope))
        if method is not None and around.type == "class_definition" and place.has_parameter(place.node_of(scope)):
            methods = resolution.for_name(place.file.text_of(method))
            yield methods, methods.place(scope.path).scope(around)


def _alike(resolution: Resolution, family: frozenset[Scope]) -> frozenset[Scope]:
    """The classes that define the name and are related to the family by a protocol.

    For a parameter of a method, these are the methods of such classes that have the parameter.
    """
    classes = frozenset(scope for scope in family if scope.is_class)
    if classes:
        return classes_alike(resolution, classes, _classes_with(resolution, classes))
    found: set[Scope] = set()
    for methods, own in _methods(resolution, family):
        for owner in classes_alike(methods, {own}, _classes_with(methods, {own})):
            found |= _functions_in(resolution, methods, owner)
    return frozenset(found - family)


def _functions_in(resolution: Resolution, methods: Resolution, owner: Scope) -> set[Scope]:
    """The methods of the class `owner` that have the parameter.

    The name of the methods is that of `methods`, the name of the parameter that of `resolution`.
    """
    assert owner.path is not None, "a class of the workspace"
    place, found = resolution.place(owner.path), set()
    for binding in methods.place(owner.path).bindings[owner]:
        function = binding.node.parent
        if function is not None and function.type == "function_definition" and place.has_parameter(function):
            found.add(place.scope(function))
    return found


def _unsure(resolution: Resolution, family: frozenset[Scope]) -> frozenset[Scope]:
    """The classes that define the name too, and may be above or below a class of the family."""
    classes = frozenset(scope for scope in family if scope.is_class)
    return scopes_of_unknown_family(resolution, classes, _classes_with(resolution, classes)) if classes else frozenset()


def _called_as(resolution: Resolution, kind: Kind, scopes: Iterable[Scope]) -> frozenset[str]:
    """The names by which the scopes are called, if arguments may name the symbol.

    A constructor is called by the name of its class.
    """
    if kind == "attribute":
        return frozenset(resolution.title(scope) for scope in scopes)
    found: set[str] = set()
    if kind != "parameter":
        return frozenset()
    for scope in scopes:
        if scope.path is not None and scope.node_type == "function_definition":
            place = resolution.place(scope.path)
            *outer, own = place.file.qualified_name(place.node_of(scope))
            found.add(outer[-1] if own in names.CONSTRUCTORS and outer else own)
    return frozenset(found)


def _refuse_library_member(resolution: Resolution, name: str, scopes: frozenset[Scope], *, renamed: bool) -> None:
    """`RenameRefusedError` if Python or a library calls the member by its name.

    A library calls a method that overrides one of its own, with the arguments that it has.
    """
    special = (name.startswith("__") and name.endswith("__")) or name in _IMPORT_HOOKS
    if special and any(scope.is_class for scope in scopes):
        if renamed:
            raise RenameRefusedError(f"Python itself calls {name} by its name")
        if name != "__call__":
            raise RenameRefusedError(f"Python itself calls {name}, with arguments of its own; its signature cannot change")
        return
    for scope in scopes:
        if not scope.is_class or scope.path is None:
            continue
        place = resolution.place(scope.path)
        for binding in place.bindings.get(scope, []):
            inherited = resolution.inherited(place, binding)
            if any(one.is_library for one in inherited):
                raise RenameRefusedError(
                    f"{name} overrides a member of {', '.join(library_names(inherited))}, which is outside the workspace"
                )
