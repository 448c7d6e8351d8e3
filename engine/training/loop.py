"""The loop of a training run: update, measure, save, note.

An interrupted run goes on from its last checkpoint.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from engine.training.lora import Lora
from engine.training.optimizer import set_rate
from engine.training.run_log import Line, RunLog
from engine.training.state import load_state, save_state


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    `steps` are the updates done so far, `seconds` the time of all of them, without measuring, and
    `last_seconds` that of the last one.
    """

    steps: int = 0
    seconds: float = 0.0
    last_seconds: float = 0.0


class Learner(Protocol):
    """What a run trains. The loop says when; the learner knows how.

    What `update` makes of a step depends on the step's number and the learner's seed alone, so that
    a run that goes on does what an uninterrupted one does.
    """

    @property
    def lora(self) -> Lora: ...

    @property
    def optimizer(self) -> torch.optim.Optimizer: ...

    @property
    def totals(self) -> dict[str, int]:
        """Counts over the whole run, which `update` adds to; the checkpoint keeps them."""

    def rate(self, step: int) -> float:
        """The learning rate of step number `step`, counted from 0."""

    def update(self, step: int) -> Line:
        """Do step number `step`, counted from 0; what the log says of it."""

    def is_due(self, steps: int) -> bool:
        """Whether the run is measured and saved after so many steps."""

    def measure(self) -> Line:
        """Measure on held-out text; what the log says of it."""

    def save(self, steps: int, measured: Line) -> None:
        """Write the adapter as it is after so many steps, with what `measure` has just found."""

    def line(self, progress: Progress, noted: Line) -> Line:
        """The log's line: what `update` and `measure` gave, and how far the run is."""


class Loop:
    """The steps of one run, with its checkpoint at `state`.

    Only the main one of several processes has a `log` and writes files.
    """

    def __init__(self, learner: Learner, steps: int, state: Path, log: RunLog | None) -> None:
        self._learner, self._steps, self._state, self._log = learner, steps, state, log
        self.progress = Progress()
        if state.is_file():
            self._resume()

    def run(self) -> None:
        """Do all steps that are left."""
        learner = self._learner
        if self.progress.steps == 0:
            self._note(learner.measure())
        while self.progress.steps < self._steps:
            noted = self._step()
            if learner.is_due(self.progress.steps):
                measured = learner.measure()
                self._save(measured)
                noted = {**noted, **measured}
            self._note(noted)

    def _step(self) -> Line:
        learner, before = self._learner, self.progress
        started = time.perf_counter()
        set_rate(learner.optimizer, learner.rate(before.steps))
        noted = learner.update(before.steps)
        spent = time.perf_counter() - started
        self.progress = Progress(before.steps + 1, before.seconds + spent, spent)
        return noted

    def _note(self, noted: Line) -> None:
        if self._log is not None:
            self._log.write(self._learner.line(self.progress, noted))

    def _save(self, measured: Line) -> None:
        if self._log is None:
            return
        learner, progress = self._learner, self.progress
        learner.save(progress.steps, measured)
        save_state(self._state, learner.lora, learner.optimizer, {"step": progress.steps, **learner.totals, "seconds": progress.seconds})

    def _resume(self) -> None:
        counts = load_state(self._state, self._learner.lora, self._learner.optimizer)
        self.progress = Progress(int(counts["step"]), counts["seconds"])
        for name in self._learner.totals:
            self._learner.totals[name] = int(counts[name])
        if self._log is not None:
            self._log.go_back_to(self.progress.steps)
