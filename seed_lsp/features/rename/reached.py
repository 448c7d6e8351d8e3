"""Which definition of a method a call reaches, where some in the family keep their signature."""

from __future__ import annotations

from tree_sitter import Node

from seed_lsp.features.rename import names
from seed_lsp.features.rename.names import Occurrence
from seed_lsp.features.rename.resolution import Place, Resolution, Scope
from seed_lsp.source.document import CharOffset


class Reached:
    """`kept`: the classes of the family whose definition stays as it is."""

    def __init__(self, resolution: Resolution, kept: frozenset[Scope]) -> None:
        self._resolution, self._kept = resolution, kept
        self._ancestors = {scope: resolution.ancestors(scope) for scope in kept}

    def doubt(self, place: Place, start: CharOffset) -> str:
        """Why a call may reach a definition that stays; "" if it does not."""
        occurrence = place.at(start)
        if occurrence is None or not self._kept:
            return ""
        attribute = occurrence.node.parent
        receiver = attribute.child_by_field_name("object") if attribute is not None and occurrence.role == "attribute" else None
        return self.doubt_of(place, receiver, self._resolution.scopes(place, occurrence))

    def doubt_of(self, place: Place, receiver: Node | None, reached: frozenset[Scope]) -> str:
        """The same for what is called on an object, where that reaches the methods of these classes as far as is known."""
        if stays := reached & self._kept:
            certain = "reaches" if reached <= self._kept else "may reach"
            return f"it {certain} the one of {self._resolution.title(min(stays, key=str))}, which keeps its signature"
        below = sorted((scope for scope in self._kept if reached & self._ancestors[scope]), key=str)
        if below and receiver is not None and not self._is_exactly_known(place, receiver):
            return f"it may reach the one of {self._resolution.title(below[0])}, which keeps its signature"
        return ""

    def _is_exactly_known(self, place: Place, receiver: Node) -> bool:
        """Whether the object is of the very class, and not of one below: just made, or the class itself, or what ``super()`` gives."""
        return self._is_made(place, receiver) or self._is_class(place, receiver) or self._is_variable_made(place, receiver)

    def _is_made(self, place: Place, node: Node) -> bool:
        """``C()``, and ``super()``."""
        while node.type == "parenthesized_expression" and node.named_children:
            node = node.named_children[0]
        function = node.child_by_field_name("function") if node.type == "call" else None
        if function is None:
            return False
        return place.file.text_of(function) == "super" or self._is_class(place, function)

    def _is_class(self, place: Place, node: Node) -> bool:
        """A class by its own name: no variable for one."""
        last = node.child_by_field_name("attribute") if node.type == "attribute" else node
        if last is None or last.type != "identifier":
            return False
        values = self._resolution.values_of(place, node)
        if not values or any(value.kind != "class" or value.name != place.file.text_of(last) for value in values):
            return False
        return node.type == "attribute" or all(_names_class(binding) for binding in self._bindings(place, node))

    def _is_variable_made(self, place: Place, node: Node) -> bool:
        """A variable that is only ever given a new object."""
        if node.type != "identifier":
            return False
        bindings = self._bindings(place, node)
        for binding in bindings:
            holder = binding.node.parent
            right = holder.child_by_field_name("right") if holder is not None and holder.type == "assignment" else None
            if right is None or not self._is_made(place, right):
                return False
        return bool(bindings)

    def _bindings(self, place: Place, node: Node) -> list[Occurrence]:
        word = Place(place.path, place.file, place.file.text_of(node))
        scope = word.lookup(node)
        return word.bindings[scope] if scope is not None else []


def _names_class(binding: Occurrence) -> bool:
    parent = binding.node.parent
    return names.is_imported(binding.node) or (parent is not None and parent.type == "class_definition")
