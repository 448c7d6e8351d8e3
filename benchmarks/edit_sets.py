"""How often the user's own instruction solves a set of edits (CanItEdit, HumanEvalFix).

Each task's whole file is selected and its instruction given, as an editor would: with the forms of
the question, the checks and the second tries of `seed_lsp.features.refactor`. The tests of the task
judge the result; the actions never see them. What is refused or unchanged counts as not solved.
``seed-lsp eval`` asks the model once and checks nothing, for comparison. It does not judge style.

    python -m benchmarks.edit_sets canitedit --data FOLDER [--every N] [--peers FOLDER]

Answers are kept in a file (``--answers``), and an interrupted run goes on from them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.contest.answering import LlamaCppClient
from benchmarks.refactorings.tools import BenchTools, Client
from benchmarks.report import BenchError, finish, machine, parser_of, say
from engine.api import EngineError, ModelUnavailableError, WorkerSettings
from engine.evaluation import sandbox
from engine.evaluation.harness import wilson
from engine.evaluation.records import drop_partial_line, read_records
from engine.evaluation.tasks import SETS, Task, TaskError, load_tasks
from seed_lsp.errors import NoChangeError, SeedError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Selection
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.jedi_thread import JediThread
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document

EDIT_SETS = ("canitedit", "humanevalfix")


async def answer(task: Task, tools: BenchTools, folder: Path) -> dict[str, Any]:
    """What the own instruction made of a task's code: its text, or why there is none."""
    path = folder / "task.py"
    path.write_text(task.before, encoding="utf-8")
    document = Document(path.as_uri(), task.before, 1, "python")
    selection = Selection(document, CharOffset(0), CharOffset(len(task.before)), path=path)
    found: dict[str, Any]
    try:
        proposal = await registry.run(registry.OWN, selection, str(task.fields["instruction"]), tools)
    except NoChangeError as error:
        found = {"outcome": "unchanged", "reason": str(error)}
    except SeedError as error:
        found = {"outcome": "refused", "reason": str(error)}
    except ModelUnavailableError as error:
        raise BenchError(str(error)) from error
    except EngineError as error:
        found = {"outcome": "failed", "reason": str(error)}
    else:
        found = {"outcome": "offered", "text": proposal.new_text(document), "note": proposal.note}
    seconds = round(time.monotonic() - tools.started, 3)
    return {"id": task.id, **found, "seconds": seconds, "asked": tools.asked, "tokens": tools.tokens}


async def answer_all(tasks: Sequence[Task], path: Path, settings: Settings, client: Client, *, timeout_s: float) -> None:
    """Ask and judge what the file at `path` does not hold yet."""
    drop_partial_line(path)
    done = {record["id"] for record in read_records(path)}
    jedi = JediThread()
    try:
        with path.open("a", encoding="utf-8") as file, tempfile.TemporaryDirectory(prefix="seed-lsp-edits-") as folder:
            for task in tasks:
                if task.id in done:
                    continue
                record = await answer(task, BenchTools(settings, client, jedi), Path(folder))
                if record["outcome"] == "offered":
                    program = task.program(record["text"])
                    record["verdict"] = (await asyncio.to_thread(sandbox.run, program, timeout_s=timeout_s)).verdict
                file.write(json.dumps(record) + "\n")
                file.flush()
                say(f"{task.id}: {record['outcome']} {record.get('verdict', record.get('reason', ''))}, {record['seconds']:.1f} s")
    finally:
        await client.stop()


async def _answer_all(options: argparse.Namespace, tasks: Sequence[Task], path: Path) -> None:
    client: Client
    if options.peers is None:
        client = EngineClient(WorkerSettings(threads=options.threads), idle_s=0)
    else:
        client = LlamaCppClient(options.model, options.peers, options.threads)
    await answer_all(tasks, path, Settings(model=options.model), client, timeout_s=SETS[options.set].timeout_s)


def figures(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The share that is solved, how the others ended, and how long an edit took (seconds)."""
    solved = sum(record.get("verdict") == "passed" for record in records)
    ended = Counter(str(record["outcome"]) for record in records)
    seconds = sorted(float(record["seconds"]) for record in records)
    return {
        "tasks": len(records),
        "solved": solved,
        "share": solved / len(records) if records else 0.0,
        "interval": wilson(solved, len(records)),
        "wrong": ended["offered"] - solved,
        **{outcome: ended[outcome] for outcome in ("refused", "unchanged", "failed")},
        "median_s": statistics.median(seconds) if seconds else 0.0,
        "p95_s": seconds[int(0.95 * (len(seconds) - 1))] if seconds else 0.0,
    }


def main() -> None:
    parser = parser_of("edit_sets", __doc__)
    parser.add_argument("set", choices=EDIT_SETS)
    parser.add_argument("--data", type=Path, help="the folder that holds the evaluation sets' files; from the model hub if left out")
    parser.add_argument("--every", type=int, default=1, help="every so many-th task, for a sample")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--answers", type=Path, help="the file that keeps the answers (default: answers-SET.jsonl)")
    parser.add_argument("--threads", type=int, help="of the engine; as many as there are cores if left out")
    parser.add_argument("--peers", type=Path, help="ask llama.cpp from this folder instead, which looks for no other answers")
    options = parser.parse_args()
    try:
        tasks = load_tasks(options.set, options.data)[options.first :: options.every]
    except TaskError as error:
        raise BenchError(str(error)) from error
    path = options.answers or Path(f"answers-{options.set}.jsonl")
    asyncio.run(_answer_all(options, tasks, path))
    wanted = {task.id for task in tasks}
    found = figures([record for record in read_records(path) if record["id"] in wanted])
    say(f"{options.set}: {found['solved']} of {found['tasks']} solved, {found['wrong']} wrong, {found['unchanged']} unchanged, "
        f"{found['refused']} refused; {found['median_s']:.1f} s an edit")  # fmt: skip
    finish(
        {
            "set": options.set,
            "every": options.every,
            "model": options.model,
            "peer": options.peers is not None,
            **found,
            "machine": machine(),
        },
        options.json,
    )


if __name__ == "__main__":
    main()
