"""Calls that are known to have no effect, and properties: attributes that may have one.

A call has none if its function only puts together what it is given.
"""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.inference import offset_of
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.signature import effects
from seed_lsp.features.rename.signature.effects import Evaluation
from seed_lsp.source.document import CharOffset

DEPTH = 3
"""How many levels of calls within calls are looked into."""


class Harmless:
    """Tells for the calls of one workspace what they do."""

    def __init__(self, resolution: Resolution) -> None:
        self._resolution = resolution

    def in_place(self, place: FileOccurrences, depth: int = DEPTH) -> effects.Ask:
        """A function that tells what a call in this file does besides evaluating its arguments.

        It also tells what reading an attribute does. It returns None if this is unknown.
        """

        def of_call(call: Node) -> Evaluation | None:
            if call.type == "attribute":
                return self._of_property(place, call, depth)
            function = call.child_by_field_name("function")
            if function is None or function.type not in {"identifier", "attribute"} or depth == 0:
                return None
            bodies = [self._body_of(*found, depth) for found in self._functions(place, function)]
            if not bodies or any(body is None for body in bodies):
                return None
            found = effects.evaluation_of(place.file, function)
            for body in bodies:
                found = found | body if body is not None else found
            return found

        return of_call

    def _functions(self, place: FileOccurrences, function: Node) -> list[tuple[FileOccurrences, Node]]:
        """The definitions that `function` may be; none if one of them is not known."""
        found = []
        for value in self._resolution.values_of(place, function):
            if value.kind != "function" or value.path is None or not self._resolution.files.holds(value.path):
                return []
            there = self._resolution.place(value.path)
            start = CharOffset(there.file.document.line_starts[value.line] + value.column)
            node = names.enclosing(there.file.node_at(start), {"function_definition"})
            if node is None or names.with_decorators(node) is not node:
                return []
            found.append((there, node))
        return found

    def _of_property(self, place: FileOccurrences, attribute: Node, depth: int) -> Evaluation | None:
        """What the method of a property does; None if the attribute is no property."""
        found = None
        for definition in self._resolution.definitions_of(place, attribute) if depth > 0 else ():
            if definition.kind != "property" or definition.path is None or not self._resolution.files.holds(definition.path):
                continue
            there = self._resolution.place(definition.path)
            method = names.enclosing(there.file.node_at(offset_of(there, definition)), {"function_definition"})
            body = self._body_of(there, method, depth) if method is not None else None
            found = (found or Evaluation()) | (body or Evaluation(acts=True, depends=True))
        return found

    def _body_of(self, place: FileOccurrences, function: Node, depth: int) -> Evaluation | None:
        """What a function does whose body is one ``return`` without an effect; else None."""
        body = function.child_by_field_name("body")
        statements = [one for one in (body.named_children if body is not None else []) if one.type not in {"comment", "pass_statement"}]
        if statements and statements[0].type == "expression_statement" and statements[0].named_children[0].type in {"string", "ellipsis"}:
            statements = statements[1:]
        if any(child.type == "async" for child in function.children) or len(statements) > 1:
            return None
        if not statements:
            return Evaluation()
        if statements[0].type != "return_statement":
            return None
        found = Evaluation()
        for value in statements[0].named_children:
            found |= effects.evaluation_of(place.file, value, self.in_place(place, depth - 1))
        # The names in the body are those of the other function, and not of the caller.
        return None if found.acts else replace(found, reads=frozenset())
