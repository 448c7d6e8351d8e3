"""What the model is asked to write of a definition: a hole, or all of it.

`engine.training.edit_tasks` has the edits.
"""

from __future__ import annotations

import ast
import random
import re
import textwrap
from dataclasses import dataclass

from engine.training.definitions import Definition, bodies

PREFIX_CHARS, SUFFIX_CHARS = 1600, 500
"""The characters of a hole's context. Users' prompts are longer; here each token of context costs a
row of every pass.
"""


@dataclass(frozen=True)
class Hole:
    """`middle` is what stood between `prefix` and `suffix`."""

    prefix: str
    middle: str
    suffix: str
    how: str


def hole(definition: Definition, rng: random.Random) -> Hole:
    """Take one to five consecutive statements, the rest of a line, or any span of characters out.

    A span lies within five lines.
    """
    lines = textwrap.indent(definition.text, definition.indent).splitlines(keepends=True)
    first, last = _statements(definition, rng)
    start, end = _offset(lines, first), _offset(lines, last)
    text, line = "".join(lines), lines[first].rstrip("\n")
    how, blank = "statements", len(line) - len(line.lstrip())
    kind = rng.random()
    if kind < 0.25:
        how = "span"
        start += blank
        start, end = sorted(rng.sample(range(start, end + 1), 2)) if end - start > 1 else (start, end)
    elif kind < 0.6:
        # Some of the first line is there already, as while somebody types.
        cuts = [m.end() for m in re.finditer(r"\W(?=\w)|\w(?=\W)|[,(=:]", line) if blank <= m.end() < len(line)]
        start += rng.choice(cuts) if cuts else blank
        how = "typed"
        if rng.random() < 0.4:
            how, end = "line", _offset(lines, first + 1) - 1
    elif rng.random() < 0.7:
        # An editor's cursor stands behind the indentation.
        start += blank
    if how in {"statements", "typed"} and rng.random() < 0.5:
        # The cursor's line has its end already, as it has in an editor.
        end -= text[end - 1 : end] == "\n"
    if not text[start:end].strip():
        return hole(definition, rng)
    prefix, suffix = definition.before + text[:start], text[end:] + definition.after
    return Hole(_tail(prefix, PREFIX_CHARS), text[start:end], _head(suffix, SUFFIX_CHARS), how)


def _statements(definition: Definition, rng: random.Random) -> tuple[int, int]:
    """The lines, from the first up to the one behind the last, of some statements."""
    body = rng.choice([body for node in ast.walk(definition.tree) for body in bodies(node)])
    first = rng.randrange(len(body))
    if first == 0 and _is_docstring(body[0]) and len(body) > 1:
        first = 1
    last = min(len(body), first + rng.choice((1, 1, 2, 3, 5))) - 1
    return body[first].lineno - 1, body[last].end_lineno or body[last].lineno


def _offset(lines: list[str], index: int) -> int:
    return sum(map(len, lines[:index]))


def description(definition: Definition, rng: random.Random) -> str | None:
    """A prompt to write the function: its head with the docstring, or what the docstring says.

    None for a function without a docstring.
    """
    node = definition.tree
    if isinstance(node, ast.ClassDef) or len(definition.docstring) < 30 or len(definition.docstring) > 900 or "." in definition.name:
        return None
    lines = definition.text.splitlines(keepends=True)
    head = "".join(lines[: node.body[0].end_lineno])
    if rng.random() < 0.7:
        return f"Complete this Python function.\n\n```python\n{head}```"
    return f"Write a Python function `{node.name}({ast.unparse(node.args)})`.\n\n{definition.docstring}"


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)


def _tail(text: str, most: int) -> str:
    """The last `most` characters, from the beginning of a line on."""
    if len(text) <= most:
        return text
    cut = text.find("\n", len(text) - most)
    return text[cut + 1 :] if cut >= 0 else text[-most:]


def _head(text: str, most: int) -> str:
    return text if len(text) <= most else text[: text.rfind("\n", 0, most) + 1]
