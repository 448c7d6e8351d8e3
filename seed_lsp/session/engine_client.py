"""Starts and supervises the engine process, and turns its events into answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection

from engine import worker
from engine.api import (
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
    Taken,
    Urgency,
    WorkerSettings,
)
from seed_lsp.errors import reason_of
from seed_lsp.session.outbox import Outbox

logger = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.5
MAX_BACKOFF_S = 30.0
STOP_TIMEOUT_S = 2.0
TAKEN_WITHIN_S = 60.0
"""A process that has not read a request for so long hangs: whatever it does, it reads at once."""

Entry = Callable[[Connection, WorkerSettings], None]
Watch = Callable[[Event], bool | None]


class SupersededError(EngineError):
    """An automatic request gave way to another one; nothing is wrong."""


class _UnreadError(EngineStoppedError):
    """The process answered other requests, and ended before it read this one."""


@dataclass
class _Pending:
    """A request whose end has not come yet. `taken`: the process has read it."""

    request: Request
    done: asyncio.Future[Finished]
    on_event: Callable[[Event], None]
    taken: bool = False


@dataclass
class _Child:
    """A running engine process.

    `loading` has the models that it may still be loading. `hangs`: it was ended because it hung.
    """

    process: multiprocessing.process.BaseProcess
    connection: Connection
    outbox: Outbox
    pending: dict[int, _Pending] = field(default_factory=dict)
    loading: set[str] = field(default_factory=set)
    answered: bool = False
    stopping: bool = False
    hangs: bool = False


class EngineClient:
    """The server's side of the process boundary. All methods belong to one event loop.

    The process starts with the first request and stops after `idle_s` without one. If it ends
    otherwise, every request under way fails with `EngineStoppedError`, and the next one starts it
    again, after a delay that doubles from 0.5 s to 30 s with each crash in a row.

    A request that the process had not read is sent once more. A process that reads nothing for
    `taken_within_s` is ended.
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
        self.idle_s, self.taken_within_s = idle_s, TAKEN_WITHIN_S
        # Told how many requests are under way when that changes, and what is being loaded.
        self.on_activity: Callable[[int], None] = lambda _under_way: None
        self.on_loading: Callable[[Loading], None] = lambda _event: None
        self._ids = itertools.count(1)
        self._child: _Child | None = None
        self._starting = asyncio.Lock()
        self._launching: asyncio.Future[_Child] | None = None
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
        """Serve one request. `on_event` sees each event before the last.

        Cancelling the awaiting task cancels the request.

        Raises `InvalidRequestError`, `ModelUnavailableError`, `SupersededError`,
        `EngineStoppedError` or `EngineError`.
        """
        try:
            return await self._run_once(request, on_event)
        except _UnreadError:
            return await self._run_once(request, on_event)

    async def ask(self, request: Request, watch: Watch) -> Finished:
        """Serve one request under a new id; it raises what `run` raises.

        `watch` sees each event before the last, and ends the request by answering True.
        """
        number = self.new_id()

        def on_event(event: Event) -> None:
            if watch(event):
                self.cancel(number)

        return await self.run(replace(request, id=number), on_event)

    async def _run_once(self, request: Request, on_event: Callable[[Event], None]) -> Finished:
        if self._idle is not None:
            self._idle.cancel()
        child = await self._running_child(wait=request.urgency is Urgency.ASKED_FOR)
        loop = asyncio.get_running_loop()
        pending = child.pending[request.id] = _Pending(request, loop.create_future(), on_event)
        patience = loop.call_later(self.taken_within_s, self._give_up, child, pending)
        self.on_activity(len(child.pending))
        try:
            child.outbox.put(request)
            return await pending.done
        except asyncio.CancelledError:
            child.outbox.cancel(request.id)
            raise
        finally:
            patience.cancel()
            child.pending.pop(request.id, None)
            self.on_activity(len(child.pending))
            self._watch_idleness()

    def cancel(self, request_id: int) -> None:
        """End a request early: its `run` returns what is certain so far.

        A request that is over needs no message.
        """
        child = self._child
        pending = child.pending.get(request_id) if child is not None else None
        if child is not None and pending is not None and child.outbox.cancel(request_id) and not pending.done.done():
            pending.done.set_exception(SupersededError("the request was cancelled before the engine read it"))

    async def configure(self, settings: WorkerSettings, models: Collection[str] | None = None) -> None:
        """Use other settings: a running process is stopped, and the next request starts one with
        them.

        `models` are used from now on. A process that is loading another one is stopped as well,
        since the loading may hang.
        """
        loading = self._child.loading if self._child is not None else set()
        if settings != self._settings or (models is not None and loading - set(models)):
            self._settings = settings
            await self.stop()

    async def stop(self) -> None:
        """End the process, by force if it does not go by itself."""
        if self._launching is not None:
            # Whoever asked for the process is told why there is none.
            with contextlib.suppress(EngineStoppedError):
                await asyncio.shield(self._launching)
        child, self._child = self._child, None
        if child is None:
            return
        child.stopping = True
        child.outbox.put(Shutdown())
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
            if self._launching is None:
                self._launching = asyncio.ensure_future(self._launch())
            # Whoever gives up waiting leaves the process to the next request, so that no second one
            # is started.
            return await asyncio.shield(self._launching)

    async def _launch(self) -> _Child:
        try:
            child = self._child = await asyncio.to_thread(self._start)
        except OSError as error:
            raise EngineStoppedError(f"the engine process cannot be started: {reason_of(error)}") from error
        finally:
            self._launching = None
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(child, loop), daemon=True, name="engine events").start()
        self._watch_idleness()
        return child

    def _start(self) -> _Child:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=self._entry, args=(theirs, self._settings), daemon=True, name="seed-lsp engine")
        try:
            process.start()
        except OSError:
            ours.close()
            raise
        finally:
            # With our copy closed, the end of the process is the end of the stream.
            theirs.close()
        return _Child(process, ours, Outbox(ours))

    def _listen(self, child: _Child, loop: asyncio.AbstractEventLoop) -> None:
        """Runs in a thread of its own, for the life of one process."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            with contextlib.suppress(EOFError, OSError):
                while True:
                    event = child.connection.recv()
                    loop.call_soon_threadsafe(self._dispatch, child, event)
            child.process.join(STOP_TIMEOUT_S)
            child.outbox.close(STOP_TIMEOUT_S)
            loop.call_soon_threadsafe(self._ended, child)

    def _dispatch(self, child: _Child, event: Event) -> None:
        child.answered = True
        pending = child.pending.get(event.id)
        if pending is None or pending.done.done():
            return
        pending.taken = True
        if isinstance(event, Loading):
            child.loading.add(pending.request.model)
            self.on_loading(event)
        elif not isinstance(event, Taken) and not (isinstance(event, Failed) and event.code in {"busy", "superseded"}):
            child.loading.discard(pending.request.model)
        if isinstance(event, Finished):
            self._crashes = 0
            pending.done.set_result(event)
        elif isinstance(event, Failed):
            pending.done.set_exception(_error_of(event))
        elif not isinstance(event, Taken):
            pending.on_event(event)

    def _give_up(self, child: _Child, pending: _Pending) -> None:
        if not pending.taken and not pending.done.done():
            child.hangs = True
            child.process.kill()

    def _ended(self, child: _Child) -> None:
        child.connection.close()
        if child.stopping:
            return
        if self._child is child:
            self._child = None
        was_idle = child.answered and not any(pending.taken for pending in child.pending.values())
        if not was_idle:
            self._crashes += 1
            self._not_before = self._clock() + min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (self._crashes - 1))
        how = self._how_ended(child)
        logger.warning("the engine process ended unexpectedly (%s); crashes in a row: %d", how, self._crashes)
        text = f"the engine stopped unexpectedly ({how}); the next request starts it again"
        for pending in child.pending.values():
            if not pending.done.done():
                pending.done.set_exception(_UnreadError(text) if child.answered and not pending.taken else EngineStoppedError(text))

    def _how_ended(self, child: _Child) -> str:
        if child.hangs:
            return f"it took no request for {self.taken_within_s:.0f} s and was ended"
        code = child.process.exitcode
        how = f"killed by signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        return how + (", perhaps for want of memory" if code == -9 else "")

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
