"""Functions and classes of source files, whole and flush left: what prompts are made from."""

from __future__ import annotations

import ast
import hashlib
import io
import textwrap
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from engine.training.packages import SourceFile

MIN_LINES, MAX_LINES = 4, 45


@dataclass(frozen=True)
class Definition:
    """A function or a small class.

    `text` is flush left and ends with a line break; `indent` was taken off its lines. `before` and
    `after` are the file around it. `name` is qualified within the file, `origin` says which
    definition of which package it is.
    """

    name: str
    origin: str
    text: str
    indent: str
    before: str
    after: str
    docstring: str

    @property
    def tree(self) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef:
        node = ast.parse(self.text).body[0]
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        return node


def definitions(file: SourceFile) -> Iterator[Definition]:
    """Those of `MIN_LINES` to `MAX_LINES` lines; nothing of a file that does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(file.text)
    except (SyntaxError, ValueError, RecursionError):
        return
    lines = file.text.splitlines(keepends=True)
    # A form feed or a lone carriage return ends a line for `splitlines` and not for the parser.
    if len(lines) != len(file.text.split("\n")) - file.text.endswith("\n"):
        return
    for node, path in _walk(tree, ()):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
        last = node.end_lineno or node.lineno
        if not MIN_LINES <= last - first <= MAX_LINES:
            continue
        block = "".join(lines[first:last])
        text = textwrap.dedent(block).rstrip("\n") + "\n"
        indent = block[: len(block) - len(block.lstrip())]
        if not parses(text):
            continue
        name = ".".join((*path, node.name))
        origin = f"{file.package}=={file.version}:{file.path}:{name}"
        docstring = ast.get_docstring(node) or ""
        yield Definition(name, origin, text, indent, "".join(lines[:first]), "".join(lines[last:]), docstring)


def _walk(node: ast.AST, path: tuple[str, ...]) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, tuple[str, ...]]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child, path
            if isinstance(child, ast.ClassDef):
                yield from _walk(child, (*path, child.name))
        elif isinstance(child, ast.If | ast.Try):
            yield from _walk(child, path)


def parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def fingerprint(text: str) -> str:
    """Equal for texts that differ in white space, comments and string contents alone."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    try:
        tokens = [
            '""' if token.type == tokenize.STRING else token.string
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type not in skipped
        ]
    except (tokenize.TokenError, IndentationError, SyntaxError):
        tokens = text.split()
    return hashlib.sha256(" ".join(tokens).encode()).hexdigest()


def bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements that stand directly in `node`."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            yield body
