"""Decides which request runs next. One runs at a time, and what is less urgent gives way."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from engine.api import Request, Urgency

LEAST_DEADLINE_S = 0.2
"""While the user types, waiting never leaves less of a longer deadline than this, which is the time
of a few tokens on a CPU.
"""


@dataclass(frozen=True)
class Refused:
    """A request that will not be run, and why."""

    id: int
    code: Literal["busy", "superseded"]


class Job:
    """A request under way, with its flag to stop.

    It came at `queued_at`, in seconds of the scheduler's clock.
    """

    def __init__(self, request: Request, queued_at: float) -> None:
        self.request = request
        self._queued_at = queued_at
        self._stop = threading.Event()

    def gives_way_to(self, other: Job) -> bool:
        return self.request.urgency < Urgency.ASKED_FOR and self.request.urgency <= other.request.urgency

    def start(self, now: float) -> None:
        """Take the time that a request waited off its deadline, if it comes from typing.

        `now` is in seconds of the scheduler's clock.

        Waiting counts both before the request came and in the queue. A request that waited for
        longer than its deadline, because a model was being loaded, keeps its whole deadline: an
        editor that does not wait so long has cancelled it by then.
        """
        sampling, waited_s = self.request.sampling, self.request.waited_s + now - self._queued_at
        if self.request.urgency is not Urgency.TYPING or sampling.deadline_s is None or waited_s >= sampling.deadline_s:
            return
        left = max(sampling.deadline_s - waited_s, min(sampling.deadline_s, LEAST_DEADLINE_S))
        self.request = replace(self.request, sampling=replace(sampling, deadline_s=left))

    def cancel(self) -> None:
        self._stop.set()

    def cancelled(self) -> bool:
        return self._stop.is_set()


class Scheduler:
    """A queue between the thread that hears requests and the one that runs them.

    A new request replaces those, waiting or running, that are no more urgent, and waits for those
    that are more urgent. What the user asked for is never replaced by another request of that kind.
    While one waits or runs, any request of another kind is refused, unless that one was cancelled
    and is about to end.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._closed = False

    def submit(self, request: Request) -> list[Refused]:
        """Queue a request.

        Return those that will not be run because of it; that is itself if it is refused.
        """
        with self._changed:
            new = Job(request, self._clock())
            asked_for = any(job.request.urgency is Urgency.ASKED_FOR and not job.cancelled() for job in self._jobs())
            if request.urgency < Urgency.ASKED_FOR and asked_for:
                return [Refused(request.id, "busy")]
            if self._running is not None and self._running.gives_way_to(new):
                self._running.cancel()
            dropped = [job for job in self._waiting if job.gives_way_to(new)]
            self._waiting = deque(job for job in self._waiting if not job.gives_way_to(new))
            self._waiting.append(new)
            self._changed.notify()
            return [Refused(job.request.id, "superseded") for job in dropped]

    def cancel(self, request_id: int) -> list[Refused]:
        """Stop a request.

        One that waits is dropped and returned; one that runs ends soon; an unknown one is ignored.
        """
        with self._changed:
            if self._running is not None and self._running.request.id == request_id:
                self._running.cancel()
            dropped = [job for job in self._waiting if job.request.id == request_id]
            self._waiting = deque(job for job in self._waiting if job.request.id != request_id)
            return [Refused(job.request.id, "superseded") for job in dropped]

    def next(self) -> Job | None:
        """Wait for the next job, which then counts as running; None if the scheduler is closed."""
        with self._changed:
            self._running = None
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            self._running = self._waiting.popleft()
            self._running.start(self._clock())
            return self._running

    def close(self) -> None:
        """Stop the running job, forget the waiting ones, and let `next` return None."""
        with self._changed:
            self._closed = True
            if self._running is not None:
                self._running.cancel()
            self._waiting.clear()
            self._changed.notify()

    def _jobs(self) -> list[Job]:
        return [*([self._running] if self._running else []), *self._waiting]
