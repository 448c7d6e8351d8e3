"""Which classes the workspace's classes inherit from, as far as this is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.inference import Inference
from seed_lsp.features.rename.sites import Scope

ANY = "*"
"""Stands for a base class that is an expression without a name."""


@dataclass(frozen=True)
class _Bases:
    """The bases of a class in the workspace, in order, and the names of unknown bases."""

    known: tuple[Scope, ...]
    unknown: frozenset[str]


class Hierarchy:
    """Answers questions about classes, from the files as `inference` sees them.

    The name that `inference` is for does not matter.
    """

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._bases: dict[Scope, _Bases] = {}
        self._below: dict[Scope, frozenset[Scope]] = {}
        self._named: dict[str, frozenset[Scope]] = {}

    def line_of(self, scope: Scope) -> list[Scope]:
        """A class and its ancestors in the workspace, in the order that a member is looked for."""
        found: dict[Scope, None] = {}
        waiting = [scope]
        while waiting:
            one = waiting.pop()
            # If several classes share a base, its last place counts.
            seen = one in found
            found.pop(one, None)
            found[one] = None
            if not seen:
                waiting += reversed(self._of(one).known)
        return list(found)

    def ancestors(self, scope: Scope) -> frozenset[Scope]:
        """The classes of the workspace that a class inherits from, over any number of steps."""
        return frozenset(self.line_of(scope)) - {scope}

    def unknown_bases(self, scope: Scope) -> frozenset[str]:
        """The names of the bases that are found nowhere, neither in the workspace nor outside.

        The bases of bases are included, over any number of steps.
        """
        return frozenset().union(*(self._of(one).unknown for one in self.line_of(scope)))

    def classes_named(self, name: str) -> frozenset[Scope]:
        """The workspace's classes with this name."""
        if name not in self._named:
            others = self._inference.for_name(name)
            found = (scope for place in others.python_places() for scope in _classes_in(place))
            self._named[name] = frozenset(found)
        return self._named[name]

    def below(self, scope: Scope) -> frozenset[Scope]:
        """The workspace's classes that inherit from a class, over any number of steps.

        They are found in the files that hold the name of the class, or of a subclass.
        """
        if scope not in self._below:
            self._below[scope] = frozenset()
            name = self._inference.title(scope)
            near = [one for place in self._inference.for_name(name).python_places() for one in _subclasses_in(place)]
            direct = {one for one in near if one != scope and scope in self._of(one).known}
            self._below[scope] = frozenset(direct.union(*(self.below(one) for one in direct)))
        return self._below[scope]

    def beside(self, scope: Scope) -> frozenset[Scope]:
        """The classes that share a subclass with the class; a mixin may count on their methods."""
        own = frozenset(self.line_of(scope))
        return frozenset().union(*(frozenset(self.line_of(one)) for one in self.below(scope))) - own

    def may_inherit(self, scope: Scope, family: Iterable[Scope]) -> bool:
        """Whether a base that is unknown may be in the family, or below it, by its name."""
        family = set(family)
        for name in self.unknown_bases(scope):
            if name == ANY or any(family & set(self.line_of(one)) for one in self.classes_named(name)):
                return True
        return False

    def _of(self, scope: Scope) -> _Bases:
        if scope not in self._bases:
            assert scope.path is not None, "only classes of the workspace have bases here"
            # A class that inherits from itself is no valid program, but may be an unfinished text.
            self._bases[scope] = _Bases((), frozenset())
            place = self._inference.place(scope.path)
            found = [self._base(place, base) for base in names.bases_of(place.node_of(scope))]
            known = dict.fromkeys(one for some, _ in found for one in sorted(some, key=lambda one: (str(one.path), one.start)))
            self._bases[scope] = _Bases(tuple(known), frozenset(name for _, name in found if name))
        return self._bases[scope]

    def _base(self, place: FileOccurrences, base: Node) -> tuple[frozenset[Scope], str]:
        """The workspace's classes that a base may be, and the name of a base that is not known.

        The name is empty if the base is known; it may be known in a library.
        """
        node = names.without_arguments(base)
        if node.type != "identifier":
            values = self._inference.values_of(place, base)
            found = frozenset(scope for value in values if (scope := self._inference.class_at(value)) is not None)
            return found, "" if values else ANY
        definitions = self._inference.definitions_of(place, node)
        found = frozenset(scope for one in definitions if (scope := self._inference.class_at(one)) is not None)
        if found or (definitions and all(one.path is None or not self._inference.files.holds(one.path) for one in definitions)):
            return found, ""
        values = self._inference.values_of(place, node)
        found = frozenset(scope for value in values if (scope := self._inference.class_at(value)) is not None)
        return found, "" if values else names.imported_as(place.file, node)


def _classes_in(place: FileOccurrences) -> Iterable[Scope]:
    """The classes of a file that have the name of the occurrences."""
    for some in place.bindings.values():
        for binding in some:
            if binding.node.parent is not None and binding.node.parent.type == "class_definition":
                yield place.scope(binding.node.parent)


def _subclasses_in(place: FileOccurrences) -> Iterable[Scope]:
    """The classes of a file with a base that has the name of the occurrences."""
    for occurrence in place.occurrences:
        around = names.enclosing(occurrence.node, {"class_definition", "block"})
        if around is not None and around.type == "class_definition" and occurrence.role in {"name", "attribute"}:
            yield place.scope(around)
