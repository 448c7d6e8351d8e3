"""Where the modules of a workspace are imported from: what its folders, its project files and
pytest's ways say of that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from seed_lsp.errors import UnknownDocumentError

SOURCES = ("src", "lib")
"""Folders of a project that hold its modules by custom."""
_PROJECT_FILES = frozenset({"pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini"})
_PACKAGE, _SHARED_FIXTURES = "__init__.py", "conftest.py"
_TELLING = _PROJECT_FILES | {_PACKAGE, _SHARED_FIXTURES}
# A word between quotes, or behind an equals sign or the start of a line, as a path is written
# there.
_PATHS = re.compile(r"[\w./-]+")


@dataclass(frozen=True)
class ImportFolders:
    """Folders to look for a module in: `first` comes before all others, `then` behind the standard
    library and before what is installed.
    """

    first: tuple[str, ...] = ()
    then: tuple[str, ...] = ()


NO_FOLDERS = ImportFolders()


@dataclass
class Layout:
    """The folders of a workspace's Python files. `text_of` reads a project file."""

    root: Path
    files: Collection[Path]
    text_of: Callable[[Path], str]
    _found: dict[Path, ImportFolders] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Few files of ten thousand say anything about it.
        telling = {path for path in self.files if path.name in _TELLING}
        self._packages = {path.parent for path in telling if path.name == _PACKAGE}
        projects = {path for path in telling if path.name in _PROJECT_FILES}
        self._roots = {self._outside_of_packages(path.parent) for path in telling - projects}
        folders = self._folders() if projects else set()
        for path in projects:
            self._roots |= {path.parent, *(self._named(path) & folders)}
        # A package's name is part of its modules' names, so none is looked for in its folder.
        self._roots = {folder for folder in self._roots if folder not in self._packages and folder.is_relative_to(self.root)}

    def import_folders(self, importer: Path) -> ImportFolders:
        """The folders in which the modules that a file imports are looked for.

        Its own folder comes first, as Python does for a script, and the nearest of the others last.
        """
        own = importer.parent
        if own not in self._found:
            first = () if own in self._packages else (str(own),)
            around = [folder for folder in (own, *own.parents) if folder.is_relative_to(self.root)]
            others = sorted(self._roots - set(around), key=lambda folder: (-_common(folder, own), str(folder)))
            # The folder of a package is one for a script there alone, so it comes last.
            here, packages = ([f for f in around if (f in self._packages) == inside] for inside in (False, True))
            self._found[own] = ImportFolders(first, tuple(str(folder) for folder in [*here, *others, *packages]))
        return self._found[own]

    def _folders(self) -> set[Path]:
        """Those that Python files are in, and those around."""
        return {around for folder in {path.parent for path in self.files if path.suffix == ".py"} for around in (folder, *folder.parents)}

    def _outside_of_packages(self, folder: Path) -> Path:
        """The nearest folder around that is no package: pytest imports from there."""
        while folder in self._packages and folder != self.root:
            folder = folder.parent
        return folder

    def _named(self, path: Path) -> set[Path]:
        """The folders that a project file may name as those of its modules, and those that are by
        custom.
        """
        try:
            text = self.text_of(path)
        except UnknownDocumentError:
            text = ""
        return {path.parent / name for name in (*SOURCES, *set(_PATHS.findall(text))) if not name.startswith("/") and ".." not in name}


def _common(one: Path, other: Path) -> int:
    """How many of their outermost folders two paths share."""
    count = 0
    for mine, theirs in zip(one.parts, other.parts, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
