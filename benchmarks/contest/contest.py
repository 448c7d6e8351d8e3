"""A contest: the same works given to several contestants in turn (A B A B).

Each is a process of its own. A contestant that is not installed is absent, with the reason; it is
never a zero.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Work:
    """Continue `tokens` greedily.

    `old` is the code that an edit starts from, `kind` the row of the report that the work belongs
    to.
    """

    name: str
    kind: str
    tokens: list[int]
    stop: list[int]
    max_new_tokens: int
    old: list[int]


@dataclass(frozen=True)
class Run:
    """`tokens` came in `seconds`, the prompt apart.

    `forwards` is None where the contestant does not tell.
    """

    ids: list[int]
    tokens: int
    seconds: float
    forwards: int | None
    peak_memory_bytes: int

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds


class ContestantFailedError(RuntimeError):
    """A contestant's process ended."""


@dataclass(frozen=True)
class Contestant:
    """A way of generating.

    `command` starts its process; contestants with one command share a process. `how` is passed with
    each work. It takes part in works of these `kinds` alone, in all for None.
    """

    name: str
    command: tuple[str, ...]
    how: str = ""
    kinds: tuple[str, ...] | None = None

    def takes(self, work: Work) -> bool:
        return self.kinds is None or work.kind in self.kinds


@dataclass(frozen=True)
class Absent:
    """A contestant that is not here, and why."""

    name: str
    reason: str


def our_contestants(model: str, number_format: str, modes: Sequence[str]) -> list[Contestant]:
    command = (sys.executable, "-m", "benchmarks.contest.contestant", "ours", model, number_format)
    return [Contestant(f"seed-lsp {mode} {number_format}", command, mode) for mode in modes]


def transformers_contestant(model: str, number_format: str, kinds: tuple[str, ...]) -> Contestant | Absent:
    name = f"transformers generate {number_format}"
    if importlib.util.find_spec("transformers") is None:
        return Absent(name, "not installed; run: pip install 'seed-lsp[bench]'")
    command = (sys.executable, "-m", "benchmarks.contest.contestant", "transformers", model, number_format)
    return Contestant(name, command, kinds=kinds)


def llama_cpp_contestants(gguf: Path | None, folder: Path, threads: int, lookups: Sequence[int]) -> list[Contestant | Absent]:
    """llama.cpp on the file `gguf`, plain and with each number of looked-up tokens.

    `folder` holds its node_modules.
    """
    names = ["llama.cpp", *(f"llama.cpp, prompt lookup {n}" for n in lookups)]
    node = shutil.which("node")
    if gguf is None:
        return [Absent(name, "the model is no GGUF file") for name in names]
    if node is None:
        return [Absent(name, "node is not installed") for name in names]
    if not (folder / "node_modules" / "node-llama-cpp").is_dir():
        reason = f"not in {folder}; run: npm install --prefix {folder} --ignore-scripts node-llama-cpp@3"
        return [Absent(name, reason) for name in names]
    script = str(Path(__file__).with_name("llama_cpp.mjs"))
    plain = (node, script, str(folder.resolve()), str(gguf), str(threads))
    return [Contestant(name, (*plain, *extra)) for name, extra in zip(names, [(), *((str(n),) for n in lookups)], strict=True)]


def compete(
    contestants: Sequence[Contestant], works: Sequence[Work], *, rounds: int, say: Callable[[str], None]
) -> dict[tuple[str, str], list[Run]]:
    """All runs by (contestant, work).

    In each round each work goes to all contestants, one after the other.
    """
    runs: dict[tuple[str, str], list[Run]] = {}
    with Processes() as processes:
        for number in range(rounds):
            for work in works:
                for contestant in (c for c in contestants if c.takes(work)):
                    run = processes.run(contestant, work)
                    runs.setdefault((contestant.name, work.name), []).append(run)
                    say(f"round {number + 1} {work.name}: {contestant.name} {run.rate:.1f} tokens/s")
    return runs


def median_rate(runs: Sequence[Run]) -> float:
    return statistics.median(run.rate for run in runs)


class Processes:
    """The contestants' processes, started at their first work and ended together."""

    def __init__(self) -> None:
        self._started: dict[tuple[str, ...], subprocess.Popen[str]] = {}

    def __enter__(self) -> Processes:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        for process in self._started.values():
            # Leaving the process closes its pipes, and so its input, which ends it; its end is
            # waited for.
            with process, contextlib.suppress(BrokenPipeError):
                assert process.stdin is not None
                process.stdin.close()
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()

    def run(self, contestant: Contestant, work: Work) -> Run:
        process = self._started.get(contestant.command) or self._start(contestant)
        assert process.stdin is not None
        process.stdin.write(json.dumps({**asdict(work), "how": contestant.how}) + "\n")
        process.stdin.flush()
        return Run(**self._answer(contestant, process))

    def _start(self, contestant: Contestant) -> subprocess.Popen[str]:
        process = subprocess.Popen(contestant.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._started[contestant.command] = process
        self._answer(contestant, process)
        return process

    def _answer(self, contestant: Contestant, process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout is not None
        for line in process.stdout:
            # Libraries may greet on standard output before the first object.
            if line.startswith("{"):
                return dict(json.loads(line))
        raise ContestantFailedError(f"{contestant.name} ended with status {process.wait()}; its reason is above")
