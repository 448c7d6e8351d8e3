"""A new signature for a function, and the calls that change with it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.decorators import KEEPS_SIGNATURE
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.references import site_of
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.signature.aliases import is_followed, with_aliases
from seed_lsp.features.rename.signature.class_uses import class_use
from seed_lsp.features.rename.signature.definitions import (
    BOUND_TO_CLASS,
    Function,
    NewSignature,
    change_of,
    for_override,
    functions_of,
    others_of,
)
from seed_lsp.features.rename.signature.harmless import Harmless
from seed_lsp.features.rename.signature.lists import CommentError
from seed_lsp.features.rename.signature.object_calls import CALL, ObjectCall, object_calls
from seed_lsp.features.rename.signature.reached import Reached
from seed_lsp.features.rename.signature.rewriting import Rewriter
from seed_lsp.features.rename.signature.signature import MissingValueError, SignatureChange, UnboundError
from seed_lsp.features.rename.sites import APPLIED, References, Site
from seed_lsp.source.patch import Edit

NO_CALL = "no call: what it is given later is not known"


@dataclass(frozen=True)
class Gap:
    """A call that needs values for `parameters`, which nobody gave."""

    site: Site
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class CallSites:
    """The edits of definitions and calls, by file, and the sites that they change or leave.

    `proposed` has all edits, also those of calls with proposed values, which the user has to look
    at. `edits` are only the certain ones. `gaps` are the calls that need values and have none.
    """

    edits: dict[Path, list[Edit]]
    sites: tuple[Site, ...]
    proposed: dict[Path, list[Edit]]
    gaps: tuple[Gap, ...] = ()


def plan_call_sites(
    resolution: Resolution,
    references: References,
    wanted: NewSignature,
    edits: Mapping[Path, list[Edit]],
    check: Callable[[], None] = lambda: None,
) -> CallSites:
    """What a new signature of the function of `references` changes, besides the given `edits`.

    `RenameRefusedError` if the function cannot have this signature.
    """
    symbol = references.symbol
    if symbol.kind not in {"function", "method"}:
        raise RenameRefusedError(f"{symbol.name} is no function; only functions have a signature")

    def planned(wanted: NewSignature) -> CallSites:
        planner = _Planner(resolution, references, wanted, edits)
        work = [(site, functools.partial(planner.change_site, own, site)) for own, site in _sites(resolution, references)]
        if symbol.name == CALL and symbol.is_member:
            work += [
                (call.site, functools.partial(planner.change_object_call, call)) for call in object_calls(resolution, references, check)
            ]
        # The work begins at the end of a file, so that a call among another one's arguments comes
        # first.
        for _, change in sorted(work, key=lambda one: (one[0].path, -one[0].start)):
            check()
            change()
        return planner.finished()

    return with_values(planned, wanted)


def with_values(planned: Callable[[NewSignature], CallSites], wanted: NewSignature) -> CallSites:
    """The certain edits, and beside them the edits with the proposed values.

    The sites of calls with proposed values are only *possible*.
    """
    certain = planned(replace(wanted, values={}))
    if not wanted.values:
        return certain
    filled, reason = planned(wanted), "the value is a proposal"
    proposed = [
        replace(site, tier="possible", reason=reason) if (site.path, site.start) in wanted.values else site for site in filled.sites
    ]
    return CallSites(certain.edits, tuple(proposed), filled.edits, filled.gaps)


class CallChanger:
    """Changes calls one by one, from the inside out; collects the edits and the sites."""

    def __init__(self, resolution: Resolution, wanted: NewSignature, edits: Mapping[Path, list[Edit]]) -> None:
        self.rewriter = Rewriter(edits)
        self.sites: list[Site] = []
        self._values, self._gaps = wanted.values, list[Gap]()
        self._harmless = Harmless(resolution)

    def leave(self, site: Site, reason: str) -> None:
        self.sites.append(replace(site, tier="possible", reason=reason))

    def change(self, place: FileOccurrences, site: Site, call: Node, change: SignatureChange, *, skip_first: bool) -> None:
        """Edit a call; if it cannot be rewritten for certain, leave it with the reason."""
        values = self._values.get((site.path, site.start), {})
        change = replace(change, arguments={**change.arguments, **values})
        try:
            self.rewriter.change_call(place, call, change, self._harmless.in_place(place), skip_first=skip_first)
        except MissingValueError as reason:
            self._gaps.append(Gap(site, change.missing))
            self.leave(site, str(reason))
        except UnboundError as reason:
            self.leave(site, str(reason))
        except CommentError:
            self.leave(site, "a comment stands beside an argument that would go")
        else:
            self.sites.append(replace(site, reason="call"))

    def finished(self) -> CallSites:
        by_place = {(site.path, site.start): site for site in self.sites}
        sites = tuple(site for _, site in sorted(by_place.items(), key=lambda item: item[0]))
        return CallSites(self.rewriter.edits, sites, self.rewriter.edits, tuple(self._gaps))


class _Planner:
    def __init__(self, resolution: Resolution, references: References, wanted: NewSignature, edits: Mapping[Path, list[Edit]]) -> None:
        self._resolution, self._references = resolution, references
        self._changer = CallChanger(resolution, wanted, edits)
        found = functions_of(resolution, references.symbol.scopes)
        if not found:
            raise RenameRefusedError(f"{references.symbol.name} is no function; only functions have a signature")
        self._function = found[0]
        self._own_change = change_of(self._function, wanted)
        self._changes = self._changes_of_definitions(found, self._own_change)
        self._doubt = self._doubt_of_definitions()
        kept = {function.scope for function, change in self._changes if change is None}
        kept |= {place.scope(scoping.scope_of(binding.node)) for place, binding in others_of(resolution, references.symbol.overrides)}
        changed = {function.scope for function, change in self._changes if change is not None and function.scope.is_class}
        beside = {one for scope in changed for one in resolution.hierarchy.beside(scope) if one not in changed and resolution.binds(one)}
        kept |= beside - references.symbol.overrides
        self._reached = Reached(resolution, frozenset(kept))
        for function, change in self._changes:
            if change is not None:
                self._changer.rewriter.rename_parameters(function, change)

    def finished(self) -> CallSites:
        """All edits, with those of the definitions.

        The parameters come last, since calls may stand in their defaults.
        """
        if self._references.symbol.name == CALL:
            self._changer.leave(_name_site(self._function), "calls of its objects are followed only where their class is known")
        for function, change in self._changes:
            if change is None:
                self._changer.leave(_name_site(function), "defines it with another signature")
            else:
                self._changer.rewriter.change_parameters(function, change)
        return self._changer.finished()

    def change_object_call(self, call: ObjectCall) -> None:
        """Edit the call of an object, or leave it with the reason."""
        doubt = self._doubt or self._reached.doubt_of(call.place, call.function, frozenset({call.reached}))
        change = next((change for function, change in self._changes if function.scope == call.reached), None)
        if doubt or change is None:
            self._changer.leave(call.site, doubt)
        else:
            self._changer.change(call.place, call.site, call.node, change, skip_first=self._function.takes_object)

    def change_site(self, resolution: Resolution, site: Site) -> None:
        """Edit the call at a site.

        If it is no call, or cannot be rewritten for certain, the site is left with the reason.
        `resolution` is the one for the name at the site.
        """
        place = resolution.place(site.path)
        node = place.file.node_at(site.start)
        use = class_use(place, node)
        if use.kind == "alias" and not self._references.symbol.is_member and is_followed(resolution, place, use.node):
            return
        bound = scoping.binding_scope(node) is not None or names.is_imported(node)
        if site.tier not in APPLIED and bound:
            self._changer.sites.append(site)
            return
        if node.type != "identifier" or (bound and use.kind != "alias"):
            return
        call = call_of(node)
        if call is None:
            self._changer.leave(site, NO_CALL)
        elif site.tier not in APPLIED:
            self._changer.sites.append(site)
        elif self._doubt:
            self._changer.leave(site, self._doubt)
        elif resolution is not self._resolution:
            self._changer.change(place, site, call, self._own_change, skip_first=False)
        elif doubt := self._reached.doubt(place, site.start):
            self._changer.leave(site, doubt)
        else:
            self._change_call(place, site, call)

    def _change_call(self, place: FileOccurrences, site: Site, call: Node) -> None:
        """Edit a call by the change of the definition that it reaches.

        If it may reach several definitions, their changes have to come to the same.
        """
        occurrence = place.at(site.start)
        reached = self._resolution.scopes(place, occurrence) if occurrence is not None else frozenset()
        changes = [change for function, change in self._changes if change is not None and function.scope in reached]
        distinct = {(change.old, change.new): change for change in changes}
        if len({tuple((p.name, p.kind, p.default is None) for p in change.old) for change in distinct.values()}) > 1:
            self._changer.leave(site, "it may reach definitions with different defaults")
            return
        try:
            skip_first = self._function.takes_object and not self._through_class(place, site)
        except UnboundError as reason:
            self._changer.leave(site, str(reason))
            return
        change = next(iter(distinct.values()), self._own_change)
        self._changer.change(place, site, call, change, skip_first=skip_first)

    def _changes_of_definitions(self, found: list[Function], change: SignatureChange) -> list[tuple[Function, SignatureChange | None]]:
        """The change of each definition; None for those that keep their signature.

        These are overrides, and overloads in a stub, whose parameters are others.
        """
        for function in found:
            # A stub beside the module may have overloads with other parameters.
            if function.place.path.suffix == found[0].place.path.suffix and function.parameters != change.old:
                raise RenameRefusedError(f"{self._references.symbol.name} has several definitions with different parameters")
        overrides = functions_of(self._resolution, self._references.symbol.overrides)
        return [
            (function, for_override(change, function) if function.takes_the_same(change.old) else None) for function in (*found, *overrides)
        ]

    def _doubt_of_definitions(self) -> str:
        """Why it is unknown for every call what it reaches; "" if it is known."""
        unknown = sorted(
            {name for function, change in self._changes if change is not None for name in function.decorators} - KEEPS_SIGNATURE
        )
        if unknown:
            return f"the decorator {unknown[0]} may change what it takes"
        for place, binding in others_of(self._resolution, self._references.symbol.scopes):
            return f"{self._references.symbol.name} is given another value on line {place.file.document.line_of(binding.start) + 1} of {place.path.name}"
        return ""

    def _through_class(self, place: FileOccurrences, site: Site) -> bool:
        """Whether a method is called on its class, with the object as its first argument."""
        occurrence = place.at(site.start)
        if occurrence is None or occurrence.role != "attribute":
            return True
        if BOUND_TO_CLASS in self._function.decorators:
            return False
        receivers = self._resolution.receivers(place, occurrence)
        if not receivers or len({value.kind == "class" for value in receivers}) > 1:
            raise UnboundError("it is not known whether the object is passed")
        return receivers[0].kind == "class"


def _sites(resolution: Resolution, references: References) -> Iterator[tuple[Resolution, Site]]:
    """The sites in Python code that name a function, by any of its names.

    Each comes with the resolution for its name.
    """
    named = [(resolution, references)] if references.symbol.is_member else with_aliases(resolution, references)
    for own, found in named:
        for site in found.sites:
            if site.tier != "mention" and found.documents[site.path].language == "python":
                yield own, site


def call_of(node: Node) -> Node | None:
    """The call whose function an identifier names; None if there is no call."""
    function = node
    if function.parent is not None and function.parent.type == "attribute":
        function = function.parent
    call = function.parent
    named = call.child_by_field_name("function") if call is not None and call.type == "call" else None
    return call if named is not None and named.id == function.id else None


def _name_site(function: Function) -> Site:
    name = function.node.child_by_field_name("name")
    assert name is not None, "a definition has a name"
    return site_of(function.place, name, "", "possible")
