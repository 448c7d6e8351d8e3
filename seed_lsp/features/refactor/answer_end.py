"""Where a model's answer ends by its syntax.

A model that has written the region goes on, often, with the rest of the file. What it writes there
is not wanted, and takes as long as what is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.api import Committed, Event
from seed_lsp.features.refactor.change import definitions
from seed_lsp.source.document import Document, indent_of
from seed_lsp.source.syntax import Span, count_errors, parse, tree_of

_DEFINITION = re.compile(
    r"(?:(?:export|default|public|private|protected|static|final|abstract|pub(?:\([^)]*\))?|async|unsafe|const)\s+)*"
    r"(?:def|class|function\s*\*?|func|fn|struct|interface|enum|trait)\s+(?:\([^)]*\)\s*)?(\w+)"
)
_BELONGS_BELOW = ("@", "#", "//", "/*", "*", "///")
"""What stands above a definition and is part of it."""


@dataclass(frozen=True)
class Bounds:
    """The definitions by which an answer's end is seen: the `own` of the region, at its outermost
    level, those that stand `outside` of it, and those `around` it.
    """

    language: str
    own: frozenset[str]
    outside: frozenset[str]
    around: frozenset[str]


@dataclass(frozen=True)
class End:
    """An answer ends at character `at`. It is `whole` if what comes before is the region."""

    at: int
    whole: bool


def bounds_of(document: Document, span: Span, instruction: str) -> Bounds:
    """What the instruction names may be written anew."""
    tree = tree_of(document)
    found = list(definitions(tree.root_node)) if tree is not None else []
    first, last = document.byte_at(span.start), document.byte_at(span.end)
    inside = [one for one in found if first <= one.node.start_byte < last]
    depth = min((len(one.path) for one in inside), default=0)
    names = {one.name for one in inside}
    free = names | set(re.findall(r"\w+", instruction))
    around = {one.name for one in found if one.node.start_byte < first and one.node.end_byte >= last} - free
    outside = {one.name for one in found} - around - free
    own = {one.name for one in inside if len(one.path) == depth}
    return Bounds(document.language, frozenset(own), frozenset(outside), frozenset(around))


def end_of(answer: str, bounds: Bounds) -> End | None:
    """Where a definition that stands outside of the region begins again, or the indentation falls
    below the answer's own; None while neither is seen.
    """
    seen: set[str] = set()
    deep: str | None = None
    at = kept = 0
    for line in answer.splitlines(keepends=True):
        if not line.endswith("\n"):
            # It is not whole yet.
            break
        indent, code = indent_of(line), line.strip()
        if code and deep is None:
            deep = indent
        if code and deep is not None and len(indent) <= len(deep):
            match = _DEFINITION.match(code)
            name = match.group(1) if match else ""
            # A model may write the class around a method above it.
            foreign = name in bounds.outside or (bool(seen) and (name in bounds.around or len(indent) < len(deep)))
            if foreign and _is_code(answer[:kept], bounds.language):
                return End(kept, bool(bounds.own) and bounds.own <= seen)
            if name:
                seen.add(name)
        at += len(line)
        if code and not (code.startswith(_BELONGS_BELOW) and deep is not None and len(indent) <= len(deep)):
            kept = at
    return None


def _is_code(text: str, language: str) -> bool:
    """Whether a text ends outside of strings and brackets."""
    tree = parse(text, language)
    return tree is None or not count_errors(tree)


class AnswerWatch:
    """Sees what is certain of an answer, and says when it has come to its end."""

    def __init__(self, bounds: Bounds) -> None:
        self.text = ""
        self.end: End | None = None
        self._bounds = bounds

    def __call__(self, event: Event) -> bool:
        """Whether nothing that comes now is of use."""
        if isinstance(event, Committed):
            self.text += event.text
            if "\n" in event.text and self.end is None:
                self.end = end_of(self.text, self._bounds)
        return self.end is not None
