"""Strings and comments of rewritten code: where their words stayed, so does their white space."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from tree_sitter import Node

from seed_lsp.source.document import Document, indent_of, split_lines
from seed_lsp.source.patch import equal_runs, likeness
from seed_lsp.source.syntax import Span, is_docstring, parse, text_nodes

_INTERPOLATIONS = frozenset({"interpolation", "template_substitution"})
_ODD = re.compile(r"[^\S \n\r]|[ ]{2}")
"""White space that nobody writes by the way: anything but single blanks."""
_ALIKE = 0.6
"""How alike two strings with other words have to be to count as one that was changed."""


@dataclass(frozen=True)
class Text:
    """A string or a comment: its bytes `start` to `end` of a source, of which those in `pieces` are
    text and the others code.

    `indent` is the white space of the line that it begins on; one that `moves` is indented as the
    code around it.
    """

    source: bytes
    start: int
    end: int
    pieces: tuple[tuple[int, int], ...]
    indent: str
    moves: bool

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The text without its white space and without code within."""
        return tuple("".join(piece.split()) for piece in self.written)

    @cached_property
    def written(self) -> tuple[str, ...]:
        return tuple(_decoded(self.source[start:end]) for start, end in self.pieces)

    @cached_property
    def whole(self) -> str:
        return _decoded(self.source[self.start : self.end])

    @property
    def has_lines(self) -> bool:
        return "\n" in self.whole or "\r" in self.whole

    def written_at(self, indent: str) -> tuple[str, ...]:
        """What is written where the code around is indented so."""
        return tuple(self.moved(text, indent) for text in self.written)

    def moved(self, text: str, indent: str) -> str:
        """`text` of this one as it is at another indentation."""
        if not self.moves or indent == self.indent:
            return text
        first, *rest = split_lines(text) or [""]
        return first + "".join(indent + line[len(self.indent) :] if line.startswith(self.indent) else line for line in rest)


def texts_of(source: str, language: str, start: int, stop: int) -> list[Text]:
    """The strings and comments that lie within the characters `start` to `stop`, in order; none for
    a language without a grammar.
    """
    tree = parse(source, language)
    if tree is None:
        return []
    encoded = _encoded(source)
    first = len(_encoded(source[:start]))
    last = first + len(_encoded(source[start:stop]))
    nodes = [node for node in text_nodes(tree.root_node, first, last) if first <= node.start_byte and node.end_byte <= last]
    return [_text(node, encoded) for node in nodes]


def with_old_white_space(document: Document, span: Span, new: str, *, always: bool) -> str:
    """`new`, which is to replace `span`, with the white space that the strings and comments had
    there.

    Strings are matched by their words. Of one whose words changed, the lines and words that stayed
    keep what stands between them. White space within one line is put back where it is of an odd
    kind, or `always`.
    """
    text = document.text[: span.start] + new + document.text[span.end :]
    before = texts_of(document.text, document.language, span.start, span.end)
    after = texts_of(text, document.language, span.start, span.start + len(new))
    changes: list[tuple[int, int, str]] = []
    for one, other in _pairs(before, after):
        if not (always or one.has_lines or _ODD.search("".join(one.written))):
            continue
        if one.words == other.words:
            changes += [(*place, piece) for piece, place in zip(one.written_at(other.indent), other.pieces, strict=True)]
        else:
            changes.append((other.start, other.end, _with_old_lines(one.moved(one.whole, other.indent), other.whole)))
    encoded = _encoded(new)
    offset = len(_encoded(text[: span.start]))
    for begin, end, piece in sorted(changes, reverse=True):
        encoded = encoded[: begin - offset] + _encoded(piece) + encoded[end - offset :]
    return _decoded(encoded)


def with_old_line_ends(old: str, new: str) -> str:
    """`new` with the white space at the ends of lines that stayed, blank ones among them, where the
    lines around say which they are.
    """
    before, after = split_lines(old), split_lines(new)
    for i, j in _matched(before, after, str.rstrip):
        after[j] = before[i].rstrip("\r\n") + after[j][len(after[j].rstrip("\r\n")) :]
    return "".join(after)


