"""What jedi infers of an expression (its values and definitions), as scopes of the workspace."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from pathlib import Path

from tree_sitter import Node

from seed_lsp.errors import UnknownDocumentError
from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences, library_names
from seed_lsp.features.rename.python.names import Occurrence, PythonFile
from seed_lsp.features.rename.sites import Scope
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Definition, ResolvedFile, Resolver, marks

ASKED_FILES = 6
"""How many files are kept ready for jedi.

Questions alternate between a few files, and to make one ready takes longer than most answers.
"""
NONE_TYPE = "NoneType"


class Inference:
    """The occurrences of one name, and what jedi infers there, in the files as they are now."""

    def __init__(self, files: WorkspaceFiles, resolver: Resolver, name: str, check: Callable[[], None] = lambda: None) -> None:
        """`check` is called between questions, and may raise an error to end the work."""
        self.files, self.resolver, self.name, self.check = files, resolver, name, check
        self._places: dict[Path, FileOccurrences] = {}
        self._files: dict[Path, PythonFile] = {}
        self._resolved: dict[Path, ResolvedFile] = {}

    def for_name(self, name: str) -> Inference:
        """The same for another name.

        What does not depend on the name is shared: the syntax trees, and what jedi knows.
        """
        if name == self.name:
            return self
        other = Inference(self.files, self.resolver, name, self.check)
        other._share(self)
        return other

    def alike(self) -> Inference:
        """A new object for the same name, which shares all results with this one."""
        other = Inference(self.files, self.resolver, self.name, self.check)
        other._share(self)
        other._places = self._places
        return other

    def _share(self, other: Inference) -> None:
        """Take over the results of another object that do not depend on the name."""
        self._files, self._resolved = other._files, other._resolved

    def place(self, path: Path) -> FileOccurrences:
        if path not in self._places:
            self._places[path] = FileOccurrences(path, self._file(path), self.name)
        return self._places[path]

    def python_places(self) -> list[FileOccurrences]:
        """The workspace's Python files that have the name, and can be read."""
        return self._python_places

    @cached_property
    def _python_places(self) -> list[FileOccurrences]:
        found = []
        for path in self.files.containing(self.name):
            with contextlib.suppress(UnknownDocumentError):
                if self.files.document(path).language == "python":
                    found.append(self.place(path))
        return found

    def title(self, scope: Scope) -> str:
        """The name of a scope; for a library's scope the name of its module."""
        if scope.path is None or scope.is_library:
            return library_names([scope])[0]
        place = self.place(scope.path)
        name = place.node_of(scope).child_by_field_name("name")
        return scope.path.stem if name is None else place.file.text_of(name)

    def receivers(self, place: FileOccurrences, occurrence: Occurrence) -> list[Definition]:
        """The values that the object of an attribute may have, as far as jedi knows; no None."""
        receiver = receiver_of(occurrence)
        return [] if receiver is None else self.values_of(place, receiver)

    def values_of(self, place: FileOccurrences, node: Node) -> list[Definition]:
        """The possible values of an expression, as far as jedi knows them, without None."""
        return [value for value in self.ask(place).values(place.file.char_of(node.end_byte)) if value.name != NONE_TYPE]

    def classes_of_values(self, place: FileOccurrences, node: Node) -> frozenset[Scope]:
        """The workspace's classes that the values of an expression are objects of.

        Empty if no value is known, or if one is no object of such a class.
        """
        found = set()
        for value in self.values_of(place, node):
            scope = self.class_at(value, {"instance"})
            if scope is None:
                return frozenset()
            found.add(scope)
        return frozenset(found)

    def class_at(self, definition: Definition, kinds: Collection[str] = ("class",)) -> Scope | None:
        """The workspace's class that a definition stands for, if it is of one of the `kinds`."""
        return self._node_of(definition, "class_definition") if definition.kind in kinds else None

    def functions(self, definitions: Iterable[Definition]) -> frozenset[Scope]:
        """The functions of the workspace among some definitions."""
        found = (
            self._node_of(one, "lambda" if one.name == "<lambda>" else "function_definition")
            for one in definitions
            if one.kind == "function"
        )
        return frozenset(scope for scope in found if scope is not None)

    def _node_of(self, definition: Definition, node_type: str) -> Scope | None:
        if definition.path is None or not self.files.holds(definition.path):
            return None
        there = self.place(definition.path)
        around = names.enclosing(there.file.node_at(offset_of(there, definition)), {node_type})
        return there.scope(around) if around is not None else None

    def definitions_of(self, place: FileOccurrences, node: Node) -> list[Definition]:
        """Where the last name of an expression is defined, as far as jedi knows."""
        last = node.child_by_field_name("attribute") or node
        return self.ask(place).definitions(place.file.char_of(last.start_byte)) if last.type == "identifier" else []

    def is_defined_in(self, place: FileOccurrences, node: Node, path: Path) -> bool:
        """Whether an imported name is defined in the file at `path`."""
        return any(one.path == path for one in self.ask(place).definitions(place.file.char_of(node.start_byte)))

    def modules_at(self, place: FileOccurrences, module: Node) -> list[Path]:
        """The workspace's files that the name of a module in an import may stand for."""
        last = names.last_identifier(module)
        found = self.definitions_of(place, last) if last is not None else []
        return [one.path for one in found if one.path is not None and self.files.holds(one.path) and one.path != place.path]

    def classes_named_at(self, place: FileOccurrences, node: Node) -> frozenset[Scope]:
        """The classes of the workspace that an identifier names."""
        self.check()
        found = set()
        for definition in self.ask(place).definitions(place.file.char_of(node.start_byte)):
            scope = self.class_at(definition)
            if scope is not None:
                found.add(scope)
        return frozenset(found)

    def ask(self, place: FileOccurrences) -> ResolvedFile:
        """The file in the form in which jedi can be asked about it."""
        found = self._resolved.pop(place.path, None)
        if found is None:
            found = self.resolver.file(place.file.document, place.path, self.files.import_folders(place.path))
            if len(self._resolved) >= ASKED_FILES:
                del self._resolved[next(iter(self._resolved))]
        self._resolved[place.path] = found
        return found

    def _file(self, path: Path) -> PythonFile:
        if path not in self._files:
            self._files[path] = PythonFile(self.files.document(path))
        return self._files[path]


def receiver_of(occurrence: Occurrence) -> Node | None:
    """The object that the occurrence is an attribute of."""
    attribute = occurrence.node.parent
    return attribute.child_by_field_name("object") if attribute is not None else None


def offset_of(place: FileOccurrences, definition: Definition) -> CharOffset:
    """Where a definition's name begins in the file of `place`, in characters."""
    document = place.file.document
    line = min(definition.line, len(document.line_starts) - 1)
    return CharOffset(document.line_starts[line] + definition.column + marks(document.text, line))
