"""Starts and supervises the engine process, and turns its events into answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from engine import worker
from engine.api import (
    Cancel,
    EngineError,
    EngineStoppedError,
    Event,
    Failed,
    Finished,
    InvalidRequestError,
    Loading,
    ModelUnavailableError,
    Request,
    Shutdown,
    Urgency,
)
from engine.worker import WorkerSettings

logger = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.5
MAX_BACKOFF_S = 30.0
STOP_TIMEOUT_S = 2.0

Entry = Callable[[Connection, WorkerSettings], None]


class SupersededError(EngineError):
    """An automatic request gave way to another one; nothing is wrong."""


@dataclass
class _Pending:
    """A request whose end has not come yet."""

    done: asyncio.Future[Finished]
    on_event: Callable[[Event], None]


@dataclass
class _Child:
    """A running engine process."""

    process: multiprocessing.process.BaseProcess
    connection: Connection
    pending: dict[int, _Pending] = field(default_factory=dict)
    stopping: bool = False


class EngineClient:
    """The server's side of the process boundary. All methods belong to one event loop.

    The process starts with the first request and stops after `idle_s` without one. If it ends otherwise, every request
    under way fails with `EngineStoppedError`, and the next one starts it again, after a delay that doubles from
    0.5 s to 30 s with each crash in a row.
    """

    def __init__(
        self,
        settings: WorkerSettings | None = None,
        *,
        idle_s: float = 900.0,
        entry: Entry = worker.main,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings or WorkerSettings()
        self._entry, self._clock = entry, clock
        self.idle_s = idle_s
        # Told how many requests are under way when that changes, and what is being loaded.
        self.on_activity: Callable[[int], None] = lambda _under_way: None
        self.on_loading: Callable[[Loading], None] = lambda _event: None
        self._ids = itertools.count(1)
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._crashes = 0
        self._not_before = 0.0
        self._idle: asyncio.TimerHandle | None = None
        self._unloading: asyncio.Future[None] | None = None

    def new_id(self) -> int:
        return next(self._ids)

    @property
    def running(self) -> bool:
        return self._child is not None

    @property
    def pid(self) -> int | None:
        return self._child.process.pid if self._child else None

    async def run(self, request: Request, on_event: Callable[[Event], None] = lambda _event: None) -> Finished:
        """Serve one request; `on_event` sees each event before the last. Cancelling the awaiting task cancels the request.

        Raises `InvalidRequestError`, `ModelUnavailableError`, `SupersededError`, `EngineStoppedError` or `EngineError`.
        """
        if self._idle is not None:
            self._idle.cancel()
        child = await self._running_child(wait=request.urgency is Urgency.ASKED_FOR)
        pending = _Pending(asyncio.get_running_loop().create_future(), on_event)
        child.pending[request.id] = pending
        self.on_activity(len(child.pending))
        try:
            self._send(child, request)
            return await pending.done
        except asyncio.CancelledError:
            self._send(child, Cancel(request.id))
            raise
        finally:
            child.pending.pop(request.id, None)
            self.on_activity(len(child.pending))
            self._watch_idleness()

    def cancel(self, request_id: int) -> None:
        """End a request early: its `run` returns what is certain so far. One that is over needs no message."""
        if self._child is not None and request_id in self._child.pending:
            self._send(self._child, Cancel(request_id))

    async def configure(self, settings: WorkerSettings) -> None:
        """Use other settings; a running process is stopped, and the next request starts it with them."""
        if settings != self._settings:
            self._settings = settings
            await self.stop()

    async def stop(self) -> None:
        """End the process, by force if it does not go by itself."""
        child, self._child = self._child, None
        if child is None:
            return
        child.stopping = True
        self._send(child, Shutdown())
        await asyncio.to_thread(_end, child.process)
        self._fail_all(child, EngineStoppedError("the engine was stopped"))

    async def _running_child(self, *, wait: bool) -> _Child:
        async with self._starting:
            if self._child is not None:
                return self._child
            delay = self._not_before - self._clock()
            if delay > 0:
                if not wait:
                    raise EngineStoppedError(f"the engine stopped unexpectedly; it can start again in {delay:.0f} s")
                await asyncio.sleep(delay)
            self._child = await asyncio.to_thread(self._start)
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._listen, args=(self._child, loop), daemon=True, name="engine events").start()
            return self._child

    def _start(self) -> _Child:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=self._entry, args=(theirs, self._settings), daemon=True, name="seed-lsp engine")
        process.start()
        # With our copy closed, the end of the process is the end of the stream.
        theirs.close()
        return _Child(process, ours)

    def _send(self, child: _Child, command: Request | Cancel | Shutdown) -> None:
        # A process that is gone is noticed by the listening thread, which fails what was under way.
        with contextlib.suppress(OSError, ValueError):
            child.connection.send(command)

    def _listen(self, child: _Child, loop: asyncio.AbstractEventLoop) -> None:
        """Runs in a thread of its own, for the life of one process."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            with contextlib.suppress(EOFError, OSError):
                while True:
                    event = child.connection.recv()
                    loop.call_soon_threadsafe(self._dispatch, child, event)
            child.process.join(STOP_TIMEOUT_S)
            loop.call_soon_threadsafe(self._ended, child)

    def _dispatch(self, child: _Child, event: Event) -> None:
        pending = child.pending.get(event.id)
        if pending is None or pending.done.done():
            return
        if isinstance(event, Finished):
            self._crashes = 0
            pending.done.set_result(event)
        elif isinstance(event, Failed):
            pending.done.set_exception(_error_of(event))
        else:
            if isinstance(event, Loading):
                self.on_loading(event)
            pending.on_event(event)

    def _ended(self, child: _Child) -> None:
        child.connection.close()
        if child.stopping:
            return
        if self._child is child:
            self._child = None
        self._crashes += 1
        self._not_before = self._clock() + min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (self._crashes - 1))
        code = child.process.exitcode
        how = f"killed by signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        if code == -9:
            how += ", perhaps for want of memory"
        logger.warning("the engine process ended unexpectedly (%s); crashes in a row: %d", how, self._crashes)
        self._fail_all(child, EngineStoppedError(f"the engine stopped unexpectedly ({how}); the next request starts it again"))

    def _fail_all(self, child: _Child, error: EngineError) -> None:
        for pending in child.pending.values():
            if not pending.done.done():
                pending.done.set_exception(error)

    def _watch_idleness(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        if self._child is not None and not self._child.pending and self.idle_s > 0:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(self.idle_s, self._unload)

    def _unload(self) -> None:
        # The loop itself holds tasks weakly.
        self._unloading = asyncio.ensure_future(self._stop_if_idle())

    async def _stop_if_idle(self) -> None:
        if self._child is not None and not self._child.pending:
            logger.info("the engine was idle for %.0f s and is unloaded", self.idle_s)
            await self.stop()


def _end(process: multiprocessing.process.BaseProcess) -> None:
    process.join(STOP_TIMEOUT_S)
    if process.is_alive():
        process.kill()
        process.join()


def _error_of(event: Failed) -> EngineError:
    kinds: dict[str, type[EngineError]] = {
        "invalid_request": InvalidRequestError,
        "model_unavailable": ModelUnavailableError,
        "busy": SupersededError,
        "superseded": SupersededError,
    }
    return kinds.get(event.code, EngineError)(event.message)
