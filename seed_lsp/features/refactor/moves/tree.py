"""A Python document as a tree of the standard library's `ast`, whose places are characters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.action import MAX_CHARS
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.python_tree import FUNCTIONS
from seed_lsp.source.syntax import UNREADABLE, parse_python

SMALL_CHARS = 20_000
"""Smaller files are parsed whole in some milliseconds."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
# Types that Python 3.10 does not have yet.
TRIES = tuple(getattr(ast, name) for name in ("Try", "TryStar") if hasattr(ast, name))
_BODIES = ("body", "orelse", "finalbody")
_COMMENTS = re.compile(r"(?:\s|#[^\r\n]*|\\\r?\n)*")
_TOP = re.compile(r"[^\s#)\]}]")


class PythonTree:
    """The lines `first_line` to `last_line` (none: to the end) of a document, parsed.

    `SelectionError` if they do not parse with the server's own Python.
    """

    def __init__(self, document: Document, first_line: int = 0, last_line: int | None = None) -> None:
        self.document = document
        self.first_line = first_line
        start = document.line_starts[first_line]
        text = document.text[start : document.line_range(last_line)[1] if last_line is not None else None]
        # A byte order mark is no character of the code.
        self._mark = int(text.startswith("\ufeff"))
        self._is_ascii = text[self._mark :].isascii()
        self.module = _parse(text[self._mark :])
        self._parents: dict[ast.AST, ast.AST] | None = None

    def start(self, node: ast.AST) -> int:
        """Where a node begins; a definition with its first decorator."""
        if decorators := getattr(node, "decorator_list", None):
            return self._decorator_start(decorators[0])
        return self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]  # of every node that has a place

    def end(self, node: ast.AST) -> int:
        return self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]  # of every node that has a place

    def source(self, node: ast.AST) -> str:
        return self.document.text[self.start(node) : self.end(node)]

    def line(self, offset: int) -> int:
        return self.document.line_of(CharOffset(offset))

    def parent(self, node: ast.AST) -> ast.AST | None:
        if self._parents is None:
            self._parents = {child: one for one in ast.walk(self.module) for child in ast.iter_child_nodes(one)}
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node lies in, from the inside."""
        found = self.parent(node)
        while found is not None:
            yield found
            found = self.parent(found)

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that an expression, or a statement, is part of."""
        return next(one for one in (node, *self.ancestors(node)) if isinstance(one, ast.stmt))

    def siblings(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements that one stands in."""
        parent = self.parent(statement)
        assert parent is not None, "a statement is in a module"
        return next(block for block in blocks(parent) if statement in block)

    def stands_alone(self, first: ast.stmt, last: ast.stmt) -> bool:
        """Whether statements have their lines for themselves, comments apart."""
        text, start, end = self.document.text, self.start(first), self.end(last)
        before = text[self.document.line_starts[self.line(start)] : start]
        after = text[end : self.document.line_range(self.line(end))[1]].strip()
        return not before.strip(" \t\f\ufeff") and (not after or after.startswith("#"))

    def _decorator_start(self, decorator: ast.expr) -> int:
        start = self._offset(decorator.lineno, decorator.col_offset)
        return self.document.text.rindex("@", 0, start + 1)

    def _offset(self, line: int, column: int) -> int:
        number = line - 1 + self.first_line
        start = self.document.line_starts[number] + (self._mark if line == 1 else 0)
        if not self._is_ascii:
            encoded = self.document.text[start : self.document.line_range(number)[1]].encode("utf-8", "surrogatepass")
            column = len(encoded[:column].decode("utf-8", "surrogatepass"))
        return start + column


def blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements of a compound statement or a module."""
    for field in _BODIES:
        # An if-expression and a lambda have a body that is no list.
        if isinstance(block := getattr(node, field, None), list):
            yield block
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body


def is_blank(text: str) -> bool:
    """Whether a text has nothing but white space and comments."""
    return _COMMENTS.fullmatch(text) is not None


def tree_of(document: Document) -> PythonTree:
    """The whole document as a tree; `SelectionError` says why there is none."""
    if document.language != "python":
        raise SelectionError("this is done in Python files only")
    return _tree_of(document)


@lru_cache(maxsize=1)
def _tree_of(document: Document) -> PythonTree:
    return PythonTree(document)


def tree_around(document: Document, start: CharOffset, end: CharOffset) -> PythonTree | None:
    """The definition at the top of the module that a selection lies in, or the statements there;
    None if it cannot be parsed by itself.

    In a large file it is found by its indentation, which is quick.
    """
    if document.language != "python" or len(document.text) > MAX_CHARS:
        return None
    if len(document.text) <= SMALL_CHARS:
        return _tree_or_none(document)
    first, last = document.line_of(start), document.line_of(end)
    while first and not _TOP.match(document.line_text(first)):
        first -= 1
    while first and _TOP.match(document.line_text(first - 1)) and document.line_text(first - 1).startswith("@"):
        first -= 1
    while last + 1 < len(document.line_starts) and not _TOP.match(document.line_text(last + 1)):
        last += 1
    return _tree_or_none(document, first, last)


# The actions look one after the other at what is selected.
@lru_cache(maxsize=1)
def _tree_or_none(document: Document, *lines: int) -> PythonTree | None:
    try:
        return PythonTree(document, *lines) if lines else tree_of(document)
    except SelectionError:
        return None


def _parse(text: str) -> ast.Module:
    if len(text) > MAX_CHARS:
        raise SelectionError(f"the file is too large: code is moved in files of up to {MAX_CHARS:,} characters")
    try:
        return parse_python(text)
    except SyntaxError as error:
        raise SelectionError(f"the file does not parse at line {error.lineno}: {error.msg}; mend that first") from None
    except UNREADABLE:
        raise SelectionError("the file does not parse: it holds null characters, or is nested too deeply") from None
