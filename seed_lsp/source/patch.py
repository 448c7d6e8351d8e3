"""From a rewritten region to the smallest edits, and to a unified diff that other tools take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seed_lsp.source.document import split_lines

if TYPE_CHECKING:
    from rapidfuzz.distance import Opcodes

_TOKEN = re.compile(r"\w+|[ \t]+|\r\n|\W", re.DOTALL)
CONTEXT_LINES = 3
# All but control characters, among them those of Latin 1 and the breaks of Unicode, bytes that are
# no text, quotes and backslashes.
_PLAIN_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\"\\]*")
_QUOTED = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\a": r"\a", "\b": r"\b", "\f": r"\f", "\v": r"\v", '"': r"\"", "\\": r"\\"}


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Opcodes:
    # A tenth of a second to import, which the server's start need not wait for.
    from rapidfuzz.distance import Indel

    return Indel.opcodes(old, new)


@dataclass(frozen=True)
class Edit:
    """Characters `start` to `end` of the old text give way to `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Run:
    """Elements `old_start` to `old_end` of one sequence correspond to `new_start` to `new_end` of
    another.
    """

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def changed_runs(old: Sequence[str], new: Sequence[str]) -> list[Run]:
    """The runs in which two sequences differ, in order.

    Neighbouring deletions and insertions are one run.
    """
    runs: list[Run] = []
    for op in _opcodes(old, new):
        if op.tag == "equal":
            continue
        if runs and runs[-1].old_end == op.src_start and runs[-1].new_end == op.dest_start:
            runs[-1] = Run(runs[-1].old_start, op.src_end, runs[-1].new_start, op.dest_end)
        else:
            runs.append(Run(op.src_start, op.src_end, op.dest_start, op.dest_end))
    return runs


def equal_runs(old: Sequence[str], new: Sequence[str]) -> list[Run]:
    """The runs in which two sequences are the same, in order."""
    return [Run(op.src_start, op.src_end, op.dest_start, op.dest_end) for op in _opcodes(old, new) if op.tag == "equal"]


def likeness(old: str, new: str) -> float:
    """How much of two texts is common, from 0 to 1."""
    from rapidfuzz.distance import Indel

    return Indel.normalized_similarity(old, new)


def words_of(line: str) -> list[str]:
    """The words, the runs of blanks and the single other characters that a text is made of."""
    return _TOKEN.findall(line)


def minimal_edits(old: str, new: str, *, offset: int = 0) -> list[Edit]:
    """Edits that turn `old` into `new`, in order and apart: changed lines first, then changed words
    within them.

    `offset` is added to the places. Equal texts give no edits.
    """
    old_lines, new_lines = split_lines(old), split_lines(new)
    starts = _starts(old_lines)
    edits: list[Edit] = []
    for run in changed_runs(old_lines, new_lines):
        old_piece = "".join(old_lines[run.old_start : run.old_end])
        new_piece = "".join(new_lines[run.new_start : run.new_end])
        edits += _word_edits(old_piece, new_piece, offset + starts[run.old_start])
    assert apply_edits(old, edits, offset=offset) == new, "edits must turn the old text into the new one"
    return edits


def _word_edits(old: str, new: str, offset: int) -> list[Edit]:
    old_words, new_words = words_of(old), words_of(new)
    starts = _starts(old_words)
    runs = changed_runs(old_words, new_words)
    kept = len(old_words) - sum(run.old_end - run.old_start for run in runs)
    if 2 * kept < len(old_words):
        # Little is common: scattered edits would be harder to read than one.
        return [Edit(offset, offset + len(old), new)]
    return [
        Edit(offset + starts[run.old_start], offset + starts[run.old_end], "".join(new_words[run.new_start : run.new_end])) for run in runs
    ]


def apply_edits(text: str, edits: Sequence[Edit], *, offset: int = 0) -> str:
    """Apply edits that are in order and apart; `ValueError` where they are not."""
    pieces, done = [], 0
    for edit in edits:
        start, end = edit.start - offset, edit.end - offset
        if not done <= start <= end <= len(text):
            raise ValueError(f"edit {start}:{end} overlaps the one before, or lies outside the text of {len(text)} characters")
        pieces += [text[done:start], edit.text]
        done = end
    return "".join(pieces) + text[done:]


def unified_diff(old: str, new: str, path: str) -> str:
    """A unified diff that ``git apply`` and ``patch -p1`` take; empty for equal texts.

    Checked by parsing it back.
    """
    old_lines, new_lines = _lf_lines(old), _lf_lines(new)
    hunks = _grouped(changed_runs(old_lines, new_lines))
    if not hunks:
        return ""
    out = [f"--- {_name(f'a/{path}')}\n", f"+++ {_name(f'b/{path}')}\n"]
    for hunk in hunks:
        out += _hunk(old_lines, new_lines, hunk)
    text = "".join(out)
    # unidiff skips a malformed hunk in silence, so they are counted.
    from unidiff.patch import PatchSet

    parsed = PatchSet.from_string(text)
    assert [len(file) for file in parsed] == [len(hunks)], "the diff must parse back to the hunks it was made of"
    return text


def _name(path: str) -> str:
    """A file's name as git writes it in a diff: in quotes where it has line breaks or quotes of its
    own, bytes that are no text as octal numbers.
    """
    if _PLAIN_NAME.fullmatch(path):
        # A tab says where a name with blanks ends.
        return path + "\t" if " " in path else path
    quoted = "".join(char if _PLAIN_NAME.fullmatch(char) else _QUOTED.get(char) or _octal(char) for char in path)
    return f'"{quoted}"'


def _octal(char: str) -> str:
    # Bytes of a name that are no text are read as these.
    errors = "surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass"
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", errors))


def _hunk(old: list[str], new: list[str], runs: list[Run]) -> list[str]:
    old_start = max(0, runs[0].old_start - CONTEXT_LINES)
    new_start = runs[0].new_start - (runs[0].old_start - old_start)
    old_end = min(len(old), runs[-1].old_end + CONTEXT_LINES)
    new_end = runs[-1].new_end + (old_end - runs[-1].old_end)
    body, at = [], old_start
    for run in runs:
        body += [_line(" ", line) for line in old[at : run.old_start]]
        body += [_line("-", line) for line in old[run.old_start : run.old_end]]
        body += [_line("+", line) for line in new[run.new_start : run.new_end]]
        at = run.old_end
    body += [_line(" ", line) for line in old[at:old_end]]
    return [f"@@ -{_side(old_start, old_end)} +{_side(new_start, new_end)} @@\n", *body]


def _side(start: int, end: int) -> str:
    """Lines count from 1; an empty side names the line before it (POSIX diff -u)."""
    return f"{start + 1 if end > start else start},{end - start}"


def _line(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _grouped(runs: list[Run]) -> list[list[Run]]:
    """Changes whose context lines would touch or overlap share a hunk."""
    hunks: list[list[Run]] = []
    for run in runs:
        if hunks and run.old_start - hunks[-1][-1].old_end <= 2 * CONTEXT_LINES:
            hunks[-1].append(run)
        else:
            hunks.append([run])
    return hunks


def _lf_lines(text: str) -> list[str]:
    """Lines as git counts them: only a line feed ends one, and a carriage return is text."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _starts(pieces: Sequence[str]) -> list[int]:
    """Where each piece starts in their concatenation, and where the last one ends."""
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
    return starts


def with_line_breaks(new: str, old: str, newline: str) -> str:
    """`new`, written with line feeds, with the breaks of `old` on the lines that it kept and
    `newline` on the others.
    """
    old_lines, new_lines = split_lines(old), split_lines(new)
    bare_old = [line.rstrip("\r\n") for line in old_lines]
    bare_new = [line.rstrip("\r\n") for line in new_lines]
    ends = [newline] * len(new_lines)
    for op in _opcodes(bare_old, bare_new):
        if op.tag == "equal":
            for i in range(op.src_end - op.src_start):
                line, bare = old_lines[op.src_start + i], bare_old[op.src_start + i]
                ends[op.dest_start + i] = line[len(bare) :] or newline
    if new_lines and not new_lines[-1].endswith(("\n", "\r")):
        ends[-1] = ""
    return "".join(bare + end for bare, end in zip(bare_new, ends, strict=True))
