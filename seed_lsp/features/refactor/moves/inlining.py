"""What inlining makes: names that give way to what they stand for."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from seed_lsp.features.refactor.moves.structure import Instead, parsed_result, require_program, structure
from seed_lsp.source.document import CharOffset
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_tree import PythonTree
from seed_lsp.source.syntax import Span


@dataclass(frozen=True)
class Inlining:
    """Edits that replace nodes of a tree by others, `instead`, and take statements away, `gone`."""

    name: str
    edits: tuple[Edit, ...]
    instead: Instead
    gone: frozenset[ast.stmt]

    def span(self, tree: PythonTree) -> Span:
        """The lines that the edits lie in."""
        first, last = self.edits[0], self.edits[-1]
        end = tree.document.next_line(max(last.end - 1, last.start))
        return Span(tree.document.line_start(first.start), CharOffset(max(end, last.end)))

    def require_same_program(self, tree: PythonTree) -> None:
        """`RejectedResultError` unless the text becomes the program that is meant."""
        made = structure(parsed_result(tree, self.edits).root, {})
        require_program(made, structure(tree.root, self.instead, self.gone))
