"""What the check found: measures, the sections that they belong to, the JSON and the table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from engine.files import whole_file

WIDE = 0.05
"""A spread above this is told: differences smaller than it are noise."""

Status = Literal["ok", "missed", "failed", "not run", "not for this device"]


@dataclass(frozen=True)
class Measure:
    """One line of the table.

    `value` is in `unit`; it is None where there is none, and then `note` says why. `bound` is the
    best that the device's measured ceilings allow, in `unit`. `error` is that of what was timed,
    against what it has to give. The error, or the value where there is none, may be no more than
    `limit`, and no NaN. `memory` is the most bytes of the device that were in use. Half of the
    repetitions lie within the share `spread` of the median.
    """

    name: str
    value: float | None
    unit: str
    bound: float | None = None
    error: float | None = None
    limit: float | None = None
    memory: int | None = None
    spread: float | None = None
    note: str = ""

    @property
    def held(self) -> bool:
        """Whether the limit, if there is one, is kept."""
        checked = self.value if self.error is None else self.error
        return self.limit is None or (checked is not None and math.isfinite(checked) and checked <= self.limit)

    @property
    def gap(self) -> float | None:
        """How many times worse than the bound: time over time, or rate under rate."""
        if not self.value or not self.bound:
            return None
        return self.bound / self.value if self.unit.endswith("/s") else self.value / self.bound


@dataclass(frozen=True)
class Outcome:
    """How a section ended. `error`: the type and the message of what ended it."""

    section: str
    status: Status
    seconds: float
    measures: list[Measure] = field(default_factory=list)
    error: str = ""

    @property
    def passed(self) -> bool:
        return self.status in {"ok", "not for this device"}


@dataclass
class Report:
    """Everything found so far, written whole to `path` after each section."""

    path: Path | None
    tell: Callable[[str], None]
    machine: dict[str, Any] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.tell(f"{outcome.section}: {outcome.status}, {outcome.seconds:.1f} s{outcome.error and f' ({outcome.error})'}")
        if self.path is not None:
            with whole_file(self.path) as scratch:
                scratch.write_text(self.as_json() + "\n", encoding="utf-8")

    @property
    def passed(self) -> bool:
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    def as_json(self) -> str:
        """NaN and infinite values are told as text, since JSON has none."""
        sections = {
            outcome.section: {"status": outcome.status, "seconds": round(outcome.seconds, 2), "error": outcome.error}
            | {"measures": [_plain(asdict(measure) | {"held": measure.held, "gap": measure.gap}) for measure in outcome.measures]}
            for outcome in self.outcomes
        }
        return json.dumps({"passed": self.passed, "machine": self.machine, "sections": sections}, indent=1)

    def table(self) -> str:
        """GitHub's Markdown: a line for the machine, a row a measure, and what failed."""
        machine = ", ".join(f"{key} {value}" for key, value in self.machine.items())
        lines = [machine, "", "| | measured | bound or limit | times the bound | memory | |", "|---|---|---|---|---|---|"]
        for outcome in self.outcomes:
            lines += [_row(outcome.section, measure) for measure in outcome.measures]
            if outcome.status not in {"ok", "missed"}:
                lines.append(f"| {outcome.section} | {outcome.status} | | | | {_cell(outcome.error)} |")
        return "\n".join([*lines, "", "passed" if self.passed else "NOT PASSED"])


def _row(section: str, measure: Measure) -> str:
    value = _number(measure.value, measure.unit) if measure.value is not None else "none"
    bound = _number(measure.bound, measure.unit) if measure.bound else ""
    if measure.limit is not None and measure.error is None:
        bound = f"at most {_number(measure.limit, measure.unit)}"
    gap = f"{measure.gap:.2f}" if measure.gap else ""
    memory = f"{measure.memory / 1e9:.2f} GB" if measure.memory is not None else ""
    return f"| {section}: {measure.name} | {value} | {bound} | {gap} | {memory} | {_cell(_note(measure))} |"


def _note(measure: Measure) -> str:
    """What the other columns leave out."""
    notes = [] if measure.held else ["MISSED"]
    notes += [measure.note] if measure.note else []
    notes += [f"error {measure.error:.2g} of {measure.limit:g}"] if measure.error is not None else []
    notes += [f"spread {measure.spread:.0%}"] if measure.spread and measure.spread > WIDE else []
    return ", ".join(notes)


def _number(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if abs(value) >= 1000 or value == 0 else f"{value:.3g}"
    return f"{shown} {unit}".strip()


def _cell(text: str) -> str:
    """Text that ends neither its cell nor its line."""
    return " ".join(text.split()).replace("|", "\\|")[:300]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, float) and not math.isfinite(value) else value for key, value in values.items()}
