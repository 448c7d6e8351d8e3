"""Next edits against what really followed, in successive releases of packages.

It asks the model without the server around it, so it says nothing about when a next edit is shown
or how long an editor waits for it.

    python -m benchmarks.next_edits make FOLDER [--wheels FOLDER]
    python -m benchmarks.next_edits predict FOLDER [--model NAME] [--checker ty]
    python -m benchmarks.next_edits report FOLDER

`make` writes cases.jsonl from the releases of engine/training/packages.tsv. `predict` asks the
model about each candidate, and once plainly, and writes answers-NAME.jsonl; with a checker it asks
again where that reports something (pip install ty). `report` makes the table and the JSON line.

A case is a file of the older release into which the first changes of the newer one are made
already, the last of them as if just typed. In a `recurring` case a later change replaces, brings or
takes away the same words as the one just made; in an `other` case none does. In a `done` case no
change is left, and nothing should be shown.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.hole_answers import line_probabilities
from benchmarks.next_edit_cases import KINDS, Case, Target, make, read_cases
from benchmarks.report import finish, machine, parser_of, say
from engine.api import EditRequest, Finished, SamplingOptions, Urgency, WorkerSettings
from engine.evaluation.harness import wilson
from engine.evaluation.records import drop_partial_line, read_records
from seed_lsp.features.next_edit import prediction
from seed_lsp.features.next_edit.candidates import Candidate, find_candidates
from seed_lsp.features.next_edit.reports import with_reports
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.settings import Settings
from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import CharOffset
from seed_lsp.source.patch import changed_runs

PLAIN_BEFORE, PLAIN_AFTER = 2, 18
"""The plain prompt shows so many lines before and after the change just made: 21 lines in all, of
which the change is the first part.
"""
CHECKED = 3
"""Candidates that are asked about, as in the server."""


async def predict(folder: Path, model: str, limit: int | None, *, checker: str | None, around: int | None) -> None:
    variant = f"+{checker}" if checker else f"+around{around}" if around is not None else ""
    path = folder / f"answers-{model}{variant}.jsonl"
    drop_partial_line(path)
    done = {record["id"] for record in read_records(path)} if path.is_file() else set()
    client, settings = EngineClient(WorkerSettings(), idle_s=0), Settings(model=model)
    lines = prediction.AROUND_LINES if around is None else around
    try:
        with path.open("a", encoding="utf-8") as file:
            for case in read_cases(folder)[:limit]:
                found = find_candidates(case.document, case.recent)
                if checker:
                    found = with_reports(found, case.document, case.recent, reports_of(case, checker))
                if case.id in done or (checker and not any(candidate.report for candidate in found)):
                    continue
                record: dict[str, Any] = {"id": case.id, "candidates": await _ask(client, settings, case, found, lines)}
                if not variant:
                    record["plain"] = await _ask_plainly(client, settings, case)
                file.write(json.dumps(record) + "\n")
                file.flush()
                say(f"{case.id} {case.kind} {[c['seconds'] for c in record['candidates']]}")
    finally:
        await client.stop()


def reports_of(case: Case, checker: str) -> list[Diagnostic]:
    """What a type checker says of the file alone, as an editor would be told."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "case.py"
        path.write_text(case.text, encoding="utf-8")
        command = [checker, "check", "--output-format", "concise", "--color", "never", str(path)]
        told = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    if told.returncode not in {0, 1}:
        raise SystemExit(told.stderr)
    found = []
    for line, column, message in re.findall(r"case\.py:(\d+):(\d+): \w+\[[\w-]+\] (.*)", told.stdout):
        start = case.document.line_range(int(line) - 1)[0] + int(column) - 1
        word = re.compile(r"\w*").match(case.document.text, start)
        found.append(Diagnostic(CharOffset(start), CharOffset(word.end() if word else start), message))
    return found


