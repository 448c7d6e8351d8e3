"""A storm of keys, each of which cancels the one before.

    python -m benchmarks.robustness.storm [--count KEYS] [--seed S] [--model NAME]

Every key is a change and a request for a suggestion, as fast as a key that is held down, with
pauses; most requests are cancelled by the client, the others left to be replaced. All must be
answered; never may more than one wait in the engine; and after the last cancellation no more than
the forward under way may be run.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from benchmarks.robustness.campaign import Counts, Options, command, tell
from benchmarks.robustness.project import Project
from benchmarks.robustness.session import HangError, Session
from benchmarks.robustness.watched import FORWARD_S, REAL, RECORD, Line, read_record

WATCHED = ("-m", "benchmarks.robustness.watched")
CANCELLED = 0.7
"""The share of requests that the client cancels when the next key comes."""
PAUSE_EVERY, PAUSES_S = 25, (0.1, 0.5)
KEY_S = 0.03
REAL_FORWARD_S = 1.0
"""The longest piece of the 0.5B's work between two looks at the flag, on a busy machine."""
HEARD_WITHIN_S = 0.5
"""The most seconds from the client's message to the engine's process, on a busy machine."""
LINE_CHARS = 60


def keys(project: Project, uri: str, options: Options) -> list[str]:
    """Type; the ids of the requests."""
    rng = random.Random(options.seed)
    asked: list[str] = []
    for number in range(options.count):
        text = project.texts[uri]
        # The server asks at once behind brackets and signs; behind letters it may wait for the next
        # key.
        new = "\n" if len(text) - text.rfind("\n") > LINE_CHARS else rng.choice("ab(,=. ")
        project.type(uri, len(text), len(text), new)
        if asked and rng.random() < CANCELLED:
            project.session.notify("$/cancelRequest", {"id": asked[-1]})
        position = project.at(uri, len(text) + 1)
        asked.append(project.session.ask("textDocument/inlineCompletion", {**position, "context": {"triggerKind": 2}}))
        time.sleep(rng.uniform(*PAUSES_S) if number % PAUSE_EVERY == PAUSE_EVERY - 1 else rng.uniform(0, 2 * KEY_S))
    return asked


def until_idle(record: Path, since: float) -> tuple[float, list[Line]]:
    """The seconds from `since` until the engine is idle, and what it did from there on."""
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline:
        lines = read_record(record)
        if lines and lines[-1].what == "idle":
            after = [line for line in lines if line.at > since]
            return (lines[-1].at - since if after else 0.0), after
        time.sleep(0.01)
    raise HangError("the engine does not become idle")


def run(options: Options) -> Counts:
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="seed-lsp-storm-") as name:
        record = Path(name) / "record"
        record.touch()
        project = Project(Path(name) / "project")
        environment = {RECORD: str(record), **({REAL: "1"} if options.model else {})}
        settings = {"model": options.model or name, "inline": {"prepare": False}}
        with Session(WATCHED, settings=settings, environment=environment) as session:
            project.join(session)
            uri = project.open("report.py", "# typed\nvalue = ")
            # The engine has started and the model is loaded before the storm.
            session.request("textDocument/inlineCompletion", {**project.at(uri, 16), "context": {"triggerKind": 1}}, within_s=300)
            asked = keys(project, uri, options)
            session.notify("$/cancelRequest", {"id": asked[-1]})
            spent, after = until_idle(record, time.monotonic())
            unanswered = len(session.missing(asked))
        lines = read_record(record)
    waiting = max(line.waiting for line in lines)
    begun = sum(line.what == "forward" for line in after)
    forward_s = REAL_FORWARD_S if options.model else FORWARD_S
    if waiting > 1:
        faults.append(f"{waiting} requests waited at once")
    if begun > 1:
        faults.append(f"{begun} forwards began after the last cancellation")
    if spent > forward_s + HEARD_WITHIN_S:
        faults.append(f"idle after {spent:.2f} s only")
    if unanswered:
        faults.append(f"{unanswered} requests were not answered")
    for fault in faults:
        tell(fault)
    return {
        "keys": len(asked),
        "reached the engine": sum(line.what == "submit" for line in lines),
        "waiting at most": waiting,
        "idle after ms": round(1000 * spent),
        "failures": len(faults),
    }


if __name__ == "__main__":
    command("storm", __doc__, run, count=1_000)
