"""Where the tests of a function go, in what style, and what they import."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tree_sitter import Node

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.action import Selection
from seed_lsp.features.refactor.generate_tests.existing import find_existing, is_unittest
from seed_lsp.source.document import ByteOffset, Document
from seed_lsp.source.syntax import Span, field_text, tree_of

if TYPE_CHECKING:
    from seed_lsp.source.files import WorkspaceFiles

MOST_READ = 20
"""Test files that are looked at for their style."""
_TEST_FILE = re.compile(r"(?:test_.*|.*_test)\.py")
_FOLDERS = ("tests", "test")


@dataclass(frozen=True)
class Target:
    """The function to test: its `name`, its class's if it is a method, where it is, its `own` text,
    and what the model sees of it.
    """

    name: str
    owner: str
    span: Span
    own: str
    source: str

    @property
    def call(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def imported(self) -> str:
        return self.owner or self.name


@dataclass(frozen=True)
class Frame:
    """The `path` of the file of tests, the `module` that is tested, and the style of the tests.

    `existing` is the file as it is, None for one that is to be made.
    """

    path: Path
    module: str
    imported: str
    is_unittest: bool
    existing: Document | None = None

    @property
    def head(self) -> str:
        return f"import {'unittest' if self.is_unittest else 'pytest'}\n\nfrom {self.module} import {self.imported}"


def find_target(selection: Selection) -> Target | None:
    """The function of a Python module, or of a class there, whose first line has the cursor, or
    which is selected; None for one in a file of tests.
    """
    document = selection.document
    if document.language != "python" or (selection.path is not None and _TEST_FILE.fullmatch(selection.path.name)):
        return None
    tree = tree_of(document)
    assert tree is not None, "there is a grammar"
    for around, node in _definitions(tree.root_node):
        if node.type == "function_definition" and _is_meant(selection, around, node):
            return _target(document, around, node, None)
        if node.type == "class_definition" and (body := node.child_by_field_name("body")) is not None:
            for outer, method in _definitions(body):
                if method.type == "function_definition" and _is_meant(selection, outer, method):
                    return _target(document, outer, method, node)
    return None


def _definitions(body: Node) -> list[tuple[Node, Node]]:
    """The definitions of a body, each with its decorators and without."""
    return [(child, child.child_by_field_name("definition") or child) for child in body.named_children]


def _is_meant(selection: Selection, around: Node, node: Node) -> bool:
    document, body = selection.document, node.child_by_field_name("body")
    first = document.line_of(document.char_at(ByteOffset(around.start_byte)))
    last = document.line_of(document.char_at(ByteOffset(node.end_byte)))
    head_end = document.line_of(document.char_at(ByteOffset(body.start_byte if body is not None else node.end_byte)))
    start, end = document.line_of(selection.start), document.line_of(selection.end)
    if selection.start == selection.end:
        return first <= start < max(head_end, first + 1)
    return first <= start < max(head_end, first + 1) and end <= last + 1


def _target(document: Document, around: Node, node: Node, owner: Node | None) -> Target | None:
    name, class_name = field_text(node, "name"), field_text(owner, "name") if owner is not None else ""
    if name.startswith("__") and name != "__init__":
        return None
    span = Span(document.char_at(ByteOffset(around.start_byte)), document.char_at(ByteOffset(node.end_byte)))
    return Target(name, class_name, span, _lines(document, around), _source(document, around, owner))


def _source(document: Document, around: Node, owner: Node | None) -> str:
    """The function as it stands; a method below its class's first line and constructor."""
    own = _lines(document, around)
    if owner is None:
        return own
    body = owner.child_by_field_name("body")
    head = _lines(document, owner).split("\n", maxsplit=1)[0]
    others = [outer for outer, one in _definitions(body) if _is_constructor(one) and outer != around] if body is not None else []
    return "\n\n".join(["\n".join([head, *(_lines(document, one) for one in others[:1])]), own])


def _is_constructor(node: Node) -> bool:
    return field_text(node, "name") == "__init__"


def _lines(document: Document, node: Node) -> str:
    start = document.line_start(document.char_at(ByteOffset(node.start_byte)))
    return document.text[start : document.char_at(ByteOffset(node.end_byte))]


def frame_of(files: WorkspaceFiles, selection: Selection, target: Target, check: Callable[[], None]) -> Frame:
    """The frame of a target's tests; in jedi's thread, since it reads the project's files."""
    assert selection.path is not None, "offered for files alone"
    files.refresh(check)
    tests = [path for path in files.containing("def") if _TEST_FILE.fullmatch(path.name)]
    module, root = _module_of(selection.path, files.root)
    if (found := find_existing(files, tests, module, target.imported)) is not None:
        path, document = found
        return Frame(path, module, target.imported, is_unittest(document.text), document)
    return Frame(_new_path(selection.path, target, tests, root), module, target.imported, _is_unittest(files, tests))


def _module_of(path: Path, root: Path) -> tuple[str, Path]:
    """The name that a file is imported by, and the folder in which its project's tests lie."""
    folder, parts = path.parent, [] if path.stem == "__init__" else [path.stem]
    while (folder / "__init__.py").is_file() and folder != root:
        parts.insert(0, folder.name)
        folder = folder.parent
    if not parts or not all(part.isidentifier() for part in parts):
        raise SelectionError(f"{path.name} cannot be imported by its name; write its tests by hand")
    return ".".join(parts), root


def _new_path(path: Path, target: Target, tests: Sequence[Path], root: Path) -> Path:
    """Among the project's tests, by its way of naming them; a name that no file has."""
    behind = sum(one.name.endswith("_test.py") for one in tests) * 2 > len(tests)
    folders = [one.parent for one in tests if any(part in _FOLDERS for part in one.relative_to(root).parts[:-1])]
    tops = sorted(set(folders), key=lambda folder: (len(folder.parts), folder))
    folder = tops[0] if tops else root / _FOLDERS[0]
    words = [path.stem.strip("_"), target.owner.lower(), target.name.strip("_")]
    for stem in (words[0], "_".join(word for word in (words[0], words[2]) if word), "_".join(word for word in words if word)):
        new = folder / (f"{stem}_test.py" if behind else f"test_{stem}.py")
        if not new.exists():
            return new
    raise SelectionError(f"{new.name} exists already; remove or rename it first")


def _is_unittest(files: WorkspaceFiles, tests: Sequence[Path]) -> bool:
    styles = [is_unittest(files.document(path).text) for path in tests[:MOST_READ]]
    return sum(styles) * 2 > len(styles)
