"""A text as a client of the protocol sees it.

The specification's sentences on positions are written down once more, as plainly as possible. It
shares no code with the server, which is compared with it.
"""

from __future__ import annotations

import re

_BREAK = re.compile("\r\n|\n|\r")
_UNIT_BYTES = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}

ENCODINGS = tuple(_UNIT_BYTES)

Position = tuple[int, int]
"""A line and a character in it, both from zero, the character in units of the encoding."""


def lines_of(text: str) -> list[str]:
    """The lines without their ends. There is always one more than there are line breaks."""
    return _BREAK.split(text)


def units(text: str, encoding: str) -> int:
    codec, size = _UNIT_BYTES[encoding]
    return len(text.encode(codec, "surrogatepass")) // size


def offset_of(text: str, position: Position, encoding: str) -> int:
    """The index of a position in the text.

    A position behind a line's end is its end, one behind the last line the end of the text, and one
    within a character is before it.
    """
    line, character = position
    start = 0
    for number, end in enumerate([*(found.span() for found in _BREAK.finditer(text)), (len(text), len(text))]):
        if number == line:
            content = text[start : end[0]]
            fitting = [i for i in range(len(content) + 1) if units(content[:i], encoding) <= character]
            return start + fitting[-1]
        start = end[1]
    return len(text)


def position_of(text: str, offset: int, encoding: str) -> Position:
    """The position of an index that does not lie within a line break."""
    before = lines_of(text[:offset])
    return len(before) - 1, units(before[-1], encoding)


def changed(text: str, start: Position, end: Position, new: str, encoding: str) -> str:
    """The text after one change of a `textDocument/didChange`, or after one edit."""
    first, last = offset_of(text, start, encoding), offset_of(text, end, encoding)
    return text[:first] + new + text[last:]
