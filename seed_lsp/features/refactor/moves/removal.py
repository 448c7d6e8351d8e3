"""Taking a statement away, without the comments that stand with it."""

from __future__ import annotations

import ast

from seed_lsp.errors import SelectionError
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_tree import PythonTree


def without_statement(tree: PythonTree, statement: ast.stmt) -> Edit:
    """The edit that takes a statement's lines away; a comment behind it stays, on its line."""
    if len(tree.block(statement)) == 1:
        raise SelectionError("the assignment is all that its block has; nothing would be left in it")
    if not tree.has_own_lines(statement, statement):
        raise SelectionError("the assignment shares a line with other code; put it on a line of its own first")
    document = tree.document
    start, end = tree.start(statement), tree.end(statement)
    line_start, line_end = document.line_start(start), document.next_line(end)
    rest = document.text[end:line_end]
    if rest.strip():
        return Edit(start, end + len(rest) - len(rest.lstrip(" \t")), "")
    return Edit(line_start, line_end, "")
