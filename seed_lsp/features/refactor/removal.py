"""Taking out what can be named without a doubt: comments, calls of `print`, docstrings."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator, Sequence

from seed_lsp.errors import NoChangeError, SelectionError
from seed_lsp.features.refactor.action import Proposal, Selection
from seed_lsp.features.refactor.documentation.shortening import Docstring, docstrings_in, without
from seed_lsp.features.refactor.python_file import tree_of
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_scopes import bound_by
from seed_lsp.source.python_tree import PythonTree
from seed_lsp.source.syntax import Span, snap

_ORDERS = re.compile(
    r"#(?:!|\s*(?:type:|noqa|pragma|pylint|fmt:|isort|mypy|ruff|pyright|nosec|flake8|yapf|-\*-|.*coding[:=]|SPDX|[Cc]opyright))"
)
"""Comments that are orders to a tool, or that must stay for other reasons."""
_MOST_NAMED = 3
_SHOWS_ONLY = frozenset(
    {"len", "repr", "str", "type", "format", "round", "sum", "min", "max", "sorted", "list", "dict", "set", "tuple", "join"}
)


def without_comments(selection: Selection) -> Proposal:
    """Take out the comments of the selection, but for those that are orders to a tool."""
    tree, span = _read(selection)
    found = [token for token in tree.tokens if token.kind == tokenize.COMMENT and span.holds(token.start, token.end)]
    wanted = [token for token in found if not _ORDERS.match(token.text)]
    if not wanted:
        raise NoChangeError("there are no comments here" if not found else "all comments here are orders to a tool, and stay")
    edits = [_without_comment(tree.document, token.start, token.end) for token in wanted]
    note = "comments that are orders to a tool stay" if len(wanted) < len(found) else ""
    return Proposal(tuple(edits), span, note)


def _without_comment(document: Document, start: CharOffset, end: CharOffset) -> Edit:
    """The edit that takes a comment away, with its line if nothing else stands there."""
    line, behind = document.line_range(document.line_of(start))
    before = document.text[line:start]
    if not before.strip(" \t\f"):
        return Edit(line, behind, "")
    return Edit(line + len(before.rstrip(" \t\f")), end, "")


def without_prints(selection: Selection) -> Proposal:
    """Take out the statements that are a call of `print`."""
    tree, span = _read(selection)
    if any("print" in bound_by(node) for node in ast.walk(tree.root)):
        raise SelectionError("the file has a print of its own, which may do more than to print")
    found = (one for one in ast.walk(tree.root) if isinstance(one, ast.Expr) and _is_print(one))
    wanted = sorted((one for one in found if span.holds(tree.start(one), tree.end(one))), key=tree.start)
    if not wanted:
        raise NoChangeError("no statement here is a call of print")
    edits = sorted(_without_statements(tree, wanted), key=lambda edit: edit.start)
    lost = [f"{ast.unparse(call.func)} at line {call.lineno}" for one in wanted for call in _calls_in(one)]
    note = f"no longer called: {', '.join(lost[:_MOST_NAMED])}" if lost else ""
    return Proposal(tuple(edits), span, note)


def _is_print(node: ast.Expr) -> bool:
    return isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "print"


def _calls_in(statement: ast.stmt) -> Iterator[ast.Call]:
    """The calls that made what was printed, and may have done more than that."""
    for one in ast.walk(statement):
        if isinstance(one, ast.Call) and one is not getattr(statement, "value", None):
            name = getattr(one.func, "id", getattr(one.func, "attr", ""))
            if name not in _SHOWS_ONLY:
                yield one


def _without_statements(tree: PythonTree, gone: Sequence[ast.stmt]) -> Iterator[Edit]:
    """The edits that take statements away; a block that would be empty gets a `pass`."""
    for one in gone:
        block = tree.block(one)
        is_first_of_empty = all(other in gone for other in block) and one is block[0]
        if is_first_of_empty or not tree.has_own_lines(one, one):
            yield Edit(tree.start(one), tree.end(one), "pass")
        else:
            yield Edit(tree.document.line_start(tree.start(one)), tree.document.next_line(tree.end(one) - 1), "")


def without_docstrings(selection: Selection, *, several: bool) -> Proposal:
    """Take out the docstring of the definition that is selected, or those of all."""
    document = selection.document
    found = docstrings_in(document, snap(document, selection.start, selection.end))
    wanted = found if several else found[:1]
    if not wanted:
        raise NoChangeError("there is no docstring here")
    edits = tuple(_without_docstring(document, one) for one in wanted)
    return Proposal(edits, Span(CharOffset(edits[0].start), CharOffset(edits[-1].end)))


def _without_docstring(document: Document, one: Docstring) -> Edit:
    edit = without(document, one)
    below = document.next_line(edit.end)
    # The blank line behind it was its own.
    return edit if edit.text or document.text[edit.end : below].strip() else Edit(edit.start, below, "")


def _read(selection: Selection) -> tuple[PythonTree, Span]:
    return tree_of(selection.document), snap(selection.document, selection.start, selection.end)
