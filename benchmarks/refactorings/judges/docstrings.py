"""Whether a docstring was put into a function, and nothing else."""

from __future__ import annotations

import re

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.judges.same import Target, change_around, docstring_text, dump
from benchmarks.refactorings.prepared import parameters

_SPHINX = re.compile(r"^\s*:param\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:", re.MULTILINE)
_HEADING = re.compile(r"^(\s*)(?:Args|Arguments|Parameters|Params|Keyword Args)\s*:?\s*$")
_GOOGLE = re.compile(r"^(\s*)\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:")
_NUMPY = re.compile(r"^(\s*)((?:\*{0,2}\w+)(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")


def problem(old: Target, new: Target) -> str:
    """Why this is no docstring for the function, in words; empty where it is one."""
    if dump(old.node, docstring=False) != dump(new.node, docstring=False):
        return "more than the docstring changed"
    text = docstring_text(new.node)
    if not text.strip():
        return "there is no docstring"
    if unknown := sorted(named_parameters(text) - names_of(new.node)):
        return f"the docstring tells of {unknown[0]}, which is no parameter"
    return change_around(old, new)


def names_of(node: Definition) -> set[str]:
    return {one.arg for one in parameters(node)}


def named_parameters(docstring: str) -> set[str]:
    """The parameters that a docstring describes, in the style of Sphinx, Google or NumPy."""
    found = set(_SPHINX.findall(docstring))
    lines = docstring.split("\n")
    for i, line in enumerate(lines):
        heading = _HEADING.match(line)
        if heading is None:
            continue
        underlined = i + 1 < len(lines) and bool(re.fullmatch(r"\s*-{3,}\s*", lines[i + 1]))
        found |= _described(lines[i + 2 :] if underlined else lines[i + 1 :], len(heading[1]), underlined=underlined)
    return found


def _described(lines: list[str], depth: int, *, underlined: bool) -> set[str]:
    """Names at the first depth of a section, which ends with an empty line in Google's style, and
    before the next underlined heading in NumPy's.
    """
    found: set[str] = set()
    first: int | None = None
    for i, line in enumerate(lines):
        if not line.strip():
            if underlined or not found:
                continue
            break
        if underlined and i + 1 < len(lines) and re.fullmatch(r"\s*-{3,}\s*", lines[i + 1]):
            break
        indent = len(line) - len(line.lstrip())
        if not underlined and indent <= depth:
            break
        first = indent if first is None else first
        entry = (_NUMPY if underlined else _GOOGLE).match(line)
        if entry is not None and indent == first:
            found |= {name.strip(" *") for name in entry[2].split(",")}
    return found
