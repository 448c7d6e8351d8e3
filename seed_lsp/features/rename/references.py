"""Every place of the workspace that refers to a symbol, or may, with the reason."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError, UnknownDocumentError
from seed_lsp.features.rename import names
from seed_lsp.features.rename.fixtures import with_fixtures
from seed_lsp.features.rename.names import Occurrence
from seed_lsp.features.rename.resolution import Place, Resolution, Scope, library_names
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver

Tier = Literal["exact", "override", "possible", "mention"]
TIERS: tuple[Tier, ...] = ("exact", "override", "possible", "mention")
"""``exact``: resolved to the symbol. ``override``: the same name in a class above or below. ``possible``: an attribute of something unknown, or of several things.
``mention``: text, not code."""

APPLIED: frozenset[Tier] = frozenset({"exact", "override"})
"""What a rename changes without asking."""

IN_DOCTEST, IN_NAMING_STRING = "in a doctest", "in a string that may name it"
"""Mentions that run: what they say has to follow, or a test breaks."""

Kind = Literal["function", "class", "method", "parameter", "attribute", "variable"]
"""``parameter``: one that arguments can name; the others are variables of their function."""

# What the import system calls on loaders and finders, which need no base class (importlib.abc).
_IMPORT_HOOKS = frozenset({"find_spec", "create_module", "exec_module", "load_module", "find_module", "invalidate_caches"})
_SPECIAL_LISTS = {"__all__", "__slots__", "__match_args__"}


@dataclass(frozen=True)
class Symbol:
    """`scopes`: what it is defined in; more than one where its definition depends on a condition. `overrides`: the related classes that define it too.
    `called_as`: of a parameter the names by which its function is called.
    """

    name: str
    kind: Kind
    scopes: frozenset[Scope]
    overrides: frozenset[Scope] = frozenset()
    called_as: frozenset[str] = frozenset()

    @property
    def is_local(self) -> bool:
        return all(scope.is_local for scope in self.scopes)

    @property
    def is_member(self) -> bool:
        return any(scope.is_class for scope in self.scopes)


@dataclass(frozen=True)
class Site:
    """Characters `start` to `end` of the document at `path`. `alias`: an import there goes on to bind the old name, or has to
    import under the old one; ``shorthand``: the place names a field as well, which keeps its name.
    """

    path: Path
    start: CharOffset
    end: CharOffset
    tier: Tier
    reason: str
    alias: Literal["", "old", "new", "shorthand"] = ""

    def new_text(self, old: str, new: str) -> str:
        return {"": new, "old": f"{new} as {old}", "new": f"{old} as {new}", "shorthand": f"{old}: {new}"}[self.alias]


@dataclass(frozen=True)
class References:
    """`sites` are in order of their paths and places; `documents` are the texts that they were found in."""

    symbol: Symbol
    sites: tuple[Site, ...]
    documents: dict[Path, Document]

    def counts(self) -> dict[Tier, int]:
        found = Counter(site.tier for site in self.sites)
        return {tier: found[tier] for tier in TIERS}


def find_symbol(resolution: Resolution, path: Path, offset: CharOffset) -> Symbol:
    """The symbol at a place; `RenameRefusedError` where there is none that could be renamed."""
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
    _refuse_library_member(resolution, name, scopes)
    scopes = resolution.with_twins(with_fixtures(resolution, scopes))
    kind, overrides = _kind(resolution, scopes), resolution.with_twins(_related(resolution, scopes)) - scopes
    called_as = _function_names(resolution, scopes | overrides) if kind == "parameter" else frozenset()
    return Symbol(name, kind, scopes, overrides, called_as)


def find_references(resolution: Resolution, symbol: Symbol, path: Path) -> References:
    """All places of the symbol that was found in `path`."""
    sites: list[Site] = []
    documents: dict[Path, Document] = {}
    python = {path} if symbol.is_local and symbol.kind != "parameter" else set(resolution.files.containing(symbol.name))
    own = {scope.path for scope in symbol.scopes}
    for found in sorted(python | {scope.path for scope in symbol.scopes if scope.path is not None}):
        try:
            document = resolution.files.document(found)
        except UnknownDocumentError:
            continue
        if document.language == "python":
            fresh = _sites_of(resolution, symbol, resolution.place(found), whole=found in own or not symbol.is_local)
        else:
            fresh = [] if symbol.is_local else mentions(found, document, symbol.name)
        if fresh:
            sites += fresh
            documents[found] = document
    return References(symbol, tuple(sites), documents)


def resolution_at(
    files: WorkspaceFiles, resolver: Resolver, path: Path, offset: CharOffset, check: Callable[[], None] = lambda: None
) -> Resolution:
    """A resolution for the name at a place; `RenameRefusedError` if there is none."""
    return Resolution(files, resolver, name_at(files.document(path), offset), check)


def name_at(document: Document, offset: CharOffset) -> str:
    text = document.text
    start = end = int(offset)
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    if not text[start:end].isidentifier():
        raise RenameRefusedError("there is no name at the cursor")
    return text[start:end]


def _sites_of(resolution: Resolution, symbol: Symbol, place: Place, *, whole: bool) -> list[Site]:
    """The sites of one Python file; not `whole`: another file than a local symbol's, where arguments can name a parameter, and no more."""
    sites = []
    for occurrence in place.occurrences:
        if not whole and occurrence.role not in {"keyword", "string"}:
            continue
        aliased = _aliased(resolution, symbol, place, occurrence)
        verdict = _verdict(resolution, symbol, place, occurrence) if aliased is None else aliased
        if verdict is not None:
            sites.append(Site(place.path, occurrence.start, occurrence.end, *verdict))
    return sites


