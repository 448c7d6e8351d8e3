"""Whether a text, parsed anew, is the program that it should be."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from seed_lsp.errors import RejectedResultError, SelectionError
from seed_lsp.features.refactor.python_file import tree_of
from seed_lsp.source.document import Document
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.python_tree import PythonTree

Instead: TypeAlias = Mapping[ast.AST, "tuple[ast.AST, Instead]"]
"""Nodes, and what stands for each, in which others may stand for nodes again."""


def structure(node: Any, instead: Instead, gone: Collection[ast.AST] = ()) -> Any:
    """A tree without places, in which some nodes stand for others and some are gone."""
    if isinstance(node, list):
        return [structure(one, instead, gone) for one in node if one not in gone]
    if not isinstance(node, ast.AST):
        return node
    if node in instead:
        return structure(*instead[node], gone)
    # A constant's kind is only how it is written.
    return [type(node).__name__, *(structure(value, instead, gone) for name, value in ast.iter_fields(node) if name != "kind")]


def parsed_result(tree: PythonTree, edits: Sequence[Edit]) -> PythonTree:
    """The document as edits make it; `RejectedResultError` if it does not parse."""
    try:
        return tree_of(Document(tree.document.uri, apply_edits(tree.document.text, edits), language="python"))
    except SelectionError:
        raise RejectedResultError("the result would not parse; nothing was changed") from None


def require_program(new: Any, old: Any) -> None:
    """`RejectedResultError` unless two structures are the same."""
    # 1 and True, 0.0 and -0.0 are equal, and their texts are not.
    if repr(new) != repr(old):
        raise RejectedResultError("the program would not be the same; nothing was changed")
