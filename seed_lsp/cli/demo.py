"""``seed-lsp demo``: the real server, started as an editor would start it, on real files.

Shows one completion, one refactoring as a coloured diff, and the same refactoring token by token
beside it. With ``--json`` it prints what it saw as one JSON object. `seed-lsp bench` measures.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pygls.exceptions import JsonRpcException
from rich.console import Console
from rich.syntax import Syntax

from seed_lsp.cli.headless import HeadlessEditor
from seed_lsp.errors import SeedError
from seed_lsp.server.refactor_handlers import EDIT_SELECTION

MODES = ("verified", "autoregressive")
HOLE = '''import json


def load_settings(path):
    """The content of a JSON file; an empty dict if there is none."""
    '''
INSTRUCTION = "Add type hints to the signature of each function, with built-in types only. Keep all other lines exactly as they are."


class DemoError(SeedError):
    """The demo did not show what it promises."""


@dataclass(frozen=True)
class Refactored:
    """What one run of the refactoring gave."""

    text: str
    diff: str
    statistics: dict[str, Any]


def demo(model: str, *, as_json: bool) -> None:
    """Run the demo; `DemoError` if there was nothing to show."""
    console = Console(stderr=as_json)
    with tempfile.TemporaryDirectory(prefix="seed-lsp-demo-") as folder:
        try:
            report = asyncio.run(_show(model, Path(folder), console))
        except JsonRpcException as error:
            raise DemoError(f"the server answered: {error}") from error
    if as_json:
        print(json.dumps(report))


async def _show(model: str, folder: Path, console: Console) -> dict[str, Any]:
    editor = HeadlessEditor("seed-lsp demo")
    await editor.open_server({"model": model, "inline": {"maxTokens": 64, "deadlineMs": 60_000}, "edit": {"deadlineS": 600}})
    try:
        completion = await _show_completion(editor, folder, console)
        runs = {}
        for mode in MODES:
            editor.configure({**editor.settings, "mode": mode})
            runs[mode] = await _refactor(editor, folder / f"{mode}.py")
    finally:
        await editor.close_server()
    _show_refactoring(console, runs)
    same = runs["verified"].text == runs["autoregressive"].text
    if not same:
        console.print("[yellow]The texts differ: in plain numbers a near-tie may fall the other way (docs/LOG.md says how often).[/]")
    return {"completion": completion, "equal_text": same, "refactoring": {mode: run.statistics for mode, run in runs.items()}}


async def _show_completion(editor: HeadlessEditor, folder: Path, console: Console) -> dict[str, Any]:
    editor.open_file(folder / "settings.py", HOLE)
    started = time.perf_counter()
    items = await editor.complete(len(HOLE), automatic=False)
    seconds = time.perf_counter() - started
    if not items:
        raise DemoError("the server had no completion to show")
    text = str(items[0].insert_text)
    console.rule("Inline completion, with the model's start")
    console.print(Syntax(HOLE.rstrip(" "), "python"))
    console.print(Syntax("    " + text, "python", background_color="grey15"))
    console.print(f"{seconds:.1f} s, the model loaded in that time\n")
    return {"text": text, "seconds": round(seconds, 3)}


async def _refactor(editor: HeadlessEditor, path: Path) -> Refactored:
    """Two functions of `statistics`, a module of Python's own library, by an instruction."""
    source = inspect.getsource(statistics)
    editor.open_file(path, source)
    lines = source.split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("def median_low"))
    last = next(i for i, line in enumerate(lines) if line.startswith("def median_grouped"))
    area = {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}
    argument = {"uri": editor.buffer.uri, "range": area, "version": editor.buffer.version, "instruction": INSTRUCTION}
    result = await editor.command(EDIT_SELECTION, argument)
    if not isinstance(result, dict):
        raise DemoError("the server did not say what it did")
    return Refactored(editor.buffer.text, result["diff"], result["statistics"])


def _show_refactoring(console: Console, runs: dict[str, Refactored]) -> None:
    console.rule("Refactoring: add type hints to two functions of Python's statistics.py")
    console.print(Syntax(runs["verified"].diff, "diff", background_color="default"))
    for mode, run in runs.items():
        s = run.statistics
        console.print(
            f"{mode:15} {s['new_tokens']:4} tokens in {s['forwards']:4} forwards, {s['decode_seconds']:6.2f} s: "
            f"[bold]{s['tokens_per_second']:6.1f} tokens/s[/]"
        )
    ratio = runs["verified"].statistics["tokens_per_second"] / runs["autoregressive"].statistics["tokens_per_second"]
    same = "equal text" if runs["verified"].text == runs["autoregressive"].text else "texts differ"
    console.print(f"{same}, {ratio:.1f} times as fast")
