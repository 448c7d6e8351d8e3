"""Commands wait here until the engine process reads.

A process that does not read must not hold up the server.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from multiprocessing.connection import Connection

from engine.api import Cancel, Command, EngineError, Request

MOST_WAITING = 16
"""No more requests wait to be sent: the engine reads at once unless something is wrong."""


class Outbox:
    """Sends commands in their order, from a thread of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._changed = threading.Condition()
        self._waiting: deque[Command] = deque()
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="engine commands")
        self._thread.start()

    def put(self, command: Command) -> None:
        """Send as soon as the process reads; `EngineError` where too many requests wait already."""
        with self._changed:
            if isinstance(command, Request) and sum(isinstance(one, Request) for one in self._waiting) >= MOST_WAITING:
                raise EngineError(f"the engine does not answer, and {MOST_WAITING} requests wait for it; try again, or restart the server")
            self._waiting.append(command)
            self._changed.notify()

    def cancel(self, request_id: int) -> bool:
        """Cancel a request; whether it had not been sent, and never will be."""
        with self._changed:
            kept = [one for one in self._waiting if not (isinstance(one, Request) and one.id == request_id)]
            unsent = len(kept) < len(self._waiting)
            self._waiting = deque(kept)
            if not unsent:
                self._waiting.append(Cancel(request_id))
                self._changed.notify()
            return unsent

    def close(self, timeout_s: float) -> None:
        """Send no more, and wait for what is being sent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        # A process that is gone is noticed by who listens to it.
        with contextlib.suppress(OSError, ValueError):
            while (command := self._next()) is not None:
                self._connection.send(command)

    def _next(self) -> Command | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return None if self._closed else self._waiting.popleft()
