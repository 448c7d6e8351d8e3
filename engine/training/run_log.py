"""The log of a training run: a JSON line a step in a file, and a line for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.evaluation.records import drop_partial_line, read_records

Line = dict[str, Any]
"""What the log holds of a step, under its ``step``: how many steps were done by then."""


class RunLog:
    """Appends lines to the file at `path`, and says each on standard error as `describe` words it.

    Nothing is said of a line for which that gives no words.
    """

    def __init__(self, path: Path, describe: Callable[[Line], str]) -> None:
        self._path, self._describe = path, describe
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, line: Line) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if text := self._describe(line):
            print(text, file=sys.stderr, flush=True)

    def go_back_to(self, step: int) -> None:
        """Drop the lines of later steps, which a run that goes on from its checkpoint of `step`
        does again.
        """
        drop_partial_line(self._path)
        if self._path.is_file():
            kept = [json.dumps(line) + "\n" for line in read_records(self._path) if line["step"] <= step]
            self._path.write_text("".join(kept), encoding="utf-8")

    def clear(self) -> None:
        """Drop the lines of an earlier run."""
        self._path.unlink(missing_ok=True)