def _aliased(
    resolution: Resolution, symbol: Symbol, place: Place, occurrence: Occurrence
) -> tuple[Tier, str, Literal["old", "new"]] | None:
    """An import of one thing into a name that may also be another: one of the two changes its name, and the import says both."""
    if occurrence.role != "name" or (scope := place.container(occurrence)) is None:
        return None
    if not names.is_imported(occurrence.node) or names.is_alias_of_import(occurrence.node):
        return None
    imported, bound = resolution.scopes(place, occurrence), resolution.bound_in(place, scope)
    if bound == imported:
        return None
    if imported & symbol.scopes and not bound & symbol.scopes:
        return "exact", "imported into a name that may also be another thing", "old"
    if bound & symbol.scopes and not imported & symbol.scopes:
        return "exact", "another thing, imported into the name", "new"
    return None


def _verdict(resolution: Resolution, symbol: Symbol, place: Place, occurrence: Occurrence) -> tuple[Tier, str] | None:
    """The tier of an occurrence and why; None for one that is something else."""
    if occurrence.role in {"string", "comment"}:
        return _of_text(resolution, symbol, place, occurrence)
    if _cannot_be(symbol, occurrence):
        return None
    scopes = resolution.scopes(place, occurrence)
    if not scopes:
        return _of_unknown(resolution, symbol, place, occurrence)
    others = scopes - symbol.scopes - symbol.overrides
    if not scopes - others:
        return None
    if others:
        return "possible", f"may also be the one of {', '.join(sorted(_title(resolution, other) for other in others))}"
    if scopes & symbol.scopes:
        return "exact", _reason(place, occurrence)
    return "override", f"{symbol.name} of {', '.join(sorted(_title(resolution, scope) for scope in scopes))}"


def _cannot_be(symbol: Symbol, occurrence: Occurrence) -> bool:
    """What the syntax alone rules out, so that jedi need not be asked."""
    if occurrence.role in {"attribute", "field"}:
        return symbol.is_local
    return occurrence.role == "keyword" and symbol.kind not in {"parameter", "attribute"}


def _of_unknown(resolution: Resolution, symbol: Symbol, place: Place, occurrence: Occurrence) -> tuple[Tier, str] | None:
    if occurrence.role == "attribute":
        known = resolution.receivers(place, occurrence)
        if not known:
            return "possible", "attribute of an object of unknown type"
        own_module = any(value.kind == "module" and value.path is not None and resolution.files.holds(value.path) for value in known)
        return ("possible", "attribute of a module that is not known to have it") if own_module and not symbol.is_member else None
    if occurrence.role == "keyword":
        callees = resolution.callees(place, occurrence)
        if not callees:
            return "possible", "argument of a call of something unknown"
        if symbol.scopes & resolution.handed_on(place, occurrence):
            return "possible", "argument of a call that is given the function"
        return ("possible", "argument of a function that takes any") if resolution.passes_on(callees) else None
    if occurrence.role == "name" and place.file.has_star_import and not symbol.is_local and not symbol.is_member:
        return "possible", "may come from an import of *"
    return None