async def _ask(client: EngineClient, settings: Settings, case: Case, found: list[Candidate], around: int) -> list[dict[str, Any]]:
    document, changes = case.document, case.recent
    answers = []
    for candidate in found[:CHECKED]:
        request = prediction.build_request(document, candidate, changes, settings, client.new_id(), around=around)
        answers.append({"candidate": asdict(candidate), **await _timed(client, request)})
    return answers


async def _ask_plainly(client: EngineClient, settings: Settings, case: Case) -> dict[str, Any]:
    """The same model with the diff and a window behind it, without candidates or checks."""
    document, changes = case.document, case.recent
    lines = case.text.split("\n")
    first, last = plain_window(case)
    diff = "\n".join(change.diff for change in reversed(changes[:2]))
    request = EditRequest(
        client.new_id(),
        settings.model,
        SamplingOptions(max_new_tokens=400),
        before="",
        region="\n".join(lines[first:last]) + "\n",
        after="",
        instruction=f"I just made this edit:\n```diff\n{diff}\n```\nPredict my next edit: rewrite the code below with it. "
        "If no edit is needed, repeat the code as it is.",
        language=document.language,
    )
    return await _timed(client, request)


def plain_window(case: Case) -> tuple[int, int]:
    at = case.recent[0].line
    return max(0, at - PLAIN_BEFORE), min(len(case.text.split("\n")), at + PLAIN_AFTER)


async def _timed(client: EngineClient, request: EditRequest) -> dict[str, Any]:
    started = time.perf_counter()
    unbound = replace(request.sampling, deadline_s=None, min_chance=1e-30)
    finished = await client.run(replace(request, sampling=unbound, urgency=Urgency.ASKED_FOR))
    told = {name: getattr(finished, name) for name in ("text", "finish_reason", "new_tokens", "forwards")}
    told["chance"] = min(line_probabilities(finished))
    return {**told, "seconds": round(time.perf_counter() - started, 2)}


@dataclass
class Score:
    """How many cases were shown an edit at all, where lines really changed later, and exactly as
    they changed.
    """

    cases: int = 0
    shown: int = 0
    located: int = 0
    exact: int = 0


def edits_of(case: Case, answer: dict[str, Any], how: str, around: int) -> tuple[int, int, list[str]] | None:
    """The lines that would be replaced, and by what; None where nothing would be shown."""
    if how == "plain":
        first, last = plain_window(case)
        old, new = case.text.split("\n")[first:last], answer["plain"]["text"].rstrip("\n").split("\n")
        runs = changed_runs(old, new)
        if answer["plain"]["finish_reason"] != "stop" or not runs:
            return None
        run = runs[0]
        return first + run.old_start, first + run.old_end, new[run.new_start : run.new_end]
    document, changes = case.document, case.recent
    for entry in answer["candidates"]:
        candidate = Candidate(**entry["candidate"])
        if how == "proposal" and candidate.proposal is None:
            continue
        if how == "proposal":
            edit = prediction.proposed(document, candidate)
        elif how == "agreement" and candidate.proposal is None and entry.get("chance", 0) < prediction.REPORTED_CHANCE:
            continue
        else:
            finished = _finished(entry)
            gate: prediction.Gate = "agreement" if how == "agreement" else "model"
            edit = prediction.read_prediction(document, candidate, changes, finished, gate, around=around).edit
        if edit is not None:
            start, end = document.line_of(edit.start), document.line_of(edit.end)
            return start, end, edit.text.removesuffix("\n").split("\n") if edit.text else []
    return None


def _finished(entry: dict[str, Any]) -> Finished:
    counts = (entry["new_tokens"], entry["forwards"], 0, 0, 0.0, 0.0, 0)
    return Finished(0, entry["text"], entry["finish_reason"], "verified", *counts, "m", "cpu", "int4")


