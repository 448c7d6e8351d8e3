"""The tree of a Python file, and that of the definition around a selection."""

from __future__ import annotations

import re

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.action import MAX_CHARS
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.python_tree import PythonTree, read_tree
from seed_lsp.source.syntax import UNREADABLE

SMALL_CHARS = 20_000
"""Smaller files are parsed whole in some milliseconds."""
_TOP = re.compile(r"[^\s#)\]}]")


def tree_of(document: Document) -> PythonTree:
    """The whole document as a tree; `SelectionError` says why there is none."""
    if document.language != "python":
        raise SelectionError("this is done in Python files only")
    if len(document.text) > MAX_CHARS:
        raise SelectionError(f"the file is too large: this is done in files of up to {MAX_CHARS:,} characters")
    try:
        # Read once more, it says what is wrong.
        return read_tree(document) or PythonTree(document)
    except SyntaxError as error:
        raise SelectionError(f"the file does not parse at line {error.lineno}: {error.msg}; mend that first") from None
    except UNREADABLE:
        raise SelectionError("the file does not parse: it holds null characters, or is nested too deeply") from None


def tree_around(document: Document, start: CharOffset, end: CharOffset) -> PythonTree | None:
    """The definition at the top of the module that a selection lies in, or the statements there;
    None if it cannot be parsed by itself.

    In a large file it is found by its indentation, which is quick.
    """
    if document.language != "python" or len(document.text) > MAX_CHARS:
        return None
    if len(document.text) <= SMALL_CHARS:
        return read_tree(document)
    first, last = document.line_of(start), document.line_of(end)
    while first and not _TOP.match(document.line_text(first)):
        first -= 1
    while first and _TOP.match(document.line_text(first - 1)) and document.line_text(first - 1).startswith("@"):
        first -= 1
    while last + 1 < len(document.line_starts) and not _TOP.match(document.line_text(last + 1)):
        last += 1
    return read_tree(document, first, last)
