"""The classes that a constructor may construct: where they are named, and their relatives."""

from __future__ import annotations

from collections.abc import Callable

from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.lineage import Lineage
from seed_lsp.features.rename.python.references import find_references
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.signature.aliases import with_aliases
from seed_lsp.features.rename.signature.class_uses import class_use
from seed_lsp.features.rename.signature.definitions import others_of
from seed_lsp.features.rename.sites import APPLIED, References, Scope, Symbol


class Family:
    """A class with all classes below it.

    `below` has the first class, and those that inherit from it. `references` has the sites where
    each of them is named, by any of its names. `rebound` says why the name of a class may stand for
    something else.
    """

    def __init__(self, resolution: Resolution, first: Scope, check: Callable[[], None]) -> None:
        self.resolution, self.lineage = resolution, Lineage(resolution)
        self.first = first
        self.references: list[tuple[Scope, Resolution, References]] = []
        self.rebound: dict[Scope, str] = {}
        self.below: list[Scope] = [first]
        for scope in self.below:
            check()
            for own, references in self._named(scope):
                self.references.append((scope, own, references))
                self.below += [one for one in self._inheriting(own, references) if one not in self.below]

    def related(self) -> list[Scope]:
        """The classes of the family, and all that one of them inherits from."""
        return list(dict.fromkeys(one for scope in self.below for one in self.lineage.order(scope) if one is not None))

    def places(self) -> list[FileOccurrences]:
        """The Python files in which a class of the family is named."""
        documents = {path: document for _, _, found in self.references for path, document in found.documents.items()}
        return [self.resolution.place(path) for path, document in sorted(documents.items()) if document.language == "python"]

    def below_of(self, scope: Scope) -> list[Scope]:
        """The class `scope`, and then the classes of the family that inherit from it."""
        return [scope, *(one for one in self.below if one != scope and scope in self.lineage.order(one))]

    def _named(self, scope: Scope) -> list[tuple[Resolution, References]]:
        """The references of a class by each of its names, with the resolution for the name."""
        place, node = self.lineage.place_of(scope)
        name = node.child_by_field_name("name")
        if name is None:
            return []
        own = self.resolution.for_name(place.file.text_of(name))
        there = own.place(place.path)
        occurrence = there.at(place.file.char_of(name.start_byte))
        bound_in = there.container(occurrence) if occurrence is not None else None
        if bound_in is None:
            return []
        others = others_of(own, frozenset({bound_in}))
        for there, binding in (one for one in others if (parent := one[1].node.parent) is None or parent.type != "class_definition"):
            line = there.file.document.line_of(binding.start) + 1
            self.rebound[scope] = f"{own.name} is given another value on line {line} of {there.path.name}"
        symbol = Symbol(own.name, "class", own.with_twins(frozenset({bound_in})))
        return list(with_aliases(own, find_references(own, symbol, place.path)))

    @staticmethod
    def _inheriting(resolution: Resolution, references: References) -> list[Scope]:
        found = []
        for site in references.sites:
            if site.tier not in APPLIED or references.documents[site.path].language != "python":
                continue
            place = resolution.place(site.path)
            use = class_use(place, place.file.node_at(site.start))
            if use.kind == "base":
                found.append(place.scope(use.node))
        return found
