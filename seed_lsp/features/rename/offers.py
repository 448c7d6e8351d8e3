"""What the editor's menu offers for the symbol at the cursor, by the syntax alone.

An offer needs no further input from the user.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node

from seed_lsp.features.rename.other_languages.grammars import FAMILIES
from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.names import PythonFile
from seed_lsp.features.rename.signature.form import Form
from seed_lsp.features.rename.signature.signature import Parameter, parameters_of, pieces_of
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import MAX_BYTES


@dataclass(frozen=True)
class Offer:
    """A rename, or a change of the signature or of the form of the function named at `place`."""

    title: str
    place: CharOffset
    signature: str | None = None
    form: Form | None = None


def offers_at(document: Document, offset: CharOffset) -> list[Offer]:
    """The offers for the name at a place; there are none where no name of the code stands."""
    text = document.text
    in_word = any(text[i : i + 1].isidentifier() for i in (offset - 1, offset) if i >= 0)
    if not in_word or len(text) > MAX_BYTES or (document.language != "python" and document.language not in FAMILIES):
        return []
    if document.language != "python":
        return [Offer("Rename and update every use …", offset)]
    file = PythonFile(document, rows=False)
    node = next((found for at in (offset, offset - 1) if at >= 0 and (found := file.node_at(CharOffset(at))).type == "identifier"), None)
    if node is None:
        return []
    return [Offer(f"Rename {file.text_of(node)} and update every use …", offset), *_signatures(file, node), *_forms(file, node)]


def _signatures(file: PythonFile, node: Node) -> Iterator[Offer]:
    """The offers on a parameter in a definition: remove it, make it keyword-only, or move it."""
    function = scoping.binding_scope(node)
    listed = function.child_by_field_name("parameters") if function is not None and function.type == "function_definition" else None
    if function is None or listed is None or not names.lies_in(node, listed):
        return
    named = function.child_by_field_name("name")
    assert named is not None, "a definition has a name"
    name = file.text_of(named)
    if name.startswith("__") and name.endswith("__") and name not in {*names.CONSTRUCTORS, "__call__"}:
        # Python itself calls this method, with arguments of its own.
        return
    parameters, chosen = parameters_of(file, listed), file.text_of(node)
    at = next((i for i, parameter in enumerate(parameters) if parameter.name == chosen), None)
    if at is None or (at == 0 and chosen in {"self", "cls"}):
        return
    place = file.char_of(named.start_byte)
    yield Offer(f"Remove the parameter {chosen} and update the calls", place, _written([*parameters[:at], *parameters[at + 1 :]]))
    splat = any(parameter.kind == "args" for parameter in parameters)
    if parameters[at].kind == "either" and not splat:
        behind = [replace(parameter, kind="keyword_only") if parameter.kind == "either" else parameter for parameter in parameters[at:]]
        yield Offer(f"Make {chosen} and what follows keyword-only and update the calls", place, _written([*parameters[:at], *behind]))
    if at + 1 < len(parameters) and _may_swap(parameters[at], parameters[at + 1]):
        swapped = [*parameters[:at], parameters[at + 1], parameters[at], *parameters[at + 2 :]]
        yield Offer(f"Move {chosen} behind {parameters[at + 1].name} and update the calls", place, _written(swapped))


def _forms(file: PythonFile, node: Node) -> Iterator[Offer]:
    """The offers on the name of a function, or of a method: to make the one into the other.

    A function becomes a method of the class that its first parameter is annotated with. Only a
    method without decorators becomes a function.
    """
    function = node.parent
    named = function.child_by_field_name("name") if function is not None and function.type == "function_definition" else None
    listed = function.child_by_field_name("parameters") if function is not None else None
    if function is None or named is None or named.id != node.id or listed is None or names.decorators_of(file, function):
        return
    first = next(iter(parameters_of(file, listed)), None)
    scope, place = scoping.scope_of(function), file.char_of(node.start_byte)
    if first is None or not first.by_place:
        return
    if scope.type == "module" and first.annotation is not None:
        owner = first.annotation.strip("'\"")
        if any(found.type == "class_definition" for found in file.scopes_named((owner,))):
            yield Offer(f"Make {file.text_of(node)} a method of {owner} and update the calls", place, form="method")
    elif scope.type == "class_definition" and not file.text_of(node).startswith("__"):
        yield Offer(f"Make {file.text_of(node)} a function and update the calls", place, form="function")


def _may_swap(one: Parameter, other: Parameter) -> bool:
    return one.kind == other.kind == "either" and (one.default is None) == (other.default is None)


def _written(parameters: Sequence[Parameter]) -> str:
    return f"({', '.join(pieces_of(parameters))})"