def _of_text(resolution: Resolution, symbol: Symbol, place: Place, occurrence: Occurrence) -> tuple[Tier, str] | None:
    own_scopes = [scope for scope in symbol.scopes if scope.path == place.path]
    if symbol.is_local and not any(_spans(place.node_of(scope), place, occurrence) for scope in own_scopes):
        # ``f(**{"name": 1})``
        names_it = symbol.called_as and occurrence.role == "string" and _is_alone(place, occurrence)
        text = place.file.document.text if names_it else ""
        return ("mention", IN_NAMING_STRING) if any(names.word_pattern(one).search(text) for one in symbol.called_as) else None
    if occurrence.role == "comment":
        return "mention", "in a comment"
    text = place.file.text_of(occurrence.node)
    if text == symbol.name:
        listed = _special_list(place, occurrence.node)
        if listed in {"__slots__", "__match_args__"}:
            around = names.enclosing(occurrence.node, {"class_definition"})
            if around is not None and place.scope(around) in symbol.scopes | symbol.overrides:
                return "exact", f"listed in {listed}"
        elif listed == "__all__" and _module_binds(resolution, symbol, place):
            return "exact", "listed in __all__"
    if _is_annotation(occurrence.node):
        scope = place.lookup(occurrence.node)
        if scope is not None and resolution.bound_in(place, scope) <= symbol.scopes:
            return "exact", "in an annotation between quotes"
    if _is_docstring(occurrence.node):
        line = place.file.document.line_text(place.file.document.line_of(occurrence.start))
        return ("mention", IN_DOCTEST) if line.strip().startswith((">>> ", "... ")) else ("mention", "in a docstring")
    return ("mention", IN_NAMING_STRING) if _looks_like_code(place, occurrence) else ("mention", "in a string")


def _looks_like_code(place: Place, occurrence: Occurrence) -> bool:
    """Whether a string is the name alone, or has it as code would: behind a dot, or before a dot or a bracket (``"package.name"``, ``"name(1)"``)."""
    text, start, end = place.file.document.text, occurrence.start, occurrence.end
    before, behind = text[start - 1 : start], text[end : end + 1]
    alone = _is_alone(place, occurrence)
    return (
        alone
        or (before == "." and text[start - 2 : start - 1].isidentifier())
        or behind == "("
        or (behind == "." and text[end + 1 : end + 2].isidentifier())
    )


def _is_alone(place: Place, occurrence: Occurrence) -> bool:
    """Whether a string is the name and nothing else."""
    text = place.file.document.text
    before = text[occurrence.start - 1 : occurrence.start]
    return before in {'"', "'"} and text[occurrence.end : occurrence.end + 1] == before


def mentions(path: Path, document: Document, name: str) -> list[Site]:
    """A file of another language, or of none: nothing is resolved there."""
    reason = (
        "in documentation or configuration" if document.language == "plaintext" else f"in a file of another language ({document.language})"
    )
    return [
        Site(path, CharOffset(match.start()), CharOffset(match.end()), "mention", reason)
        for match in names.word_pattern(name).finditer(document.text)
    ]


def _reason(place: Place, occurrence: Occurrence) -> str:
    if occurrence.role == "keyword":
        return "names an argument"
    if occurrence.role in {"attribute", "field"}:
        return "attribute"
    if names.is_imported(occurrence.node):
        return "imported"
    return "defined here" if place.container(occurrence) is not None else "refers to it"


def _title(resolution: Resolution, scope: Scope) -> str:
    if scope.path is None or scope.is_library:
        return library_names([scope])[0]
    place = resolution.place(scope.path)
    name = place.node_of(scope).child_by_field_name("name")
    return scope.path.stem if name is None else place.file.text_of(name)


