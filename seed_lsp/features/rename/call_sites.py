"""A new signature for a function, and the calls that go with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename import names, scoping
from seed_lsp.features.rename.lists import CommentError, items_of, list_edits
from seed_lsp.features.rename.references import APPLIED, References, Site
from seed_lsp.features.rename.resolution import Place, Resolution, Scope
from seed_lsp.features.rename.signature import (
    MissingValueError,
    Parameter,
    SignatureChange,
    UnboundError,
    arguments_of,
    parameters_of,
    parse_signature,
    pieces_of,
    rewritten,
)
from seed_lsp.source.document import CharOffset
from seed_lsp.source.patch import Edit, apply_edits

KEEPS_SIGNATURE = frozenset(
    {
        "staticmethod",
        "classmethod",
        "abstractmethod",
        "override",
        "overload",
        "final",
        "cache",
        "lru_cache",
        "contextmanager",
        "asynccontextmanager",
    }
)
"""Decorators behind which a function takes what it says."""
BOUND_TO_CLASS, FREE = "classmethod", "staticmethod"


@dataclass(frozen=True)
class NewSignature:
    """What the user asks for: the signature as in a definition; for renamed parameters the old names by the new ones; and expressions for added ones.

    `values`: for single calls, by the file and place of the name there, expressions for the parameters that `arguments` has none for.
    """

    text: str
    was: Mapping[str, str]
    arguments: Mapping[str, str]
    values: Mapping[tuple[Path, CharOffset], Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Gap:
    """A call that needs values for `parameters`, which nobody gave."""

    site: Site
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class CallSites:
    """Edits of the definitions and the calls, by file, and the sites that were changed or are left to the reader.

    `proposed`: all edits, those of calls with `values` of their own among them, which want a look; `gaps`: the calls that have none.
    """

    edits: dict[Path, list[Edit]]
    sites: tuple[Site, ...]
    proposed: dict[Path, list[Edit]]
    gaps: tuple[Gap, ...] = ()


class Function:
    """A definition that changes, with its parameters."""

    def __init__(self, place: Place, node: Node) -> None:
        self.place, self.node = place, node
        parameters = node.child_by_field_name("parameters")
        assert parameters is not None, "a definition has parameters"
        self.parameters_node = parameters
        self.parameters = parameters_of(place.file, parameters)
        self.in_class = scoping.scope_of(node).type == "class_definition"
        self.decorators = names.decorators_of(place.file, node)

    @property
    def takes_object(self) -> bool:
        return self.in_class and FREE not in self.decorators


def plan_call_sites(
    resolution: Resolution,
    references: References,
    wanted: NewSignature,
    edits: Mapping[Path, list[Edit]],
    check: Callable[[], None] = lambda: None,
) -> CallSites:
    """What a new signature of the function that `references` are of changes, besides the `edits` that there are already; `RenameRefusedError` where it
    cannot be had.
    """
    symbol = references.symbol
    if symbol.kind not in {"function", "method"}:
        raise RenameRefusedError(f"{symbol.name} is no function; only functions have a signature")
    certain = _planned(resolution, references, replace(wanted, values={}), edits, check)
    return certain if not wanted.values else _with_values(certain, _planned(resolution, references, wanted, edits, check), wanted)


def _planned(
    resolution: Resolution,
    references: References,
    wanted: NewSignature,
    edits: Mapping[Path, list[Edit]],
    check: Callable[[], None],
) -> CallSites:
    planner = _Planner(resolution, references, wanted, edits)
    sites = planner.change_definitions()
    # From the end, so that a call within another one's arguments comes first.
    for site in sorted(references.sites, key=lambda site: (site.path, -site.start)):
        check()
        sites += planner.change_site(site)
    return CallSites(planner.edits, tuple(sorted(sites, key=lambda site: (site.path, site.start))), planner.edits, tuple(planner.gaps))


def _with_values(certain: CallSites, filled: CallSites, wanted: NewSignature) -> CallSites:
    """What is certain, and beside it the edits with the proposed values, whose calls are only possible."""
    reason = "the value is a proposal"
    proposed = [
        replace(site, tier="possible", reason=reason) if (site.path, site.start) in wanted.values else site for site in filled.sites
    ]
    return CallSites(certain.edits, tuple(proposed), filled.edits, filled.gaps)


class _Planner:
    def __init__(self, resolution: Resolution, references: References, wanted: NewSignature, edits: Mapping[Path, list[Edit]]) -> None:
        self._resolution, self._references = resolution, references
        found = functions_of(self._resolution, references.symbol.scopes)
        self._function = found[0]
        suffix = self._function.place.path.suffix
        self._functions = [function for function in found if function.place.path.suffix == suffix]
        # Stubs beside the module, whose overloads may have other parameters.
        self._stubs = [function for function in found if function.place.path.suffix != suffix]
        self._change = _change(self._function, wanted)
        self._doubtful = sorted({name for function in self._functions for name in function.decorators} - KEEPS_SIGNATURE)
        self._values = wanted.values
        self.edits = {path: list(some) for path, some in edits.items()}
        self.gaps: list[Gap] = []

    def change_definitions(self) -> list[Site]:
        """Edit the definitions; the overriding ones that cannot be are left."""
        change = self._change
        for function in self._functions:
            if function.parameters != change.old:
                raise RenameRefusedError(f"{self._references.symbol.name} has several definitions with different parameters")
            self._change_definition(function, change)
        left = []
        for function in (*self._stubs, *functions_of(self._resolution, self._references.symbol.overrides)):
            if [(p.name, p.kind) for p in function.parameters] == [(p.name, p.kind) for p in change.old]:
                self._change_definition(function, _for_override(change, function))
            else:
                left.append(_left(function.place, function.node, "defines it with another signature"))
        return left

    def change_site(self, site: Site) -> list[Site]:
        """Edit a call; what is none, or cannot be rewritten for certain, is left with the reason."""
        if site.tier == "mention" or self._references.documents[site.path].language != "python":
            return []
        place = self._resolution.place(site.path)
        node = place.file.node_at(site.start)
        if node.type != "identifier" or scoping.binding_scope(node) is not None or names.is_imported(node):
            return []
        call = call_of(node)
        if call is None:
            return [replace(site, tier="possible", reason="no call: what it is given later is not known")]
        if site.tier not in APPLIED:
            return [site]
        if self._doubtful:
            return [replace(site, tier="possible", reason=f"the decorator {self._doubtful[0]} may change what it takes")]
        try:
            self._change_call(place, site, call)
        except MissingValueError as reason:
            self.gaps.append(Gap(site, self._change.missing))
            return [replace(site, tier="possible", reason=str(reason))]
        except UnboundError as reason:
            return [replace(site, tier="possible", reason=str(reason))]
        except CommentError:
            return [replace(site, tier="possible", reason="a comment stands beside an argument that would go")]
        return [replace(site, reason="call")]

    def _change_definition(self, function: Function, change: SignatureChange) -> None:
        file, path = function.place.file, function.place.path
        for removed in change.removed:
            if uses := self._uses(function, removed.name):
                raise RenameRefusedError(f"{removed.name} is still used on line {file.document.line_of(uses[0]) + 1} of {path.name}")
        try:
            self._add(path, list_edits(file, function.parameters_node, pieces_of(change.new)), [])
        except CommentError:
            line = file.document.line_of(file.char_of(function.node.start_byte)) + 1
            raise RenameRefusedError(
                f"a comment stands beside a parameter that goes, on line {line} of {path.name}; remove it first"
            ) from None
        for old, new in change.renamed.items():
            taken = Place(path, file, new)
            if taken.bindings.get(taken.scope(function.node)) and new not in {parameter.name for parameter in change.old}:
                raise RenameRefusedError(f"{new} is taken in the body of the function, in {path.name}")
            self._add(path, [Edit(at, at + len(old), new) for at in self._uses(function, old)], [])

    def _change_call(self, place: Place, site: Site, call: Node) -> None:
        listed = call.child_by_field_name("arguments")
        assert listed is not None, "a call has arguments"
        skip_first = self._function.takes_object and not self._through_class(place, site)
        values = self._values.get((site.path, site.start), {})
        change = replace(self._change, arguments={**self._change.arguments, **values})
        arguments = rewritten(change, arguments_of(place.file, listed), skip_first=skip_first)
        written = [argument.written for argument in arguments]
        if listed.type == "argument_list":
            self._add(place.path, list_edits(place.file, listed, written), items_of(listed))
        elif written != [place.file.text_of(listed)]:
            # A generator without brackets of its own, which it has from now on.
            ends = (place.file.char_of(listed.start_byte), place.file.char_of(listed.end_byte))
            self._add(place.path, [Edit(*ends, f"({', '.join(written)})")], [listed])

    def _add(self, path: Path, fresh: list[Edit], items: Sequence[Node]) -> None:
        """Add edits, of which some may move `items` that were edited already: then what they move is what those have become."""
        file, own = self._resolution.place(path).file, self.edits.setdefault(path, [])
        become = {}
        for item in items:
            start, end = file.char_of(item.start_byte), file.char_of(item.end_byte)
            inside = sorted((edit for edit in own if start <= edit.start and edit.end <= end), key=lambda edit: edit.start)
            if inside:
                become[file.text_of(item)] = apply_edits(file.text_of(item), inside, offset=start)
        for edit in fresh:
            text = edit.text
            for old in sorted(become, key=len, reverse=True):
                text = text.replace(old, become[old])
            own[:] = [other for other in own if not (edit.start <= other.start and other.end <= edit.end and other.start < edit.end)]
            own.append(Edit(edit.start, edit.end, text))
        own.sort(key=lambda edit: (edit.start, edit.end))

    def _uses(self, function: Function, name: str) -> list[CharOffset]:
        """Where the function's body uses its parameter."""
        place = Place(function.place.path, function.place.file, name)
        scope = place.scope(function.node)
        return [
            found.start
            for found in place.occurrences
            if found.role == "name"
            and not names.lies_in(found.node, function.parameters_node)
            and (place.container(found) or place.lookup(found.node)) == scope
        ]

    def _through_class(self, place: Place, site: Site) -> bool:
        """Whether a method is called as its class's, with the object for its first argument."""
        occurrence = place.at(site.start)
        if occurrence is None or occurrence.role != "attribute":
            return True
        if BOUND_TO_CLASS in self._function.decorators:
            return False
        receivers = self._resolution.receivers(place, occurrence)
        if not receivers or len({value.kind == "class" for value in receivers}) > 1:
            raise UnboundError("it is not known whether the object is passed")
        return receivers[0].kind == "class"


