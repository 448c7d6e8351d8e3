"""Where the change just made probably recurs, found without a model: the same words in the same company, or lines like the ones that changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seed_lsp.features.next_edit.history import Change
from seed_lsp.source.document import Document
from seed_lsp.source.patch import changed_runs, words_of

MOST = 4
SIMILAR = 0.6
"""The least share of words (Dice) that a line must have in common with a changed line's old text."""
_NAME = re.compile(r"[A-Za-z_]\w*")
_COMMON = frozenset(
    [
        "self",
        "cls",
        "return",
        "def",
        "class",
        "if",
        "else",
        "elif",
        "for",
        "while",
        "in",
        "not",
        "and",
        "or",
        "is",
        "None",
        "True",
        "False",
        "import",
        "from",
        "as",
        "with",
        "try",
        "except",
        "raise",
        "pass",
        "lambda",
        "yield",
        "await",
        "async",
        "assert",
        "del",
        "global",
        "print",
        "len",
        "str",
        "int",
        "list",
        "dict",
        "set",
        "tuple",
        "var",
        "let",
        "const",
        "function",
        "new",
        "this",
        "null",
        "true",
        "false",
        "public",
        "private",
        "static",
        "void",
    ]
)


@dataclass(frozen=True)
class Replacement:
    """In one line the words `old` gave way to `new`; `left` and `right` are the words next to them."""

    old: str
    new: str
    left: str
    right: str

    @property
    def names(self) -> set[str]:
        """Names that the old text has and that say something."""
        return {name for name in _NAME.findall(self.old) if name not in _COMMON and len(name) > 1}


@dataclass(frozen=True)
class Candidate:
    """A line at which the change may recur, and what it would become; `proposal` None: only the model can tell."""

    line: int
    proposal: str | None
    score: float


def replacements(before: str, after: str) -> list[Replacement]:
    """How the words of a line changed. Empty where the lines have little in common."""
    old, new = words_of(before), words_of(after)
    runs = changed_runs(old, new)
    kept = len(old) - sum(run.old_end - run.old_start for run in runs)
    if not runs or 2 * kept < len(old):
        return []
    found = []
    for run in runs:
        left = "".join(old[max(0, run.old_start - 3) : run.old_start]).strip()
        right = "".join(old[run.old_end : run.old_end + 2]).strip()
        found.append(Replacement("".join(old[run.old_start : run.old_end]), "".join(new[run.new_start : run.new_end]), left, right))
    return found


def pairs(change: Change) -> Iterator[tuple[str, str]]:
    """Lines of a change that are the old and the new of one another."""
    if len(change.before) == len(change.after):
        yield from zip(change.before, change.after, strict=True)
        return
    left = list(change.after)
    for before in change.before:
        best = max(left, key=lambda after: likeness(before, after), default=None)
        if best is not None and likeness(before, best) >= SIMILAR:
            left.remove(best)
            yield before, best


def likeness(one: str, other: str) -> float:
    """The share of words that two lines have in common (Dice), white space apart."""
    first, second = ([word for word in words_of(line) if not word.isspace()] for line in (one, other))
    if not first or not second:
        return 0.0
    counts: dict[str, int] = {}
    for word in first:
        counts[word] = counts.get(word, 0) + 1
    common = 0
    for word in second:
        if counts.get(word, 0) > 0:
            counts[word] -= 1
            common += 1
    return 2 * common / (len(first) + len(second))


def find_candidates(document: Document, changes: Sequence[Change]) -> list[Candidate]:
    """The best places for the newest change of the document, the likeliest first, those below it before those above."""
    if not changes or changes[0].uri != document.uri:
        return []
    newest = changes[0]
    own = set(range(newest.line, newest.line + max(1, len(newest.after))))
    lines = [document.line_text(i) for i in range(len(document.line_starts))]
    best: dict[int, Candidate] = {}
    for before, after in pairs(newest):
        for candidate in _of_line(lines, before, after, own):
            known = best.get(candidate.line)
            if known is None or candidate.score > known.score:
                best[candidate.line] = candidate
    undone = {line.strip() for change in changes for line in change.before}
    kept = [c for c in best.values() if c.proposal is None or c.proposal.strip() not in undone]
    return sorted(kept, key=lambda c: (-round(c.score, 1), c.line < newest.line, abs(c.line - newest.line)))[:MOST]


def _of_line(lines: list[str], before: str, after: str, own: set[int]) -> Iterator[Candidate]:
    changed = replacements(before, after)
    names = set().union(*(one.names for one in changed)) if changed else set()
    for i, line in enumerate(lines):
        if i in own or not line.strip() or line.strip() == after.strip():
            continue
        alike = likeness(before, line)
        if line.strip() == before.strip():
            indent = line[: len(line) - len(line.lstrip())]
            yield Candidate(i, indent + after.lstrip(), 2.0)
            continue
        made = [new for one in changed if (new := _applied(line, one)) is not None]
        whole = line
        for one in changed:
            whole = _applied(whole, one) or whole
        if made and whole != line:
            share = len(made) / len(changed)
            yield Candidate(i, whole, share * (0.6 + 0.8 * alike))
        elif alike >= SIMILAR or (names and names & set(_NAME.findall(line)) and alike >= SIMILAR / 2):
            yield Candidate(i, None, alike / 2)


def _applied(line: str, one: Replacement) -> str | None:
    """The line with the replacement made wherever it fits; None where it does not."""
    if one.old.strip():
        # Words that say nothing by themselves need their company.
        lone = bool(one.names)
        pattern = _whole(one.old)
        found = list(re.finditer(pattern, line))
        if not found:
            return None
        fitting = [m for m in found if lone or _in_company(line, m.start(), m.end(), one)]
        if not fitting or (one.new and one.new in line and one.old in one.new):
            return None
        out, end = [], 0
        for m in fitting:
            out += [line[end : m.start()], one.new]
            end = m.end()
        return "".join([*out, line[end:]])
    if not one.left or (one.new.strip() and one.new.strip() in line):
        return None
    # Something was put in: the same words have to stand on both sides.
    pattern = re.escape(one.left) + r"(\s*)" + (re.escape(one.right) if one.right else "$")
    place = re.search(pattern, line)
    if place is None or not _NAME.search(one.left):
        return None
    at = place.start() + len(one.left) + len(place.group(1))
    return line[:at] + one.new + line[at:]


def _in_company(line: str, start: int, end: int, one: Replacement) -> bool:
    return bool((one.left and line[:start].rstrip().endswith(one.left)) or (one.right and line[end:].lstrip().startswith(one.right)))


def _whole(text: str) -> str:
    """A pattern for `text` that does not begin or end within a word."""
    pattern = re.escape(text)
    if re.match(r"\w", text):
        pattern = r"(?<!\w)" + pattern
    if re.search(r"\w$", text):
        pattern += r"(?!\w)"
    return pattern
