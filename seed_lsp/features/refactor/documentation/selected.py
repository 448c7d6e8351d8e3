"""The definitions that a selection means."""

from __future__ import annotations

from functools import cached_property

from seed_lsp.features.refactor.action import Selection
from seed_lsp.features.refactor.documentation import commented, python
from seed_lsp.features.refactor.documentation.definition import Definition
from seed_lsp.features.refactor.documentation.grammars import GRAMMARS, Grammar
from seed_lsp.source.document import ByteOffset, CharOffset, Document
from seed_lsp.source.syntax import line_end, line_start, tree_of

LANGUAGES = ("python", *GRAMMARS)


class Code:
    """A document with its bytes and its syntax."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.source = document.text.encode("utf-8", "surrogatepass")
        self.tree = tree_of(document)

    @property
    def grammar(self) -> Grammar | None:
        """None for Python, whose documentation is no comment."""
        return GRAMMARS.get(self.document.language)

    @cached_property
    def all(self) -> list[Definition]:
        return self.definitions()

    def definitions(self, start: int = 0, stop: int | None = None) -> list[Definition]:
        """Those that touch the bytes `start` to `stop`, in order."""
        if self.tree is None:
            return []
        if self.grammar is None:
            return python.definitions(self.tree, self.source, start, stop)
        return commented.definitions(self.tree, self.source, self.grammar, start, stop)

    def char(self, byte: int) -> CharOffset:
        return CharOffset(byte) if len(self.source) == len(self.document.text) else self.document.char_at(ByteOffset(byte))


def selected(code: Code, selection: Selection) -> list[Definition]:
    """The definitions whose header the selection touches; if there are none, the innermost one
    around it.
    """
    text = selection.text
    first: int = code.document.byte_at(CharOffset(selection.start + len(text) - len(text.lstrip())))
    last: int = code.document.byte_at(CharOffset(selection.start + len(text.rstrip())))
    if first >= last:
        place = code.document.byte_at(selection.start)
        first, last = line_start(code.source, place), line_end(code.source, place)
    touched = code.definitions(first, last)
    inside = [
        one
        for one in touched
        if line_start(code.source, one.start) < max(last, first + 1) and first <= line_end(code.source, one.header_end)
    ]
    around = [one for one in touched if one.start <= first and last <= one.end]
    return inside or around[-1:]


def is_on_header(code: Code, one: Definition, cursor: CharOffset) -> bool:
    """Whether a cursor stands on the lines of a definition's header."""
    return line_start(code.source, one.start) <= code.document.byte_at(cursor) <= line_end(code.source, one.header_end)