def functions_of(resolution: Resolution, scopes: frozenset[Scope]) -> list[Function]:
    """The functions among what these scopes define by the name."""
    found = []
    for scope in sorted(scopes, key=lambda s: (str(s.path), s.start)):
        assert scope.path is not None, "a library's symbol was refused"
        place = resolution.place(scope.path)
        for binding in place.bindings.get(scope, []):
            parent = binding.node.parent
            if parent is not None and parent.type == "function_definition":
                found.append(Function(place, parent))
    return found


def _change(function: Function, wanted: NewSignature) -> SignatureChange:
    if "property" in function.decorators or "setter" in function.decorators:
        raise RenameRefusedError("a property has no calls")
    new = parse_signature(wanted.text)
    old_names = {parameter.name for parameter in function.parameters}
    new_names = {parameter.name for parameter in new}
    for name, old in wanted.was.items():
        if name not in new_names or old not in old_names:
            raise RenameRefusedError(f"{name} was {old}: the new signature has to have the first, and the old one the second")
    if unknown := sorted(wanted.arguments.keys() - new_names):
        raise RenameRefusedError(f"the new signature has no {unknown[0]}, which an argument is given for")
    if function.takes_object and (not new or not function.parameters or new[0].name != function.parameters[0].name):
        raise RenameRefusedError(
            f"a method's first parameter is its object; begin the signature with {function.parameters[0].name if function.parameters else 'self'}"
        )
    change = SignatureChange(function.parameters, new, wanted.was, wanted.arguments)
    # What is said of a parameter in the definition and not in the new signature stays.
    kept = tuple(_with_annotation(parameter, change.source_of(parameter)) for parameter in new)
    return replace(change, new=kept)


def _with_annotation(parameter: Parameter, source: Parameter | None) -> Parameter:
    if source is None or parameter.annotation is not None:
        return parameter
    return replace(parameter, annotation=source.annotation)


def _for_override(change: SignatureChange, function: Function) -> SignatureChange:
    """The same change of a definition that has annotations and defaults of its own."""
    bare = tuple(replace(p, annotation=None if change.source_of(p) is not None else p.annotation) for p in change.new)
    own = replace(change, old=function.parameters, new=bare)
    return replace(own, new=tuple(_with_annotation(parameter, own.source_of(parameter)) for parameter in bare))


def call_of(node: Node) -> Node | None:
    """The call whose function an identifier names."""
    function = node
    if function.parent is not None and function.parent.type == "attribute":
        function = function.parent
    call = function.parent
    named = call.child_by_field_name("function") if call is not None and call.type == "call" else None
    return call if named is not None and named.id == function.id else None


def _left(place: Place, node: Node, reason: str) -> Site:
    name = node.child_by_field_name("name")
    assert name is not None, "a definition has a name"
    return Site(place.path, place.file.char_of(name.start_byte), place.file.char_of(name.end_byte), "possible", reason)
