"""A Python document as Python's own parser reads it, with places in characters of the document."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.syntax import UNREADABLE, Span, parse_python

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (*FUNCTIONS, *COMPREHENSIONS, ast.Lambda, ast.ClassDef, ast.Module)


@dataclass(frozen=True)
class Token:
    """A token of the document; `kind` is one of the module `token`."""

    kind: int
    text: str
    start: CharOffset
    end: CharOffset


@dataclass(frozen=True, eq=False)
class PythonTree:
    """The syntax tree of a whole document."""

    document: Document
    root: ast.Module

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.root) for child in ast.iter_child_nodes(node)}

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens but those that have no text of their own."""
        found = tokenize.generate_tokens(io.StringIO(self.document.text, newline=None).readline)
        return tuple(Token(one.type, one.string, self._offset(one.start), self._offset(one.end)) for one in found if one.string.strip())

    def _offset(self, place: tuple[int, int]) -> CharOffset:
        line, column = place
        return CharOffset(self.document.line_starts[line - 1] + column)

    def start(self, node: ast.expr | ast.stmt) -> CharOffset:
        return self._place(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> CharOffset:
        line, column = node.end_lineno, node.end_col_offset
        assert line is not None, "every node that was read has an end"
        assert column is not None, "and its column"
        return self._place(line, column)

    def _place(self, line: int, column: int) -> CharOffset:
        """`column` counts the bytes of UTF-8."""
        start, end = self.document.line_range(line - 1)
        text = self.document.text[start:end]
        if not text.isascii():
            column = len(text.encode()[:column].decode())
        return CharOffset(start + column)

    def text(self, node: ast.expr | ast.stmt) -> str:
        return self.document.text[self.start(node) : self.end(node)]

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that a node lies in, from the inside out."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def scope(self, node: ast.AST) -> ast.AST:
        """The innermost function, class, comprehension or module that a node lies in."""
        return next(one for one in self.around(node) if isinstance(one, _SCOPES))

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements of which `statement` is one, in order."""
        fields = ast.iter_fields(self.parents[statement])
        return next(value for _, value in fields if isinstance(value, list) and any(one is statement for one in value))

    def has_comment(self, start: int, end: int) -> bool:
        return any(token.kind == tokenize.COMMENT and start <= token.start < end for token in self.tokens)

    def has_own_lines(self, first: ast.stmt, last: ast.stmt) -> bool:
        """Whether nothing but white space stands on the lines of the statements besides them."""
        text, start, end = self.document.text, self.start(first), self.end(last)
        before = text[self.document.line_range(self.document.line_of(start))[0] : start]
        behind = text[end : self.document.line_range(self.document.line_of(end))[1]]
        return not before.strip(" \t\f") and not behind.strip()


@lru_cache(maxsize=4)
def read_tree(document: Document) -> PythonTree | None:
    """The tree of a document; None where it is not Python, or not what this Python can read."""
    if document.language != "python":
        return None
    try:
        return PythonTree(document, parse_python(document.text))
    except UNREADABLE:
        return None


def same_tree(one: ast.AST, other: ast.AST) -> bool:
    """Whether two trees are the same but for their places."""
    return ast.dump(one) == ast.dump(other)


def names(node: ast.AST) -> Iterator[str]:
    """Each name that code binds, reads or declares, as often as it stands there, but for
    attributes.
    """
    return (name for one in ast.walk(node) for name in own_names(one))


def own_names(node: ast.AST) -> Iterator[str]:
    """Those that stand in a node itself, and not in one below it."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]
        case ast.Global(names=several) | ast.Nonlocal(names=several):
            yield from several
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            yield name
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case _:
            pass


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