def _kind(resolution: Resolution, scopes: Iterable[Scope]) -> Kind:
    """By the first of its definitions that is not local."""
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
    """The classes above and below that define the same name, and those above and below these, to a fixpoint."""
    family = {scope for scope in scopes if scope.is_class}
    if not family:
        return _related_parameters(resolution, scopes)
    classes = _classes_with(resolution)
    ancestors = {scope: resolution.ancestors(scope) for scope in classes | family}
    grown = True
    while grown:
        grown = False
        for scope in classes - family:
            if any(scope in ancestors[one] or one in ancestors[scope] for one in family):
                family.add(scope)
                grown = True
    return frozenset(family - scopes)


def _classes_with(resolution: Resolution) -> set[Scope]:
    """The classes of the workspace that define the name."""
    found = set()
    for place in resolution.python_places():
        containers = (place.container(occurrence) for occurrence in place.occurrences)
        found |= {scope for scope in containers if scope is not None and scope.is_class}
    return found


def _related_parameters(resolution: Resolution, scopes: frozenset[Scope]) -> frozenset[Scope]:
    """Of a method's parameter: the same parameter of the methods that override it, or that it overrides."""
    found: set[Scope] = set()
    for scope in scopes:
        if scope.path is None or scope.node_type != "function_definition":
            continue
        place = resolution.place(scope.path)
        method = place.node_of(scope).child_by_field_name("name")
        around = names.scope_of(place.node_of(scope))
        if method is None or around.type != "class_definition":
            continue
        methods = Resolution(resolution.files, resolution.resolver, place.file.text_of(method), resolution.check)
        for owner in _related(methods, frozenset({methods.place(scope.path).scope(around)})):
            found |= _functions_in(resolution, methods, owner)
    return frozenset(found - scopes)


def _functions_in(resolution: Resolution, methods: Resolution, owner: Scope) -> set[Scope]:
    """The functions by the name of `methods` in a class that bind the name of `resolution`."""
    assert owner.path is not None, "a class of the workspace"
    place, found = resolution.place(owner.path), set()
    for binding in methods.place(owner.path).bindings[owner]:
        function = binding.node.parent
        if function is not None and function.type == "function_definition" and (scope := place.scope(function)) in place.bindings:
            found.add(scope)
    return found


def _function_names(resolution: Resolution, scopes: Iterable[Scope]) -> frozenset[str]:
    """The names that the functions with these scopes are called by: of ``__init__`` that of the class."""
    found = set()
    for scope in scopes:
        if scope.path is not None and scope.node_type == "function_definition":
            place = resolution.place(scope.path)
            *outer, own = place.file.qualified_name(place.node_of(scope))
            found.add(outer[-1] if own in {"__init__", "__new__"} and outer else own)
    return frozenset(found)


def _refuse_library_member(resolution: Resolution, name: str, scopes: frozenset[Scope]) -> None:
    """A method that overrides a library's is called by that library under its name."""
    special = (name.startswith("__") and name.endswith("__")) or name in _IMPORT_HOOKS
    if special and any(scope.is_class for scope in scopes):
        raise RenameRefusedError(f"Python itself calls {name} by its name")
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


def _special_list(place: Place, node: Node) -> str | None:
    """The special variable in whose list a string stands."""
    around = names.enclosing(node, {"assignment", "augmented_assignment", "call"})
    if around is not None and around.type == "call":
        # __all__.append("name")
        function = around.child_by_field_name("function")
        left = function.child_by_field_name("object") if function is not None and function.type == "attribute" else None
    else:
        left = around.child_by_field_name("left") if around is not None else None
    text = place.file.text_of(left) if left is not None else ""
    return text if text in _SPECIAL_LISTS else None


def _module_binds(resolution: Resolution, symbol: Symbol, place: Place) -> bool:
    """Whether the file's own module has the symbol under its name."""
    module = place.scope(place.file.tree.root_node)
    return bool(resolution.bound_in(place, module) & symbol.scopes)


def _is_annotation(node: Node) -> bool:
    around = names.enclosing(node, {"type", "call", "block", "module", "binary_operator"})
    return around is not None and around.type == "type"


def _is_docstring(node: Node) -> bool:
    string = names.enclosing(node, {"string"}) if node.type != "string" else node
    statement = string.parent if string is not None else None
    return statement is not None and statement.type == "expression_statement"


def _spans(node: Node, place: Place, occurrence: Occurrence) -> bool:
    return node.start_byte <= place.file.byte_of(occurrence.start) < node.end_byte
