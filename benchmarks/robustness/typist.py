"""Eight hours of a typist in forty minutes.

    python -m benchmarks.robustness.typist [--minutes M] [--seed S] [--model NAME]

Opens files, types, takes suggestions, asks for next edits, renames, rewrites selections, saves and
closes, twelve times as fast as people do. Each few seconds memory, file handles and threads of the
server and of its engine are read; the first fifth of the time is for warming up. From then on
memory may grow by a twentieth, handles and threads not at all. The series is in the answer.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.robustness.campaign import Clock, Counts, Options, command, tell
from benchmarks.robustness.project import Project
from benchmarks.robustness.session import REAL, SCRIPTED, HangError, LostError, Message, Session, engine_of

MODULES = 30
WARM_UP = 0.2
"""The share of the time, after which nothing may grow."""
SAMPLES = 240
SHOWN = 24
MOST_GROWTH = 0.05
COMPARED = 0.1
"""The median of this share of the samples is taken, at the end of the warm-up and at the end of
all.
"""
ANSWER_WITHIN_S = 120.0
KEY_S = 0.013
"""Between two keys: a fast typist's 160 ms, twelve times as fast."""
KINDS = ("memory_mb", "handles", "threads")
MODULE = '''"""Module {number}."""

from module{other} import limit{other}


def limit{number}(values, most={number}):
    kept = []
    for value in values:
        if value <= most:
            kept.append(value)
    return kept


def both{number}(values):
    return limit{number}(values) + limit{other}(values)
'''
LINES = (
    "    total = sum(limit{n}(values))\n",
    "    # the largest of them\n",
    "    return [value + {n} for value in limit{n}(values)]\n",
    "result{n} = both{n}([1, 2, {n}])\n",
)


