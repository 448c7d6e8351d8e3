"""Where the change just made probably recurs, found without a model.

Those are lines with the same words in the same company, and lines like the changed ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from seed_lsp.session.history import Change
from seed_lsp.source.document import Document
from seed_lsp.source.patch import changed_runs, words_of

MOST = 4
SIMILAR = 0.6
"""The least share of words (Dice) that a line has in common with a changed line's old text."""
_OPENING, _CLOSING = "([{", ")]}"
NAME = re.compile(r"[A-Za-z_]\w*")
COMMON = frozenset(
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
    """In one line the words `old` gave way to `new`; `left` and `right` are the words next to them.

    `call`: the function to whose arguments something was added at the end; empty otherwise.
    """

    old: str
    new: str
    left: str
    right: str
    call: str = ""

    @property
    def names(self) -> set[str]:
        """Names that the old text has and that say something."""
        return {name for name in NAME.findall(self.old) if name not in COMMON and len(name) > 1}


@dataclass(frozen=True)
class Candidate:
    """A line at which a change may recur, and what the line would become.

    `proposal` is None where only the model can tell.

    `report` is what a diagnostic says of the line. `change` is the index of the change that recurs,
    counted from the newest.
    """

    line: int
    proposal: str | None
    score: float
    report: str = ""
    change: int = 0


def replacements(before: str, after: str) -> list[Replacement]:
    """How the words of a line changed. Empty where the lines have little in common."""
    old, new = words_of(before), words_of(after)
    runs = changed_runs(old, new)
    kept = len(old) - sum(run.old_end - run.old_start for run in runs)
    if not runs or 2 * kept < len(old):
        return []
    found = []
    for run in runs:
        left = _left_of(old, run.old_start)
        right = "".join(old[run.old_end : run.old_end + 2]).strip()
        gone, come = "".join(old[run.old_start : run.old_end]), "".join(new[run.new_start : run.new_end])
        call = "" if gone or not right.startswith(")") else called("".join(old[: run.old_start]))
        found.append(Replacement(gone, come, left, right, call))
    return found


@dataclass(frozen=True)
class Template:
    """A change around something that stayed, such as ``Optional[X]`` to ``X | None``.

    It has the old pieces and the new ones; between two pieces stands what stayed.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]

    def apply(self, line: str) -> str | None:
        """The line with the change made wherever it fits; None where it fits nowhere.

        What stays must have all its brackets closed.
        """
        pattern = "(.+?)".join(_whole(piece) for piece in self.old)
        out, end = [], 0
        at = 0
        while (found := re.compile(pattern).search(line, at)) is not None:
            kept = found.groups()
            grown = self._grown(line, found)
            if grown is None and not all(_balance(piece) == 0 for piece in kept):
                at = found.start() + 1
                continue
            stop, kept = grown or (found.end(), kept)
            pieces = [self.new[0]]
            for piece, new in zip(kept, self.new[1:], strict=True):
                pieces += [piece, new]
            out += [line[end : found.start()], *pieces]
            end = at = stop
        return "".join([*out, line[end:]]) if out else None

    def _grown(self, line: str, found: re.Match[str]) -> tuple[int, tuple[str, ...]] | None:
        """A last piece that closes a bracket of the first closes it where that bracket ends."""
        if len(self.old) != 2 or _balance(self.old[0]) != 1 or self.old[1][:1] not in _CLOSING:
            return None
        depth, start = 0, found.start() + len(self.old[0])
        for at in range(start, len(line)):
            if line[at] in _CLOSING and depth == 0:
                fits = line.startswith(self.old[1], at)
                return (at + len(self.old[1]), (line[start:at],)) if fits and at > start else None
            depth += (line[at] in _OPENING) - (line[at] in _CLOSING)
        return None


def template_of(before: str, after: str) -> Template | None:
    """The template of a line that changed at two or three places with something between them."""
    old, new = words_of(before), words_of(after)
    runs = changed_runs(old, new)
    if not 2 <= len(runs) <= 3:
        return None
    gone = tuple("".join(old[run.old_start : run.old_end]) for run in runs)
    come = tuple("".join(new[run.new_start : run.new_end]) for run in runs)
    # Where nothing was there is nothing to find.
    if not all(gone) or not any(name not in COMMON for piece in gone for name in NAME.findall(piece)):
        return None
    return Template(gone, come)


def _balance(text: str) -> int:
    return sum(text.count(c) for c in _OPENING) - sum(text.count(c) for c in _CLOSING)


def _left_of(words: list[str], at: int) -> str:
    """The words before a place, back to a name that says something, at most five."""
    start = max(0, at - 3)
    while start > max(0, at - 5) and not any(name not in COMMON for name in NAME.findall("".join(words[start:at]))):
        start -= 1
    return "".join(words[start:at]).strip()


def called(text: str) -> str:
    """The name of the call whose arguments `text` ends in; empty where there is none."""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += (text[at] in ")]}") - (text[at] in "([{")
        if depth < 0:
            name = re.search(r"[A-Za-z_]\w*$", text[:at])
            return name.group(0) if name and text[at] == "(" else ""
    return ""


def _end_of_call(line: str, name: str) -> int | None:
    """Where the bracket stands that ends a call of `name` in the line."""
    start = re.search(rf"(?<!\w){re.escape(name)}\(", line)
    depth = 0
    for at in range(start.end() - 1, len(line)) if start else ():
        depth += (line[at] in "([{") - (line[at] in ")]}")
        if depth == 0:
            return at
    return None


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
    """The lines at which the document's newest change may recur, the likeliest first.

    Of equally likely lines those below the change come before those above.
    """
    if not changes or changes[0].uri != document.uri:
        return []
    newest = changes[0]
    own = set(range(newest.line, newest.line + max(1, len(newest.after))))
    lines = [document.line_text(i) for i in range(len(document.line_starts))]
    best: dict[int, Candidate] = {}
    whole = len(newest.before) == len(newest.after)
    for before, after in pairs(newest):
        for found in _of_line(lines, before, after, own):
            # Of a change that makes more lines of one, a line alone says too little.
            candidate = found if whole else replace(found, proposal=None)
            known = best.get(candidate.line)
            if known is None or candidate.score > known.score:
                best[candidate.line] = candidate
    undone = {line.strip() for change in changes for line in change.before}
    kept = [c for c in best.values() if c.proposal is None or c.proposal.strip() not in undone]
    return sorted(kept, key=lambda c: (-round(c.score, 1), c.line < newest.line, abs(c.line - newest.line)))[:MOST]


def _of_line(lines: list[str], before: str, after: str, own: set[int]) -> Iterator[Candidate]:
    change = LineChange.between(before, after)
    names = set().union(*(one.names for one in change.replacements)) if change.replacements else set()
    for i, line in enumerate(lines):
        if i in own or not line.strip() or line.strip() == after.strip():
            continue
        alike = likeness(before, line)
        whole = change.apply(line)
        if line.strip() == before.strip():
            yield Candidate(i, whole, 2.0)
        elif whole is not None:
            yield Candidate(i, whole, 0.6 + 0.8 * alike)
        elif alike >= SIMILAR or (names and names & set(NAME.findall(line)) and alike >= SIMILAR / 2):
            yield Candidate(i, None, alike / 2)


@dataclass(frozen=True)
class LineChange:
    """How a line changed, as a rule for other lines.

    The rule is the line's template where it has one, and all its replacements otherwise.
    """

    before: str
    after: str
    replacements: list[Replacement]
    template: Template | None

    @classmethod
    def between(cls, before: str, after: str) -> LineChange:
        return cls(before, after, replacements(before, after), template_of(before, after))

    def apply(self, line: str) -> str | None:
        """What another line would become; None where the change does not fit it."""
        if line.strip() == self.before.strip():
            return line[: len(line) - len(line.lstrip())] + self.after.lstrip()
        whole = self.template.apply(line) if self.template else _all_applied(line, self.replacements)
        if whole is None or whole in {line, self.after}:
            return None
        # The brackets' balance has to change as it did.
        return whole if _balance(whole) - _balance(line) == _balance(self.after) - _balance(self.before) else None


def _all_applied(line: str, changed: list[Replacement]) -> str | None:
    """The line with all replacements made; None where one of them does not fit."""
    whole: str | None = line if changed else None
    for one in changed:
        whole = _applied(whole, one) if whole is not None else None
    return whole


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
    if one.call:
        closing = _end_of_call(line, one.call)
        return line[:closing] + one.new + line[closing:] if closing and line[:closing].rstrip()[-1:] not in "(," else None
    # Something was put in: the same words have to stand on both sides.
    pattern = _whole(one.left) + r"(\s*)" + (re.escape(one.right) if one.right else "$")
    place = re.search(pattern, line)
    if place is None or not any(name not in COMMON for name in NAME.findall(one.left)):
        return None
    at = place.start() + len(one.left) + len(place.group(1))
    return line[:at] + one.new + line[at:]


def _in_company(line: str, start: int, end: int, one: Replacement) -> bool:
    """Whether a name stands next to the place that stood next to the words that changed."""
    left = NAME.search(one.left) and line[:start].rstrip().endswith(one.left)
    return bool(left or (NAME.search(one.right) and line[end:].lstrip().startswith(one.right)))


def _whole(text: str) -> str:
    """A pattern for `text` that does not begin or end within a word."""
    pattern = re.escape(text)
    if re.match(r"\w", text):
        pattern = r"(?<!\w)" + pattern
    if re.search(r"\w$", text):
        pattern += r"(?!\w)"
    return pattern
