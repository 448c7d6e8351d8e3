"""Runs work in a process of its own, which can be ended when a download gets no answer."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar, cast

Result = TypeVar("Result")

POLL_S = 0.2
"""After each so many seconds it is looked whether the work is still wanted."""


class ChildEndedError(Exception):
    """The process ended without an answer."""


def in_child(work: Callable[..., Result], *arguments: Any, wanted: Callable[[], None]) -> Result:
    """Return or raise what `work`, a function of a module, does in a process of its own.

    `wanted` is called often; once it raises, the process is ended. `ChildEndedError` if the process
    ends by itself.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, work, arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        while not ours.poll(POLL_S):
            wanted()
        result, error = ours.recv()
    except (EOFError, OSError) as lost:
        raise ChildEndedError("its process was ended") from lost
    finally:
        process.kill()
        process.join()
        ours.close()
    if error is not None:
        raise error
    return cast("Result", result)


def leave_standard_streams() -> None:
    """Redirect the standard streams: the parent's output carries its protocol, and nothing printed
    here may reach it or keep it open.
    """
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    # Ctrl-C in a terminal reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _answer(connection: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    leave_standard_streams()
    answer: tuple[Any, Exception | None]
    try:
        answer = work(*arguments), None
    except Exception as error:  # noqa: BLE001 - it is raised where the work is asked for
        answer = None, error
    connection.send(answer)
