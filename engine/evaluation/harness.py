"""How many problems a model solves, and how fast: ``seed-lsp eval TASK``.

``python -m engine.evaluation.harness TASK`` is the same. A readable card goes to standard error,
one JSON line to standard output. Answers are kept beside the report, and an interrupted run goes on
from them. Rates count generated tokens, the prompt apart.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rapidfuzz.distance import LCSseq
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.api import Finished, InvalidRequestError, SamplingOptions
from engine.decoding.denoising_policy import Thresholds
from engine.engine import Engine, physical_cores
from engine.evaluation import sandbox
from engine.evaluation.machine import Machine
from engine.evaluation.options import REPORTED, add_options
from engine.evaluation.records import drop_partial_line, read_records
from engine.evaluation.tasks import SETS, Task, TaskError, load_tasks
from engine.files import whole_file

_Z = 1.959964


@dataclass(frozen=True)
class Answered:
    """One task done; times are in seconds.

    `untouched` is the share of the old code's lines that an edit kept, 0 for other tasks.
    """

    id: str
    text: str
    verdict: str
    message: str
    new_tokens: int
    forwards: int
    decode_seconds: float
    untouched: float


@dataclass(frozen=True)
class Summary:
    """What a run over a set found.

    `pass_at_1` has its 95 % interval. Tokens over forwards and over seconds are those of all tasks
    together. The number of forwards is the median over the tasks.
    """

    tasks: int
    passed: int
    pass_at_1: float
    interval: tuple[float, float]
    tokens: int
    tokens_per_forward: float
    tokens_per_second: float
    median_forwards: float
    untouched: float
    unfinished: int


def wilson(passed: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927).

    It is sensible for few tasks and near 0 and 1, unlike the normal one.
    """
    if not count:
        return 0.0, 1.0
    share, z2 = passed / count, _Z * _Z
    middle = share + z2 / (2 * count)
    half = _Z * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return max(0.0, (middle - half) / (1 + z2 / count)), min(1.0, (middle + half) / (1 + z2 / count))


def summarise(answers: Sequence[Answered], limit: int) -> Summary:
    """`limit`: the most tokens that an answer may have; those that reached it did not finish."""
    passed = sum(a.verdict == "passed" for a in answers)
    tokens, forwards = sum(a.new_tokens for a in answers), sum(a.forwards for a in answers)
    seconds = sum(a.decode_seconds for a in answers)
    return Summary(
        len(answers),
        passed,
        round(passed / len(answers), 4),
        wilson(passed, len(answers)),
        tokens,
        round(tokens / max(1, forwards), 3),
        round(tokens / max(1e-9, seconds), 2),
        statistics.median(a.forwards for a in answers),
        round(statistics.fmean(a.untouched for a in answers), 3),
        sum(a.new_tokens >= limit for a in answers),
    )


def ask(engine: Engine, task: Task, options: SamplingOptions, thresholds: Thresholds | None) -> Answered:
    """The model's answer, not judged yet."""
    *_, finished = engine.run(task.ask(options), thresholds=thresholds)
    assert isinstance(finished, Finished)
    return Answered(task.id, finished.text, "", "", finished.new_tokens, finished.forwards, finished.decode_seconds, 0.0)


def judge(task: Task, given: Answered, timeout_s: float) -> Answered:
    """Run the program that an answer makes."""
    result = sandbox.run(task.program(given.text), timeout_s=timeout_s)
    untouched = kept_lines(task.before, given.text) if task.before else 0.0
    return replace(given, id=task.id, verdict=result.verdict, message=result.message[-400:], untouched=untouched)


def reusable(tasks: Iterable[Task], others: Iterable[Task], answers: Iterable[Answered]) -> dict[str, Answered]:
    """The answers that another set's tasks got to the very same requests, by task of this set."""
    options, known = SamplingOptions(), {answer.id: answer for answer in answers}
    given = {other.ask(options): known[other.id] for other in others if other.id in known}
    return {task.id: given[request] for task in tasks if (request := task.ask(options)) in given}


def kept_lines(before: str, after: str) -> float:
    """The share of `before`'s lines that `after` has in the same order."""
    old, new = before.splitlines(), after.splitlines()
    return LCSseq.similarity(old, new) / len(old) if old else 1.0


