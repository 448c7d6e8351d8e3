"""Tabs or spaces: how the code around the cursor is indented, and a model's text written so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seed_lsp.features.inline.plan import Plan
from seed_lsp.source.document import ByteOffset, CharOffset, indent_of, with_line_feeds
from seed_lsp.source.syntax import is_docstring, parse, statements, text_nodes

TAB_WIDTH = 4
AROUND_CHARS, FAR_CHARS = 4000, 50_000
"""So many characters on each side of the cursor show the indentation. Where they show none, the
second number counts."""


@dataclass(frozen=True)
class Style:
    """What one level of indentation is: a tab, or `width` blanks."""

    tabs: bool
    width: int = TAB_WIDTH

    def write(self, line: str, width: int) -> str:
        """`line` with its indentation in this style. Its text has `width` blanks a level."""
        white = indent_of(line)
        if self.tabs:
            columns = len(white.expandtabs(width))
            return "\t" * (columns // width) + " " * (columns % width) + line[len(white) :]
        return white.expandtabs(self.width) + line[len(white) :]


@dataclass(frozen=True)
class _Line:
    """The white space that a line of the document begins with, and what it begins."""

    white: str
    kind: Literal["statement", "code"]


def indented(plan: Plan, text: str) -> str:
    """The text with tabs or spaces as the code has them.

    Where the cursor already stands behind the indentation, the text begins without it.
    """
    lines = text.split("\n")
    if plan.indent and not plan.left.strip() and lines[0].strip():
        expected = _expected_indent(plan)
        own = columns(lines[0])
        if own and columns(plan.indent) + own > expected:
            lines[0] = lines[0].lstrip()
    style = None if plan.within_text else _style(plan)
    if style is not None:
        width = _levels(plan, lines)
        written = [style.write(line, width) for line in lines]
        if plan.left.strip():
            written[0] = lines[0]
        if written != lines:
            of_strings = _lines_of_strings(plan, "\n".join(lines))
            lines = [old if i in of_strings else new for i, (old, new) in enumerate(zip(lines, written, strict=True))]
    return "\n".join(lines)


def columns(line: str) -> int:
    """How far a line is indented."""
    return len(indent_of(line).expandtabs(TAB_WIDTH))


def _expected_indent(plan: Plan) -> int:
    above = plan.preceding() or ""
    return columns(above) + (TAB_WIDTH if above.rstrip().endswith((":", "{", "(", "[")) else 0)


def _style(plan: Plan) -> Style | None:
    """How the code near the cursor is indented; None where none of it is.

    The cursor's own line decides, since what follows must go with it. Next come lines on which
    statements begin, and then other lines of code. The lines of strings and comments say nothing.
    Without a syntax tree the line above stands before the others, which may be of any kind.

    """
    lines = _lines(plan, AROUND_CHARS)
    if not any(line.kind == "statement" for line in lines):
        lines = _lines(plan, FAR_CHARS)
    above = indent_of(plan.preceding() or "") if plan.tree is None else ""
    own = [white for white in (plan.indent.lstrip("\f"), above) if white][:1]
    statements, code = ([line.white for line in lines if line.kind in kinds] for kinds in (("statement",), ("statement", "code")))
    width = min((len(white) for white in statements if "\t" not in white), default=TAB_WIDTH)
    for whites in (own, statements, code):
        tabs = sum("\t" in white for white in whites)
        if 2 * tabs != len(whites):
            return Style(2 * tabs > len(whites), width)
    return None


def _lines(plan: Plan, around: int) -> list[_Line]:
    """The indented lines with characters that are less than `around` from the cursor."""
    document = plan.document
    size = len(document.text)
    first = document.line_of(CharOffset(max(0, plan.cursor - around)))
    last = document.line_of(CharOffset(min(size, plan.cursor + around)))
    at = start = document.byte_at(document.line_range(first)[0])
    whites: dict[int, str] = {}
    for line in range(first, last + 1):
        begin, end = document.line_range(line)
        text = document.text[begin:end]
        white = indent_of(text)
        if text.strip() and ("\t" in white or len(white) > 1):
            whites[at] = white
        at = ByteOffset(at + len(text.encode("utf-8", "surrogatepass")))
    if plan.tree is None:
        return [_Line(white, "code") for white in whites.values()]
    root = plan.tree.root_node
    inside = {place for node in text_nodes(root, start, at) for place in whites if node.start_byte < place < node.end_byte}
    begins = {node.start_byte for node in statements(root, start, at)}
    return [_Line(white, "statement" if place + len(white) in begins else "code") for place, white in whites.items() if place not in inside]


def _levels(plan: Plan, lines: list[str]) -> int:
    """How many blanks a level has in a model's text.

    Behind a header that is not indented the text's first line shows it.
    """
    first = next((indent_of(line) for line in lines[1:] if line.strip()), "")
    return len(first) if plan.left.strip() and not plan.indent and 1 < len(first) == first.count(" ") else TAB_WIDTH


def _lines_of_strings(plan: Plan, text: str) -> set[int]:
    """The lines of a model's text that begin within a string of its own.

    A docstring's lines are none of them: they are indented as code is.
    """
    before, language = plan.document.text[: plan.cursor], plan.document.language
    tree = parse(with_line_feeds(before) + text, language)
    if tree is None:
        return set()
    start = len(with_line_feeds(before).encode("utf-8", "surrogatepass"))
    places, at = {}, start
    for number, line in enumerate(text.split("\n")):
        places[at] = number
        at += len(line.encode("utf-8", "surrogatepass")) + 1
    texts = [node for node in text_nodes(tree.root_node, start) if "comment" not in node.type and not is_docstring(node)]
    return {number for place, number in places.items() if any(node.start_byte < place < node.end_byte for node in texts)}
