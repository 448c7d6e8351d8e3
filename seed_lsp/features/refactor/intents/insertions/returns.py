"""The returns of a function, and how statements are put before them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.intents.insertions.function import Function
from seed_lsp.source.document import CharOffset, indent_of
from seed_lsp.source.patch import Edit

_RETURN = re.compile(r"return\b[ \t]*")


@dataclass(frozen=True)
class Return:
    """A return statement of a function, which may share its line with others."""

    function: Function
    node: ast.Return

    @property
    def bare_name(self) -> str:
        return self.node.value.id if isinstance(self.node.value, ast.Name) else ""

    @property
    def constant(self) -> str:
        """The source of a value that is a short constant, or that is not there."""
        value = self.node.value
        if value is None:
            return "None"
        is_short = isinstance(value, ast.Constant) and not isinstance(value.value, str | bytes)
        return self.function.tree.text(value) if is_short else ""

    @property
    def start(self) -> int:
        return self.function.tree.start(self.node)

    @property
    def _line(self) -> tuple[str, str]:
        """What stands on its first line before it, and on its last line behind it."""
        document, end = self.function.document, self.function.tree.end(self.node)
        before = document.text[document.line_start(self.start) : self.start]
        return before, document.text[end : document.next_line(end)].rstrip("\r\n")

    @property
    def indent(self) -> str:
        """The indentation of the lines that are put before it."""
        before, _ = self._line
        if not before.strip():
            return before
        owner = self.function.tree.parents[self.node]
        place = owner.pattern if isinstance(owner, ast.match_case) else owner
        assert isinstance(place, ast.stmt | ast.ExceptHandler | ast.pattern), "a statement is in one of these"
        document = self.function.document
        is_alone = re.fullmatch(r"\s*(?:\w.*;\s*)", before) and not self._follows_colon
        outer = indent_of(document.line_text(place.lineno - 1))
        return indent_of(before) if is_alone else outer + self.function.unit

    @property
    def _follows_colon(self) -> bool:
        document = self.function.document
        block = self.function.tree.block(self.node)
        first = self.function.tree.start(block[0])
        return bool(document.text[document.line_start(first) : first].strip())

    def with_lines(self, lines: str, variable: str = "") -> list[Edit]:
        """Put lines, which are indented as they shall be, before it; with a `variable` its value is
        stored under that name first, and returned from it.
        """
        newline, text = self.function.document.newline, self.function.document.text
        start, end = self.start, self.function.tree.end(self.node)
        before, behind = self._line
        if behind.strip() and not behind.strip().startswith("#"):
            raise SelectionError(f"a return of {self.function.name} has code behind it on its line; give each statement a line of its own")
        edits: list[Edit] = []
        if before.strip():
            edits += self._own_line()
        lines = lines.replace("\n", newline)
        if not variable:
            return [*edits, Edit(start, start, f"{lines[len(self.indent) :]}{newline}{self.indent}")]
        word = _RETURN.match(text, start)
        assert word is not None, "a return begins with its word"
        edits.append(Edit(start, word.end(), f"{variable} = "))
        if self.node.value is None:
            edits[-1] = Edit(start, end, f"{variable} = None")
        at = end + len(behind)
        return [*edits, Edit(at, at, f"{newline}{lines}{newline}{self.indent}return {variable}")]

    def _own_line(self) -> list[Edit]:
        """Give the statements of its block that share a line with it lines of their own."""
        text, newline = self.function.document.text, self.function.document.newline
        block = self.function.tree.block(self.node)
        edits = []
        for one in block[: next(number for number, one in enumerate(block) if one is self.node) + 1]:
            at = self.function.tree.start(one)
            first = self.function.document.line_start(at)
            if self.function.document.line_of(at) != self.function.document.line_of(CharOffset(self.start)) or not text[first:at].strip():
                continue
            gap = re.search(r"[ \t]*;?[ \t]*\Z", text[first:at])
            assert gap is not None, "what may be empty is found"
            edits.append(Edit(first + gap.start(), at, newline + self.indent))
        return edits


def returns_of(function: Function) -> list[Return]:
    """Its own returns, in order."""
    return [Return(function, node) for node in function.own(ast.Return) if isinstance(node, ast.Return)]
