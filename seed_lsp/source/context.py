"""What of a document the model sees around the cursor."""

from __future__ import annotations

from dataclasses import dataclass

from seed_lsp.source.document import CharOffset, Document, with_line_feeds

PREFIX_CHARS = 7000
SUFFIX_CHARS = 600
TYPING_SUFFIX_CHARS = 200
"""While the user types: the suffix stands behind the prefix in the model's layout, and is run again
at each key.
"""
ANCHOR_LINES = 64
"""A prefix that is cut starts at a multiple of this many lines, so that it stays the same, and
cached, while the user types.
"""


@dataclass(frozen=True)
class Context:
    """Text before and after the cursor, cut at line starts and line ends, with line feeds alone as
    line breaks.
    """

    prefix: str
    suffix: str


def infill_context(
    document: Document, cursor: CharOffset, *, prefix_chars: int = PREFIX_CHARS, suffix_chars: int = SUFFIX_CHARS
) -> Context:
    line = document.line_of(cursor)
    first = line
    while first > 0 and cursor - document.line_starts[first - 1] <= prefix_chars:
        first -= 1
    if first > 0:
        # Up to the next anchor: at most the budget, and moving only every so many lines.
        first = min(line, -(-first // ANCHOR_LINES) * ANCHOR_LINES)
    last = line
    while last + 1 < len(document.line_starts) and document.line_range(last + 1)[1] - cursor <= suffix_chars:
        last += 1
    prefix_start = max(document.line_starts[first], cursor - 2 * prefix_chars)
    suffix_end = min(document.line_range(last)[1], cursor + 2 * suffix_chars)
    return Context(with_line_feeds(document.text[prefix_start:cursor]), with_line_feeds(document.text[cursor:suffix_end]))
