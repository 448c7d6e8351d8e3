"""Which definition of a method a call reaches, if some definitions keep their signature."""

from __future__ import annotations

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import Occurrence
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.sites import Scope
from seed_lsp.source.document import CharOffset


class Reached:
    """Tells whether a call may reach a definition that stays; `kept` has the classes of these."""

    def __init__(self, resolution: Resolution, kept: frozenset[Scope]) -> None:
        self._resolution, self._kept = resolution, kept
        # A call on an object of such a class may reach the kept definition, since the object may be
        # of a class below both.
        self._near = {scope: resolution.ancestors(scope) | resolution.hierarchy.beside(scope) for scope in kept}

    def doubt(self, place: FileOccurrences, start: CharOffset) -> str:
        """Why a call may reach a definition that stays; "" if it cannot."""
        occurrence = place.at(start)
        if occurrence is None or not self._kept:
            return ""
        attribute = occurrence.node.parent
        receiver = attribute.child_by_field_name("object") if attribute is not None and occurrence.role == "attribute" else None
        return self.doubt_of(place, receiver, self._resolution.scopes(place, occurrence))

    def doubt_of(self, place: FileOccurrences, receiver: Node | None, reached: frozenset[Scope]) -> str:
        """Why a call on `receiver` may reach a definition that stays; "" if it cannot.

        `reached` has the classes whose methods the call reaches, as far as this is known.
        """
        if stays := reached & self._kept:
            certain = "reaches" if reached <= self._kept else "may reach"
            return f"it {certain} the one of {self._resolution.title(min(stays, key=str))}, which keeps its signature"
        below = sorted((scope for scope in self._kept if reached & self._near[scope]), key=str)
        if not below or receiver is None:
            return ""
        classes = self._exactly(place, receiver)
        # An object that is annotated with a base may be known to be made of a class below.
        if classes and not any(scope in self._kept or self._resolution.ancestors(scope) & self._kept for scope in classes):
            return ""
        return f"it may reach the one of {self._resolution.title(below[0])}, which keeps its signature"

    def _exactly(self, place: FileOccurrences, receiver: Node) -> frozenset[Scope]:
        """The exact classes of an object; empty if it may be of a class below.

        They are known if the object was just made, is the class itself, or comes from ``super()``.
        """
        return self._made(place, receiver) or self._class(place, receiver) or self._variable(place, receiver)

    def _made(self, place: FileOccurrences, node: Node) -> frozenset[Scope]:
        """The exact classes of ``C()`` and ``super()``; empty for other expressions."""
        while node.type == "parenthesized_expression" and node.named_children:
            node = node.named_children[0]
        function = node.child_by_field_name("function") if node.type == "call" else None
        if function is None:
            return frozenset()
        return self._above(place, node) if place.file.text_of(function) == "super" else self._class(place, function)

    def _above(self, place: FileOccurrences, node: Node) -> frozenset[Scope]:
        """The class above the one around, which ``super()`` means.

        Empty if another base of a class below may come between.
        """
        around = names.enclosing(node, {"class_definition"})
        scope = place.scope(around) if around is not None else None
        if scope is None or self._resolution.hierarchy.beside(scope) & self._kept:
            return frozenset()
        return frozenset(self._resolution.hierarchy.line_of(scope)[1:2])

    def _class(self, place: FileOccurrences, node: Node) -> frozenset[Scope]:
        """The class that an expression names by its own name; empty for a variable."""
        last = node.child_by_field_name("attribute") if node.type == "attribute" else node
        if last is None or last.type != "identifier":
            return frozenset()
        values = self._resolution.values_of(place, node)
        found = [self._resolution.class_at(value) for value in values if value.name == place.file.text_of(last)]
        if not found or len(found) < len(values):
            return frozenset()
        if node.type == "identifier" and not all(_names_class(binding) for binding in self._bindings(place, node)):
            return frozenset()
        return frozenset(scope for scope in found if scope is not None)

    def _variable(self, place: FileOccurrences, node: Node) -> frozenset[Scope]:
        """The exact classes of a variable that is only ever given new objects."""
        found: set[Scope] = set()
        for binding in self._bindings(place, node) if node.type == "identifier" else ():
            holder = binding.node.parent
            right = holder.child_by_field_name("right") if holder is not None and holder.type == "assignment" else None
            made = self._made(place, right) if right is not None else frozenset()
            if not made:
                return frozenset()
            found |= made
        return frozenset(found)

    def _bindings(self, place: FileOccurrences, node: Node) -> list[Occurrence]:
        word = FileOccurrences(place.path, place.file, place.file.text_of(node))
        scope = word.lookup(node)
        return word.bindings[scope] if scope is not None else []


def _names_class(binding: Occurrence) -> bool:
    parent = binding.node.parent
    return names.is_imported(binding.node) or (parent is not None and parent.type == "class_definition")
