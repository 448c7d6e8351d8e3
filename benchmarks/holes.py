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
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.renames.packages import PACKAGES, PASSED, fetch, run_tests
from benchmarks.report import MODEL, finish, machine, parser_of, say
from engine.api import Finished, FinishReason, RelatedFile, WorkerSettings
from engine.evaluation.harness import wilson
from engine.evaluation.records import drop_partial_line, read_records
from seed_lsp.features.inline import completion
from seed_lsp.features.inline.completer import run_until_over
from seed_lsp.features.inline.plan import Plan
from seed_lsp.features.inline.related import related_pieces
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver

KINDS = ("line", "block", "argument")
TOKENS = 64
TIME_LIMIT_S = 120


@dataclass(frozen=True)
class Hole:
    """Characters `start` to `end` of a file are missing."""

    id: int
    package: str
    path: str
    kind: str
    start: int
    end: int


def holes_of(text: str, reached: set[int], rng: random.Random) -> Iterator[tuple[str, int, int]]:
    """Holes of a text, in random order: kind, start and end.

    They are a statement's text behind its indentation, a run of statements, and an argument of a
    call.
    """
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def at(line: int, column: int) -> int:
        # Columns of `ast` count bytes.
        return starts[line - 1] + len(text.split("\n")[line - 1].encode()[:column].decode())

    found: list[tuple[str, int, int]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for owner in ast.walk(node):
                for body in (getattr(owner, name, None) for name in ("body", "orelse")):
                    if not isinstance(body, list) or not body or not isinstance(body[0], ast.stmt):
                        continue
                    for i, statement in enumerate(body):
                        if statement.lineno not in reached or (
                            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                        ):
                            continue
                        end = at(statement.end_lineno or 0, statement.end_col_offset or 0)
                        if statement.end_lineno == statement.lineno and end - at(statement.lineno, statement.col_offset) >= 12:
                            found.append(("line", at(statement.lineno, statement.col_offset), end))
                        last = body[min(len(body) - 1, i + rng.choice((1, 2, 3)))]
                        lines = (last.end_lineno or 0) - statement.lineno + 1
                        if 2 <= lines <= 6 and last is not statement:
                            found.append(
                                ("block", at(statement.lineno, statement.col_offset), at(last.end_lineno or 0, last.end_col_offset or 0))
                            )
        elif isinstance(node, ast.Call) and node.lineno in reached and len(node.args) > 1:
            argument = rng.choice(node.args[1:])
            start, end = at(argument.lineno, argument.col_offset), at(argument.end_lineno or 0, argument.end_col_offset or 0)
            # The last argument alone: before others nothing is offered while typing.
            if argument is node.args[-1] and not node.keywords and end - start >= 3 and "\n" not in text[start:end]:
                found.append(("argument", start, end))
    unique = sorted(set(found))
    rng.shuffle(unique)
    yield from unique


def make(folder: Path, each: int, seed: int) -> None:
    holes: list[Hole] = []
    for package, (version, code, tests) in PACKAGES.items():
        root = fetch(folder, package, version)
        reached = traced(root, code, tests)
        rng = random.Random(f"{seed} {package}")
        wanted = dict.fromkeys(KINDS, each // len(KINDS))
        files = [
            path for path in sorted((root / code).rglob("*.py")) if str(path) in reached and "test" not in path.relative_to(root).as_posix()
        ]
        queues = {path: list(holes_of(path.read_text("utf-8"), set(reached[str(path)]), rng)) for path in files}
        taken: dict[Path, list[tuple[int, int]]] = defaultdict(list)
        while any(wanted.values()) and any(queues.values()):
            for path, queue in queues.items():
                while queue:
                    kind, start, end = queue.pop()
                    if wanted[kind] and all(end <= other[0] or start >= other[1] for other in taken[path]):
                        wanted[kind] -= 1
                        taken[path].append((start, end))
                        holes.append(Hole(len(holes), package, path.relative_to(root).as_posix(), kind, start, end))
                        break
        say(f"{package}: {sum(hole.package == package for hole in holes)} holes")
    # They stand in the order of the files, so that a beginning that two prompts share is run once.
    holes.sort(key=lambda hole: (hole.package, hole.path, hole.start))
    with (folder / "holes.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(replace(hole, id=i))) + "\n" for i, hole in enumerate(holes))


def traced(root: Path, code: str, tests: str) -> dict[str, list[int]]:
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


def _is_below(root: Path, file: Path) -> bool:
    return file.is_relative_to(root)


def root_of(folder: Path, hole: Hole) -> Path:
    return folder / f"{hole.package}-{PACKAGES[hole.package][0]}"


def plan_of(folder: Path, hole: Hole, *, automatic: bool = False) -> tuple[Plan, str]:
    """The request to fill the hole, and the text that stood in it."""
    path = root_of(folder, hole) / hole.path
    text = path.read_text("utf-8")
    document = Document(path.as_uri(), text[: hole.start] + text[hole.end :], 1, "python")
    return Plan(document, CharOffset(hole.start), automatic), text[hole.start : hole.end]


def answers_path(folder: Path, contestant: str) -> Path:
    return folder / f"answers-{contestant.replace(':', '-').replace('/', '-')}.jsonl"


def complete(folder: Path, contestant: str, *, related: bool, every: int) -> None:
    path = answers_path(folder, contestant + ("+related" if related else ""))
    drop_partial_line(path)
    done = {record["id"] for record in read_records(path)} if path.is_file() else set()
    holes = [hole for hole in read_holes(folder)[::every] if hole.id not in done]
    kind, _, model = contestant.partition(":")
    with path.open("a", encoding="utf-8") as file:

        def note(hole: Hole, record: dict[str, Any]) -> None:
            file.write(json.dumps({"id": hole.id, **record}) + "\n")
            file.flush()
            say(f"{hole.id} {hole.kind} {record['seconds']:.1f} s")

        if kind == "seed":
            asyncio.run(_ours(folder, holes, model, note, related=related))
        elif kind == "llama":
            _llama(folder, holes, model, note)
        else:
            raise SystemExit(f"unknown contestant {contestant}")


async def _ours(folder: Path, holes: list[Hole], model: str, note: Any, *, related: bool) -> None:
    client = EngineClient(WorkerSettings(), idle_s=0)
    settings = Settings(model=model, inline_max_tokens=TOKENS, inline_deadline_ms=1000 * TIME_LIMIT_S)
    resolvers: dict[Path, tuple[WorkspaceFiles, Resolver]] = {}
    try:
        await _warm(client, settings)
        for hole in holes:
            plan, _ = plan_of(folder, hole)
            pieces: tuple[RelatedFile, ...] = ()
            if related:
                root = root_of(folder, hole)
                if root not in resolvers:
                    files = WorkspaceFiles(root)
                    resolvers[root] = files, Resolver(root / PACKAGES[hole.package][1], files.open_text)
                pieces = related_pieces(plan.document, plan.cursor, [], *resolvers[root], allowed=partial(_is_below, root))
                # Without any the answer is the one that there is without `--related`.
                if not pieces:
                    continue
            started = time.perf_counter()
            request = completion.build_request(plan, settings, client.new_id(), pieces)
            # It tells the probabilities of what it writes, and stops for none of them.
            finished = await run_until_over(client, plan, replace(request, sampling=replace(request.sampling, min_chance=1e-30)))
            seconds = time.perf_counter() - started
            read = completion.read_completion(plan, finished)
            record = {
                "text": read.text,
                "reason": read.reason,
                "seconds": seconds,
                "tokens": finished.new_tokens,
                "forwards": finished.forwards,
                "decode": finished.decode_seconds,
                "chances": line_probabilities(finished),
                "related": sum(len(piece.text) for piece in pieces),
            }
            note(hole, record)
    finally:
        await client.stop()


def line_probabilities(finished: Finished) -> list[float]:
    """The product of its tokens' probabilities for each line of the text."""
    lines, product, start = [], 1.0, 0
    for end, probability in finished.chances:
        product *= probability
        if "\n" in finished.text[start:end]:
            lines.append(product)
            product = 1.0
        start = end
    return [round(probability, 4) for probability in [*lines, product]]


async def _warm(client: EngineClient, settings: Settings) -> None:
    plan = Plan(Document("file:///warm.py", "x = ", 1, "python"), CharOffset(4))
    await client.run(completion.build_request(plan, settings, client.new_id()))


def _llama(folder: Path, holes: list[Hole], model: str, note: Any) -> None:
    """The plain prefix-suffix prompt and the raw answer, as llama.vscode sends and takes them."""
    from engine.model.checkpoint import ensure_converted
    from engine.model.tokenizer import Tokenizer
    from engine.prompts import infill_prompt
    from engine.store import Store, find_spec

    store = Store()
    located = store.locate(model).published()
    tokenizer = Tokenizer(ensure_converted(located, "int4"))
    script = Path(__file__).parent / "contest" / "llama_cpp.mjs"
    command = ["node", str(script), str(Path(".peers").resolve()), str(store.file_of(find_spec(model))), "2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        for hole in holes:
            plan, _ = plan_of(folder, hole)
            prompt = infill_prompt(tokenizer, completion.build_request(plan, Settings(model=model), 1))
            work = {"tokens": prompt.tokens, "max_new_tokens": TOKENS, "stop": sorted(prompt.stop_tokens), "reuse": True}
            started = time.perf_counter()
            process.stdin.write(json.dumps(work) + "\n")
            process.stdin.flush()
            ids = [token for token in json.loads(process.stdout.readline())["ids"] if token not in prompt.stop_tokens]
            text = b"".join(tokenizer.token_bytes(token) for token in ids).decode("utf-8", "replace")
            note(
                hole,
                {
                    "text": text,
                    "reason": "shown" if text.strip() else "blank",
                    "seconds": time.perf_counter() - started,
                    "tokens": len(ids),
                },
            )
        process.stdin.close()


def cut(folder: Path, contestant: str) -> None:
    """End and filter a raw text as our own client would.

    It shows whether the model or the end makes the difference.
    """
    holes = {hole.id: hole for hole in read_holes(folder)}
    with answers_path(folder, f"{contestant}+cut").open("w", encoding="utf-8") as file:
        for record in read_records(answers_path(folder, contestant)):
            reason: FinishReason = "length" if record["tokens"] >= TOKENS else "stop"
            finished = Finished(0, record["text"], reason, "autoregressive", record["tokens"], 0, 0, 0, 0.0, 0.0, 0, "", "", "")
            read = completion.read_completion(plan_of(folder, holes[record["id"]])[0], finished)
            file.write(json.dumps({**record, "text": read.text, "reason": read.reason}) + "\n")


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
