"""apply(diff(a, b), a) = b for random pairs of texts.

    python -m benchmarks.robustness.patches [--count N] [--seed S]

Texts are small, with every kind of line end, mixed and missing ones, and characters that other
programs take for line ends. Tried are our smallest edits, applied as text and as a client applies
them by lines and units of each encoding, and the unified diff, parsed back by unidiff.
"""

from __future__ import annotations

import random
import re
from multiprocessing import get_context

from unidiff.patch import PatchSet

from benchmarks.robustness.campaign import Clock, Counts, Options, command, tell
from benchmarks.robustness.client_text import ENCODINGS, changed
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import minimal_edits, unified_diff

ENDS = ("\n", "\r\n", "\r")
ODD = ("\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x00", "\ufeff", "\ud800", "\udfff", "é", "e\u0301", "😀", "\t")
WORDS = ("a", "b", "ab", "x1", "_", " ", "  ", "(", ")", "+", "-", "@@", "--- a", "+++ b", "\\", "def f():", "x = 1", "'")
PROCESSES = 2
CHUNK = 2_000


def random_text(rng: random.Random) -> str:
    ends = [rng.choice(ENDS)] if rng.random() < 0.5 else ENDS
    lines = []
    # Long enough, now and then, for a diff of several hunks.
    for _ in range(rng.randrange(60 if rng.random() < 0.1 else 9)):
        pieces = [rng.choice(ODD if rng.random() < 0.15 else WORDS) for _ in range(rng.randrange(5))]
        lines.append("".join(pieces) + rng.choice(ends))
    if lines and rng.random() < 0.4:
        lines[-1] = lines[-1].rstrip("\r\n")
    return "".join(lines)


def variant(text: str, rng: random.Random) -> str:
    """A text that has something in common with `text`, or nothing."""
    kind = rng.randrange(8)
    if kind == 0:
        return random_text(rng)
    if kind == 1:
        return text.replace(rng.choice(ENDS), rng.choice(ENDS))
    if kind == 2:
        lines = text.splitlines(keepends=True)
        rng.shuffle(lines)
        return "".join(lines)
    if kind == 3:
        return text.rstrip("\r\n") + rng.choice(("", *ENDS))
    for _ in range(rng.randint(1, 3)):
        # Anywhere, so that line breaks of two characters are cut and made.
        start = rng.randint(0, len(text))
        end = min(len(text), start + rng.randrange(6))
        text = text[:start] + rng.choice((*ENDS, *ODD, *WORDS, "")) + text[end:]
    return text


def pair(seed: int, number: int) -> tuple[str, str]:
    """The pair of that number, which needs no other one to be made."""
    rng = random.Random(seed * 1_000_003 + number)
    old = random_text(rng)
    return old, variant(old, rng)


def fault(old: str, new: str, encoding: str) -> str | None:
    """Which promise a pair of texts breaks."""
    edits = minimal_edits(old, new)
    text, as_client = old, old
    document = Document("", old)
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
        start, end = (document.position_at(CharOffset(at), encoding) for at in (edit.start, edit.end))  # type: ignore[arg-type]
        as_client = changed(as_client, (start.line, start.character), (end.line, end.character), edit.text, encoding)
    if text != new:
        return "the smallest edits give another text"
    if as_client != new:
        return f"the smallest edits, applied by places in {encoding}, give another text"
    if patched(old, unified_diff(old, new, "f.py")) != new:
        return "the unified diff gives another text"
    return None


def patched(old: str, diff: str) -> str:
    """What the diff makes of `old`, as unidiff reads it: lines end with a line feed alone."""
    if not diff:
        return old
    (file,) = PatchSet.from_string(diff)
    lines = re.findall(r"[^\n]*\n|[^\n]+", old)
    out: list[str] = []
    at = 0
    for hunk in file:
        start = hunk.source_start - (1 if hunk.source_length else 0)
        if start > len(lines):
            return "the diff begins behind the text"
        out += lines[at:start]
        kept = [line for line in hunk if line.line_type in " -"]
        if [line.value for line in kept] != [_as_shown(line) for line in lines[start : start + hunk.source_length]]:
            return "the diff's old lines are not those of the text"
        for i, line in enumerate(hunk):
            bare = i + 1 < len(hunk) and hunk[i + 1].line_type == "\\"
            if line.line_type in " +":
                out.append(line.value.removesuffix("\n") if bare else line.value)
        at = start + hunk.source_length
    return "".join(out + lines[at:])


def _as_shown(line: str) -> str:
    return line if line.endswith("\n") else line + "\n"


def faults_of(job: tuple[int, int, int]) -> list[str]:
    """The broken promises among `count` pairs from `first` on, in words."""
    seed, first, count = job
    found = []
    for number in range(first, first + count):
        old, new = pair(seed, number)
        try:
            problem = fault(old, new, ENCODINGS[number % 3])
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
            problem = type(error).__name__
        if problem:
            found.append(f"pair {number} of seed {seed}: {problem}: {old!r} -> {new!r}")
    return found


def run(options: Options) -> Counts:
    clock, failures, done = Clock(options), 0, 0
    jobs = ((options.seed, first, min(CHUNK, options.count - first)) for first in range(0, options.count, CHUNK))
    with get_context("spawn").Pool(PROCESSES) as pool:
        for found in pool.imap(faults_of, jobs):
            done = min(options.count, done + CHUNK)
            failures += len(found)
            for text in found[:3]:
                tell(text)
            clock.say(done)
            if clock.over(done):
                break
    return {"pairs": done, "failures": failures}


if __name__ == "__main__":
    command("patches", __doc__, run, count=1_000_000)
