"""How a benchmark ends: a readable card on standard error, and one JSON line, last, on standard output or into a file as well."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.engine import physical_cores
from engine.evaluation.machine import Machine
from engine.files import whole_file

MODEL = "qwen2.5-coder-1.5b"


class BenchError(SystemExit):
    """A measurement could not be made. Its words are what the program says as it ends, with status 1."""


def parser_of(name: str, description: str | None) -> argparse.ArgumentParser:
    """The options that every program here has."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the report there as well; it is the last line of the output in any case"
    )
    return parser


def machine() -> dict[str, Any]:
    return asdict(Machine.here(physical_cores()))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def finish(report: dict[str, Any], path: Path | None) -> None:
    """Write the report as one JSON line, last on standard output, and into a file where one is wanted."""
    line = json.dumps(report)
    if path is not None:
        with whole_file(path) as scratch:
            scratch.write_text(line + "\n", encoding="utf-8")
    print(line)
