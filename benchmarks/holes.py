"""Who fills holes in real packages so that the packages' own tests pass, and how fast.

It asks for each hole once, as a request that somebody made, and does not measure typing:
`benchmarks.noise` and `benchmarks.typing` do. It works in steps, in a FOLDER of its own:

    python -m benchmarks.holes make FOLDER [--each N]
    python -m benchmarks.holes complete FOLDER CONTESTANT
    python -m benchmarks.holes cut FOLDER CONTESTANT
    python -m benchmarks.holes judge FOLDER
    python -m benchmarks.holes report FOLDER [--of CONTESTANT]

`make` takes statements, blocks and arguments that the tests reach out, and writes holes.jsonl.
`complete` asks a contestant: `seed:MODEL`, or `llama:MODEL` (llama.cpp with the plain prompt of
llama.vscode). `cut` ends and filters its raw texts as ours are, as a contestant of its own. `judge`
runs the tests with each completion in its hole. `report` makes the table and the JSON line.

Each step goes on where it was interrupted. None of the packages is in the training text. All
contestants see the characters around the hole that the editor would show them, and may write as
many tokens.
"""

from __future__ import annotations

import ast
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.hole_answers import answers_path, complete, cut
from benchmarks.hole_files import KINDS, Hole, make, plan_of, read_holes, root_of
from benchmarks.renames.packages import PACKAGES, PASSED, run_tests
from benchmarks.report import MODEL, finish, machine, parser_of, say
from engine.evaluation.harness import wilson
from engine.evaluation.records import read_records
from seed_lsp.features.inline.plan import Plan


def judge(folder: Path) -> None:
    """Tests for each completion that is not what stood there; the same file is tested once."""
    path = folder / "verdicts.jsonl"
    known = {(record["id"], record["text"]): record["verdict"] for record in read_records(path)} if path.is_file() else {}
    with path.open("a", encoding="utf-8") as file:
        for hole in read_holes(folder):
            plan, missing = plan_of(folder, hole)
            for answers in sorted(folder.glob("answers-*.jsonl")):
                found = next((record for record in read_records(answers) if record["id"] == hole.id), None)
                if found is None or (hole.id, found["text"]) in known:
                    continue
                verdict = PASSED if same(found["text"], missing) else _tested(folder, hole, plan, found["text"])
                known[hole.id, found["text"]] = verdict
                file.write(json.dumps({"id": hole.id, "text": found["text"], "verdict": verdict}) + "\n")
                file.flush()
                say(f"{hole.id} {answers.name} {verdict}")


def same(one: str, other: str) -> bool:
    """Equal but for white space at the ends of lines."""
    return [line.rstrip() for line in one.strip().split("\n")] == [line.rstrip() for line in other.strip().split("\n")]


def _tested(folder: Path, hole: Hole, plan: Plan, text: str) -> str:
    if not text.strip():
        return "empty"
    whole = plan.document.text[: plan.cursor] + text + plan.document.text[plan.cursor :]
    try:
        ast.parse(whole)
    except (SyntaxError, ValueError):
        return "syntax"
    _, code, tests = PACKAGES[hole.package]
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "copy"
        shutil.copytree(root_of(folder, hole), root)
        (root / hole.path).write_text(whole, encoding="utf-8")
        return run_tests(root, code, tests, limit_s=60)


def report(folder: Path, every: int, of: str | None) -> dict[str, Any]:
    """Each contestant's figures, as a Markdown table for people."""
    holes = {hole.id: hole for hole in read_holes(folder)[::every]}
    if of:
        answered = {record["id"] for record in read_records(answers_path(folder, of))}
        holes = {number: hole for number, hole in holes.items() if number in answered}
    verdicts = {(record["id"], record["text"]): record["verdict"] for record in read_records(folder / "verdicts.jsonl")}
    say("| who | holes | pass | exact | line | block | argument | nothing shown | s, median | tokens a forward |")
    say("|---|---|---|---|---|---|---|---|---|---|")
    summary = {}
    for path in sorted(folder.glob("answers-*.jsonl")):
        name = path.stem.removeprefix("answers-")
        records = [record for record in read_records(path) if record["id"] in holes]
        passed = {r["id"] for r in records if verdicts.get((r["id"], r["text"])) == PASSED}
        exact = sum(same(r["text"], plan_of(folder, holes[r["id"]])[1]) for r in records)
        summary[name] = _figures(records, holes, passed, exact)
        _row(name, records, summary[name])
    return summary


def _figures(records: list[dict[str, Any]], holes: dict[int, Hole], passed: set[int], exact: int) -> dict[str, Any]:
    """One contestant's figures.

    They are counts, the share that passed of each kind of hole, and the median time in seconds.
    """
    kinds = {kind: [r["id"] for r in records if holes[r["id"]].kind == kind] for kind in KINDS}
    shares = {kind: sum(i in passed for i in ids) / max(1, len(ids)) for kind, ids in kinds.items()}
    seconds = sorted(r["seconds"] for r in records)[len(records) // 2]
    return {"holes": len(records), "passed": len(passed), "exact": exact, **shares, "seconds": seconds}


def _row(name: str, records: list[dict[str, Any]], figures: dict[str, Any]) -> None:
    count, passed = figures["holes"], figures["passed"]
    low, high = wilson(passed, count)
    shares = " | ".join(f"{figures[kind]:.1%}" for kind in KINDS)
    blank = sum(not r["text"].strip() for r in records) / count
    forwards = sum(r.get("forwards", 0) for r in records)
    rate = f"{sum(r['tokens'] for r in records) / forwards:.2f}" if forwards else ""
    say(
        f"| {name} | {count} | {passed / count:.1%} ({low:.0%} to {high:.0%}) | {figures['exact'] / count:.1%} | {shares} "
        f"| {blank:.1%} | {figures['seconds']:.2f} | {rate} |"
    )


def main() -> None:
    parser = parser_of("holes", __doc__, model=None)
    parser.add_argument("what", choices=("make", "complete", "cut", "judge", "report"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("contestant", nargs="?", default=f"seed:{MODEL}")
    parser.add_argument("--each", type=int, default=36, help="make: holes of a package (default: %(default)s)")
    parser.add_argument("--related", action="store_true", help="complete: with definitions of what the file imports from its package")
    parser.add_argument("--every", type=int, default=1, help="complete, report: every so many-th hole")
    parser.add_argument("--of", metavar="CONTESTANT", help="report: the holes alone that this one answered")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if options.what == "make":
        make(folder, options.each, options.seed)
    elif options.what == "complete":
        complete(folder, options.contestant, related=options.related, every=options.every)
    elif options.what == "cut":
        cut(folder, options.contestant)
    elif options.what == "judge":
        judge(folder)
    else:
        found = report(folder, options.every, options.of)
        finish({"bench": "holes", "machine": machine(), **found}, options.json)


if __name__ == "__main__":
    main()
