"""A new signature for the constructor that Python makes of a dataclass's fields.

The constructors of the dataclasses below change with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.lineage import has_option
from seed_lsp.features.rename.python.names import Occurrence
from seed_lsp.features.rename.python.references import find_references, site_of
from seed_lsp.features.rename.signature.call_sites import CallChanger
from seed_lsp.features.rename.signature.constructed import Family
from seed_lsp.features.rename.signature.definitions import NewSignature, change_between
from seed_lsp.features.rename.signature.field_lines import FieldLines
from seed_lsp.features.rename.signature.fields import OBJECT, fields_of, parameters_from_fields
from seed_lsp.features.rename.signature.signature import Kind, Parameter, SignatureChange, parse_signature
from seed_lsp.features.rename.sites import APPLIED, Scope, Site, Symbol

_MUTABLE = ("[", "{", "list(", "dict(", "set(")


class FieldSignature:
    """A new signature for the constructor of a dataclass.

    `changes` has the change of this class and of each dataclass below it. `new` has the class's own
    fields after the change.
    """

    def __init__(self, family: Family, scope: Scope, wanted: NewSignature) -> None:
        self._lineage, self._scope = family.lineage, scope
        self.title = self._lineage.title(scope)
        self._names = {resolution.name for _, resolution, _ in family.references}
        self.old = fields_of(self._lineage, scope)
        old = parameters_from_fields(self._lineage, scope)
        given = parse_signature(wanted.text)
        change = change_between(old, given if given[:1] and given[0].name == OBJECT.name else (OBJECT, *given), wanted)
        own_names = {field.parameter.name for field in self.old}
        inherited = {parameter.name for parameter in old[1:]} - own_names
        self.new = [parameter for parameter in change.new[1:] if parameter.name not in inherited]
        self._require_plain(change)
        self._require_order(change)
        own = {scope: self.new}
        if [_said(p) for p in parameters_from_fields(self._lineage, scope, own)] != [_said(p) for p in change.new]:
            raise RenameRefusedError(f"what {self.title} inherits comes first, as it is: change such a field where it is defined")
        self.changes = {scope: change}
        for below in family.below[1:]:
            if self._lineage.is_dataclass(below):
                self.changes[below] = self._change_below(below, own, change)

    def write(self, changer: CallChanger) -> list[Site]:
        """Write the lines of the fields; return the site that defines the constructor."""
        place, node = self._lineage.place_of(self._scope)
        self._leave_uses(changer)
        lines = FieldLines(place, node, self.old, lambda inner: changer.rewriter.text_by_now(place, inner))
        changer.rewriter.add(place.path, lines.edits(self.new))
        name = node.child_by_field_name("name")
        assert name is not None, "a class has a name"
        site = site_of(place, name, "defined here")
        self._leave_order(changer, site)
        return [site]

    def _leave_uses(self, changer: CallChanger) -> None:
        """Leave the sites that may read a removed field, with the reason.

        `RenameRefusedError` if a site certainly reads it.
        """
        place, _ = self._lineage.place_of(self._scope)
        kept = {parameter.name for parameter in self.new}
        for field in (field for field in self.old if field.parameter.name not in kept):
            name, resolution = field.parameter.name, self._lineage.resolution
            own = resolution.for_name(name)
            references = find_references(own, Symbol(name, "attribute", frozenset({self._scope})), place.path)
            for site in references.sites:
                there = own.place(site.path) if references.documents[site.path].language == "python" else None
                occurrence = there.at(site.start) if there is not None else None
                if there is None or occurrence is None or occurrence.role not in {"attribute", "field", "name", "keyword"}:
                    continue
                if occurrence.role == "keyword":
                    if not self._is_of_constructor(there, occurrence):
                        changer.leave(site, f"it names the field {name}, which goes")
                elif site.tier not in APPLIED:
                    changer.leave(site, f"it may be the field {name}, which goes")
                elif there.container(occurrence) is None or occurrence.role == "attribute":
                    line = there.file.document.line_of(site.start) + 1
                    raise RenameRefusedError(f"{name} is still used on line {line} of {site.path.name}")

    def _is_of_constructor(self, place: FileOccurrences, keyword: Occurrence) -> bool:
        """Whether the named argument stands in a call of the constructor, which changes anyway."""
        call = names.enclosing(keyword.node, {"call"})
        function = call.child_by_field_name("function") if call is not None else None
        return function is not None and place.file.text_of(function).rpartition(".")[2] in {*self._names, "cls", "__init__"}

    def _leave_order(self, changer: CallChanger, site: Site) -> None:
        """Tell the user if the fields change their order, since results such as repr follow it."""
        kept = {parameter.name for parameter in self.new}
        before = [field.parameter.name for field in self.old if field.parameter.name in kept]
        if [parameter.name for parameter in self.new][: len(before)] != before or len(before) < len(self.old):
            changer.leave(site, "repr, astuple and the like have the fields of its objects in the new order")

    def _change_below(self, below: Scope, own: Mapping[Scope, Sequence[Parameter]], change: SignatureChange) -> SignatureChange:
        title, before = self._lineage.title(below), parameters_from_fields(self._lineage, below)
        new = parameters_from_fields(self._lineage, below, own)
        added = {parameter.name for parameter in change.new} - {parameter.name for parameter in change.old}
        if taken := sorted(added & {parameter.name for parameter in before}):
            raise RenameRefusedError(f"{title}, which inherits from {self.title}, has a field {taken[0]}")
        for earlier, later in itertools.pairwise(new[1:]):
            if later.by_place and earlier.default is not None and later.default is None:
                raise RenameRefusedError(f"{later.name} of {title} has no default and would stand behind {earlier.name}, which has one")
        return SignatureChange(before, new, {}, change.arguments)

    def _require_plain(self, change: SignatureChange) -> None:
        """`RenameRefusedError` if a line of the class's body cannot express the change."""
        if change.renamed:
            raise RenameRefusedError(f"{next(iter(change.renamed))} is a field; rename it first, with all that reads it")
        fields = {field.parameter.name: field for field in self.old}
        for parameter in self.new:
            field = fields.get(parameter.name)
            if parameter.kind not in {"either", "keyword_only"}:
                raise RenameRefusedError(f"{parameter.name} cannot be a field: no star, and no slash behind it")
            if field is None and parameter.annotation is None:
                raise RenameRefusedError(f"a field needs a type; write {parameter.name}: int, or what it is")
            if field is not None and field.parameter.kind != parameter.kind:
                raise RenameRefusedError(f"whether {parameter.name} is keyword-only is said where the field is defined; change it there")
            if field is not None and field.made and field.parameter.default != parameter.default:
                raise RenameRefusedError(f"the default of {parameter.name} is said by field(…); change it there")
            changed = field is None or field.parameter.default != parameter.default
            if changed and parameter.default is not None and parameter.default.startswith(_MUTABLE):
                raise RenameRefusedError(f"objects would share the default of {parameter.name}; write field(default_factory=…)")
            if changed and parameter.default is not None and parameter.default.startswith("field("):
                self._require_bound("field")
            if field is None and parameter.kind not in self._kinds_to_add():
                raise RenameRefusedError(
                    f"{parameter.name} would be keyword-only or not, which no line of {self.title} says; write it there"
                )
            if field is None:
                self._require_free(parameter.name)

    def _kinds_to_add(self) -> set[Kind]:
        """The kinds of parameter that a new line can define, without an option of its own."""
        if has_option(*self._lineage.place_of(self._scope), "kw_only"):
            return {"keyword_only"}
        return {"either", *(field.parameter.kind for field in self.old if not field.apart)}

    def _require_order(self, change: SignatureChange) -> None:
        place, node = self._lineage.place_of(self._scope)
        for_arguments = {field.parameter.name for field in self.old if field.is_argument_only}
        before, after = ([p.name for p in some if p.name in for_arguments] for some in (change.old, change.new))
        if before != after:
            raise RenameRefusedError(f"__post_init__ takes {', '.join(before)} in this order, and all of them")
        if has_option(place, node, "order") and [p.name for p in change.new[: len(change.old)]] != [p.name for p in change.old]:
            raise RenameRefusedError(f"objects of {self.title} are compared in the order of their fields, which would be another one")
        if [p.name for p in change.new] != [p.name for p in change.old] and any(field.apart for field in self.old):
            raise RenameRefusedError("fields that say kw_only one by one are not put in order; change them by hand")

    def _require_free(self, name: str) -> None:
        place, node = self._lineage.place_of(self._scope)
        of_name = FileOccurrences(place.path, place.file, name)
        if of_name.bindings.get(of_name.scope(node)):
            raise RenameRefusedError(f"{self.title} has a member {name} already")

    def _require_bound(self, name: str) -> None:
        place, node = self._lineage.place_of(self._scope)
        if FileOccurrences(place.path, place.file, name).lookup(node) is None:
            raise RenameRefusedError(f"{place.path.name} does not import {name}")


def _said(parameter: Parameter) -> tuple[str, Kind, str | None]:
    return parameter.name, parameter.kind, parameter.default
