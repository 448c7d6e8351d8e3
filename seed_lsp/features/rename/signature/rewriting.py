"""Edits of calls and definitions for a new signature, made from the inside out.

A text that moves takes the edits within it along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import Occurrence
from seed_lsp.features.rename.signature import effects
from seed_lsp.features.rename.signature.definitions import Function
from seed_lsp.features.rename.signature.lists import CommentError, list_edits
from seed_lsp.features.rename.signature.signature import (
    SignatureChange,
    UnboundError,
    arguments_of,
    parameters_of,
    pieces_of,
    rewritten,
)
from seed_lsp.features.rename.sites import Scope
from seed_lsp.source.document import CharOffset
from seed_lsp.source.patch import Edit, apply_edits


class Rewriter:
    """The edits of each file, in order and without overlaps."""

    def __init__(self, edits: Mapping[Path, list[Edit]]) -> None:
        self.edits = {path: list(some) for path, some in edits.items()}

    def change_call(self, place: FileOccurrences, call: Node, change: SignatureChange, of_call: effects.Ask, *, skip_first: bool) -> None:
        """Rewrite the arguments of a call, after the calls within them.

        `UnboundError` or `CommentError` if they cannot be rewritten.
        """
        listed = call.child_by_field_name("arguments")
        assert listed is not None, "a call has arguments"

        def text_of(node: Node) -> str:
            return self.text_by_now(place, node)

        arguments = arguments_of(place.file, listed, text_of, of_call)
        written = [argument.written for argument in rewritten(change, arguments, skip_first=skip_first)]
        if listed.type == "argument_list":
            self.add(place.path, list_edits(place.file, listed, written, text_of))
        elif written != [text_of(listed)]:
            # A generator as the only argument has no brackets of its own; now it gets them.
            ends = (place.file.char_of(listed.start_byte), place.file.char_of(listed.end_byte))
            self.add(place.path, [Edit(*ends, f"({', '.join(written)})")])

    def rename_parameters(self, function: Function, change: SignatureChange) -> None:
        """Rename the uses of the parameters in the body.

        `RenameRefusedError` if a removed parameter is still used, or if the body has a new name
        already.
        """
        file, path = function.place.file, function.place.path
        for removed in change.removed:
            if uses := _uses(function, removed.name):
                raise RenameRefusedError(f"{removed.name} is still used on line {file.document.line_of(uses[0]) + 1} of {path.name}")
        _require_room(function, change)
        for old, new in change.renamed.items():
            self.add(path, [Edit(at, at + len(old), new) for at in _uses(function, old)])

    def change_parameters(self, function: Function, change: SignatureChange) -> None:
        """Write the parameters of a definition again, with the edits made within them so far."""
        place = function.place
        file = place.file

        def text_of(node: Node) -> str:
            return self.text_by_now(place, node)

        by_now = {parameter.name: parameter for parameter in parameters_of(file, function.parameters_node, text_of)}
        new = []
        for parameter in change.new:
            before = change.source_of(parameter)
            now = by_now[before.name] if before is not None else None
            if before is not None and now is not None:
                annotation = now.annotation if parameter.annotation == before.annotation else parameter.annotation
                default = now.default if parameter.default == before.default else parameter.default
                new.append(replace(parameter, annotation=annotation, default=default))
            else:
                new.append(parameter)
        try:
            self.add(place.path, list_edits(file, function.parameters_node, pieces_of(new), text_of))
        except CommentError:
            line = file.document.line_of(file.char_of(function.node.start_byte)) + 1
            raise RenameRefusedError(
                f"a comment stands beside a parameter that goes, on line {line} of {place.path.name}; remove it first"
            ) from None

    def text_by_now(self, place: FileOccurrences, node: Node) -> str:
        """The text of a node with the edits made within it so far."""
        start, end = place.file.char_of(node.start_byte), place.file.char_of(node.end_byte)
        inside = [edit for edit in self.edits.get(place.path, []) if start <= edit.start and edit.end <= end]
        return apply_edits(place.file.text_of(node), inside, offset=start)

    def add(self, path: Path, fresh: list[Edit]) -> None:
        """Add edits; they replace earlier edits within the text that they replace.

        `UnboundError` if an edit overlaps another one.
        """
        own = self.edits.setdefault(path, [])
        for edit in fresh:
            own[:] = [other for other in own if not (edit.start <= other.start and other.end <= edit.end and other.start < edit.end)]
            if any(other.start < edit.end and edit.start < other.end for other in own):
                raise UnboundError("another change stands in the way")
            own.append(edit)
        own.sort(key=lambda edit: (edit.start, edit.end))


def _uses(function: Function, name: str) -> list[CharOffset]:
    """The offsets, in characters, where the function's body uses its parameter."""
    place = FileOccurrences(function.place.path, function.place.file, name)
    scope = place.scope(function.node)
    return [found.start for found in _names_in_body(place, function) if (place.container(found) or place.lookup(found.node)) == scope]


def _names_in_body(place: FileOccurrences, function: Function) -> list[Occurrence]:
    body = function.node.child_by_field_name("body")
    return [found for found in place.occurrences if found.role == "name" and body is not None and names.lies_in(found.node, body)]


def _require_room(function: Function, change: SignatureChange) -> None:
    """`RenameRefusedError` if the body has a new name already, or uses it for something else."""
    path, file = function.place.path, function.place.file
    old_names = {parameter.name for parameter in change.old}
    for parameter in (one for one in change.new if one.name not in old_names):
        new = parameter.name
        place, source = FileOccurrences(path, file, new), change.source_of(parameter)
        own = place.scope(function.node)
        used = [found for found in _names_in_body(place, function) if place.container(found) is None]
        hidden = [found for found in used if (scope := place.lookup(found.node)) is not None and not _is_within(place, scope, function)]
        if hidden and own not in place.bindings:
            line = file.document.line_of(hidden[0].start) + 1
            raise RenameRefusedError(
                f"the body of the function uses another {new} on line {line} of {path.name}, which the parameter would hide"
            )
        if source is None:
            continue
        caught = [
            at for at in _uses(function, source.name) if (scope := place.lookup(file.node_at(at))) and _is_within(place, scope, function)
        ]
        if own in place.bindings or caught or any(place.lookup(found.node) is None for found in used):
            raise RenameRefusedError(f"{new} is taken in the body of the function, in {path.name}")


def _is_within(place: FileOccurrences, scope: Scope, function: Function) -> bool:
    return function.node.start_byte <= place.node_of(scope).start_byte < function.node.end_byte
