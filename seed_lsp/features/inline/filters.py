"""What of a model's text is worth showing.

The filters are pure functions from text to text, each with cases in ``tests/features/inline``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from seed_lsp.features.inline.indentation import columns
from seed_lsp.features.inline.plan import Plan

MIN_CHARS = 3
AROUND_CHARS = 4000
"""Of the text on each side of the cursor, as far as open brackets are looked for."""

_PAIRS = {")": "(", "]": "[", "}": "{"}
_NO_BRACKETS = re.compile(
    r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|`(?:\\.|[^`\\])*`|#[^\n]*|//[^\n]*|/\*[\s\S]*?\*/'
)
"""Strings and comments of the languages that we have grammars for."""
_LOOP = re.compile(r"(\S.{1,38}?\S?)\1{3,}|(\S[^\S\n]*)\2{15,}")
"""Something of up to 40 characters four times running, or a single one sixteen times."""


def end_of(plan: Plan, text: str) -> int | None:
    """The offset in `text` at which the completion is over by its syntax; None while it may go on.

    The text may still be growing.
    """
    if plan.extent == "line":
        return _end_of_statement(text)
    lines = text.split("\n")
    following, at = plan.following(), len(lines[0]) + 1
    deeper = columns(plan.indent) + (1 if plan.left.strip() else 0)
    # A header's own line may be all that is left of it; its block is deeper.
    for i, line in enumerate(lines[1:], start=1):
        whole = i < len(lines) - 1
        if line.strip():
            indent = columns(line)
            if indent < deeper or (whole and line.strip() == following):
                return at - 1
        elif whole and text[:at].strip():
            # An empty line ends a paragraph.
            return at - 1
        at += len(line) + 1
    return None


def _end_of_statement(text: str) -> int | None:
    """The first line break outside of the brackets that the text itself opened."""
    depth, at = 0, 0
    for line in text.split("\n")[:-1]:
        code = _NO_BRACKETS.sub("", line)
        depth += sum(code.count(c) for c in "([{") - sum(code.count(c) for c in ")]}")
        at += len(line) + 1
        if depth <= 0 and text[: at - 1].strip():
            return at - 1
    return None


def without_loops(_plan: Plan, text: str) -> str:
    """The text up to where the model repeats itself.

    It does so with the same piece four times in a row, and with lines that have just been there.
    """
    loop = _LOOP.search(text)
    if loop and not set(loop.group(0)) <= set("-=#*~_ ") and not loop.group(0).strip().isdigit():
        text = text[: text.rfind("\n", 0, loop.start()) + 1]
    kept: list[str] = []
    for line in text.split("\n"):
        if line.strip() and len(line.strip()) > MIN_CHARS and kept[-1:] == [line] and kept[-2:-1] == [line]:
            return "\n".join(kept[:-2])
        kept.append(line)
    return text


def without_line_above(plan: Plan, text: str) -> str:
    """Nothing where the completed line would be the line above once more."""
    above = plan.preceding()
    first = (plan.left + text.split("\n", maxsplit=1)[0]).strip()
    return "" if above is not None and len(first) > MIN_CHARS and first == above.strip() and not plan.within_text else text


def without_suffix(plan: Plan, text: str) -> str:
    """The text without an end that already stands behind the cursor.

    That is the rest of the cursor's line, or the next line with text.
    """
    rest = plan.rest_of_line.strip()
    if rest:
        bare = text.rstrip()
        for size in range(min(len(rest), len(bare)), 0, -1):
            # A bracket that the text itself opened belongs to the text.
            if bare.endswith(rest[:size]) and _surplus(bare[: len(bare) - size]) <= 0:
                return bare[: len(bare) - size]
        return text
    following = plan.following()
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if following is not None and (i > 0 or not plan.left.strip()) and line.strip() == following and len(following) > 1:
            return "\n".join(lines[:i])
    return text


def balanced(plan: Plan, text: str) -> str:
    """The text without brackets that close nothing, neither in the text nor before the cursor.

    A line that would close more than that is cut before the bracket.
    """
    text_before, text_behind = (_NO_BRACKETS.sub(" ", part) for part in _around(plan))
    # A bracket that is open before the cursor and closed behind it is taken. The text may close
    # only the others.
    unclosed = _open_before(text_before)
    for bracket in _closers(text_behind):
        if unclosed and unclosed[-1] == _PAIRS[bracket]:
            unclosed.pop()
        else:
            break
    stack = list(unclosed)
    covered = [(m.start(), m.end()) for m in _NO_BRACKETS.finditer(text)]
    for at, char in enumerate(text):
        if any(start <= at < end for start, end in covered):
            continue
        if char in _PAIRS.values():
            stack.append(char)
        elif char in _PAIRS:
            if not stack or stack[-1] != _PAIRS[char]:
                return text[:at].rstrip() if plan.extent == "line" else text[: text.rfind("\n", 0, at) + 1].rstrip("\n")
            stack.pop()
    return text


def _around(plan: Plan) -> tuple[str, str]:
    text = plan.document.text
    return text[max(0, plan.cursor - AROUND_CHARS) : plan.cursor], text[plan.cursor : plan.cursor + AROUND_CHARS]


def _open_before(text: str) -> list[str]:
    """Brackets of `text` that are not closed in it, outermost first."""
    stack: list[str] = []
    for char in text:
        if char in _PAIRS.values():
            stack.append(char)
        elif char in _PAIRS and stack and stack[-1] == _PAIRS[char]:
            stack.pop()
    return stack


def _closers(text: str) -> list[str]:
    """Brackets of `text` that close one before it, in their order."""
    stack: list[str] = []
    found = []
    for char in text:
        if char in _PAIRS.values():
            stack.append(char)
        elif char in _PAIRS:
            if stack:
                stack.pop()
            else:
                found.append(char)
    return found


def _surplus(text: str) -> int:
    """How many more brackets and quotes the text opens than it closes."""
    code = _NO_BRACKETS.sub("", text)
    return sum(code.count(c) for c in "([{") - sum(code.count(c) for c in ")]}") + code.count('"') + code.count("'")


Filter = Callable[[Plan, str], str]
