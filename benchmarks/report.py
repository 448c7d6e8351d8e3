"""What the programs here have in common: their options, and how they end.

Each opens with what it measures, what it does not, and how to run it. While it runs it tells people
on standard error what it finds. Its report is one JSON line, the last on standard output, which
``--json`` writes into a file as well; it names the commit and the machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.files import whole_file

MODEL = "qwen2.5-coder-1.5b"


class BenchError(SystemExit):
    """A measurement could not be made.

    Its words are what the program says as it ends, with status 1.
    """


def parser_of(name: str, description: str | None, *, model: str | None = MODEL) -> argparse.ArgumentParser:
    """The options that every program here has.

    `model` is the default of ``--model``, None where there is no such option.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if model is not None:
        parser.add_argument("--model", default=model, help="the model's name or file (default: %(default)s)")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the report there as well; it is the last line of the output in any case"
    )
    return parser


def machine() -> dict[str, Any]:
    """What the machine and the commit are, for a report."""
    # Imported here, since it brings torch along and some programs measure their own memory.
    from engine.engine import physical_cores
    from engine.evaluation.machine import Machine

    return asdict(Machine.here(physical_cores()))


def say(text: str) -> None:
    """Tell people something on standard error."""
    print(text, file=sys.stderr, flush=True)


def finish(report: dict[str, Any], path: Path | None) -> None:
    """Write the report as one JSON line, last on standard output.

    It goes into a file as well where one is wanted.
    """
    line = json.dumps(report)
    if path is not None:
        with whole_file(path) as scratch:
            scratch.write_text(line + "\n", encoding="utf-8")
    print(line, flush=True)