def check(tasks: Iterable[Task], timeout_s: float) -> dict[str, Any]:
    """Check the harness itself: which references fail, and which broken answers pass.

    Both lists should be empty.
    """
    failing, passing = [], []
    for task in tasks:
        if sandbox.run(task.program(task.reference), timeout_s=timeout_s).verdict != "passed":
            failing.append(task.id)
        if sandbox.run(task.program(task.broken), timeout_s=timeout_s).verdict == "passed":
            passing.append(task.id)
    return {"references_that_fail": failing, "broken_answers_that_pass": passing}


def evaluate(
    engine: Engine,
    tasks: Sequence[Task],
    options: SamplingOptions,
    kept: Path,
    *,
    timeout_s: float,
    thresholds: Thresholds | None = None,
    given: Mapping[str, Answered] | None = None,
) -> Iterator[Answered]:
    """Yield all tasks with their verdicts, in the tasks' order.

    Tasks that neither `kept` nor `given` has an answer to are asked; what is judged is appended to
    `kept`.
    """
    drop_partial_line(kept)
    known = {a.id: a for a in read_kept(kept)}
    with kept.open("a", encoding="utf-8") as file:
        for task in tasks:
            if task.id not in known:
                answer = (given or {}).get(task.id) or ask(engine, task, options, thresholds)
                known[task.id] = judge(task, answer, timeout_s)
                file.write(json.dumps(asdict(known[task.id])) + "\n")
                file.flush()
            yield known[task.id]


def read_kept(path: Path) -> list[Answered]:
    return [Answered(**record) for record in read_records(path)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.evaluation.harness", description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    entry = SETS[options.task]
    try:
        tasks = load_tasks(options.task, options.data)[:: options.every][: options.limit]
        other, answers_file = options.reuse or ("", "")
        given = reusable(tasks, load_tasks(other, options.data), read_kept(Path(answers_file))) if other else None
    except TaskError as error:
        raise SystemExit(f"seed-lsp: {error}") from error
    if options.check:
        report = check(tasks, entry.timeout_s)
        print(json.dumps({"task": options.task, "tasks": len(tasks), **report}))
        raise SystemExit(1 if any(report.values()) else 0)
    try:
        sampling = SamplingOptions(
            mode=options.mode,
            draft=options.draft,
            max_new_tokens=entry.max_new_tokens,
            block_size=options.block_size,
            max_rows=options.max_rows,
        )
    except InvalidRequestError as error:
        raise SystemExit(f"seed-lsp: {error}") from error
    thresholds = Thresholds(mask=options.threshold, edit=options.threshold)
    engine = Engine.load(options.model, dtype=options.dtype, adapter=options.adapter)
    kept = Path(f"{options.json or Path(f'{options.task}-{options.mode}')}.answers.jsonl")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    answers: list[Answered] = []
    with Progress(*columns, console=Console(stderr=True)) as bar:
        progress = bar.add_task(options.task, total=len(tasks))
        for found in evaluate(engine, tasks, sampling, kept, timeout_s=entry.timeout_s, thresholds=thresholds, given=given):
            answers.append(found)
            passed = sum(a.verdict == "passed" for a in answers)
            bar.update(progress, advance=1, description=f"{options.task} {passed} passed")
    summary = summarise(answers, entry.max_new_tokens)
    report = {"task": options.task, **{k: v for k, v in vars(options).items() if k in REPORTED}, **asdict(summary)}
    line = json.dumps({**report, "dtype": engine.network.number_format, "machine": asdict(Machine.here(physical_cores()))})
    if options.json:
        with whole_file(options.json) as scratch:
            scratch.write_text(line + "\n", encoding="utf-8")
    low, high = summary.interval
    print(
        f"{options.task}, {options.model}, {options.mode}: {summary.passed} of {summary.tasks} = {summary.pass_at_1:.1%} "
        f"({low:.1%} to {high:.1%}), {summary.tokens_per_forward} tokens a forward, {summary.tokens_per_second} tokens/s",
        file=sys.stderr,
    )
    print(line)


if __name__ == "__main__":
    main()
