"""The engine process: loads a model at its first use, serves one request at a time, and is cancelled by id.

Torch is imported with the first model, so that the server can name this function without loading it.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
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
)
from engine.scheduling import Job, Scheduler

if TYPE_CHECKING:
    from engine.engine import Engine

logger = logging.getLogger(__name__)

MODELS_AT_ONCE = 2

REFUSALS = {"busy": "another request has the engine", "superseded": "a newer request took its place"}


@dataclass(frozen=True)
class WorkerSettings:
    """`device` and `dtype` None: the best that the machine has. `threads` None: one for each physical core."""

    device: str | None = None
    dtype: str | None = None
    threads: int | None = None


Runner = Callable[[Request, Callable[[], bool]], Iterator[Event]]
"""Serves one request: yields its events, and looks at the flag between steps."""


def main(connection: Connection, settings: WorkerSettings) -> None:
    """Entry point of the child process."""
    _leave_standard_streams()
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
        while (job := scheduler.next()) is not None:
            _serve_one(job, run, send)
    except (BrokenPipeError, ConnectionResetError):
        logger.info("the server went away")


def _listen(connection: Connection, scheduler: Scheduler, send: Callable[[Event], None]) -> None:
    """Hear commands while a request runs. Ends with the connection."""
    try:
        while True:
            command = connection.recv()
            if isinstance(command, Shutdown):
                break
            refused = scheduler.cancel(command.id) if isinstance(command, Cancel) else scheduler.submit(command)
            for entry in refused:
                send(Failed(entry.id, entry.code, REFUSALS[entry.code]))
    except (EOFError, OSError):
        logger.info("the connection to the server closed")
    scheduler.close()


def _serve_one(job: Job, run: Runner, send: Callable[[Event], None]) -> None:
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
    except EngineError as error:
        send(Failed(request.id, "internal", str(error)))
    except Exception as error:  # noqa: BLE001 - one request's bug must not end the process
        # The engine must survive a bug in one request. The log has the place; the message might quote the user's code.
        logger.error("request %d failed with %s\n%s", request.id, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in str(error)):
            text = "the machine has not enough memory for this request; choose the 0.5B model or select less code"
            send(Failed(request.id, "out_of_memory", text))
        else:
            send(Failed(request.id, "internal", f"the engine failed with {type(error).__name__}; its log has the details"))


class _Loader:
    """Holds the loaded models: one for typing and one for edits may take turns; a third replaces the one that was used longest ago."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._engines: dict[str, Engine] = {}

    def run(self, request: Request, cancelled: Callable[[], bool]) -> Iterator[Event]:
        if request.model not in self._engines:
            yield from self._load(request)
        engine = self._engines[request.model] = self._engines.pop(request.model)
        yield from engine.run(request, cancelled)

    def _load(self, request: Request) -> Iterator[Event]:
        from engine.engine import Engine

        while len(self._engines) >= MODELS_AT_ONCE:
            del self._engines[next(iter(self._engines))]
            gc.collect()
        yield Loading(request.id, f"loading {request.model}")
        settings = self._settings
        shares: SimpleQueue[float | None] = SimpleQueue()
        load = partial(Engine.load, device=settings.device, dtype=settings.dtype, threads=settings.threads, report=shares.put)
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(load, request.model)
            loading.add_done_callback(lambda _loading: shares.put(None))
            while (share := shares.get()) is not None:
                yield Loading(request.id, f"packing {request.model} for this processor", share)
            self._engines[request.model] = loading.result()


def _leave_standard_streams() -> None:
    """The server's standard output carries its protocol: nothing printed here may reach it, nor keep it open."""
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    # Ctrl-C in a terminal reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
