"""Lines of Python code that are indented anew, without what stands in strings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seed_lsp.features.refactor.action import Proposal
from seed_lsp.source.document import Document, indent_of, split_lines
from seed_lsp.source.patch import minimal_edits
from seed_lsp.source.python_tree import PythonTree
from seed_lsp.source.syntax import Span


class Lines:
    """The lines of a document, counted from 0, some of which begin `within` a string."""

    def __init__(self, document: Document, within: frozenset[int]) -> None:
        self._newline = document.newline
        self._lines: list[str] = split_lines(document.text)
        self._within = within

    def text(self, row: int) -> str:
        """A line without its break."""
        return self._lines[row].rstrip("\r\n")

    def put(self, row: int, *texts: str | None) -> None:
        """New lines in place of one; None takes it away."""
        end = self._lines[row][len(self.text(row)) :]
        made = [text for text in texts if text is not None]
        self._lines[row] = self._newline.join(made) + end if made else ""

    def put_before(self, row: int, *texts: str) -> None:
        """New lines above one."""
        self._lines[row] = "".join(text + self._newline for text in texts) + self._lines[row]

    def indent(self, rows: Iterable[int], old: str, new: str) -> None:
        """Begin lines with `new` where they begin with `old`. Those that are indented less, as they
        may be in brackets, stay, and so do those that begin in a string.
        """
        for row in rows:
            if row not in self._within and self._lines[row].startswith(old) and self.text(row).strip():
                self._lines[row] = new + self._lines[row][len(old) :]

    def with_comments(self, row: int, columns: int) -> int:
        """The first line behind `row` that is neither a comment further in than `columns` nor a
        blank line before one.
        """
        end = row
        while row < len(self._lines):
            line = self.text(row)
            if line.strip() and (not line.lstrip().startswith("#") or len(indent_of(line)) <= columns):
                break
            row += 1
            end = row if line.strip() else end
        return end

    @property
    def count(self) -> int:
        return len(self._lines)

    def joined(self, order: Sequence[int] | None = None) -> str:
        """All lines, in the `order` of their rows if it is another."""
        return "".join(self._lines if order is None else [self._lines[row] for row in order])


def put_around(lines: Lines, document: Document, rows: range, unit: str, *, before: Sequence[str], after: Iterable[str]) -> Proposal:
    """Put new lines before and behind some of a document, which are indented by `unit` more."""
    span = Span(document.line_range(rows[0])[0], document.line_range(rows[-1])[1])
    behind = len(document.text) - span.end
    lines.indent(rows, "", unit)
    # From below, so that the rows above stay where they are.
    lines.put(rows[-1], lines.text(rows[-1]), *after)
    lines.put_before(rows[0], *before)
    new = lines.joined()
    edits = minimal_edits(document.text[span.start : span.end], new[span.start : len(new) - behind], offset=span.start)
    return Proposal(tuple(edits), span)


def lines_of(tree: PythonTree) -> Lines:
    return Lines(tree.document, tree.lines_in_strings)
