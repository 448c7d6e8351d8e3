"""The engine process: loads a model at its first use, serves one request at a time, and is
cancelled by id.

Torch is imported with the first model, so that the server can name this function without loading
it.
"""

from __future__ import annotations

import gc
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TYPE_CHECKING

from engine.api import (
    Cancel,
    EngineError,
    Event,
    Failed,
    InvalidRequestError,
    Loading,
    ModelUnavailableError,
    Request,
    Shutdown,
    Taken,
    WorkerSettings,
)
from engine.child import leave_standard_streams
from engine.scheduling import Job, Scheduler

if TYPE_CHECKING:
    from engine.engine import Engine

logger = logging.getLogger(__name__)

MODELS_AT_ONCE = 2
POLL_S = 0.05
"""While a model is being loaded, it is looked after each so many seconds whether the request for it
is still wanted.
"""

MEMORY_WORDS = ("memory", "failed to map segment")
PROBE_BYTES = 256 << 20
"""Less memory than any model takes: where so much cannot be had, memory is what is missing."""

REFUSALS = {"busy": "another request has the engine", "superseded": "a newer request took its place"}


Runner = Callable[[Request, Callable[[], bool]], Iterator[Event]]
"""Serves one request: yields its events, and asks between steps whether it was cancelled."""


def main(connection: Connection, settings: WorkerSettings) -> None:
    """Entry point of the child process."""
    leave_standard_streams()
    serve(connection, _Loader(settings).run)


def serve(connection: Connection, run: Runner) -> None:
    """Serve requests from `connection` with `run` until it closes."""
    scheduler, sending = Scheduler(), threading.Lock()

    def send(event: Event) -> None:
        with sending:
            connection.send(event)

    listener = threading.Thread(target=_listen, args=(connection, scheduler, send), daemon=True, name="listen")
    listener.start()
    try:
        while (job := scheduler.next()) is not None and _serve_one(job, run, send):
            pass
    except (BrokenPipeError, ConnectionResetError):
        logger.info("the server went away")


def _listen(connection: Connection, scheduler: Scheduler, send: Callable[[Event], None]) -> None:
    """Take commands while a request runs, until the connection ends."""
    try:
        while True:
            command = connection.recv()
            if isinstance(command, Shutdown):
                break
            if isinstance(command, Request):
                send(Taken(command.id))
            refused = scheduler.cancel(command.id) if isinstance(command, Cancel) else scheduler.submit(command)
            for entry in refused:
                send(Failed(entry.id, entry.code, REFUSALS[entry.code]))
    except (EOFError, OSError):
        logger.info("the connection to the server closed")
    scheduler.close()


def _serve_one(job: Job, run: Runner, send: Callable[[Event], None]) -> bool:
    """Serve a request, and tell whether the process can serve another one."""
    request = job.request
    try:
        for event in run(request, job.cancelled):
            send(event)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except InvalidRequestError as error:
        send(Failed(request.id, "invalid_request", str(error)))
    except ModelUnavailableError as error:
        send(Failed(request.id, "model_unavailable", str(error)))
    except _LeftError:
        send(Failed(request.id, "superseded", REFUSALS["superseded"]))
    except EngineError as error:
        send(Failed(request.id, "internal", str(error)))
    except Exception as error:  # noqa: BLE001 - one request's bug must not end the process
        # The engine must survive a bug in one request. The log has the place; the message might
        # quote the user's code.
        logger.error("request %d failed with %s\n%s", request.id, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        if _lacks_memory(error):
            text = "the machine has not enough memory for this request; choose the 0.5B model or select less code"
            send(Failed(request.id, "out_of_memory", text))
        else:
            send(Failed(request.id, "internal", f"the engine failed with {type(error).__name__}; its log has the details"))
        # Libraries that were loaded in part cannot be loaded again: another process has to start.
        return not isinstance(error, ImportError | SystemError)
    return True


def _lacks_memory(error: BaseException | None) -> bool:
    """Whether an error, or one of those that caused it, says that memory is missing.

    Libraries that cannot be loaded or that fail in C say so in many ways, or not at all; then it is
    tried.
    """
    foreign = isinstance(error, ImportError | SystemError)
    while error is not None:
        words = str(error).lower()
        if isinstance(error, MemoryError) or (
            isinstance(error, RuntimeError | ImportError) and any(word in words for word in MEMORY_WORDS)
        ):
            return True
        error = error.__cause__ or error.__context__
    if not foreign:
        return False
    try:
        bytearray(PROBE_BYTES)
    except MemoryError:
        return True
    return False


class _LeftError(Exception):
    """The request was cancelled while its model was being loaded."""


class _Loading:
    """A model that is being loaded in a thread of its own.

    Nothing can end that thread: its file may be on a disk that does not answer.
    """

    def __init__(self, model: str, settings: WorkerSettings) -> None:
        from engine.engine import Engine

        self.shares: SimpleQueue[float] = SimpleQueue()
        self._engine: Future[Engine] = Future()
        self._load = partial(
            Engine.load, model, device=settings.device, dtype=settings.dtype, threads=settings.threads, report=self.shares.put
        )
        threading.Thread(target=self._run, daemon=True, name="load").start()

    def _run(self) -> None:
        try:
            self._engine.set_result(self._load())
        except BaseException as error:  # noqa: BLE001 - it is raised where the engine is asked for
            self._engine.set_exception(error)

    @property
    def failed(self) -> bool:
        return self._engine.done() and self._engine.exception() is not None

    def done(self, wait_s: float) -> bool:
        return bool(wait([self._engine], wait_s).done)

    def engine(self) -> Engine:
        return self._engine.result()


class _Loader:
    """Holds the loaded models, `MODELS_AT_ONCE` of them: one for typing and one for edits.

    A third replaces the one used longest ago.

    A request that is cancelled while its model is being loaded ends at once. The loading goes on,
    and the next request for that model finds it. A request for another model does not wait for it.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._engines: dict[str, Engine] = {}
        self._loading: dict[str, _Loading] = {}

    def run(self, request: Request, cancelled: Callable[[], bool]) -> Iterator[Event]:
        if request.model not in self._engines:
            yield from self._load(request, cancelled)
        engine = self._engines[request.model] = self._engines.pop(request.model)
        yield from engine.run(request, cancelled)

    def _load(self, request: Request, cancelled: Callable[[], bool]) -> Iterator[Event]:
        model = request.model
        yield Loading(request.id, f"loading {model}")
        if model not in self._loading or self._loading[model].failed:
            self._make_room(model)
            self._loading[model] = _Loading(model, self._settings)
        loading = self._loading[model]
        while not loading.done(POLL_S):
            while not loading.shares.empty():
                yield Loading(request.id, f"packing {model} for this processor", loading.shares.get())
            if cancelled():
                raise _LeftError
        while not loading.shares.empty():
            yield Loading(request.id, f"packing {model} for this processor", loading.shares.get())
        self._engines[model] = self._loading.pop(model).engine()

    def _make_room(self, model: str) -> None:
        self._loading.pop(model, None)
        while self._engines and len(self._engines) + len(self._loading) >= MODELS_AT_ONCE:
            del self._engines[next(iter(self._engines))]
            gc.collect()
