"""A Python document as Python's own parser reads it, with places in characters of the document."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

from seed_lsp.source.document import CharOffset, Document, indent_of
from seed_lsp.source.syntax import UNREADABLE, Span, parse_python

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
SCOPES = (*DEFINITIONS, ast.Lambda, *COMPREHENSIONS)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Placed = TypeVar("Placed", bound=ast.expr | ast.stmt)


# Since Python 3.12 f-strings are several tokens, in which others stand.
_STRINGS, _STARTS, _ENDS = (
    frozenset(getattr(tokenize, prefix + name, None) for prefix in ("", "F", "T")) - {None}
    for name in ("STRING", "STRING_START", "STRING_END")
)


@dataclass(frozen=True)
class Token:
    """A token of the document; `kind` is one of the module `token`."""

    kind: int
    text: str
    start: CharOffset
    end: CharOffset


class PythonTree:
    """The lines `first_line` to `last_line` (none: to the end) of a document, parsed.

    It raises one of `UNREADABLE` if the Python that runs this does not read them.
    """

    def __init__(self, document: Document, first_line: int = 0, last_line: int | None = None) -> None:
        self.document = document
        start, end = document.line_starts[first_line], None if last_line is None else document.line_range(last_line)[1]
        # A byte order mark is no character of the code.
        self._mark = int(document.text.startswith("\ufeff"))
        self.root = parse_python(document.text[start or self._mark : end])
        if first_line:
            ast.increment_lineno(self.root, first_line)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.root) for child in ast.iter_child_nodes(node)}

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens of the document but those that have no text of their own."""
        source = io.StringIO(self.document.text[self._mark :], newline=None)
        found = (one for one in tokenize.generate_tokens(source.readline) if one.string.strip())
        return tuple(Token(one.type, one.string, self._offset(*one.start), self._offset(*one.end)) for one in found)

    @cached_property
    def lines_in_strings(self) -> frozenset[int]:
        """The lines that begin within a string, whose white space is text."""
        found: set[int] = set()
        opened: list[int] = []
        for token in self.tokens:
            first, last = self.line(token.start), self.line(token.end)
            if token.kind in _STARTS:
                opened.append(first)
            elif token.kind in _STRINGS or (token.kind in _ENDS and opened):
                found.update(range((first if token.kind in _STRINGS else opened.pop()) + 1, last + 1))
        return frozenset(found)

    def _offset(self, line: int, column: int) -> CharOffset:
        return CharOffset(self.document.line_starts[line - 1] + (self._mark if line == 1 else 0) + column)

    def start(self, node: ast.expr | ast.stmt) -> CharOffset:
        """Where a node begins; a definition with its first decorator."""
        if decorators := getattr(node, "decorator_list", None):
            return CharOffset(self.document.text.rindex("@", 0, self.start(decorators[0]) + 1))
        return self._place(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> CharOffset:
        line, column = node.end_lineno, node.end_col_offset
        assert line is not None, "every node that was read has an end"
        assert column is not None, "and its column"
        return self._place(line, column)

    def _place(self, line: int, column: int) -> CharOffset:
        """`column` counts the bytes of UTF-8."""
        start, end = self._offset(line, 0), self.document.line_range(line - 1)[1]
        text = self.document.text[start:end]
        return CharOffset(start + (column if text.isascii() else len(text.encode()[:column].decode())))

    def line(self, offset: int) -> int:
        return self.document.line_of(CharOffset(offset))

    def text(self, node: ast.expr | ast.stmt) -> str:
        return self.document.text[self.start(node) : self.end(node)]

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that a node lies in, from the inside out."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def scope(self, node: ast.AST) -> ast.AST:
        """The innermost function, class, comprehension or module that a node lies in."""
        return next(one for one in self.around(node) if isinstance(one, (*SCOPES, ast.Module)))

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that an expression, or a statement, is part of."""
        return next(one for one in (node, *self.around(node)) if isinstance(one, ast.stmt))

    def is_elif(self, node: ast.AST) -> bool:
        """Whether a node is an ``elif``, which is an ``if`` in the tree."""
        return isinstance(node, ast.If) and self.document.text.startswith("elif", self.start(node))

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements of which `statement` is one, in order."""
        return next(block for block in blocks(self.parents[statement]) if statement in block)

    def has_comment(self, start: int, end: int) -> bool:
        return any(token.kind == tokenize.COMMENT and start <= token.start < end for token in self.tokens)

    def has_own_lines(self, first: ast.stmt, last: ast.stmt) -> bool:
        """Whether nothing stands on the lines of the statements besides them, but comments."""
        text, start, end = self.document.text, self.start(first), self.end(last)
        before = text[self.document.line_start(start) : start]
        behind = text[end : self.document.next_line(end)].strip()
        return not before.strip(" \t\f\ufeff") and (not behind or behind.startswith("#"))


@lru_cache(maxsize=4)
def read_tree(document: Document, first_line: int = 0, last_line: int | None = None) -> PythonTree | None:
    """The tree of a document or some of its lines; None where that is not Python, or not what this
    Python can read.
    """
    if document.language != "python":
        return None
    try:
        return PythonTree(document, first_line, last_line)
    except UNREADABLE:
        return None


def blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements of a compound statement or a module."""
    for field in ("body", "orelse", "finalbody"):
        # An if-expression and a lambda have a body that is no list.
        if isinstance(block := getattr(node, field, None), list):
            yield block
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body


def leaves(node: ast.AST) -> bool:
    """Whether what stands behind a statement in its block is never reached from its end."""
    if isinstance(node, ast.If):
        return bool(node.orelse) and leaves(node.body[-1]) and leaves(node.orelse[-1])
    return isinstance(node, ast.Return | ast.Raise | ast.Continue | ast.Break)


def is_text_statement(node: ast.AST) -> bool:
    """Whether a node is a statement that is a string alone, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def same_tree(one: ast.AST, other: ast.AST) -> bool:
    """Whether two trees are the same but for their places."""
    return ast.dump(one) == ast.dump(other)


def in_and_around(tree: PythonTree, span: Span, nodes: Iterable[Placed]) -> tuple[list[Placed], list[Placed]]:
    """Those of the nodes that lie in whole lines, and the others that these lines begin in, both in
    the order of the text. An empty span is a bare cursor, which stands for its line, wherever it is
    there.
    """
    at = span.start
    if span.start == span.end:
        indent = indent_of(tree.document.line_text(tree.line(at)))
        at = CharOffset(max(at, tree.document.line_start(at) + len(indent)))
    ordered = sorted(nodes, key=tree.start)
    inside = [one for one in ordered if span.holds(tree.start(one), tree.end(one))]
    around = [one for one in ordered if tree.start(one) <= at <= tree.end(one) and one not in inside]
    return inside, around


def nodes_in(tree: PythonTree, span: Span) -> Iterator[ast.AST]:
    """The statements and expressions that lie whole in `span`, each before those within it."""
    first, last = tree.document.line_of(span.start) + 1, tree.document.line_of(span.end) + 1
    stack: list[ast.AST] = [tree.root]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.expr | ast.stmt):
            if node.lineno > last or (node.end_lineno or 0) < first:
                continue
            if span.holds(tree.start(node), tree.end(node)):
                yield node
        stack += reversed(list(ast.iter_child_nodes(node)))
