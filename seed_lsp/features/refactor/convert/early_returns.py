"""Code without an `else` behind a branch that never goes on, and with conditions that end early.

Neither is a conversion of the menu, where a rule of ruff takes out some of these; the user asks for
them in words.
"""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from seed_lsp.errors import NoChangeError, SelectionError
from seed_lsp.features.refactor.action import Proposal, Selection
from seed_lsp.features.refactor.convert.indentation import Lines, lines_of
from seed_lsp.features.refactor.python_file import tree_of
from seed_lsp.source.document import CharOffset, Document, indent_of
from seed_lsp.source.patch import minimal_edits
from seed_lsp.source.python_tree import FUNCTIONS, PythonTree, leaves, read_tree
from seed_lsp.source.syntax import Span, snap

MOST_CHANGES = 200
_SHORT = 3
"""Lines of a branch that may come first, however short the other one is."""
_NOTHING: Mapping[str, str] = {
    "else": "no else here follows a branch that ends by return, raise, continue or break",
    "early": "no if here has an else and a branch that ends by return, raise, continue or break",
    "guards": "no condition here holds the rest of a function or a loop, and no branch beside an else ends early",
}
_ELSE = re.compile(r"else[ \t]*:[ \t]*")
_OPPOSITE = {ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is", ast.Eq: "!=", ast.NotEq: "=="}
_OF_NUMBERS = {**_OPPOSITE, ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<"}
"""Other values may be in no order at all, such as sets."""
_TIGHT = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Compare, ast.Constant, ast.Await)


How = Literal["else", "early", "guards"]


def ending_early(selection: Selection, how: How) -> Proposal:
    """Take out each `else` behind a branch that returns, raises, breaks or continues.

    For `early`, a branch that ends so also comes first where it is the `else`; and for `guards`,
    conditions are turned around that hold the rest of a function or a loop.
    """
    document = selection.document
    tree = tree_of(document)
    span = snap(document, selection.start, selection.end)
    # The rest of the file need not be read with each change.
    start, end = _statements_around(tree, span)
    part = replace(document, text=document.text[start:end])
    inside = Span(CharOffset(span.start - start), CharOffset(span.end - start))
    new = _without_detours(part, inside, how)
    if new == part.text[inside.start : inside.end]:
        raise NoChangeError(_NOTHING[how])
    return Proposal(tuple(minimal_edits(document.text[span.start : span.end], new, offset=span.start)), span)


def _statements_around(tree: PythonTree, span: Span) -> tuple[int, int]:
    """The lines of the module's statements that a span touches, and what stands below the last."""
    touched = [one for one in tree.root.body if tree.start(one) < span.end and span.start < tree.end(one)]
    if not touched:
        return 0, len(tree.document.text)
    following = tree.root.body[tree.root.body.index(touched[-1]) + 1 :]
    first, last = (tree.document.line_range(tree.line(tree.start(one)))[0] for one in (touched[0], *(following[:1] or touched[:1])))
    return min(first, span.start), last if following and last >= span.end else len(tree.document.text)


def _without_detours(document: Document, span: Span, how: How) -> str:
    """What a span becomes, one change after the other."""
    behind, tree = len(document.text) - span.end, read_tree(document)
    for _ in range(MOST_CHANGES):
        if tree is None:
            raise SelectionError("the branches here are written in a way that cannot be taken apart")
        changed = _changed(tree, Span(span.start, CharOffset(len(tree.document.text) - behind)), how)
        if changed is None:
            break
        document = replace(document, text=changed)
        tree = read_tree(document)
    return document.text[span.start : len(document.text) - behind]


def _changed(tree: PythonTree, span: Span, how: How) -> str | None:
    """The text with one `if` more that ends early; None if there is none left."""
    found = [one for one in ast.walk(tree.root) if isinstance(one, ast.If) and span.holds(tree.start(one), tree.end(one))]
    found.sort(key=tree.start)
    for one in found:
        if one.orelse and leaves(one.body[-1]) and not tree.is_elif(one) and (text := _without_else(tree, one, span)) is not None:
            return text
    for one in found if how != "else" else ():
        if (text := _else_first(tree, one, span)) is not None:
            return text
    for one in found if how == "guards" else ():
        if (text := _guarded(tree, one, span)) is not None:
            return text
    return None


def _without_else(tree: PythonTree, one: ast.If, span: Span) -> str | None:
    """The text with what the `else` holds behind the `if`; None if other code is on its lines."""
    text, first = tree.document.text, one.orelse[0]
    if tree.is_elif(first):
        at = tree.start(first)
        return f"{text[:at]}{text[at:].removeprefix('el')}"
    lines = lines_of(tree)
    keyword = _else_of(tree, one)
    if keyword is None:
        return None
    indent, row = indent_of(lines.text(one.lineno - 1)), tree.document.line_of(keyword)
    last = _last_row(tree, lines, one, span)
    behind = _ELSE.sub("", lines.text(row)[len(indent_of(lines.text(row))) :], count=1)
    if first.lineno - 1 == row:
        # The statement stands on the line of the `else`.
        lines.put(row, indent + behind)
        return lines.joined()
    lines.put(row, indent + behind if behind.strip() else None)
    lines.indent(range(row + 1, last), indent_of(lines.text(first.lineno - 1)), indent)
    return lines.joined()


def _last_row(tree: PythonTree, lines: Lines, one: ast.If, span: Span) -> int:
    """The first row behind an `if` and the comments of its last branch, as far as `span` goes."""
    return min(lines.with_comments(one.end_lineno or 0, one.col_offset), tree.document.line_of(CharOffset(span.end - 1)) + 1)


def _else_of(tree: PythonTree, one: ast.If) -> CharOffset | None:
    """Where the keyword of an `else` stands that begins its line."""
    start, end = tree.end(one.body[-1]), tree.start(one.orelse[0])
    keywords = [token.start for token in tree.tokens if start <= token.start < end and token.kind == tokenize.NAME and token.text == "else"]
    if not keywords:
        return None
    # A decorator may have another one.
    line = tree.document.line_start(keywords[0])
    return keywords[0] if not tree.document.text[line : keywords[0]].strip(" \t\f") else None


def _guarded(tree: PythonTree, one: ast.If, span: Span) -> str | None:
    """The text with an `if` turned around that holds all that follows in a function or a loop."""
    parent, block = tree.parents[one], tree.block(one)
    body = getattr(parent, "body", None)
    if one.orelse or block is not body or block[-1] is not one or not _is_long(one) or tree.is_elif(one):
        return None
    word = "return" if isinstance(parent, FUNCTIONS) else "continue" if isinstance(parent, ast.For | ast.AsyncFor | ast.While) else ""
    if not word:
        return None
    lines = lines_of(tree)
    if (header := _turned_around(tree, one)) is None:
        return None
    indent, unit = _indents(tree, one)
    lines.indent(range(one.lineno, _last_row(tree, lines, one, span)), indent + unit, indent)
    lines.put(one.lineno - 1, header, f"{indent}{unit}{word}", "")
    return lines.joined()


def _else_first(tree: PythonTree, one: ast.If, span: Span) -> str | None:
    """The text with an `else` that ends early in front of the other branch, which follows then."""
    if not one.orelse or not leaves(one.orelse[-1]) or leaves(one.body[-1]) or tree.is_elif(one):
        return None
    lines, keyword = lines_of(tree), _else_of(tree, one)
    if keyword is None or (header := _turned_around(tree, one)) is None:
        return None
    row, last = tree.line(keyword), _last_row(tree, lines, one, span)
    body, other = range(one.lineno, row), range(row + 1, last)
    if (
        len(other) > max(len(body), _SHORT)
        or one.orelse[0].lineno - 1 == row
        or (last == lines.count and not tree.document.text.endswith(("\n", "\r")))
    ):
        return None
    indent, unit = _indents(tree, one)
    lines.put(one.lineno - 1, header)
    behind = _ELSE.sub("", lines.text(row).strip(), count=1)
    lines.put(row, indent + unit + behind if behind else None)
    lines.indent(body, indent + unit, indent)
    lines.put(last - 1, lines.text(last - 1), "")
    return lines.joined([*range(one.lineno), row, *other, *body, *range(last, lines.count)])


def _indents(tree: PythonTree, one: ast.If) -> tuple[str, str]:
    """The indentation of an `if`, and by how much its branches are further in."""
    indent = indent_of(tree.document.line_text(one.lineno - 1))
    return indent, indent_of(tree.document.line_text(one.body[0].lineno - 1)).removeprefix(indent)


def _turned_around(tree: PythonTree, one: ast.If) -> str | None:
    """The line of an `if` with the opposite condition; None if it is not all on one line."""
    start, end, document = tree.start(one.test), tree.end(one.test), tree.document
    header, _ = document.line_range(one.lineno - 1)
    colon = next((token.end for token in tree.tokens if token.start >= end and token.text == ":"), None)
    is_one_line = colon is not None and document.line_of(colon) == one.lineno - 1 and one.body[0].lineno > one.lineno
    if colon is None or not is_one_line or document.text[header : tree.start(one)].strip(" \t\f"):
        return None
    indent, rest = indent_of(document.line_text(one.lineno - 1)), document.line_text(one.lineno - 1)[colon - header :]
    return f"{indent}if {negated(tree, one.test, document.text[start:end])}:{rest}"


def _is_long(one: ast.If) -> bool:
    """Whether a condition holds more than a statement, and goes on behind it, so that turning it
    around is worth it.
    """
    if leaves(one.body[-1]):
        return False
    return len(one.body) > 1 or any(isinstance(inner, ast.stmt) for inner in ast.iter_child_nodes(one.body[0]))


def negated(tree: PythonTree, test: ast.expr, source: str) -> str:
    """The opposite of a condition that is written as `source`."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner) if isinstance(inner, _TIGHT):
            return tree.text(inner)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in (_OF_NUMBERS if _is_size(left) else _OPPOSITE):
            start, end = tree.end(left) - tree.start(test), tree.start(right) - tree.start(test)
            opened, closed = source[start:end].count(")"), source[start:end].count("(")
            return f"{source[:start]}{')' * opened} {_OF_NUMBERS[type(op)]} {'(' * closed}{source[end:]}"
        case _:
            return f"not {source}" if isinstance(test, _TIGHT) else f"not ({source})"


def _is_size(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"
