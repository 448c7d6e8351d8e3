"""When to complete and how much: decided by the syntax at the cursor, before the model is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tree_sitter import Tree

from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.syntax import is_text, parse

Extent = Literal["nothing", "line", "block"]
"""``line`` goes to the end of the statement under way; ``block`` has statements, up to the end of
the enclosing block or of the paragraph."""

_CLOSING = frozenset(")]}\"'`,;:")
_OPENS_BLOCK = (":", "{")
_PARSED_CHARS = 200_000
"""The syntax of longer files is not looked at: that would take longer than the model."""


@dataclass(frozen=True)
class Plan:
    """A completion to ask for at `cursor`.

    `automatic`: the user types, and did not ask for it.
    """

    document: Document
    cursor: CharOffset
    automatic: bool = False

    @cached_property
    def left(self) -> str:
        """The cursor's line up to the cursor."""
        return self.document.text[self.document.line_range(self.line)[0] : self.cursor]

    @cached_property
    def rest_of_line(self) -> str:
        return self.document.text[self.cursor : self.document.line_range(self.line)[1]].rstrip("\r\n")

    @cached_property
    def line(self) -> int:
        return self.document.line_of(self.cursor)

    @cached_property
    def indent(self) -> str:
        """White space that the cursor's line begins with, up to the cursor."""
        return self.left[: len(self.left) - len(self.left.lstrip())]

    @cached_property
    def extent(self) -> Extent:
        """How much to ask for.

        An automatic request gets nothing within a word, or before more of an expression.
        """
        rest = self.rest_of_line.strip()
        if rest:
            return "nothing" if self.automatic and (self.within_word or not set(rest) <= _CLOSING) else "line"
        if self.left.strip():
            return "block" if self.left.rstrip().endswith(_OPENS_BLOCK) and not self.within_text else "line"
        return "line" if self.within_text else "block"

    @property
    def within_word(self) -> bool:
        return bool(self.left and self.rest_of_line and _is_word(self.left[-1]) and _is_word(self.rest_of_line[0]))

    @property
    def looks_finished(self) -> bool:
        """Whether the line ends behind a closing bracket or quote, where seldom more is to come."""
        return self.extent == "line" and not self.rest_of_line.strip() and self.left.rstrip()[-1:] in set(")]}\"'")

    @cached_property
    def tree(self) -> Tree | None:
        """The document's syntax; None without a grammar, and where parsing would take too long."""
        return None if len(self.document.text) > _PARSED_CHARS else parse(self.document.text, self.document.language)

    @cached_property
    def within_text(self) -> bool:
        """Whether the cursor stands in a comment or a string."""
        if self.cursor == 0 or self.tree is None:
            return False
        place = self.document.byte_at(self.cursor)
        node = self.tree.root_node.descendant_for_byte_range(place - 1, place - 1)
        while node is not None:
            # A comment goes on up to the end of its line, where the cursor may stand. A string that
            # is closed does not.
            if is_text(node) and (place < node.end_byte or "comment" in node.type):
                return True
            node = node.parent
        return False

    def following(self) -> str | None:
        """The next line with text behind the cursor's, without white space around it."""
        document = self.document
        behind = document.text[document.line_range(self.line)[1] :]
        blank = len(behind) - len(behind.lstrip())
        place = CharOffset(len(document.text) - len(behind) + blank)
        return document.line_text(document.line_of(place)).strip() if blank < len(behind) else None

    def preceding(self) -> str | None:
        """The last line with text before the cursor's, as it is."""
        document = self.document
        filled = document.text[: document.line_range(self.line)[0]].rstrip()
        return document.line_text(document.line_of(CharOffset(len(filled) - 1))) if filled else None


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