@dataclass
class Series:
    """One process's readings, in time."""

    readings: list[tuple[float, int, int]] = field(default_factory=list)

    def read(self, process: psutil.Process) -> None:
        with process.oneshot():
            self.readings.append((process.memory_info().rss / 1e6, process.num_fds(), process.num_threads()))

    def of(self, kind: str) -> list[float]:
        return [reading[KINDS.index(kind)] for reading in self.readings]

    def growth(self, kind: str) -> float:
        """By how much each measure grew.

        It is a share of memory; of handles and threads it is by how many the most of the end
        exceeds the most of the warm-up.
        """
        values = self.of(kind)
        warm, width = max(1, int(WARM_UP * len(values))), max(1, int(COMPARED * len(values)))
        if kind != "memory_mb":
            return max(values[-width:]) - max(values[: warm + width])
        before, after = statistics.median(values[warm : warm + width]), statistics.median(values[-width:])
        return after / before - 1

    def shown(self) -> dict[str, list[float]]:
        step = max(1, len(self.readings) // SHOWN)
        return {kind: [round(value, 1) for value in self.of(kind)[::step]] for kind in KINDS}


class Typist:
    """Somebody at work on a project of thirty modules."""

    def __init__(self, folder: Path, session: Session, seed: int) -> None:
        self.project, self.session, self.rng = Project(folder), session, random.Random(seed)
        for number in range(MODULES):
            (folder / self.name(number)).write_text(MODULE.format(number=number, other=(number + 1) % MODULES), encoding="utf-8")
        self.project.join(session)
        self.done: dict[str, int] = {}

    @staticmethod
    def name(number: int) -> str:
        return f"module{number}.py"

    def work(self) -> None:
        """One file's turn: open, some of the things that people do, save or not, close."""
        number = self.rng.randrange(MODULES)
        uri = self.project.open(self.name(number))
        position = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
        self.session.notify("textDocument/didFocus", position)
        for _ in range(self.rng.randint(1, 4)):
            action = self.rng.choice((self.type_line, self.type_line, self.take, self.next_edit, self.rename, self.rewrite, self.look))
            action(uri, number)
            self.done[action.__name__] = self.done.get(action.__name__, 0) + 1
        # A file that grew is as it was at first the next time, as if the work had been undone.
        self.project.set_text(uri, MODULE.format(number=number, other=(number + 1) % MODULES))
        if self.rng.random() < 0.5:
            self.project.save(uri)
        self.project.close(uri)

    def type_line(self, uri: str, number: int) -> None:
        """Key by key, each with a request that the next key cancels, as editors do."""
        last = None
        for char in self.rng.choice(LINES).format(n=number):
            at = len(self.project.texts[uri])
            self.project.type(uri, at, at, char)
            if last is not None:
                self.session.notify("$/cancelRequest", {"id": last})
            last = self.session.ask("textDocument/inlineCompletion", {**self.project.at(uri, at + 1), "context": {"triggerKind": 2}})
            time.sleep(self.rng.lognormvariate(0, 0.4) * KEY_S)
        assert last is not None
        self.session.wait(last, within_s=ANSWER_WITHIN_S)
        self.session.answers.clear()

    def take(self, uri: str, _number: int) -> None:
        """Ask for a suggestion and take it."""
        at = len(self.project.texts[uri])
        self.project.type(uri, at, at, f"taken{self.rng.randrange(1000)} = ")
        at = len(self.project.texts[uri])
        answer = self.ask("textDocument/inlineCompletion", {**self.project.at(uri, at), "context": {"triggerKind": 1}})
        for item in (answer.get("result") or {}).get("items", [])[:1]:
            self.project.type(uri, at, at, item["insertText"] + "\n")
            self.session.notify("textDocument/didShowCompletion", {"item": item})
            self.ask("workspace/executeCommand", {"command": item["command"]["command"], "arguments": item["command"]["arguments"]})

    def next_edit(self, uri: str, _number: int) -> None:
        text = self.project.texts[uri]
        at = text.index(" <= most")
        self.project.type(uri, at, at, " + 1")
        self.ask("textDocument/copilotInlineEdit", {"textDocument": {"uri": uri, "version": self.project.versions[uri]}})

    def rename(self, uri: str, _number: int) -> None:
        at = self.second_function(uri)
        answer = self.ask("textDocument/rename", {**self.project.at(uri, at), "newName": f"all{self.rng.randrange(10_000)}"})
        if "result" in answer:
            self.project.apply(answer["result"])

    def rewrite(self, uri: str, _number: int) -> None:
        position = self.project.at(uri, self.project.texts[uri].index("    for "))["position"]
        area = {"start": position, "end": {"line": position["line"] + 3, "character": 0}}
        argument = {
            "uri": uri,
            "range": area,
            "version": self.project.versions[uri],
            "instruction": f"use value => value{self.rng.randrange(1000)}",
        }
        self.ask("workspace/executeCommand", {"command": "seed.editSelection", "arguments": [argument]})

    def look(self, uri: str, _number: int) -> None:
        """What editors ask for at each move of the cursor."""
        position = self.project.at(uri, self.second_function(uri))["position"]
        area = {"start": position, "end": position}
        self.ask("textDocument/codeAction", {"textDocument": {"uri": uri}, "range": area, "context": {"diagnostics": []}})
        self.ask("workspace/executeCommand", {"command": "seed.signatureOf", "arguments": [{"uri": uri, "position": position}]})

    def second_function(self, uri: str) -> int:
        text = self.project.texts[uri]
        return text.index("def ", text.index("def ") + 1) + len("def ")

    def ask(self, method: str, params: Any) -> Message:
        answer = self.session.request(method, params, within_s=ANSWER_WITHIN_S)
        code = answer.get("error", {}).get("code")
        assert code not in {-32603, -32602, -32601}, f"{method}: {answer['error']}"
        # The answers that were waited for are of no more use, and this process is not to grow
        # either.
        self.session.answers.clear()
        return answer


def session_of(options: Options, folder: str) -> Session:
    return Session(REAL if options.model else SCRIPTED, settings={"model": options.model or folder})


def run(options: Options) -> Counts:
    clock = Clock(options)
    assert options.minutes is not None, "the typist works by the clock"
    every = 60 * options.minutes / SAMPLES
    faults: list[str] = []
    server, engine, sampled = Series(), Series(), 0.0
    turns = 0
    with tempfile.TemporaryDirectory(prefix="seed-lsp-typist-") as name, session_of(options, name) as session:
        typist = Typist(Path(name), session, options.seed)
        try:
            while not clock.over(turns):
                typist.work()
                turns += 1
                process = engine_of(session)
                if process is not None and clock.seconds > sampled + every:
                    sampled = clock.seconds
                    server.read(psutil.Process(session.pid))
                    engine.read(process)
                    clock.say(turns, f"{server.readings[-1]} {engine.readings[-1]}")
        except (HangError, LostError, AssertionError) as error:
            faults.append(f"after {turns} files: {error}")
    series = {"server": server, "engine": engine}
    growth = {name: {kind: round(one.growth(kind), 3) for kind in KINDS} for name, one in series.items() if one.readings}
    for name, kinds in growth.items():
        faults += [f"{name}: {kind} grew by {by}" for kind, by in kinds.items() if by > (MOST_GROWTH if kind == "memory_mb" else 0)]
    for fault in faults:
        tell(fault)
    shown = {name: one.shown() for name, one in series.items()}
    return {"files": turns, "actions": typist.done, "growth": growth, "series": shown, "failures": len(faults)}


if __name__ == "__main__":
    command("typist", __doc__, run, count=1_000_000, minutes=40)
