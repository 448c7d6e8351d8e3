"""Offsets in characters, in bytes and in the client's units, converted there and back."""

from __future__ import annotations

import time

import pytest

from seed_lsp.source.document import CharOffset, ClientPosition, Document, split_lines

TEXTS = [
    "",
    "a",
    "a\n",
    "a\r\nb\r\n",
    "a\rb",
    "x = 1\x0c\ny = 2\n",
    "é😀\u2028z\n😀",
    "\ufeffa\n",
    "\x0b\x1c\x85\n\n",
    "a\u2029b\r\n\n\r",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_every_offset_goes_there_and_back(text, encoding):
    r"""Position and offset are inverse everywhere but between \\r and \\n, which is no position."""
    document = Document("u", text)
    for i in range(len(text) + 1):
        offset = CharOffset(i)
        if text[max(0, i - 1) : i + 1] == "\r\n":
            continue
        assert document.offset_at(document.position_at(offset, encoding), encoding) == offset
        assert document.char_at(document.byte_at(offset)) == offset


def test_only_the_protocols_line_breaks_end_lines():
    """A form feed and U+2028 are text within a line, as every client counts them."""
    assert split_lines("a\x0cb\u2028c\x85\nd\re\r\nf") == ["a\x0cb\u2028c\x85\n", "d\r", "e\r\n", "f"]
    assert Document("u", "x\x0c\ny").position_at(CharOffset(3), "utf-16") == ClientPosition(1, 0)


def test_units_of_an_emoji():
    """Positions count the units that were agreed on with the client."""
    document = Document("u", "😀x")
    assert document.offset_at(ClientPosition(0, 2), "utf-16") == 1
    assert document.offset_at(ClientPosition(0, 4), "utf-8") == 1
    assert document.offset_at(ClientPosition(0, 1), "utf-32") == 1
    assert document.offset_at(ClientPosition(0, 1), "utf-16") == 0, "inside a surrogate pair means before it"


def test_positions_outside_mean_the_nearest_end():
    """A position behind a line or the file is no error, and means the end."""
    document = Document("u", "ab\ncd")
    assert document.offset_at(ClientPosition(0, 99), "utf-16") == 2
    assert document.offset_at(ClientPosition(9, 0), "utf-16") == 5


def test_one_line_of_many_megabytes():
    """A minified file must not hold up everything else, as each key needs its position."""
    text = "é, 1, " * 5_000_000
    started = time.process_time()
    document = Document("u", text)
    assert split_lines(text) == [text]
    assert document.offset_at(ClientPosition(0, len(text)), "utf-16") == len(text)
    assert document.position_at(CharOffset(len(text)), "utf-16") == ClientPosition(0, len(text))
    assert time.process_time() - started < 3


@pytest.mark.parametrize(("text", "expected"), [("", "\n"), ("a\nb\r\nc\r\n", "\r\n"), ("a\r\nb\nc\n", "\n"), ("a\rb\r", "\r")])
def test_the_usual_line_break(text, expected):
    """New lines get the line break that most lines of the file have."""
    assert Document("u", text).newline == expected
