"""A server whose engine process writes down what its scheduler does.

    python -m benchmarks.robustness.watched

``SOAK_RECORD`` names the file. Each line says what happened, the seconds of the machine's clock,
and how many requests wait. Without ``SOAK_REAL`` the model is a script of forwards that take 50 ms.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

from engine import worker
from engine.api import Committed, Event, Finished, FinishReason, Request, WorkerSettings
from engine.child import leave_standard_streams
from engine.scheduling import Job, Refused, Scheduler
from seed_lsp.server.lifecycle import serve_stdio
from seed_lsp.session.engine_client import EngineClient

RECORD, REAL = "SOAK_RECORD", "SOAK_REAL"
FORWARD_S = 0.05
FORWARDS = 40
"""That a request takes which nobody cancels."""


@dataclass(frozen=True)
class Line:
    """One line of the record.

    `what` is ``submit`` and ``cancel``, each when it has been heard, ``idle`` when there is nothing
    to run, ``run``, and ``forward`` as one begins.
    """

    what: str
    at: float
    waiting: int


def read_record(path: Path) -> list[Line]:
    found = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return [Line(what, float(at), int(waiting)) for what, at, waiting in found]


def note(what: str, waiting: int = 0) -> None:
    with Path(os.environ[RECORD]).open("a", encoding="ascii") as file:
        file.write(f"{what} {time.monotonic():.6f} {waiting}\n")


class WatchedScheduler(Scheduler):
    def submit(self, request: Request) -> list[Refused]:
        refused = super().submit(request)
        note("submit", len(self._waiting))
        return refused

    def cancel(self, request_id: int) -> list[Refused]:
        refused = super().cancel(request_id)
        note("cancel", len(self._waiting))
        return refused

    def next(self) -> Job | None:
        if not self._waiting:
            note("idle")
        job = super().next()
        note("run", len(self._waiting))
        return job


def forwards(request: Request, cancelled: Callable[[], bool]) -> Iterator[Event]:
    done = 0
    while done < FORWARDS and not cancelled():
        note("forward")
        time.sleep(FORWARD_S)
        done += 1
    text = "scripted_value()"
    yield Committed(request.id, text)
    reason: FinishReason = "cancelled" if cancelled() else "stop"
    yield Finished(request.id, text, reason, "verified", done, done, 1, 0, 0.0, FORWARD_S * done, 1, request.model, "cpu", "float32")


def watched(connection: Connection, settings: WorkerSettings) -> None:
    with mock.patch.object(worker, "Scheduler", WatchedScheduler):
        if os.environ.get(REAL):
            worker.main(connection, settings)
        else:
            leave_standard_streams()
            worker.serve(connection, forwards)


if __name__ == "__main__":
    sys.exit(serve_stdio(EngineClient(entry=watched)))
