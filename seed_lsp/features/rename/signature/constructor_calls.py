"""A new signature for a constructor, and for all calls that reach it.

These are calls of its class, calls of classes below that have no constructor of their own, and
``super().__init__(…)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.references import site_of
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.signature.aliases import is_followed
from seed_lsp.features.rename.signature.call_sites import NO_CALL, CallChanger, CallSites, with_values
from seed_lsp.features.rename.signature.class_uses import class_use
from seed_lsp.features.rename.signature.constructed import Family
from seed_lsp.features.rename.signature.constructors import Constructor, takes_anything
from seed_lsp.features.rename.signature.definitions import Function, NewSignature, change_of, for_override, functions_of
from seed_lsp.features.rename.signature.field_signature import FieldSignature
from seed_lsp.features.rename.signature.implicit import Constructing, constructed_like, constructing_calls
from seed_lsp.features.rename.signature.signature import Kind, Parameter, SignatureChange, parse_signature, pieces_of
from seed_lsp.features.rename.sites import APPLIED, References, Scope, Site, Symbol
from seed_lsp.source.patch import Edit


@dataclass(frozen=True)
class _Call:
    """A call that constructs an object.

    `change` is the change of the constructor that the call reaches, None if the call stays. `doubt`
    is the reason to leave the call in any case; it is empty if there is none.
    """

    place: FileOccurrences
    site: Site
    node: Node
    change: SignatureChange | None
    doubt: str
    skip_first: bool


def plan_constructor(
    resolution: Resolution, wanted: NewSignature, constructor: Constructor, edits: Mapping[Path, list[Edit]], check: Callable[[], None]
) -> tuple[CallSites, References]:
    """What the new signature changes, and the constructor's sites as references.

    `RenameRefusedError` if the constructor cannot have this signature.
    """
    family = Family(resolution, constructor.scope, check)
    definitions: list[Site] = []

    def planned(wanted: NewSignature) -> CallSites:
        plan = _Plan(family, constructor, wanted, edits)
        found = plan.finished(check)
        definitions[:] = plan.definitions
        return found

    found = with_values(planned, wanted)
    symbol = Symbol(constructor.method, "method", frozenset({constructor.scope}))
    sites = {(site.path, site.start): site for site in (*found.sites, *definitions)}
    documents = {path: resolution.place(path).file.document for path in {path for path, _ in sites} | found.proposed.keys()}
    return found, References(symbol, tuple(site for _, site in sorted(sites.items(), key=lambda item: item[0])), documents)


class _Plan:
    def __init__(self, family: Family, constructor: Constructor, wanted: NewSignature, edits: Mapping[Path, list[Edit]]) -> None:
        self._family, self._constructor = family, constructor
        self._changer = CallChanger(family.resolution, wanted, edits)
        self.definitions: list[Site] = []
        self._functions: list[tuple[Function, SignatureChange | None]] = []
        if constructor.by_fields:
            self._fields = FieldSignature(family, constructor.scope, wanted)
            self._changes = self._fields.changes
        else:
            self._changes = {constructor.scope: self._change_of_method(wanted)}
        for function, change in self._functions:
            if change is not None:
                self._changer.rewriter.rename_parameters(function, change)

    def finished(self, check: Callable[[], None]) -> CallSites:
        """Change the calls from the inside out, and then the definitions.

        The definitions come last, since calls may stand in their defaults.
        """
        calls = [*self._named_calls(), *self._implicit_calls()]
        for call in sorted(calls, key=lambda call: (call.place.path, -call.site.start)):
            check()
            if call.doubt or call.change is None:
                self._changer.leave(call.site, call.doubt)
            else:
                self._changer.change(call.place, call.site, call.node, call.change, skip_first=call.skip_first)
        for function, change in self._functions:
            site = _definition_site(function.place, function.node)
            if change is None:
                self._changer.leave(site, "defines it with another signature")
            else:
                self._changer.rewriter.change_parameters(function, change)
                self.definitions.append(site)
        if self._constructor.by_fields:
            self.definitions += self._fields.write(self._changer)
        return self._changer.finished()

    def _change_of_method(self, wanted: NewSignature) -> SignatureChange:
        constructor, lineage = self._constructor, self._family.lineage
        resolution = self._family.resolution.for_name(constructor.method)
        found = functions_of(resolution, resolution.with_twins(frozenset({constructor.scope})))
        found.sort(key=lambda function: function.scope != constructor.scope)
        title = lineage.title(constructor.scope)
        if constructor.method == "__new__":
            found[0].decorators.append("classmethod")
        if constructor.by_class and found[0].parameters:
            wanted = _with_object(wanted, found[0].parameters[0])
        change = change_of(found[0], wanted)
        for function in found:
            if function.scope == constructor.scope and function.parameters != change.old:
                raise RenameRefusedError(f"{constructor.method} of {title} has several definitions with different parameters")
            if function.scope == constructor.scope and (
                unknown := sorted(set(function.decorators) - {"overload", "classmethod", "override"})
            ):
                raise RenameRefusedError(f"the decorator {unknown[0]} may change what {constructor.method} of {title} takes")
        self._functions = [
            (function, for_override(change, function) if function.takes_the_same(change.old) else None) for function in found
        ]
        return change

    def _named_calls(self) -> list[_Call]:
        """The calls where a class of the family is named, also by another name."""
        found = []
        for scope, resolution, references in self._family.references:
            reached = self._family.lineage.constructor(scope, self._constructor.method)
            if self._constructor.scope not in self._family.lineage.order(scope) or (reached is not None and reached not in self._changes):
                continue
            change = self._changes.get(reached) if reached is not None else None
            doubt = self._doubt_of(scope) if reached is not None else "it may be constructed by a base that is not known"
            doubt = doubt or self._family.rebound.get(scope, "")
            for site in references.sites:
                if site.tier == "mention" or references.documents[site.path].language != "python":
                    continue
                place = resolution.place(site.path)
                use = class_use(place, place.file.node_at(site.start))
                if site.tier not in APPLIED and names.is_imported(place.file.node_at(site.start)):
                    found.append(_Call(place, site, use.node, None, site.reason, skip_first=True))
                elif use.kind == "pattern" and self._constructor.by_fields:
                    found.append(_Call(place, site, use.node, None, "a pattern takes the fields by their places", skip_first=True))
                elif use.kind == "given" or (use.kind == "alias" and not is_followed(resolution, place, use.node)):
                    found.append(_Call(place, site, use.node, None, NO_CALL, skip_first=True))
                elif use.kind == "call" or (use.kind == "method" and use.method == self._constructor.method):
                    reason = site.reason if site.tier not in APPLIED else doubt
                    found.append(_Call(place, site, use.node, change, reason, skip_first=use.kind == "call"))
        return found

    def _implicit_calls(self) -> list[_Call]:
        """The calls that do not name the class.

        These are ``super()``, ``cls(…)`` and ``type(self)(…)`` in the bodies of the classes, and
        ``type(x)(…)`` in the files that name them.
        """
        lineage, method, related = self._family.lineage, self._constructor.method, self._family.related()
        calls = [(scope, call) for scope in related for call in constructing_calls(lineage, scope, method)]
        for place in self._family.places():
            calls += constructed_like(lineage, place, related, method)
        found: dict[tuple[Path, int], _Call] = {}
        for scope, call in calls:
            reached, doubt = self._reached(scope, call)
            if doubt or reached is not None:
                change = self._changes[reached] if reached is not None else None
                made = _Call(call.place, call.site, call.node, change, doubt, skip_first=call.skip_first)
                found.setdefault((call.place.path, call.site.start), made)
        return list(found.values())

    def _reached(self, scope: Scope, call: Constructing) -> tuple[Scope | None, str]:
        """The changing constructor that a call in a class reaches, and why this is not certain.

        The constructor is None if the call reaches none that changes. It may be uncertain since the
        object may be of a class below.
        """
        lineage, method = self._family.lineage, self._constructor.method
        if call.is_super and call.behind is None:
            return None, "it is not known behind which class super() begins"
        reached: dict[Scope | None, Scope] = {}
        for one in self._family.below_of(scope):
            if not call.is_super or call.behind in lineage.order(one):
                reached.setdefault(lineage.constructor(one, method, behind=call.behind), one)
        changing = [one for one in reached if one is not None and one in self._changes]
        others = [one for one in reached if one is not None and one not in self._changes]
        if not changing:
            return None, ""
        if others:
            return None, f"it may reach the one of {lineage.title(others[0])}, which keeps its signature"
        if len(reached) > 1 and call.is_super:
            return None, f"it may reach the one of {lineage.title(changing[0])}, or none"
        if len(reached) > 1:
            return None, f"it may construct a {lineage.title(reached[changing[0]])}"
        return changing[0], "" if call.is_super else self._doubt_of(scope)

    def _doubt_of(self, scope: Scope) -> str:
        lineage = self._family.lineage
        for function, change in self._functions:
            if change is None and function.place.path.suffix == ".py":
                line = function.place.file.document.line_of(function.place.file.char_of(function.node.start_byte)) + 1
                return f"it may reach the one on line {line} of {function.place.path.name}, which keeps its signature"
        other = names.CONSTRUCTORS[self._constructor.method]
        also = lineage.constructor(scope, other)
        if also is not None and not takes_anything(self._family.resolution, also, other):
            return f"{other} of {lineage.title(also)} is given the arguments, too"
        return lineage.doubt(scope, self._constructor.method)


def _with_object(wanted: NewSignature, first: Parameter) -> NewSignature:
    """The signature with the object as its first parameter, also if the user left it out."""
    given = parse_signature(wanted.text)
    if given[:1] and given[0].name == first.name:
        return wanted
    kind: Kind = "positional_only" if given[:1] and given[0].kind == "positional_only" else first.kind
    return replace(wanted, text=f"({', '.join(pieces_of([replace(first, kind=kind), *given]))})")


def _definition_site(place: FileOccurrences, node: Node) -> Site:
    name = node.child_by_field_name("name")
    assert name is not None, "a definition has a name"
    return site_of(place, name, "defined here")
