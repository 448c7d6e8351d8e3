"""Renames everything in small random programs, and runs each program before and after.

    python -m benchmarks.renames.campaign --programs 20000 --seed 1

A program has to print the same after a rename as before, unless the rename was refused or sites
were listed for the user to look at. Programs run on this Python and on each `python3.10` to
`python3.14` of the PATH, or on those that are named: `--python python3.12 --python …`. Type
parameters are in a third of them and need 3.12. The programs are of a few modules without the
standard library: `benchmarks.renames.packages` renames in real code.

Tells of each failing program, whole, when it is found. The exit status is 1 if one failed. The
renames are planned in this process, the programs run in one process for each Python.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.renames.programs import NAMES, generate
from benchmarks.report import finish, machine, parser_of, say
from seed_lsp.errors import SeedError
from seed_lsp.features.rename.change import plan_rename
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.sites import APPLIED
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver

Program = list[tuple[str, str]]
FRESH = "fresh"
GENERIC_SINCE = (3, 12)
RUNNER = Path(__file__).with_name("program_runner.py")
ATTEMPTS = 20
"""Programs that are generated for one that runs."""
PROGRESS = 500
"""Programs after which the campaign says how far it is."""
_WORDS = re.compile(rf"(?<!\w)(?:{'|'.join(NAMES)})(?!\w)")


class Interpreter:
    """A Python that runs programs."""

    def __init__(self, command: str) -> None:
        path = shutil.which(command)
        if path is None:
            raise SystemExit(f"there is no {command}")
        self._command = [path, "-I", str(RUNNER)]
        self._process = self._started()
        version = subprocess.run([path, "-I", "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=True)
        major, minor = version.stdout.split()
        self.version = (int(major), int(minor))
        self.name = f"Python {major}.{minor}"

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def outcomes(self, programs: list[Program], *, generators: bool = False) -> list[list[str]]:
        """What each program prints, with `generators` instead of comprehensions if wanted.

        One that ends the interpreter prints ``!crash``.
        """
        assert self._process.stdin is not None, "a pipe"
        assert self._process.stdout is not None, "a pipe"
        self._process.stdin.write(json.dumps([generators, programs]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if line:
            return list(json.loads(line))
        self._process.communicate()
        self._process = self._started()
        return [["!crash"]] if len(programs) == 1 else [self.outcomes([program], generators=generators)[0] for program in programs]

    def close(self) -> None:
        self._process.communicate(timeout=10)


Runs = list[tuple[Interpreter, list[str]]]
"""What a program prints on each interpreter that can run it."""


@dataclass(frozen=True)
class Attempt:
    """One rename of a program.

    `program` is what came of it, None where it was refused. `listed` says that sites were left,
    with a reason.
    """

    module: str
    offset: int
    old: str
    new: str
    program: Program | None
    listed: bool = False
    refusal: str = ""
    sites: frozenset[tuple[str, int]] = frozenset()


@dataclass
class Summary:
    """`left_out`: programs whose output cannot stay the same."""

    programs: int = 0
    left_out: int = 0
    renames: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def share_done(self) -> float:
        """The share of renames to fresh names that was done with nothing left."""
        fresh = sum(count for key, count in self.renames.items() if key.startswith(FRESH))
        return self.renames[f"{FRESH} done"] / fresh if fresh else 0.0


class Planner:
    """Plans renames of one program after the other.

    The files of its workspace stay; their texts are open documents.
    """

    def __init__(self, root: Path, modules: tuple[str, ...] = ("lib", "main")) -> None:
        self._root = root.resolve()
        for module in modules:
            (self._root / f"{module}.py").touch()
        self._files = WorkspaceFiles(self._root)
        self._resolver = Resolver(self._root, self._files.open_text)

    def attempts(self, program: Program, rng: random.Random) -> Iterator[Attempt]:
        """Each symbol under a fresh name, and under one that the program has."""
        paths = {name: self._root / f"{name}.py" for name, _ in program}
        self._files.open = {paths[name]: Document(paths[name].as_uri(), text, 1, "python") for name, text in program}
        words = [(name, match.start(), match[0]) for name, text in program for match in _WORDS.finditer(text)]
        rng.shuffle(words)
        used = sorted({old for _, _, old in words})
        done: set[tuple[str, int]] = set()
        for module, offset, old in words:
            if (module, offset) in done:
                continue
            done.add((module, offset))
            attempt = self._attempt(program, module, offset, old, FRESH if not old.startswith("__") or rng.randrange(2) else "__fresh")
            done |= attempt.sites
            yield attempt
            others = [name for name in used if name != old]
            if others and rng.randrange(2):
                yield self._attempt(program, module, offset, old, rng.choice(others))

    def _attempt(self, program: Program, module: str, offset: int, old: str, new: str) -> Attempt:
        try:
            rename = plan_rename(Query(self._files, self._resolver, self._root / f"{module}.py", CharOffset(offset)), new)
            texts = {path.stem: text for path, text in rename.texts().items()}
        except SeedError as error:
            return Attempt(
                module,
                offset,
                old,
                new,
                None,
                refusal=re.sub(rf"\d+|(?<!\w)({'|'.join([*NAMES, '__fresh', FRESH])})(?!\w)", "…", str(error)),
            )
        sites = frozenset((site.path.stem, int(site.start)) for site in rename.references.sites if site.tier in APPLIED)
        after = [(name, texts.get(name, text)) for name, text in program]
        return Attempt(module, offset, old, new, after, listed=bool(rename.left()), sites=sites)


def programs(first_seed: int, interpreters: list[Interpreter]) -> Iterator[tuple[int, Program, Runs]]:
    """Yield programs that run, each with its seed and what it prints on each interpreter that can
    run it.
    """
    seed = first_seed * 1_000_000
    while True:
        for _ in range(ATTEMPTS):
            seed += 1
            generic = seed % 3 == 0
            fit = [one for one in interpreters if not generic or one.version >= GENERIC_SINCE]
            if not fit:
                continue
            program = generate(seed, generic=generic)
            before = [one.outcomes([program])[0] for one in fit]
            if all(lines and not lines[-1].startswith("!") for lines in before):
                yield seed, program, list(zip(fit, before, strict=True))
                break


def _is_mixed_up(program: Program, runs: Runs) -> bool:
    """Whether CPython takes a comprehension's variable for another name, as it may since 3.12.

    Such a program prints something else as soon as the two have different names (cpython#121377).
    """
    return any(one.outcomes([program], generators=True)[0] != lines for one, lines in runs)


def run(
    count: int, seed: int, interpreters: list[Interpreter], seconds: float | None = None, show: Callable[[str], None] = lambda _: None
) -> Summary:
    """Run the campaign: `count` programs that run, or as many as the seconds allow.

    `show` is given each failing program as it is found.
    """
    summary = Summary()
    end = None if seconds is None else time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        planner = Planner(Path(folder))
        for number, program, runs in programs(seed, interpreters):
            if summary.programs == count or (end is not None and time.monotonic() > end):
                return summary
            if _is_mixed_up(program, runs):
                summary.left_out += 1
                continue
            summary.programs += 1
            attempts = list(planner.attempts(program, random.Random(number)))
            known = len(summary.failures)
            _judge(summary, number, program, attempts, runs)
            for failure in summary.failures[known:]:
                show(failure)
            if summary.programs % PROGRESS == 0:
                print(f"{summary.programs} programs, {len(summary.failures)} failures", file=sys.stderr, flush=True)
    return summary


def _judge(summary: Summary, seed: int, program: Program, attempts: list[Attempt], runs: Runs) -> None:
    changed = [attempt for attempt in attempts if attempt.program is not None]
    for attempt in attempts:
        if attempt.program is None:
            summary.renames[f"{_kind(attempt)} refused"] += 1
            summary.refusals[attempt.refusal] += 1
    after = [one.outcomes([attempt.program for attempt in changed if attempt.program is not None]) for one, _ in runs]
    for i, attempt in enumerate(changed):
        same = all(lines[i] == wanted for lines, (_, wanted) in zip(after, runs, strict=True))
        verdict = "listed" if attempt.listed else "done" if same else "wrong"
        summary.renames[f"{_kind(attempt)} {verdict}"] += 1
        if attempt.listed and not same:
            summary.renames["listed, and different"] += 1
        if verdict == "wrong":
            outputs = [(one, lines[i], wanted) for lines, (one, wanted) in zip(after, runs, strict=True) if lines[i] != wanted]
            summary.failures.append(_report(seed, program, attempt, outputs))


def _kind(attempt: Attempt) -> str:
    return FRESH if attempt.new.endswith(FRESH) else "existing"


def _report(seed: int, program: Program, attempt: Attempt, outputs: list[tuple[Interpreter, list[str], list[str]]]) -> str:
    text = dict(program)[attempt.module]
    line = text.count("\n", 0, attempt.offset) + 1
    column = attempt.offset - text.rfind("\n", 0, attempt.offset)
    out = f"seed {seed}: {attempt.old} of {attempt.module}.py:{line}:{column} becomes {attempt.new}\n"
    for (name, old), (_, new) in zip(program, attempt.program or [], strict=True):
        out += f"--- {name}.py\n" + "".join(
            f"{number:3} {mine}\n" + (f"  > {its}\n" if mine != its else "")
            for number, (mine, its) in enumerate(zip(old.split("\n"), new.split("\n"), strict=True), start=1)
        )
    for interpreter, after, before in outputs:
        different = next(((one, other) for one, other in zip(before, after, strict=False) if one != other), (len(before), len(after)))
        out += f"{interpreter.name} prints {different[0]!r} before, {different[1]!r} after\n"
    return out


def _on_path() -> list[str]:
    """The Python that runs here, and one of each other version that there is."""
    own = f"python3.{sys.version_info.minor}"
    others = [found for minor in range(10, 15) if (found := shutil.which(f"python3.{minor}")) and Path(found).name != own]
    return [
        sys.executable,
        *(one for one in others if subprocess.run([one, "-I", "-c", ""], capture_output=True, check=False).returncode == 0),
    ]


def main() -> int:
    parser = parser_of("renames.campaign", __doc__, model=None)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, help="end after this time")
    parser.add_argument("--python", action="append", help="a CPython that runs the programs; may be given several times")
    options = parser.parse_args()
    interpreters = [Interpreter(command) for command in options.python or _on_path()]
    started = time.monotonic()
    summary = run(options.programs, options.seed, interpreters, options.seconds, say)
    for one in interpreters:
        one.close()
    found = {
        "bench": "renames.campaign",
        "machine": machine(),
        "programs": summary.programs,
        "left out": summary.left_out,
        "seed": options.seed,
        "pythons": [".".join(map(str, one.version)) for one in interpreters],
        "renames": dict(sorted(summary.renames.items())),
        "wrong": len(summary.failures),
        "done with fresh names": round(summary.share_done(), 3),
        "refusals": dict(summary.refusals.most_common(12)),
        "seconds": round(time.monotonic() - started, 1),
    }
    finish(found, options.json)
    return 1 if summary.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
