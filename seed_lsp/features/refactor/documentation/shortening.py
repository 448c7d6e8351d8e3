"""A docstring of several lines as its first sentence, where that fits on a line."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from inspect import cleandoc

from seed_lsp.errors import NoChangeError, SelectionError
from seed_lsp.features.refactor.documentation.style import columns, columns_of
from seed_lsp.features.refactor.documentation.words import first_sentence
from seed_lsp.features.refactor.python_file import tree_of
from seed_lsp.source.document import Document, with_line_feeds
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_tree import DEFINITIONS, PythonTree, in_and_around
from seed_lsp.source.syntax import UNREADABLE, Span, parse_python

NARROW, WIDE = 100, 120
"""Columns that a line may have at least and at most, however long the file's lines are: a user who
asks for one line is better off with a long one than with other words."""
_LITERAL = re.compile(r"(?P<open>[A-Za-z]*(?P<quote>\"\"\"|'''|\"|'))(?P<body>.*)(?P=quote)", re.DOTALL)
_NO_SENTENCE = re.compile(
    r"[@:]\w|>>>|\.\. |[-=*#+]|(?:Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?|Notes?|Attributes)\b:?\s*$"
)


@dataclass(frozen=True)
class Docstring:
    """A docstring by its characters; `only` says that its definition has no other code."""

    owner: str
    span: Span
    only: bool


def docstrings_in(document: Document, asked: Span) -> list[Docstring]:
    """Those of the definitions that lie in a span, or else of the innermost one around it, in
    order; of those within others after these.
    """
    tree = tree_of(document)
    inside, around = in_and_around(tree, asked, (one for one in ast.walk(tree.root) if isinstance(one, DEFINITIONS)))
    return [found for one in (inside or around[-1:]) if (found := _docstring_of(tree, one)) is not None]


def _docstring_of(tree: PythonTree, owner: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Docstring | None:
    match owner.body[0]:
        case ast.Expr(value=ast.Constant(value=str()) as node):
            return Docstring(owner.name, Span(tree.start(node), tree.end(node)), only=len(owner.body) == 1)
        case _:
            return None


def _has_several_lines(document: Document, one: Docstring) -> bool:
    return document.line_of(one.span.start) != document.line_of(one.span.end)


def one_lines(document: Document, asked: Span, *, several: bool) -> list[tuple[Docstring, str | None]]:
    """The docstrings that are to become one line, the first one or all, and each as one line: its
    first sentence; None if that is no sentence, or too long. `NoChangeError` if none has several
    lines.
    """
    found = docstrings_in(document, asked)
    wanted = [one for one in (found if several else found[:1]) if _has_several_lines(document, one)]
    if not wanted:
        raise NoChangeError("the docstring has one line already" if found else "there is no docstring here")
    width = max(NARROW, min(WIDE, columns_of(document.text)))
    return [(one, _one_line(document, one, width)) for one in wanted]


def _one_line(document: Document, one: Docstring, width: int) -> str | None:
    source = with_line_feeds(document.text[one.span.start : one.span.end])
    literal = _LITERAL.fullmatch(source)
    if literal is None or literal["quote"] in literal["body"]:
        raise SelectionError(f"the docstring of {one.owner} is put together of several strings; make it one first")
    text = " ".join(cleandoc(literal["body"].removeprefix("\\\n")).strip().split("\n\n", maxsplit=1)[0].split())
    sentence = first_sentence(text)
    if not sentence or _NO_SENTENCE.match(sentence) or sentence.endswith((":", "\\", ",")):
        return None
    made = _written(literal, sentence)
    start = document.line_start(one.span.start)
    return made if made is not None and columns(document.text[start : one.span.start] + made) <= width else None


def _written(literal: re.Match[str], sentence: str) -> str | None:
    """The sentence as a literal like the one that it is from; None where it would be another."""
    quote = literal["quote"]
    if sentence.endswith(quote[0]):
        sentence += "."
    made = f"{literal['open']}{sentence}{quote}"
    try:
        [read] = parse_python(made).body
    except (*UNREADABLE, ValueError):
        return None
    return made if isinstance(read, ast.Expr) and isinstance(read.value, ast.Constant) else None


def without(document: Document, one: Docstring) -> Edit:
    """The edit that takes a docstring away, with its lines if nothing else stands there."""
    text, span = document.text, one.span
    start, end = document.line_start(span.start), document.next_line(span.end - 1)
    is_alone = not text[start : span.start].strip() and not text[span.end : end].strip()
    return Edit(start, end, "") if is_alone and not one.only else Edit(span.start, span.end, "pass")
