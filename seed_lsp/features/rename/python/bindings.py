"""Where one name is bound in all files: in related classes, under conditions, and in stub files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from seed_lsp.features.rename.python import mangling
from seed_lsp.features.rename.python.alternatives import alternatives
from seed_lsp.features.rename.python.hierarchy import Hierarchy
from seed_lsp.features.rename.python.inference import Inference
from seed_lsp.features.rename.sites import Scope
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver

if TYPE_CHECKING:
    from typing_extensions import Self


class Bindings(Inference):
    """What binds one name, in the present state of the files."""

    def __init__(self, files: WorkspaceFiles, resolver: Resolver, name: str, check: Callable[[], None] = lambda: None) -> None:
        super().__init__(files, resolver, name, check)
        self._others: dict[str, Self] = {}
        # The hierarchy does not refer to this object. Otherwise the two would keep each other
        # alive, and all syntax trees with them.
        self.hierarchy = Hierarchy(self.alike())

    def line_of(self, scope: Scope) -> list[Scope]:
        """A class and those of the workspace that it inherits from, the nearest first."""
        return self.hierarchy.line_of(scope)

    def ancestors(self, scope: Scope) -> frozenset[Scope]:
        """The classes of the workspace that a class inherits from, over any number of steps."""
        return self.hierarchy.ancestors(scope)

    def for_name(self, name: str) -> Self:
        """The same for another name.

        What does not depend on the name is shared: the syntax trees, what jedi knows, and the
        classes.
        """
        if name == self.name:
            return self
        if name not in self._others:
            self._others[name] = other = type(self)(self.files, self.resolver, name, self.check)
            other._share(self)
            other.hierarchy = self.hierarchy
        return self._others[name]

    def with_twins(self, scopes: frozenset[Scope]) -> frozenset[Scope]:
        """The scopes, and all that are the same thing for the user.

        These are overloads, definitions that a condition chooses between, and the definition in the
        stub file beside a module (PEP 484), or in the module beside a stub.
        """
        found = set(scopes)
        for scope in scopes:
            if scope.path is not None and not scope.is_library:
                found |= alternatives(self.place(scope.path), scope)
        for scope in tuple(found):
            if scope.path is None or scope.is_library or scope.node_type == "file":
                continue
            beside = scope.path.with_suffix(".py" if scope.path.suffix == ".pyi" else ".pyi")
            if self.files.holds(beside):
                place, there = self.place(scope.path), self.place(beside)
                wanted = place.file.qualified_name(place.node_of(scope))
                found |= {replace(there.scope(node), owner=scope.owner) for node in there.file.scopes_named(wanted)}
        return frozenset(found)

    def binds(self, scope: Scope) -> bool:
        """Whether a class, an object of it, or a module is given the name."""
        if scope.path is None:
            return False
        place = self.place(scope.path)
        own = (o for o in place.occurrences if o.role == "attribute" and place.class_of_self(o) == scope)
        return scope in place.bindings or any(not self._is_set_somewhere or place.container(o) is not None for o in own)

    @cached_property
    def _is_set_somewhere(self) -> bool:
        """Whether some class of the workspace has a member of the name."""
        found = (place.container(occurrence) for place in self.python_places() for occurrence in place.occurrences)
        return any(scope is not None and scope.is_class for scope in found)

    def prefix_of(self, scope: Scope) -> str:
        """The prefix that Python puts before a class's private members."""
        assert scope.path is not None, "a class of the workspace"
        return mangling.prefix_of(self.place(scope.path).node_of(scope))
