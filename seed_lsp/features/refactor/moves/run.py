"""The statements that a selection means, and the function that they stand in."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from seed_lsp.errors import SelectionError
from seed_lsp.source.python_tree import FUNCTIONS, Function, PythonTree, blocks

_COMMENTS = re.compile(r"(?:\s|#[^\r\n]*|\\\r?\n)*")


@dataclass(frozen=True)
class Run:
    """Neighbouring statements of one block, and the characters of their whole lines, `start` to
    `end`, with the comments that were selected before and behind them.

    `around` is what the block lies in, from the inside.
    """

    statements: tuple[ast.stmt, ...]
    start: int
    end: int
    around: tuple[ast.AST, ...]

    @property
    def function(self) -> Function | None:
        """The function whose scope the statements run in; None at the top of a module or class."""
        inner = next((node for node in self.around if isinstance(node, (*FUNCTIONS, ast.ClassDef))), None)
        return inner if isinstance(inner, FUNCTIONS) else None


def selected_run(tree: PythonTree, start: int, end: int) -> Run:
    """The statements between characters `start` and `end`: several may be touched only, one must be
    whole. `SelectionError` if there are none.
    """
    text = tree.document.text
    selected = text[start:end]
    start, end = start + len(selected) - len(selected.lstrip()), end - (len(selected) - len(selected.rstrip()))
    if _is_blank(selected):
        raise SelectionError("the selection holds no code; select the statements to extract")
    block, around = _innermost_block(tree, start, end)
    touched = _touched(tree, block, start, end)
    if not touched:
        raise SelectionError("the selection holds no code; select the statements to extract")
    first, last = touched[0], touched[-1]
    is_part = start > tree.start(first) or end < tree.end(first) or not _is_blank(text[start : tree.start(first)])
    if len(touched) == 1 and is_part:
        raise SelectionError("the selection is a part of a statement; select whole statements, or extract a variable")
    if tree.is_elif(first):
        raise SelectionError("the selection begins with an elif, which is a part of a statement; select the whole if")
    if not tree.has_own_lines(first, last):
        raise SelectionError("the statements share a line with others; put each on a line of its own first")
    return Run(tuple(touched), *_lines(tree, min(start, tree.start(first)), tree.start(first), max(end, tree.end(last))), tuple(around))


def _innermost_block(tree: PythonTree, start: int, end: int) -> tuple[Sequence[ast.stmt], list[ast.AST]]:
    block: Sequence[ast.stmt] = tree.root.body
    around: list[ast.AST] = [tree.root]
    while True:
        touched = _touched(tree, block, start, end)
        if len(touched) != 1 or start <= tree.start(touched[0]):
            return block, around
        inner = [one for one in blocks(touched[0]) if _holds(tree, one, start, end)]
        if not inner:
            return block, around
        block = inner[0]
        around.insert(0, touched[0])


def _holds(tree: PythonTree, block: Sequence[ast.stmt], start: int, end: int) -> bool:
    """Whether a selection lies in a block, or in the comments right around it."""
    if not block or not _touched(tree, block, start, end):
        return False
    text = tree.document.text
    before, behind = text[start : tree.start(block[0])], text[tree.end(block[-1]) : end].lstrip(" \t;")
    return _is_blank(before) and _is_blank(behind)


def _touched(tree: PythonTree, block: Sequence[ast.stmt], start: int, end: int) -> list[ast.stmt]:
    return [one for one in block if tree.start(one) < end and tree.end(one) > start]


def _lines(tree: PythonTree, start: int, code: int, end: int) -> tuple[int, int]:
    """The whole lines from `start`, or from the first line of `code` if the one before has code, to
    `end`.
    """
    document = tree.document
    first = document.line_start(start)
    if document.text[first:start].strip(" \t\f\ufeff") or not _is_blank(document.text[first:code]):
        first = document.next_line(start) if tree.line(start) < tree.line(code) else document.line_start(code)
    last = tree.line(end - 1)
    return first, document.line_range(last)[1]


def _is_blank(text: str) -> bool:
    """Whether a text has nothing but white space and comments."""
    return _COMMENTS.fullmatch(text) is not None
