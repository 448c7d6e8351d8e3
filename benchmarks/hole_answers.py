"""What contestants write into holes: ours, llama.cpp, and its texts ended as ours are."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.hole_files import Hole, plan_of, read_holes, root_of
from benchmarks.renames.packages import PACKAGES
from benchmarks.report import say
from engine.api import Finished, FinishReason, RelatedFile, WorkerSettings
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

TOKENS = 64
"""The most tokens that a contestant may write."""
TIME_LIMIT_S = 120
"""The most seconds that ours may take for a hole."""


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


def _is_below(root: Path, file: Path) -> bool:
    return file.is_relative_to(root)


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
