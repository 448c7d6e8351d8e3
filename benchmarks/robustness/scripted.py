"""A server whose engine process follows a script, so that tests know what the model will say.

    python -m benchmarks.robustness.scripted

Everything but the model is real: the process, the pipe, the scheduler, the supervisor.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

from engine.api import (
    Committed,
    Draft,
    EditRequest,
    Event,
    Finished,
    FinishReason,
    GenerateRequest,
    InfillRequest,
    Loading,
    ModelUnavailableError,
    Request,
    WorkerSettings,
)
from engine.child import leave_standard_streams
from engine.worker import serve
from seed_lsp.server.lifecycle import serve_stdio
from seed_lsp.session.engine_client import EngineClient


def worker(connection: Connection, _settings: WorkerSettings) -> None:
    leave_standard_streams()
    # Printing must not reach the protocol's stream.
    print("noise on standard output", flush=True)
    serve(connection, run)


def pause(seconds: float, cancelled: Callable[[], bool]) -> FinishReason:
    """Wait as a model at work does, which stops when it is told to."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not cancelled():
        time.sleep(0.01)
    return "cancelled" if cancelled() else "stop"


def run(request: Request, cancelled: Callable[[], bool]) -> Iterator[Event]:
    if isinstance(request, EditRequest):
        word, _, rest = request.instruction.partition(" ")
        # The code itself may say what becomes of it, for refactorings whose instruction is ours.
        if "#replace " in request.region:
            rest = request.region.partition("#replace ")[2].partition("\n")[0]
        # Asked for a next edit it agrees with what is proposed, unless the code says otherwise.
        text = request.region if "stubborn" in request.region else request.guess or request.region
        given = ""
    elif isinstance(request, GenerateRequest):
        word, rest = "answer", ""
        # The code in the question says how the answer goes on, on one line.
        text = request.prompt.partition("#answer ")[2].partition("\n")[0].replace("\\n", "\n")
        given = request.start
    else:
        assert isinstance(request, InfillRequest)
        word, _, rest = request.prefix.rpartition("#")[2].partition(" ")
        text = repr(request.suffix) if word == "suffix" else "scripted_value()"
        if word.startswith("cut"):
            text = "value()" if request.prefix.endswith("scripted_") else "scripted_"
        if word.startswith("related"):
            text = repr("".join(file.text for file in request.related))
        given = request.start
    yield Loading(request.id, "scripted")
    reason: FinishReason = "stop"
    if word == "slow":
        reason = pause(20, cancelled)
    elif word == "twice":
        yield Committed(request.id, "first()\n")
        pause(20, cancelled)
        text = "first()\nsecond()\n"
    elif word == "say":
        text = rest.split()[0]
    elif word == "deadline":
        reason = pause(request.sampling.deadline_s or 0.0, cancelled)
    elif word == "wait":
        reason = pause(0.5, cancelled)
    elif word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "half":
        reason = "length"
    elif word.startswith("cut"):
        # Time for an editor to draw what the deadline left.
        reason = "deadline" if text == "scripted_" else pause(1, cancelled)
    elif word == "missing":
        raise ModelUnavailableError("the scripted model is missing; run: seed-lsp model fetch scripted")
    elif word == "bug":
        raise KeyError("secret text of the user")
    if word == "broken":
        text = "def (:\n"
    elif "=>" in rest:
        old, _, new = rest.partition("=>")
        text = text.replace(old.strip(), new.strip())
    if word == "slowly":
        for i, line in enumerate(text.splitlines(keepends=True)):
            yield Draft(request.id, "░" * len(line), i)
            time.sleep(0.5)
            yield Committed(request.id, line)
    else:
        yield Draft(request.id, "░░░", 1)
        yield Committed(request.id, text)
    yield Finished(request.id, given + text, reason, "verified", 7, 3, 11, 0, 0.01, 0.02, 1, request.model, "cpu", "float32")


if __name__ == "__main__":
    sys.exit(serve_stdio(EngineClient(entry=worker)))
