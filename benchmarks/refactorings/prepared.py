"""Functions as they are before an action that puts back what was taken out of them."""

from __future__ import annotations

import ast
import re

from benchmarks.refactorings.functions import Definition, docstring_of, find
from seed_lsp.source.patch import Edit, apply_edits


class Places:
    """Turns the lines and columns of `ast`, which count bytes, into offsets of characters."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def start(self, node: ast.AST) -> int:
        return self._at(getattr(node, "lineno", 0), getattr(node, "col_offset", 0))

    def end(self, node: ast.AST) -> int:
        return self._at(getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))

    def line(self, number: int) -> int:
        """Where a line begins, counted from 1; one behind the last is the text's end."""
        return min(self._starts[number - 1], self._starts[-1] - 1)

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def parameters(node: Definition) -> list[ast.arg]:
    """All parameters, in order, those of `*` and `**` among them."""
    listed = node.args
    one = [listed.vararg] if listed.vararg else []
    other = [listed.kwarg] if listed.kwarg else []
    return [*listed.posonlyargs, *listed.args, *one, *listed.kwonlyargs, *other]


def with_defaults(node: Definition) -> set[str]:
    """The names of the parameters that have a default."""
    listed = node.args
    positional = [*listed.posonlyargs, *listed.args]
    named = positional[len(positional) - len(listed.defaults) :] if listed.defaults else []
    keyword = [one for one, default in zip(listed.kwonlyargs, listed.kw_defaults, strict=True) if default is not None]
    return {one.arg for one in [*named, *keyword]}


def without_annotations(text: str, name: str) -> str:
    """The text with no annotation at the parameters and the return of a function."""
    node = find(ast.parse(text), name)
    assert node is not None, "the functions were chosen so that they are found"
    at, edits, given = Places(text), [], with_defaults(node)
    for one in parameters(node):
        if one.annotation is None:
            continue
        start, end = at.start(one) + len(one.arg), at.end(one.annotation)
        spaced = re.match(r" = ", text[end:])
        edits.append(Edit(start, end + len(spaced[0]) if spaced else end, "=" if spaced and one.arg in given else ""))
    if node.returns is not None:
        arrow = text.rindex("->", 0, at.start(node.returns))
        edits.append(Edit(len(text[:arrow].rstrip()), at.end(node.returns), ""))
    return apply_edits(text, sorted(edits, key=lambda edit: edit.start))


def without_docstring(text: str, name: str) -> str:
    """The text without the lines of a function's docstring, if it has one."""
    node = find(ast.parse(text), name)
    assert node is not None, "the functions were chosen so that they are found"
    docstring = docstring_of(node)
    if docstring is None or len(node.body) == 1:
        return text
    at = Places(text)
    return text[: at.line(docstring.lineno)] + text[at.line((docstring.end_lineno or 0) + 1) :]
