"""A document as it was at one version, and the ways to point into it.

Three kinds of offsets that must not be mixed: characters (code points, what Python's strings count), bytes of UTF-8 (what
tree-sitter counts), and the client's units within a line (UTF-8 bytes, UTF-16 units or code points, as negotiated).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NewType
from urllib.parse import urlparse

CharOffset = NewType("CharOffset", int)
ByteOffset = NewType("ByteOffset", int)

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


def split_lines(text: str) -> list[str]:
    r"""Lines with their ends. Only \n, \r\n and \r end a line (LSP 3.18, Text Documents); `str.splitlines` knows more."""
    return _LINE.findall(text)


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
    """A snapshot: what is computed from it is only valid for `version`. `encoding`: that of the file that it was read from; without meaning for an open document."""

    uri: str
    text: str
    version: int | None = None
    language: str = "plaintext"
    encoding: str = "utf-8"

    @cached_property
    def line_starts(self) -> list[int]:
        """The character offset of each line's start; a text that ends with a line break has an empty last line."""
        starts, offset = [0], 0
        for line in split_lines(self.text):
            offset += len(line)
            if line.endswith(("\n", "\r")):
                starts.append(offset)
        return starts

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

    def line_text(self, line: int) -> str:
        """A line without its line break."""
        start, end = self.line_range(line)
        return self.text[start:end].rstrip("\r\n")

    def offset_at(self, position: ClientPosition, encoding: Encoding) -> CharOffset:
        """The place of a client's position; one behind a line's or the text's end means that end."""
        if position.line >= len(self.line_starts):
            return CharOffset(len(self.text))
        start, _ = self.line_range(position.line)
        line = self.line_text(position.line)
        units = 0
        for i, char in enumerate(line):
            if units + _width(char, encoding) > position.character:
                return CharOffset(start + i)
            units += _width(char, encoding)
        return CharOffset(start + len(line))

    def position_at(self, offset: CharOffset, encoding: Encoding) -> ClientPosition:
        line = self.line_of(offset)
        start, _ = self.line_range(line)
        return ClientPosition(line, sum(_width(char, encoding) for char in self.text[start:offset]))

    def byte_at(self, offset: CharOffset) -> ByteOffset:
        return ByteOffset(len(self.text[:offset].encode("utf-8", "surrogatepass")))

    def char_at(self, offset: ByteOffset) -> CharOffset:
        return CharOffset(len(self.text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")))


def path_of(uri: str) -> Path | None:
    """A file's path, links resolved; None for what is no file."""
    # Brings HTTP along: a fiftieth of a second that the server's start need not wait for.
    from urllib.request import url2pathname

    parsed = urlparse(uri)
    return Path(url2pathname(parsed.path)).resolve() if parsed.scheme == "file" else None


def _width(char: str, encoding: Encoding) -> int:
    if encoding == "utf-32":
        return 1
    if encoding == "utf-16":
        return 2 if ord(char) > 0xFFFF else 1
    return len(char.encode("utf-8", "surrogatepass"))
