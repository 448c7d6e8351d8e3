"""What the campaigns have in common: a command line, progress, and one JSON line at the end."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent / "corpus"
"""Inputs that once failed; each campaign that has some tries them first."""
PROGRESS_EVERY_S = 10.0

Counts = dict[str, Any]
"""What a campaign found. `failures` counts broken promises; the other entries say what was tried.
"""


@dataclass(frozen=True)
class Options:
    """`count` things are tried, or as many as `minutes` allow."""

    count: int
    seed: int = 1
    minutes: float | None = None
    model: str | None = None


class Clock:
    """Says how far a campaign is, and when its minutes are over."""

    def __init__(self, options: Options) -> None:
        self._started = self._said = time.monotonic()
        self._options = options

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def over(self, done: int) -> bool:
        minutes = self._options.minutes
        return done >= self._options.count or (minutes is not None and self.seconds > 60 * minutes)

    def say(self, done: int, what: str = "") -> None:
        if time.monotonic() - self._said > PROGRESS_EVERY_S:
            self._said = time.monotonic()
            tell(f"{done:,} of {self._options.count:,} in {self.seconds:.0f} s {what}")


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def command(name: str, doc: str | None, run: Callable[[Options], Counts], *, count: int, minutes: float | None = None) -> None:
    """Run a campaign by its command line. The exit status is 1 where a promise was broken."""
    parser = argparse.ArgumentParser(f"python -m benchmarks.robustness.{name}", description=(doc or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=count, help=f"how many are tried (default {count:,})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=minutes, help="end earlier, after so many minutes")
    parser.add_argument("--model", help="a published model's name, where a campaign can use one in place of the scripted one")
    chosen = parser.parse_args()
    options = Options(chosen.count, chosen.seed, chosen.minutes, chosen.model)
    started = time.monotonic()
    counts = run(options)
    print(json.dumps({"campaign": name, "seed": options.seed, **counts, "seconds": round(time.monotonic() - started)}), flush=True)
    sys.exit(1 if counts["failures"] else 0)
