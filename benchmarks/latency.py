"""How long a key waits for its suggestion, over LSP and with the real model.

    python -m benchmarks.latency [--model NAME]

Types into a real file key by key and waits for each answer, then cancels requests under way. Nobody
types like that: `benchmarks.typing` keeps a typist's pace.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import BenchError, finish, machine, parser_of, say
from engine.api import InfillRequest, SamplingOptions, WorkerSettings
from seed_lsp.cli.headless import HeadlessEditor
from seed_lsp.server.inline_handlers import COMPLETION_STATISTICS
from seed_lsp.session.engine_client import EngineClient

TYPED = Path(__file__).parents[1] / "engine" / "model" / "kernel_network.py"
PLACES = 6
CANCEL_AFTER_S = 0.25
CANCELS = 12


@dataclass(frozen=True)
class Key:
    """One key typed: how long until the answer was there, and whether it held text."""

    seconds: float
    shown: bool


def latency(model: str) -> dict[str, Any]:
    """Type into a real file key by key, waiting for each answer, then cancel requests under way."""
    report = {"bench": "latency", "model": model, "machine": machine(), **asyncio.run(_typing(model))}
    report["cancel_to_idle_ms"] = asyncio.run(_cancel_to_idle(model))
    say(f"{model}: {report['keys']} keys typed into {TYPED.name}, behind {report['prompt_tokens']} tokens of context")
    say(f"  first text shown: p50 {report['shown_p50_ms']:.0f} ms, p95 {report['shown_p95_ms']:.0f} ms; shown for {report['shown']:.0%}")
    say(f"  answered from the last suggestion: {report['typed_along']:.0%}")
    say(f"  the other keys: p50 {report['asked_p50_ms']:.0f} ms, p95 {report['asked_p95_ms']:.0f} ms; cold {report['cold_ms']:.0f} ms")
    say(f"  from cancel to idle, ms: {report['cancel_to_idle_ms']}")
    return report


async def _typing(model: str) -> dict[str, Any]:
    # A file of our own, which no model has seen; Python's library the models know by heart.
    source = TYPED.read_text(encoding="utf-8")
    editor = HeadlessEditor("seed-lsp bench")
    await editor.open_server({"model": model, "inline": {"deadlineMs": 60_000}})
    keys: list[Key] = []
    cold: list[float] = []
    prompts: list[int] = []
    try:
        with tempfile.TemporaryDirectory(prefix="seed-lsp-bench-") as folder:
            for number, line in enumerate(_lines_to_type(source)):
                # Behind the indentation of a line that is empty, as an editor leaves the cursor.
                at, typed = source.index(line) + len(line) - len(line.lstrip()), line.strip()
                text = source[:at] + source[at + len(typed) :]
                # The first request behind a new prefix pays for it. It is made in another buffer,
                # so that the keys find the engine warm and no suggestion to type along.
                editor.open_file(Path(folder) / f"cold_{number}.py", text)
                started = time.perf_counter()
                await editor.complete(at, automatic=False)
                cold.append(time.perf_counter() - started)
                editor.open_file(Path(folder) / f"typed_{number}.py", text)
                keys += [await _press(editor, at + i, character) for i, character in enumerate(typed)]
                counts = await editor.command(COMPLETION_STATISTICS)
                prompts.append(counts["prompt_tokens"])
    finally:
        await editor.close_server()
    return {"prompt_tokens": statistics.median(prompts), **_latency_report(keys, cold, counts["reasons"])}


async def _press(editor: HeadlessEditor, at: int, character: str) -> Key:
    started = time.perf_counter()
    editor.type(at, character)
    items = await editor.complete(at + 1, automatic=True)
    return Key(time.perf_counter() - started, bool(items))


def _lines_to_type(source: str) -> list[str]:
    """Lines of code from the file's later two thirds, evenly spread, so that there is context
    before them.
    """
    lines = source.splitlines(keepends=True)
    good = [line for line in lines if 30 <= len(line) <= 60 and line.startswith("    ") and lines.count(line) == 1 and _is_code(line)]
    late = [line for line in good if source.index(line) > len(source) // 3]
    return late[:: max(1, len(late) // PLACES)][:PLACES]


def _is_code(line: str) -> bool:
    text = line.strip()
    return not text.startswith(("#", '"', ">>>", "...")) and any(mark in text for mark in (" = ", "return ", "raise ", "if ", "for "))


def _latency_report(keys: list[Key], cold: list[float], reasons: dict[str, int]) -> dict[str, Any]:
    shown = sorted(1000 * key.seconds for key in keys if key.shown)
    if not shown:
        raise BenchError("nothing was shown for any key")
    along = reasons.get("typed_along", 0)
    # An answer without the engine takes a few milliseconds; the slowest keys are those that asked
    # it.
    asked = sorted(1000 * key.seconds for key in keys)[along:]
    return {
        "keys": len(keys),
        "reasons": reasons,
        "shown": round(len(shown) / len(keys), 3),
        "typed_along": round(along / len(keys), 3),
        "shown_p50_ms": round(percentile(shown, 50), 1),
        "shown_p95_ms": round(percentile(shown, 95), 1),
        "asked_p50_ms": round(percentile(asked, 50), 1) if asked else 0.0,
        "asked_p95_ms": round(percentile(asked, 95), 1) if asked else 0.0,
        "cold_ms": round(1000 * statistics.median(cold), 1),
    }


def percentile(ordered: list[float], percent: int) -> float:
    """The nearest-rank percentile of sorted numbers."""
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


async def _cancel_to_idle(model: str) -> dict[str, float]:
    """How long the engine stays busy with a cancelled request, in ms.

    It is what a request sent right behind the cancellation waits.
    """
    client = EngineClient(WorkerSettings(), idle_s=0)

    async def wait_of_next() -> float:
        options = SamplingOptions(max_new_tokens=1)
        started = time.perf_counter()
        finished = await client.run(InfillRequest(client.new_id(), model, options, prefix="x = 1\n", suffix=""))
        return time.perf_counter() - started - finished.prefill_seconds - finished.decode_seconds

    async def cancelled(prompt: str, after: float) -> float:
        options = SamplingOptions(max_new_tokens=400, mode="autoregressive")
        work = asyncio.create_task(client.run(InfillRequest(client.new_id(), model, options, prefix=prompt, suffix="")))
        await asyncio.sleep(after)
        work.cancel()
        return await wait_of_next()

    text = inspect.getsource(statistics)
    try:
        await wait_of_next()
        waits = [await cancelled(text[100 * i : 100 * i + 6000], CANCEL_AFTER_S + 0.037 * i) for i in range(CANCELS)]
    finally:
        await client.stop()
    return {"median": round(1000 * statistics.median(waits), 1), "most": round(1000 * max(waits), 1)}


def main() -> None:
    options = parser_of("latency", __doc__).parse_args()
    finish(latency(options.model), options.json)


if __name__ == "__main__":
    main()
