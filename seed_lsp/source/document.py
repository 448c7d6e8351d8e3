"""A document as it was at one version, and the ways to point into it.

Three kinds of offsets that must not be mixed: characters (code points, what Python's strings
count), bytes of UTF-8 (what tree-sitter counts), and the client's units within a line (UTF-8 bytes,
UTF-16 units or code points, as negotiated).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Literal, NewType

CharOffset = NewType("CharOffset", int)
ByteOffset = NewType("ByteOffset", int)

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE_END = re.compile(r"\r\n?|\n")
_PIECE = 4096


def split_lines(text: str) -> list[str]:
    r"""Lines with their ends.

    Only \n, \r\n and \r end a line (LSP 3.18, Text Documents); `str.splitlines` knows more.
    """
    starts = _line_starts(text)
    lines = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    return lines if lines[-1] else lines[:-1]


def indent_of(line: str) -> str:
    """The blanks and tabs that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def first_indent(text: str) -> str:
    """Those of the first line that has more than white space."""
    return indent_of(next((line for line in split_lines(text) if line.strip()), ""))


def with_line_feeds(text: str) -> str:
    """The text as a model is shown it: every line break a line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class ClientPosition:
    """A zero-based line, and a zero-based place in it counted in the client's units."""

    line: int
    character: int


@dataclass(frozen=True)
class Document:
    """A snapshot: what is computed from it is only valid for `version`.

    `encoding`: that of the file that it was read from; without meaning for an open document.
    `opening`: which time it was that a document was opened, since versions may start anew with
    each; 0 for what is not open.
    """

    uri: str
    text: str
    version: int | None = None
    language: str = "plaintext"
    encoding: str = "utf-8"
    opening: int = 0

    @cached_property
    def line_starts(self) -> list[int]:
        """The character offset of each line's start; a text that ends with a line break has an
        empty last line.
        """
        return _line_starts(self.text)

    @cached_property
    def newline(self) -> str:
        """The line break that most lines end with."""
        crlf = self.text.count("\r\n")
        lf, cr = self.text.count("\n") - crlf, self.text.count("\r") - crlf
        return "\r\n" if crlf > max(lf, cr) else "\r" if cr > lf else "\n"

    def line_of(self, offset: CharOffset) -> int:
        return bisect_right(self.line_starts, offset) - 1

    def line_range(self, line: int) -> tuple[CharOffset, CharOffset]:
        """Start of a line, and its end with its line break."""
        starts = self.line_starts
        end = starts[line + 1] if line + 1 < len(starts) else len(self.text)
        return CharOffset(starts[line]), CharOffset(end)

    def line_start(self, offset: int) -> CharOffset:
        """Where the line of a character begins."""
        return CharOffset(self.line_starts[self.line_of(CharOffset(offset))])

    def next_line(self, offset: int) -> CharOffset:
        """Where the line below that of a character begins; the text's end if there is none."""
        return self.line_range(self.line_of(CharOffset(offset)))[1]

    def line_text(self, line: int) -> str:
        """A line without its line break."""
        start, end = self.line_range(line)
        return self.text[start:end].rstrip("\r\n")

    def offset_at(self, position: ClientPosition, encoding: Encoding) -> CharOffset:
        """The offset of a client's position. One behind the end of its line means that end."""
        if position.line >= len(self.line_starts):
            return CharOffset(len(self.text))
        start, _ = self.line_range(position.line)
        line = self.line_text(position.line)
        units = passed = 0
        # Whole pieces first: one character after the other takes a second in a line of some
        # megabytes.
        while passed < len(line) and units + (width := _units(line[passed : passed + _PIECE], encoding)) <= position.character:
            units += width
            passed += _PIECE
        for i, char in enumerate(line[passed : passed + _PIECE], passed):
            units += _units(char, encoding)
            if units > position.character:
                return CharOffset(start + i)
        return CharOffset(start + len(line))

    def position_at(self, offset: CharOffset, encoding: Encoding) -> ClientPosition:
        line = self.line_of(offset)
        start, _ = self.line_range(line)
        return ClientPosition(line, _units(self.text[start:offset], encoding))

    def byte_at(self, offset: CharOffset) -> ByteOffset:
        return ByteOffset(len(self.text[:offset].encode("utf-8", "surrogatepass")))

    def char_at(self, offset: ByteOffset) -> CharOffset:
        return CharOffset(len(self.text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")))


def _line_starts(text: str) -> list[int]:
    if "\r" not in text:
        # Some times faster, in lines of megabytes hundreds.
        return list(accumulate((len(line) + 1 for line in text.split("\n")[:-1]), initial=0))
    return [0, *(match.end() for match in _LINE_END.finditer(text))]


def _units(text: str, encoding: Encoding) -> int:
    """How many units the client counts in a text."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "surrogatepass"))
