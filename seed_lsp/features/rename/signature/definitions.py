"""The definitions that a new signature changes, and the change for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import Occurrence
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.signature.signature import Parameter, SignatureChange, parameters_of, parse_signature
from seed_lsp.features.rename.sites import Scope
from seed_lsp.source.document import CharOffset

BOUND_TO_CLASS, FREE = "classmethod", "staticmethod"


@dataclass(frozen=True)
class NewSignature:
    """The signature that the user asks for, as `text` like that of a definition.

    `was` maps the new name of a parameter to the old one. `arguments` has expressions for added
    parameters. `values` has expressions for single calls, for parameters that are missing in
    `arguments`; its keys are the file of a call and the offset of the name there.
    """

    text: str
    was: Mapping[str, str]
    arguments: Mapping[str, str]
    values: Mapping[tuple[Path, CharOffset], Mapping[str, str]] = field(default_factory=dict)


class Function:
    """A definition that changes, with its parameters."""

    def __init__(self, place: FileOccurrences, node: Node) -> None:
        self.place, self.node = place, node
        parameters = node.child_by_field_name("parameters")
        assert parameters is not None, "a definition has parameters"
        self.parameters_node = parameters
        self.parameters = parameters_of(place.file, parameters)
        self.scope = place.scope(scoping.scope_of(node))
        self.decorators = names.decorators_of(place.file, node)

    @property
    def takes_object(self) -> bool:
        return self.scope.is_class and FREE not in self.decorators

    def takes_the_same(self, parameters: Sequence[Parameter]) -> bool:
        """Whether the function's parameters have the same names and kinds as `parameters`."""
        return [(p.name, p.kind) for p in self.parameters] == [(p.name, p.kind) for p in parameters]


def functions_of(resolution: Resolution, scopes: frozenset[Scope]) -> list[Function]:
    """The functions among what these scopes define by the name."""
    return [Function(place, node) for place, _, node in _bound_by(resolution, scopes) if node is not None]


def others_of(resolution: Resolution, scopes: frozenset[Scope]) -> list[tuple[FileOccurrences, Occurrence]]:
    """The bindings of the name in these scopes that are no functions or imports: ``area = 1``."""
    bound = _bound_by(resolution, scopes)
    return [(place, binding) for place, binding, node in bound if node is None and not names.is_imported(binding.node)]


def _bound_by(resolution: Resolution, scopes: frozenset[Scope]) -> Iterator[tuple[FileOccurrences, Occurrence, Node | None]]:
    """Each binding of the name in these scopes, with the function that it defines, if any."""
    for scope in sorted(scopes, key=lambda s: (str(s.path), s.start)):
        assert scope.path is not None, "a library's symbol was refused"
        place = resolution.place(scope.path)
        for binding in place.bindings.get(scope, []):
            parent = binding.node.parent
            defines = parent is not None and parent.type == "function_definition"
            yield place, binding, parent if defines else None


def change_of(function: Function, wanted: NewSignature) -> SignatureChange:
    """The change of a definition that the user asks for.

    `RenameRefusedError` if the definition cannot be changed like this.
    """
    if "property" in function.decorators or "setter" in function.decorators:
        raise RenameRefusedError("a property has no calls")
    new = parse_signature(wanted.text)
    if function.takes_object and (not new or not function.parameters or new[0].name != function.parameters[0].name):
        raise RenameRefusedError(
            f"a method's first parameter is its object; begin the signature with {function.parameters[0].name if function.parameters else 'self'}"
        )
    return change_between(function.parameters, new, wanted)


def change_between(old: tuple[Parameter, ...], new: tuple[Parameter, ...], wanted: NewSignature) -> SignatureChange:
    """The change from the `old` parameters to the `new` ones.

    `wanted` tells which of them belong together.
    """
    old_names, new_names = ({parameter.name for parameter in some} for some in (old, new))
    for name, before in wanted.was.items():
        if name not in new_names or before not in old_names:
            raise RenameRefusedError(f"{name} was {before}: the new signature has to have the first, and the old one the second")
    if unknown := sorted(wanted.arguments.keys() - new_names):
        raise RenameRefusedError(f"the new signature has no {unknown[0]}, which an argument is given for")
    change = SignatureChange(old, new, wanted.was, wanted.arguments)
    # The annotation of a parameter stays if the new signature does not mention one.
    return replace(change, new=tuple(_with_annotation(parameter, change.source_of(parameter)) for parameter in new))


def for_override(change: SignatureChange, function: Function) -> SignatureChange:
    """The same change for an override.

    Its own annotations and defaults stay where the change does not touch them.
    """
    own = replace(change, old=function.parameters)
    return replace(own, new=tuple(_as_in_override(change, own, parameter) for parameter in change.new))


def _as_in_override(change: SignatureChange, own: SignatureChange, parameter: Parameter) -> Parameter:
    source, here = change.source_of(parameter), own.source_of(parameter)
    if source is None or here is None:
        return parameter
    kept = parameter if parameter.default != source.default else replace(parameter, default=here.default)
    return replace(kept, annotation=here.annotation if parameter.annotation == source.annotation else parameter.annotation)


def _with_annotation(parameter: Parameter, source: Parameter | None) -> Parameter:
    if source is None or parameter.annotation is not None:
        return parameter
    return replace(parameter, annotation=source.annotation)
