"""What an answer repeats of the file around the region that it was asked for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from seed_lsp.source.document import CharOffset, Document, first_indent, indent_of, split_lines
from seed_lsp.source.patch import likeness
from seed_lsp.source.syntax import Span, is_sequence, is_text, line_end, line_start, parse, sequence_around, text_nodes, text_of, tree_of

Kind = Literal["import", "comment", "call", "other"]

_ASSIGNMENTS = frozenset({"assignment", "augmented_assignment"})
_IMPORTS = frozenset({"preproc_include", "use_declaration", "package_clause", "package_declaration", "using_declaration"})
_FUNCTIONS = ("function", "method", "lambda", "closure", "constructor")
_FUTURE = "future_import_statement"
_DOCUMENTATION = "__doc__"
_OVERLOADING = frozenset({"java", "cpp", "typescript", "typescriptreact"})
_ALIKE = 0.7
"""How alike two assignments are of which one is a version of the other."""
_AROUND_SIGNS = re.compile(r"\s*([^\w\s\"])\s*")
_LAST_SIGN = re.compile(r",(?=[)\]}])|;$")
_IMPORT_BRACKETS = re.compile(r"[()]")
_SAYS_SOMETHING = 20
"""Characters of a comment that is not written twice by chance."""


@dataclass(frozen=True)
class Trimmed:
    """An answer without what it repeated at its two ends, and the first line of what it repeats
    elsewhere, if anything.
    """

    text: str
    repeated: str = ""


def without_surroundings(document: Document, span: Span, new: str, named: frozenset[str]) -> Trimmed:
    """`new`, which is to replace `span`, without statements that stand around it: cut from its two
    ends, told of in its middle.

    A statement that the span has itself is its own, and what the instruction has `named` may be
    written anew. Within a function, where statements may well stand twice, only imports, comments
    and what stands next to the span count.
    """
    text = document.text[: span.start] + new + document.text[span.end :]
    around, answer = (
        _scan(document.text, document.language, span.start, span.end),
        _scan(text, document.language, span.start, span.start + len(new)),
    )
    if around is None or answer is None:
        return _without_lines(document, span, new)
    own = {one.key for one in around.inside}
    head = _repeated_end(answer.inside, around.above, around, own)
    tail = _repeated_end(answer.inside[head:][::-1], around.below[::-1], around, own)
    kept = answer.inside[head : len(answer.inside) - tail]
    if not kept:
        return Trimmed(new, answer.inside[0].words if answer.inside else "")
    if tail:
        new = answer.source[answer.start : kept[-1].end].decode("utf-8", "surrogatepass") + new[len(new.rstrip()) :]
    if head:
        new = new[len(answer.source[answer.start : kept[0].start].decode("utf-8", "surrogatepass")) :]
    return Trimmed(new, _repeated_within(kept, around, named))


def without_header(document: Document, span: Span, answer: str) -> str:
    """An answer without the class that the span lies in, where it wrote that around the span once
    more. Lines end with line feeds; Python alone.
    """
    around = _class_around(document, span)
    if around is None:
        return answer
    indent = first_indent(document.text[span.start : span.end])
    lines = answer.split("\n")
    given = indent if answer.lstrip("\n").startswith(indent) else ""
    tree = parse("\n".join(line.removeprefix(given) for line in lines), document.language, rows=True)
    nodes = tree.root_node.named_children if tree is not None else []
    classes = [node for node in nodes if node.type == "class_definition" and _name(node) == _name(around)]
    others = [node for node in nodes if node not in classes]
    # What stands beside the class is let go only where the file has it.
    if len(classes) != 1 or any(text_of(node) not in document.text for node in others):
        return answer
    body, colon = classes[0].child_by_field_name("body"), next((node for node in classes[0].children if node.type == ":"), None)
    if body is None or colon is None or body.start_point.row == colon.end_point.row:
        return answer
    deep = indent_of(lines[body.start_point.row])
    inside = lines[colon.end_point.row + 1 : body.end_point.row + 1]
    return "".join((indent + line[len(deep) :] if line.startswith(deep) else line) + "\n" for line in inside)


def _class_around(document: Document, span: Span) -> Node | None:
    tree = tree_of(document) if document.language == "python" else None
    region = document.text[span.start : span.end]
    start, stop = span.start + len(region) - len(region.lstrip()), span.start + len(region.rstrip())
    if tree is None or start >= stop:
        return None
    sequence = sequence_around(tree, document.byte_at(CharOffset(start)), document.byte_at(CharOffset(stop)))
    parent = sequence.parent if sequence is not None else None
    return parent if parent is not None and parent.type == "class_definition" else None


@dataclass(frozen=True)
class _Statement:
    """A statement, or a comment on lines of its own: its words, the bytes of its lines, the name
    that it binds, and whether it stands in the same sequence.

    `key` is the same for what formatters make of it.
    """

    words: str
    key: str
    kind: Kind
    binds: str
    start: int
    end: int
    is_next: bool = True
    is_future: bool = False
    is_assignment: bool = False
    has_lines: bool = False


@dataclass(frozen=True)
class _Scan:
    """The statements in a span that starts at byte `start`, before it and behind it: its siblings
    (`is_next`) and those of the nodes around.

    `declares`: it lies outside of functions. `outer`: the names of the definitions that it lies in.
    """

    source: bytes
    start: int
    inside: list[_Statement]
    above: list[_Statement]
    below: list[_Statement]
    declares: bool
    outer: frozenset[str]
    overloads: bool


def _scan(text: str, language: str, start: int, stop: int) -> _Scan | None:
    tree = parse(text, language)
    if tree is None:
        return None
    source = text.encode("utf-8", "surrogatepass")
    first = len(text[:start].encode("utf-8", "surrogatepass"))
    last = first + len(text[start:stop].encode("utf-8", "surrogatepass"))
    comments = [node for node in text_nodes(tree.root_node) if "comment" in node.type]
    begin, end = _code_within(source, comments, first, last)
    sequence = sequence_around(tree, begin, end) if begin < end else tree.root_node
    found: list[_Statement] = []
    declares, outer, node = True, set(), sequence
    while node is not None:
        if is_sequence(node):
            found += [
                _statement(child, source, is_next=node is sequence) for child in node.children if child.is_named and not is_text(child)
            ]
        declares = declares and not any(word in node.type for word in _FUNCTIONS)
        outer.add(_name(node))
        node = node.parent
    found = [one for one in found if one.end <= first or one.start >= last or (first <= one.start and one.end <= last)]
    found.sort(key=lambda one: one.start)
    starts = [one.start for one in found]
    near = (sequence, sequence.parent) if sequence is not None else ()
    lines: list[_Statement] = []
    for comment in comments:
        at = bisect_right(starts, comment.start_byte) - 1
        # Comments within other statements are theirs.
        alone = not source[line_start(source, comment.start_byte) : comment.start_byte].strip()
        if alone and (at < 0 or found[at].end <= comment.start_byte):
            lines.append(_statement(comment, source, is_next=comment.parent in near))
    found += lines
    found.sort(key=lambda one: one.start)
    above, below = [one for one in found if one.end <= first], [one for one in found if one.start >= last]
    inside = [one for one in found if first <= one.start and one.end <= last]
    return _Scan(source, first, inside, above, below, declares, frozenset(outer - {""}), language in _OVERLOADING)


def _code_within(source: bytes, comments: Sequence[Node], first: int, last: int) -> tuple[int, int]:
    """The bytes `first` to `last` without white space and comments at the ends, which parsers hang
    to one node or another.
    """
    starts, ends = {node.start_byte: node.end_byte for node in comments}, {node.end_byte: node.start_byte for node in comments}
    while True:
        region = source[first:last]
        first, last = last - len(region.lstrip()), first + len(region.rstrip())
        if first in starts and starts[first] <= last:
            first = starts[first]
        elif last in ends and ends[last] >= first:
            last = ends[last]
        else:
            return first, last


def _statement(node: Node, source: bytes, *, is_next: bool) -> _Statement:
    code = source[node.start_byte : node.end_byte].rstrip()
    end = node.start_byte + len(code)
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    kind = _kind(node, inner)
    words = " ".join(code.decode("utf-8", "surrogatepass").split())
    return _Statement(
        words,
        words if kind == "comment" else _key(words, is_import=kind == "import"),
        kind,
        "" if kind == "import" else _DOCUMENTATION if is_text(inner) and kind == "call" else _name(inner),
        line_start(source, node.start_byte),
        line_end(source, end),
        is_next=is_next,
        is_future=node.type == _FUTURE,
        is_assignment=inner.type in _ASSIGNMENTS or (is_text(inner) and kind == "call"),
        has_lines=b"\n" in code,
    )


def _key(words: str, *, is_import: bool) -> str:
    """Code without what a formatter would change: white space around signs, quotes of one kind or
    the other, the last comma, brackets around imported names.
    """
    key = _LAST_SIGN.sub("", _AROUND_SIGNS.sub(r"\1", words.replace("'", '"')))
    return _IMPORT_BRACKETS.sub(" ", key).strip() if is_import else key


def _kind(node: Node, inner: Node) -> Kind:
    if "comment" in node.type:
        return "comment"
    if "import" in node.type or node.type in _IMPORTS:
        return "import"
    return "call" if node.type == "expression_statement" and inner.type not in _ASSIGNMENTS else "other"


def _name(node: Node) -> str:
    """What a definition or an assignment binds; empty for other nodes."""
    node = node.child_by_field_name("definition") or node
    named = node.child_by_field_name("left") if node.type == "assignment" else node.child_by_field_name("name")
    return text_of(named) if named is not None else ""


def _repeated_end(answer: Sequence[_Statement], beyond: Sequence[_Statement], around: _Scan, own: Container[str]) -> int:
    """How many statements at the beginning of `answer` are among those `beyond`, of which the last
    is next to it. For the other end both are turned round.
    """
    known = {one.key for one in beyond}
    count = 0
    for one in answer:
        if one.key in own or not (_is_out_of_place(one, around) or (one.key in known and _counts(one, around))):
            break
        count += 1
    siblings = [one.key for one in beyond if one.is_next]
    words = [one.key for one in answer[count:]]
    for size in range(min(len(words), len(siblings)), 0, -1):
        if words[:size] == siblings[-size:] and words[0] not in own:
            return count + size
    return count


def _counts(one: _Statement, around: _Scan) -> bool:
    return around.declares or one.kind in ("import", "comment")


def _is_out_of_place(one: _Statement, around: _Scan) -> bool:
    """Whether a statement can only stand at the head of a file, of which there is some above."""
    return one.is_future and any(other.kind != "comment" and not other.is_future for other in around.above)


def _repeated_within(kept: Sequence[_Statement], around: _Scan, named: frozenset[str]) -> str:
    """The first statement of the surroundings that is repeated, or bound anew, among these."""
    known = {one.key for one in [*around.above, *around.below]}
    left = Counter(one.key for one in around.inside)
    own = {one.binds for one in around.inside} | named
    for one in kept:
        if left[one.key] > 0:
            left[one.key] -= 1
            continue
        repeats = one.key in known and _says_something(one, around)
        if repeats or _is_out_of_place(one, around) or (one.binds not in own and _binds_anew(one, around)):
            return one.words
    return ""


def _binds_anew(one: _Statement, around: _Scan) -> bool:
    """Whether a statement is another version of a definition, a long assignment or a docstring
    outside; a variable may well get another value.
    """
    if not around.declares or not one.binds:
        return False
    others = [other for other in [*around.above, *around.below] if other.is_next and other.binds == one.binds]
    if one.is_assignment:
        return any(other.has_lines and likeness(other.words, one.words) > _ALIKE for other in others)
    return one.binds in around.outer or (bool(others) and not around.overloads)


def _says_something(one: _Statement, around: _Scan) -> bool:
    """Whether a statement would not stand there twice by chance."""
    if one.kind == "import":
        return True
    return around.declares and one.kind != "call" and (one.kind != "comment" or len(one.words) > _SAYS_SOMETHING)


def _without_lines(document: Document, span: Span, new: str) -> Trimmed:
    """The same by lines, for a language without a grammar: those next to the span, or at the file's
    own ends.
    """
    pieces = (document.text[: span.start], document.text[span.start : span.end], document.text[span.end :])
    above, own, below = ([line.strip() for line in split_lines(piece) if line.strip()] for piece in pieces)
    lines = split_lines(new)
    lines = lines[_repeated_lines(lines, above, own) :]
    kept = lines[: len(lines) - _repeated_lines(lines[::-1], below[::-1], own)]
    return Trimmed("".join(kept)) if "".join(kept).strip() else Trimmed(new, new.strip())


def _repeated_lines(lines: Sequence[str], beyond: Sequence[str], own: Container[str]) -> int:
    """How many `lines` are the last or the first ones `beyond`, which say too much to stand there
    twice by chance.
    """
    filled = [i for i, line in enumerate(lines) if line.strip()]
    words = [lines[i].strip() for i in filled]
    for size in range(min(len(words), len(beyond)), 0, -1):
        if words[:size] in (beyond[-size:], beyond[:size]) and words[0] not in own and len("".join(words[:size])) > _SAYS_SOMETHING:
            return filled[size] if size < len(filled) else len(lines)
    return 0
