"""Spans by syntax: which whole nodes a selection means, and whether a text parses better or worse
than before.
"""

from __future__ import annotations

import ast
import importlib
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from tree_sitter import Language, Node, Parser, Tree

from seed_lsp.source.document import ByteOffset, CharOffset, Document

# LSP language identifier: the wheel's module and the function in it that gives the grammar.
_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
}

# Nodes that hold a sequence of statements or members; a span is a run of children of one of these.
_SEQUENCES = frozenset(
    {
        "module",
        "program",
        "source_file",
        "compilation_unit",
        "translation_unit",
        "ERROR",
        "block",
        "statement_block",
        "compound_statement",
        "statement_list",
        "function_body",
        "switch_body",
        "class_body",
        "interface_body",
        "enum_body",
        "declaration_list",
        "field_declaration_list",
    }
)

_TEXTS = frozenset(
    {
        "string",
        "template_string",
        "string_literal",
        "raw_string_literal",
        "interpreted_string_literal",
        "char_literal",
        "character_literal",
        "rune_literal",
        "text_block",
        "regex",
    }
)

LANGUAGES = tuple(_GRAMMARS)
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What Python's own parser raises: for errors, null characters, and code nested too deeply."""
_MANY_COMMENTS = 500


@dataclass(frozen=True)
class Span:
    """Whole lines of a document, from character `start` to character `end`."""

    start: CharOffset
    end: CharOffset

    def holds(self, start: int, end: int) -> bool:
        """Whether the characters `start` to `end` lie in it."""
        return self.start <= start and end <= self.end


@lru_cache(maxsize=len(_GRAMMARS))
def _parser(language: str) -> Parser | None:
    if language not in _GRAMMARS:
        return None
    module, function = _GRAMMARS[language]
    return Parser(Language(getattr(importlib.import_module(module), function)()))


def parse(text: str, language: str, *, rows: bool = False) -> Tree | None:
    """The syntax tree over the UTF-8 bytes of `text`; None for a language without a grammar.

    `rows`: whether the rows of its points are asked for, too: without them comments one below the
    other may be one.
    """
    parser = _parser(language)
    if parser is None:
        return None
    source = text if rows or language != "python" else _with_joined_comments(text)
    return parser.parse(source.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1)
def tree_of(document: Document) -> Tree | None:
    """The syntax tree of a document. That of the last one is kept, since a menu's entries and the
    checks of an answer look at the same.
    """
    return parse(document.text, document.language)


def _with_joined_comments(text: str) -> str:
    """A text of the same length in which neighbouring lines of comments are one comment.

    At each comment tree-sitter-python looks through all that follow it for the next line of code,
    which takes seconds for some thousands: code that was commented out, or data.
    """
    if text.count("#") < _MANY_COMMENTS:
        return text
    lines = text.split("\n")
    comments = [line.lstrip(" \t\f").startswith("#") for line in lines]
    if sum(comments) < _MANY_COMMENTS:
        return text
    ends = [" " if one and following else "\n" for one, following in pairwise(comments)]
    return "".join(piece for pair in zip(lines, [*ends, ""], strict=True) for piece in pair)


def count_errors(tree: Tree) -> int:
    """How many nodes are errors or were made up by the parser to go on."""
    if not tree.root_node.has_error:
        return 0
    count, stack = 0, [tree.root_node]
    while stack:
        node = stack.pop()
        count += node.is_error or node.is_missing
        stack += [child for child in node.children if child.has_error or child.is_missing]
    return count


def adds_errors(old: str, new: str, language: str) -> bool:
    """Whether `new` has syntax errors that `old` has not; False for a language without a grammar.

    Python is asked itself as well, where it reads the old text: the grammar has no error for lines
    that are indented wrongly, nor for a body that is missing.
    """
    before, after = (parse(text, language) for text in (old, new))
    if before is None or after is None:
        return False
    if count_errors(after) > count_errors(before):
        return True
    return language == "python" and _is_python(old) and not _is_python(new)


