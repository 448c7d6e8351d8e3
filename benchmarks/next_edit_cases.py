"""Cases of next edits: files between two releases of a package, with some of the changes made."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.report import say
from engine.evaluation.records import read_records
from engine.training.packages import PackageError, fetch, read_table, sources
from seed_lsp.session.history import Change
from seed_lsp.source.document import Document
from seed_lsp.source.patch import Run, changed_runs, words_of

KINDS = ("recurring", "other", "done")
WANTED = {"recurring": 180, "other": 45, "done": 80}
"""How many cases there are of each kind."""
MOST_LINES, MOST_RUNS, LONGEST_FILE = 6, 14, 60_000
"""The lines of a change, the changes of a file and its characters, at most."""


@dataclass(frozen=True)
class Target:
    """Lines `start` to `end` of the text that later become `lines`."""

    start: int
    end: int
    lines: list[str]


@dataclass(frozen=True)
class Case:
    id: int
    kind: str
    origin: str
    text: str
    changes: list[dict[str, Any]]
    targets: list[dict[str, Any]]

    @property
    def document(self) -> Document:
        return Document("file:///case.py", self.text, 1, "python")

    @property
    def recent(self) -> list[Change]:
        return [Change("file:///case.py", c["line"], tuple(c["before"]), tuple(c["after"]), c["above"], c["below"]) for c in self.changes]


def make(folder: Path, wheels: Path, seed: int, apart_from: Path | None, of_a_package: int) -> None:
    # Rules are made while looking at some packages, and judged on others.
    seen = {case.origin.split()[0] for case in read_cases(apart_from)} if apart_from else set()
    releases = [release for release in read_table() if release.name not in seen]
    pairs = [(old, new) for old in releases if old.age == "old" for new in releases if new.age == "new" and new.name == old.name]
    random.Random(seed).shuffle(pairs)
    found: list[Case] = []
    counts: Counter[str] = Counter()
    for old, new in pairs:
        if all(counts[kind] >= WANTED[kind] for kind in KINDS):
            break
        try:
            before, after = ({file.path: file.text for file in sources(one, fetch(one, wheels))} for one in (old, new))
        except PackageError as error:
            say(str(error))
            continue
        rng = random.Random(f"{seed} {old.name}")
        paths = sorted(before.keys() & after.keys())
        rng.shuffle(paths)
        of_package: Counter[str] = Counter()
        for path in paths:
            for kind, case in cases_of(before[path], after[path], rng):
                if counts[kind] < WANTED[kind] and of_package[kind] < of_a_package:
                    counts[kind] += 1
                    of_package[kind] += 1
                    found.append(replace(case, id=len(found), origin=f"{old.name} {old.version} to {new.version}: {path}"))
    with (folder / "cases.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(case)) + "\n" for case in found)
    say(str(dict(counts)))


def cases_of(before: str, after: str, rng: random.Random) -> list[tuple[str, Case]]:
    """Make at most one case of each kind of a file."""
    if before == after or max(len(before), len(after)) > LONGEST_FILE or "\r" in before + after:
        return []
    old, new = before.split("\n"), after.split("\n")
    runs = changed_runs(old, new)
    small = all(max(run.old_end - run.old_start, run.new_end - run.new_start) <= MOST_LINES for run in runs)
    if not 2 <= len(runs) <= MOST_RUNS or not small:
        return []
    words = [replaced_words(old, new, run) for run in runs]
    made = []
    recurring = [i for i in range(len(runs) - 1) if any(words[i] & later for later in words[i + 1 :])]
    others = [i for i in range(len(runs) - 1) if not any(words[i] & later for later in words[i + 1 :])]
    if recurring:
        made.append(("recurring", case_at(old, new, runs, rng.choice(recurring), "recurring")))
    elif others:
        made.append(("other", case_at(old, new, runs, rng.choice(others), "other")))
    made.append(("done", case_at(old, new, runs, len(runs) - 1, "done")))
    return made


def replaced_words(old: list[str], new: list[str], run: Run) -> set[tuple[str, str]]:
    """The words of a change that were replaced, each with what replaced it.

    Only pairs of three characters at least in all count.
    """
    left, right = words_of("\n".join(old[run.old_start : run.old_end])), words_of("\n".join(new[run.new_start : run.new_end]))
    pieces = ((left[one.old_start : one.old_end], right[one.new_start : one.new_end]) for one in changed_runs(left, right))
    texts = (("".join(gone).strip(), "".join(come).strip()) for gone, come in pieces)
    return {(gone, come) for gone, come in texts if len(gone + come) >= 3 and any(c.isalnum() for c in gone + come)}


def case_at(old: list[str], new: list[str], runs: list[Run], last: int, kind: str) -> Case:
    """The text with the changes up to number `last` in it; that one is the newest."""
    text: list[str] = []
    at, changes, targets = 0, [], []
    for i, run in enumerate(runs):
        text += old[at : run.old_start]
        if i <= last:
            lines = new[run.new_start : run.new_end]
            above = text[-1] if text else ""
            below = old[run.old_end] if run.old_end < len(old) else ""
            changes.append(Change("", len(text), tuple(old[run.old_start : run.old_end]), tuple(lines), above, below))
            text += lines
        else:
            targets.append(Target(len(text), len(text) + run.old_end - run.old_start, new[run.new_start : run.new_end]))
            text += old[run.old_start : run.old_end]
        at = run.old_end
    text += old[at:]
    return Case(0, kind, "", "\n".join(text), [asdict(change) for change in reversed(changes)], [asdict(target) for target in targets])


def read_cases(folder: Path) -> list[Case]:
    return [Case(**record) for record in read_records(folder / "cases.jsonl")]