def score(case: Case, edit: tuple[int, int, list[str]] | None, total: Score) -> None:
    total.cases += 1
    if edit is None:
        return
    total.shown += 1
    start, end, lines = edit
    targets = [Target(**target) for target in case.targets]
    total.located += any(start <= max(t.end, t.start + 1) - 1 and max(end, start + 1) > t.start for t in targets)
    whole = case.text.split("\n")
    total.exact += any(_as_edited(whole, start, end, lines, t) for t in targets)


def _as_edited(whole: list[str], start: int, end: int, lines: list[str], target: Target) -> bool:
    """Whether the edit makes of its lines what the target makes of them.

    One line of a target of several, changed as it was, counts as well.
    """
    if (start, end, lines) == (target.start, target.end, target.lines):
        return True
    inside = target.start <= start and end <= target.end and target.end - target.start == len(target.lines) and end - start == len(lines)
    return inside and lines == target.lines[start - target.start : end - target.start] and lines != whole[start:end]


def report(folder: Path) -> dict[str, Any]:
    """The scores of each model and way of asking, as a Markdown table for people."""
    cases = {case.id: case for case in read_cases(folder)}
    summary: dict[str, Any] = {}
    say("| model, how | kind | cases | shown | at a place that changed | exactly so | of those shown, exact |")
    say("|---|---|---|---|---|---|---|")
    for path in sorted(folder.glob("answers-*.jsonl")):
        answers = list(read_records(path))
        base, _, variant = path.stem.partition("+")
        given = variant.removeprefix("around")
        around = int(given) if given.isdigit() else prediction.AROUND_LINES
        if variant and not given.isdigit():
            told = {answer["id"]: answer for answer in answers}
            answers = [told.get(answer["id"], answer) for answer in read_records(folder / f"{base}.jsonl")]
        name = path.stem.removeprefix("answers-")
        for how in ("agreement",) if variant else ("plain", "model", "proposal", "agreement"):
            for kind in KINDS:
                total = Score()
                for answer in answers:
                    if cases[answer["id"]].kind == kind:
                        score(cases[answer["id"]], edits_of(cases[answer["id"]], answer, how, around), total)
                if total.cases:
                    _row(f"{name}, {how}", kind, total)
                    summary[f"{name} {how} {kind}"] = asdict(total)
        seconds = sorted(sum(c["seconds"] for c in answer["candidates"]) for answer in answers if answer["candidates"])
        if seconds:
            say(f"\n{path.stem}: seconds for up to {CHECKED} candidates, median {seconds[len(seconds) // 2]:.2f}\n")
    return summary


def _row(name: str, kind: str, total: Score) -> None:
    low, high = wilson(total.shown, total.cases)
    precise = f"{total.exact / total.shown:.0%}" if total.shown and kind != "done" else ""
    say(
        f"| {name} | {kind} | {total.cases} | {total.shown / total.cases:.1%} ({low:.1%} to {high:.1%}) "
        f"| {total.located / total.cases:.1%} | {total.exact / total.cases:.1%} | {precise} |"
    )


def main() -> None:
    parser = parser_of("next_edits", __doc__, model=Settings().model)
    parser.add_argument("what", choices=("make", "predict", "report"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wheels", type=Path, help="make: where wheels are, or go; FOLDER/wheels if left out")
    parser.add_argument("--apart-from", type=Path, help="make: no packages that the cases in this folder have")
    parser.add_argument("--of-a-package", type=int, default=6, help="make: at most so many cases of a kind (default: %(default)s)")
    parser.add_argument("--checker", choices=("ty",), help="predict: with the diagnostics of this type checker")
    parser.add_argument("--around", type=int, help="predict: rewrite so many lines on each side of a candidate (the server's: 2)")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.what == "make":
        make(options.folder, options.wheels or options.folder / "wheels", options.seed, options.apart_from, options.of_a_package)
    elif options.what == "predict":
        asyncio.run(predict(options.folder, options.model, options.limit, checker=options.checker, around=options.around))
    else:
        finish({"bench": "next_edits", "machine": machine(), **report(options.folder)}, options.json)


if __name__ == "__main__":
    main()