def parse_python(text: str) -> ast.Module:
    """The tree of a text as the Python that runs this reads it, without what its parser warns of.

    It raises one of `UNREADABLE`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _is_python(text: str) -> bool:
    """Whether the Python that runs this can read a text."""
    try:
        parse_python(text)
    except UNREADABLE:
        return False
    return True


def is_text(node: Node) -> bool:
    """Whether a node is a comment or a string, whose words and white space are not syntax."""
    return node.type in _TEXTS or "comment" in node.type


def text_nodes(node: Node, start: int = 0, stop: int | None = None) -> list[Node]:
    """The comments and strings below `node` that touch the bytes `start` to `stop`, in order; of
    those within others the outermost.
    """
    found, stack = [], [node]
    while stack:
        node = stack.pop()
        if is_text(node):
            found.append(node)
        else:
            stack += [child for child in reversed(node.children) if child.end_byte >= start and (stop is None or child.start_byte <= stop)]
    return found


def text_of(node: Node) -> str:
    """The source of a node."""
    return node.text.decode("utf-8", "surrogatepass") if node.text else ""


def is_docstring(node: Node) -> bool:
    """Whether a string is a statement of its own, which is indented as code is."""
    return node.parent is not None and node.parent.type == "expression_statement" and node.parent.named_child_count == 1


def is_docstring_statement(node: Node) -> bool:
    """Whether a statement is a string alone."""
    children = node.named_children
    return len(children) == 1 and is_text(children[0]) and is_docstring(children[0])


def field_text(node: Node, name: str) -> str:
    """The source of a field of a node; empty where there is none."""
    found = node.child_by_field_name(name)
    return text_of(found) if found is not None else ""


def line_start(source: bytes, byte: int) -> int:
    """Where the line of a byte starts."""
    return max(source.rfind(b"\n", 0, byte), source.rfind(b"\r", 0, byte)) + 1


def line_end(source: bytes, byte: int) -> int:
    """Where the line of a byte ends, before its line break."""
    ends = [end for end in (source.find(b"\n", byte), source.find(b"\r", byte)) if end >= 0]
    return min(ends, default=len(source))


def next_line(source: bytes, byte: int) -> int:
    """Where the line after that of a byte starts; the end of the file if there is none."""
    end = line_end(source, byte)
    return end + (2 if source[end : end + 2] == b"\r\n" else 1) if end < len(source) else end


def identifiers(text: str, language: str, start: int = 0, stop: int | None = None) -> frozenset[str]:
    """The names between the characters `start` and `stop` of a text; the words there for a language
    without a grammar.
    """
    tree = parse(text, language)
    if tree is None:
        return frozenset(re.findall(r"\w+", text[start:stop]))
    first = len(text[:start].encode("utf-8", "surrogatepass"))
    last = first + len(text[start:stop].encode("utf-8", "surrogatepass"))
    names, stack = set(), [tree.root_node]
    while stack:
        node = stack.pop()
        if not node.children and node.type.endswith("identifier") and node.text and first <= node.start_byte < last:
            names.add(text_of(node))
        stack += [child for child in node.children if child.end_byte > first and child.start_byte < last]
    return frozenset(names)


def statements(node: Node, start: int = 0, stop: int | None = None) -> list[Node]:
    """The statements and members below `node` that touch the bytes `start` to `stop`, each with
    those within it, in order.
    """
    found, stack = [], [node]
    while stack:
        node = stack.pop()
        inside = [child for child in node.children if child.end_byte >= start and (stop is None or child.start_byte <= stop)]
        if node.type in _SEQUENCES:
            found += [child for child in inside if child.is_named and not is_text(child)]
        stack += reversed(inside)
    return sorted(found, key=lambda one: one.start_byte)


def is_sequence(node: Node) -> bool:
    """Whether a node holds statements or members one after the other."""
    return node.type in _SEQUENCES


def sequence_around(tree: Tree, start: int, stop: int) -> Node | None:
    """The innermost sequence of statements that holds the bytes `start` to `stop`."""
    node: Node | None = tree.root_node.descendant_for_byte_range(start, stop - 1)
    while node is not None and (node.type not in _SEQUENCES or node.start_byte > start or node.end_byte < stop):
        node = node.parent
    return node


def snap(document: Document, start: CharOffset, end: CharOffset) -> Span:
    """The selection grown outward to whole lines, and there to whole statements or definitions.

    A selection within a statement means that statement; one that spans several means all that it
    touches. Without a grammar, whole lines. A selection of white space alone gives the empty span
    at its start.
    """
    first, last = _trim(document.text, start, end)
    if first == last:
        return Span(start, start)
    tree = tree_of(document)
    if tree is not None:
        first, last = _snap_to_nodes(document, tree, first, last)
    return Span(document.line_start(first), document.next_line(last - 1))


def _snap_to_nodes(document: Document, tree: Tree, first: int, last: int) -> tuple[int, int]:
    start, end = document.byte_at(CharOffset(first)), document.byte_at(CharOffset(last))
    node = sequence_around(tree, start, end)
    if node is None:
        return first, last
    touched = [child for child in node.children if child.end_byte > start and child.start_byte < end and child.is_named]
    if not touched:
        return first, last
    lowest, highest = min(start, touched[0].start_byte), max(end, touched[-1].end_byte)
    return document.char_at(ByteOffset(lowest)), document.char_at(ByteOffset(highest))


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The selection without the white space at its two ends; empty, at its start, if there is
    nothing else.
    """
    selected = text[start:end]
    if not selected.strip():
        return start, start
    return start + len(selected) - len(selected.lstrip()), end - (len(selected) - len(selected.rstrip()))
