"""The file that a module's tests are in already, and how more are added to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seed_lsp.errors import UnknownDocumentError
from seed_lsp.features.refactor.imports import add_imports, import_block
from seed_lsp.source.document import Document, split_lines
from seed_lsp.source.patch import Edit
from seed_lsp.source.syntax import UNREADABLE, parse_python

if TYPE_CHECKING:
    from seed_lsp.source.files import WorkspaceFiles

_UNITTEST = re.compile(r"^\s*class\s+\w+\(.*TestCase\)", re.MULTILINE)
_PYTEST = re.compile(r"^(?:async )?def test_|^class Test\w*:|^import pytest", re.MULTILINE)
Origin = tuple[str, str]
"""A module, and the name that is imported from there; no name for the module itself."""
OTHER: Origin = ("", "")
"""What is no plain import."""


def is_unittest(text: str) -> bool:
    """Whether a file's tests are methods of a `TestCase`."""
    return bool(_UNITTEST.search(text)) and not _PYTEST.search(text)


def find_existing(files: WorkspaceFiles, tests: Sequence[Path], module: str, name: str) -> tuple[Path, Document] | None:
    """The file among `tests` that is named after a module, and imports something of it, or of the
    package around; the one that has the `name`, if there are several.

    A file in which the name means something else is none to add to.
    """
    stem = module.rpartition(".")[2].strip("_")
    found: list[tuple[bool, int, Path, Document]] = []
    for path in tests:
        if path.name not in {f"test_{stem}.py", f"{stem}_test.py"}:
            continue
        try:
            document = files.document(path)
            tree = parse_python(document.text)
        except (*UNREADABLE, UnknownDocumentError):
            continue
        names = bound_names(tree)
        if any(_is_of(origin, module) for origin in imports_of(tree)) and (name not in names or _is_of(names[name], module, name)):
            found.append((name not in document.text, len(path.parts), path, document))
    return min(found, key=lambda one: one[:3])[2:] if found else None


def _is_of(origin: Origin, module: str, name: str | None = None) -> bool:
    """Whether an import is of a module, or of a package around it; of `name` alone, if that is
    given.
    """
    source, imported = origin
    if name is not None and imported != name:
        return False
    if source.startswith("."):
        return True
    full = f"{source}.{imported}" if imported else source
    return module in {source, full} or module.startswith(f"{source}.")


def imports_of(tree: ast.Module) -> Iterator[Origin]:
    """What a file imports, anywhere in it.

    The dots of a relative import stand before its module.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + (node.module or ""), alias.name) for alias in node.names)


def bound_names(tree: ast.Module) -> dict[str, Origin]:
    """The names that a file binds at its top, each with where it is imported from."""
    found: dict[str, Origin] = {}
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = OTHER
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0]: (alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            found |= {alias.asname or alias.name: (source, alias.name) for alias in node.names}
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found[node.id] = OTHER
        elif not isinstance(node, ast.Lambda):
            waiting += reversed(list(ast.iter_child_nodes(node)))
    return found


def additions(document: Document, body: str, imports: Mapping[str, set[str]]) -> tuple[Edit, ...]:
    """Edits that put tests behind the last ones of a file, and import what they need."""
    newline = document.newline
    edits = add_imports(document, imports)
    at = _place(document)
    before = document.text[:at]
    gap = 3 - len(re.findall(r"\r\n?|\n", before[len(before.rstrip()) :]))
    text = newline * max(gap, 0) + body.replace("\n", newline)
    if at < len(document.text):
        return (*edits, Edit(at, at, text + newline * 3))
    last = at - len(newline)
    if before.endswith(newline) and last >= max([0, *(edit.end for edit in edits)]):
        # Before the last line break: Neovim 0.11 makes an empty line of one that ends an edit
        # behind all lines.
        return (*edits, Edit(last, last, newline + text))
    return (*edits, Edit(at, at, text + newline))


def _place(document: Document) -> int:
    """The end of the file, or where its last statement begins if that runs the tests."""
    last = parse_python(document.text).body[-1:]
    if not last or not isinstance(last[0], ast.If) or "__name__" not in ast.unparse(last[0].test):
        return len(document.text)
    lines = split_lines(document.text)
    first = last[0].lineno - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return max(sum(map(len, lines[:first])), import_block(document).end)
