"""Resident memory of server and engine at work.

    python -m benchmarks.memory [--model NAME]

It is one reading after a completion and a refactoring. Whether memory grows over hours is for
`benchmarks.robustness.typist` to say.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import statistics
import tempfile
from pathlib import Path
from typing import Any

from pygls.exceptions import JsonRpcException

from benchmarks.report import BenchError, finish, machine, parser_of, say
from seed_lsp.cli.headless import HeadlessEditor
from seed_lsp.server.refactor_handlers import REFACTOR


def memory(model: str) -> dict[str, Any]:
    """Resident memory of server and engine after a completion and a refactoring."""
    if importlib.util.find_spec("psutil") is None:
        raise BenchError("looking at processes needs psutil; run: pip install 'seed-lsp[bench]'")
    report = {"bench": "memory", "model": model, "machine": machine(), **asyncio.run(_memory(model))}
    parts = ", ".join(f"{name} {size / 1e9:.2f} GB" for name, size in report["resident_bytes"].items())
    say(f"{model}: resident {report['total_resident_bytes'] / 1e9:.2f} GB ({parts})")
    return report


async def _memory(model: str) -> dict[str, Any]:
    import psutil

    source = inspect.getsource(statistics)
    editor = HeadlessEditor("seed-lsp bench")
    await editor.open_server({"model": model, "inline": {"deadlineMs": 60_000}})
    try:
        with tempfile.TemporaryDirectory(prefix="seed-lsp-bench-") as folder:
            editor.open_file(Path(folder) / "statistics.py", source)
            await editor.complete(source.index("def median_high"), automatic=False)
            first, last = (source[: source.index(f"def {name}")].count("\n") for name in ("median_low", "median_high"))
            area = {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}
            argument = {"uri": editor.buffer.uri, "range": area, "version": editor.buffer.version, "name": "simplify"}
            # A refused answer took the same memory.
            with contextlib.suppress(JsonRpcException):
                await editor.command(REFACTOR, argument)
            server = psutil.Process(editor.server_pid)
            resident = {"server": int(server.memory_info().rss)}
            for child in server.children(recursive=True):
                name = "engine" if child.memory_info().rss > resident["server"] else f"helper {child.pid}"
                resident[name] = resident.get(name, 0) + int(child.memory_info().rss)
    finally:
        await editor.close_server()
    return {"resident_bytes": resident, "total_resident_bytes": sum(resident.values())}


def main() -> None:
    options = parser_of("memory", __doc__).parse_args()
    finish(memory(options.model), options.json)


if __name__ == "__main__":
    main()
