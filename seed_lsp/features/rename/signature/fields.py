"""The fields of a dataclass as the parameters of its constructor, which Python makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.lineage import Lineage, has_option
from seed_lsp.features.rename.signature.signature import Kind, Parameter
from seed_lsp.features.rename.sites import Scope

OBJECT = Parameter("self", "either")


@dataclass(frozen=True)
class Field:
    """A field of a dataclass.

    `statement` is the node of its line. `made` is true if a call of ``field`` defines it, whose
    arguments may say more than a default. `apart` is true if this call says whether the field is
    keyword-only. `is_argument_only` is true for an ``InitVar``, which objects do not keep.
    """

    parameter: Parameter
    statement: Node
    made: bool = False
    is_argument_only: bool = False
    apart: bool = False


def fields_of(lineage: Lineage, scope: Scope) -> list[Field]:
    """The fields in the body of a class that are parameters of its constructor, in order."""
    place, node = lineage.place_of(scope)
    body = node.child_by_field_name("body")
    kind: Kind = "keyword_only" if has_option(place, node, "kw_only") else "either"
    found: dict[str, Field] = {}
    for statement in body.named_children if body is not None else []:
        assignment = statement.named_children[0] if statement.type == "expression_statement" and statement.named_children else None
        left, annotation, right = (
            assignment.child_by_field_name(part) if assignment is not None and assignment.type == "assignment" else None
            for part in ("left", "type", "right")
        )
        if left is None or annotation is None or left.type != "identifier":
            continue
        said = place.file.text_of(annotation).strip("'\"").rpartition("typing.")[2].rpartition("dataclasses.")[2]
        if said.startswith("KW_ONLY"):
            kind = "keyword_only"
        elif not said.startswith("ClassVar") and (field := _field(place, statement, kind, right)) is not None:
            found[field.parameter.name] = replace(field, is_argument_only=said.startswith("InitVar"))
    return list(found.values())


def _field(place: FileOccurrences, statement: Node, kind: Kind, right: Node | None) -> Field | None:
    """The field that a statement defines; None if it is no parameter of the constructor."""
    left, annotation = (statement.named_children[0].child_by_field_name(part) for part in ("left", "type"))
    assert left is not None and annotation is not None, "a field has both"  # noqa: PT018 - one fact
    options = _field_options(place, right)
    if options.get("init") == "False":
        return None
    apart = options.get("kw_only")
    kind = kind if apart is None else "keyword_only" if apart == "True" else "either"
    has_default = right is not None and (not options or bool({"default", "default_factory"} & options.keys()))
    default = place.file.text_of(right) if right is not None and has_default else None
    parameter = Parameter(place.file.text_of(left), kind, place.file.text_of(annotation), default)
    return Field(parameter, statement, made="field" in options, apart=apart is not None)


def _field_options(place: FileOccurrences, right: Node | None) -> dict[str, str]:
    """The options in a call of ``field``, and "field" itself; empty for another expression."""
    function = right.child_by_field_name("function") if right is not None and right.type == "call" else None
    listed = right.child_by_field_name("arguments") if right is not None and right.type == "call" else None
    if function is None or listed is None or place.file.text_of(function).rpartition(".")[2] != "field":
        return {}
    options = {"field": ""}
    for child in listed.named_children:
        name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
        if child.type == "keyword_argument" and name is not None and value is not None:
            options[place.file.text_of(name)] = place.file.text_of(value)
    return options


def parameters_from_fields(lineage: Lineage, scope: Scope, own: Mapping[Scope, Sequence[Parameter]] | None = None) -> tuple[Parameter, ...]:
    """The parameters of the constructor of a dataclass, the object first.

    They are made of its fields and of those of the dataclasses above. `own` has the changed fields
    of single classes.
    """
    merged: dict[str, Parameter] = {}
    for one in reversed(lineage.order(scope)):
        if one is None:
            raise RenameRefusedError(f"a base of {lineage.title(scope)} is not known, which may have fields")
        if one != scope and not lineage.has_fields(one):
            continue
        of_class = own[one] if own is not None and one in own else [field.parameter for field in fields_of(lineage, one)]
        merged |= {parameter.name: parameter for parameter in of_class}
    by_kind = sorted(merged.values(), key=lambda parameter: parameter.kind == "keyword_only")
    return (OBJECT, *by_kind)
