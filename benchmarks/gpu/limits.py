"""Sections by the clock: each ends within its time, and one that fails leaves the others."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import FrameType

from benchmarks.gpu.report import Measure, Outcome, Report, Status

RESERVE_S = 4.0
"""Kept at the end for what the clock could not interrupt at once, and for the table."""
SHORTEST_S = 2.0
"""A section is not begun with less time left than this."""


Measures = Generator[Measure, None, None]
"""What a section finds, one after the other."""


class OutOfTimeError(Exception):
    """A section took longer than it may."""


class OtherDeviceError(Exception):
    """The section is for devices of another kind; its text says for which."""


@dataclass(frozen=True)
class Section:
    """`measure` yields what it found; `seconds` bound it."""

    name: str
    seconds: float
    measure: Callable[[], Measures]


class Clock:
    """`started` and the end are of `time.monotonic`."""

    def __init__(self, seconds: float, started: float) -> None:
        self.end = started + seconds

    @property
    def left(self) -> float:
        """Seconds that sections may still take together."""
        return self.end - RESERVE_S - time.monotonic()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` in the block after so long, as soon as Python code runs again.

    It works in the main thread, on systems with signals.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError(f"not done within {seconds:.1f} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run_section(section: Section, clock: Clock, report: Report) -> None:
    """Run it and add its outcome; nothing that it raises gets out."""
    started = time.monotonic()
    measures: list[Measure] = []
    status: Status = "ok"
    error = ""
    seconds = min(section.seconds, clock.left)
    if seconds < SHORTEST_S:
        report.add(Outcome(section.name, "not run", 0.0, error="no time was left"))
        return
    try:
        # What a section leaves half done (a mode of torch's, say) ends with it.
        with at_most(seconds), closing(section.measure()) as found:
            for measure in found:
                measures.append(measure)
                report.tell(f"  {measure.name}: {measure.value} {measure.unit} {measure.note}")
    except OtherDeviceError as other:
        status, error = "not for this device", str(other)
    except Exception as failure:  # noqa: BLE001 - whatever a section raises, the others are still worth running
        status, error = "failed", f"{type(failure).__name__}: {failure}"
    if status == "ok" and not all(measure.held for measure in measures):
        status = "missed"
    report.add(Outcome(section.name, status, time.monotonic() - started, measures, error))


def end_at(clock: Clock, report: Report) -> threading.Timer:
    """Once the time is over, end the process with what was found, for calls that no signal
    interrupts.

    The caller cancels what this returns.
    """

    def end() -> None:
        report.add(Outcome("the clock", "failed", 0.0, error="the time was over within a call that cannot be interrupted"))
        print(report.table(), flush=True)
        sys.stderr.flush()
        os._exit(1)

    timer = threading.Timer(max(0.0, clock.end - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    return timer
