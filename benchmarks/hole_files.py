"""Holes in the code of packages: how they are chosen, and the request that fills one."""

from __future__ import annotations

import ast
import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.renames.packages import PACKAGES, fetch
from benchmarks.report import say
from engine.evaluation.records import read_records
from seed_lsp.features.inline.plan import Plan
from seed_lsp.source.document import CharOffset, Document

KINDS = ("line", "block", "argument")


@dataclass(frozen=True)
class Hole:
    """Characters `start` to `end` of a file are missing."""

    id: int
    package: str
    path: str
    kind: str
    start: int
    end: int


Found = tuple[str, int, int]
"""A hole's kind, start and end."""


class _Positions:
    """Turns the lines and columns of `ast`, which count bytes, into offsets of characters."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def start(self, node: ast.stmt | ast.expr) -> int:
        return self._at(node.lineno, node.col_offset)

    def end(self, node: ast.stmt | ast.expr) -> int:
        return self._at(node.end_lineno or 0, node.end_col_offset or 0)

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def holes_of(text: str, reached: set[int], rng: random.Random) -> list[Found]:
    """Holes of a text at lines that are `reached`, in random order.

    They are a statement's text behind its indentation, a run of statements, and an argument of a
    call.
    """
    at = _Positions(text)
    found: list[Found] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for owner in ast.walk(node):
                for body in (getattr(owner, name, None) for name in ("body", "orelse")):
                    if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                        found += _in_body(body, reached, at, rng)
        elif isinstance(node, ast.Call) and node.lineno in reached and len(node.args) > 1:
            found += _in_call(node, text, at, rng)
    unique = sorted(set(found))
    rng.shuffle(unique)
    return unique


def _in_body(body: list[ast.stmt], reached: set[int], at: _Positions, rng: random.Random) -> Iterator[Found]:
    """Each statement of one line, and a run of statements of two to six lines from each on."""
    for i, statement in enumerate(body):
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if statement.lineno not in reached or is_text:
            continue
        start, end = at.start(statement), at.end(statement)
        if statement.end_lineno == statement.lineno and end - start >= 12:
            yield "line", start, end
        last = body[min(len(body) - 1, i + rng.choice((1, 2, 3)))]
        lines = (last.end_lineno or 0) - statement.lineno + 1
        if 2 <= lines <= 6 and last is not statement:
            yield "block", start, at.end(last)


def _in_call(call: ast.Call, text: str, at: _Positions, rng: random.Random) -> Iterator[Found]:
    """One of the arguments, if it is the last: before others nothing is offered while typing."""
    argument = rng.choice(call.args[1:])
    start, end = at.start(argument), at.end(argument)
    if argument is call.args[-1] and not call.keywords and end - start >= 3 and "\n" not in text[start:end]:
        yield "argument", start, end


def make(folder: Path, each: int, seed: int) -> None:
    """Write ``holes.jsonl``, with `each` holes of every package."""
    holes: list[Hole] = []
    for package in PACKAGES:
        chosen = _chosen(folder, package, each, random.Random(f"{seed} {package}"))
        holes += chosen
        say(f"{package}: {len(chosen)} holes")
    # They stand in the order of the files, so that a beginning that two prompts share is run once.
    holes.sort(key=lambda hole: (hole.package, hole.path, hole.start))
    with (folder / "holes.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(replace(hole, id=i))) + "\n" for i, hole in enumerate(holes))


def _chosen(folder: Path, package: str, each: int, rng: random.Random) -> list[Hole]:
    """Holes of a package, as many of each kind, one of each file in turn; none overlaps another."""
    version, code, tests = PACKAGES[package]
    root = fetch(folder, package, version)
    reached = traced(root, code, tests)
    files = [
        path for path in sorted((root / code).rglob("*.py")) if str(path) in reached and "test" not in path.relative_to(root).as_posix()
    ]
    queues = {path: holes_of(path.read_text("utf-8"), set(reached[str(path)]), rng) for path in files}
    wanted = dict.fromkeys(KINDS, each // len(KINDS))
    taken: dict[Path, list[tuple[int, int]]] = defaultdict(list)
    holes: list[Hole] = []
    while any(wanted.values()) and any(queues.values()):
        for path, queue in queues.items():
            while queue:
                kind, start, end = queue.pop()
                if wanted[kind] and all(end <= other[0] or start >= other[1] for other in taken[path]):
                    wanted[kind] -= 1
                    taken[path].append((start, end))
                    holes.append(Hole(len(holes), package, path.relative_to(root).as_posix(), kind, start, end))
                    break
    return holes


def traced(root: Path, code: str, tests: str) -> dict[str, list[int]]:
    """Which lines of a package's code its tests reach, by file."""
    environment = {**os.environ, "PYTHONPATH": str(root / code)}
    # It is run as a file, since the package's own tests are called `tests`, too.
    command = [sys.executable, str(Path(__file__).with_name("traced.py")), str(root / code), tests]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    if found["status"]:
        raise SystemExit(f"the tests of {root.name} fail as they come")
    return dict(found["reached"])


def read_holes(folder: Path) -> list[Hole]:
    return [Hole(**record) for record in read_records(folder / "holes.jsonl")]


def root_of(folder: Path, hole: Hole) -> Path:
    return folder / f"{hole.package}-{PACKAGES[hole.package][0]}"


def plan_of(folder: Path, hole: Hole, *, automatic: bool = False) -> tuple[Plan, str]:
    """The request to fill the hole, and the text that stood in it."""
    path = root_of(folder, hole) / hole.path
    text = path.read_text("utf-8")
    document = Document(path.as_uri(), text[: hole.start] + text[hole.end :], 1, "python")
    return Plan(document, CharOffset(hole.start), automatic), text[hole.start : hole.end]