def _text(node: Node, source: bytes) -> Text:
    cuts = [(child.start_byte, child.end_byte) for child in node.children if child.type in _INTERPOLATIONS]
    starts, ends = [node.start_byte, *(end for _, end in cuts)], [*(start for start, _ in cuts), node.end_byte]
    indent = indent_of(_decoded(source[source.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte]))
    moves = "comment" in node.type or is_docstring(node)
    return Text(source, node.start_byte, node.end_byte, tuple(zip(starts, ends, strict=True)), indent, moves)


def _pairs(before: Sequence[Text], after: Sequence[Text]) -> list[tuple[Text, Text]]:
    """Which of the old texts the new ones are that are not as one of them: by the words, and of
    long ones with other words by likeness.
    """
    pairs: list[tuple[Text, Text]] = []
    old_by_words, new_by_words = _grouped(before), _grouped(after)
    for words in old_by_words.keys() & new_by_words.keys():
        pairs += _changed_pairs(old_by_words[words], new_by_words[words])
    lost = [one for one in before if one.words not in new_by_words and one.has_lines]
    for other in after:
        if other.words not in old_by_words and (nearest := _nearest(other, lost, _ALIKE)) is not None:
            lost.remove(nearest)
            pairs.append((nearest, other))
    return pairs


def _changed_pairs(olds: Sequence[Text], news: Sequence[Text]) -> list[tuple[Text, Text]]:
    """Pair texts that have the same words and other white space.

    Where as many texts were written as were read, each belongs to the one at its place; else to the
    one that it resembles most.
    """
    left, changed = list(olds), []
    for other in news:
        same = next((one for one in left if one.written_at(other.indent) == other.written), None)
        if same is None:
            changed.append(other)
        else:
            left.remove(same)
    if len(left) == len(changed):
        # In their order: one that lost its white space may look like another that never had any.
        pairs = zip(olds, news, strict=True) if changed else ()
        return [(one, other) for one, other in pairs if one.written_at(other.indent) != other.written]
    # A short string that was put in is not one of before; a long one with the same words is a copy.
    return [(one, other) for other in changed if (one := _nearest(other, olds if other.has_lines else left)) is not None]


def _nearest(text: Text, others: Sequence[Text], least: float = 0.0) -> Text | None:
    found = max(others, key=lambda one: likeness(one.whole, text.whole), default=None)
    return found if found is not None and likeness("".join(found.words), "".join(text.words)) >= least else None


def _grouped(texts: Iterable[Text]) -> dict[tuple[str, ...], list[Text]]:
    groups: dict[tuple[str, ...], list[Text]] = defaultdict(list)
    for text in texts:
        groups[text.words].append(text)
    return groups


def _with_old_lines(old: str, new: str) -> str:
    """`new` with the lines of `old` that have the same words, and the old white space between the
    words of lines that were changed.
    """
    before, after = split_lines(old), split_lines(new)
    matched = _matched(before, after, lambda line: "".join(line.split()))
    for i, j in matched:
        after[j] = before[i]
    # Between lines that stayed as many as before: each is one that was changed.
    ends = [(-1, -1), *matched, (len(before), len(after))]
    for (i, j), (k, m) in pairwise(ends):
        if k - i == m - j:
            for one, other in zip(range(i + 1, k), range(j + 1, m), strict=True):
                after[other] = _with_old_gaps(before[one], after[other])
    return "".join(after)


def _with_old_gaps(old: str, new: str) -> str:
    olds, news = re.split(r"(\s+)", old), re.split(r"(\s+)", new)
    if len(olds) != len(news):
        old_end, new_end = old[len(old.rstrip()) :], new[len(new.rstrip()) :]
        return new.removesuffix(new_end) + old_end if new_end else new + old_end
    return "".join(gap if i % 2 else word for i, (gap, word) in enumerate(zip(olds, news, strict=True)))


def _matched(before: Sequence[str], after: Sequence[str], key: Callable[[str], str]) -> list[tuple[int, int]]:
    """Which lines of two texts are the same by `key`, in order."""
    return [
        (run.old_start + i, run.new_start + i)
        for run in equal_runs([key(line) for line in before], [key(line) for line in after])
        for i in range(run.old_end - run.old_start)
    ]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
