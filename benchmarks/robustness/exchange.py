"""Some messages to a server and what must come back.

Every request has an answer, nothing in it is internal, and nothing of the user's is in the logs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.robustness.session import SCRIPTED, Chunk, HangError, LostError, Message, Session, framed
from benchmarks.robustness.shapes import CANARY, is_declared

ANSWER_WITHIN_S = 60.0
INTERNAL_ERROR = -32603
FORM_ERRORS = (-32600, -32601, -32602)
_TRACE = b"Traceback (most recent call last)"


@dataclass(frozen=True)
class Sent:
    """A message as it goes out.

    `number` is the id that must be answered; `unnamed` says that an error without an id must come.
    `fits` says that it is well-formed, so that it may be refused for what it asks for and not for
    its form.
    """

    method: str
    chunks: tuple[Chunk, ...]
    number: int | str | None = None
    unnamed: bool = False
    fits: bool = False

    @property
    def data(self) -> bytes:
        return b"".join(data for data, _ in self.chunks)


@dataclass(frozen=True)
class Fault:
    """A promise that was broken.

    `method` is that of the message, where it is known which one it was.
    """

    what: str
    method: str = ""
    detail: str = ""
    suspects: tuple[Sent, ...] = ()

    @property
    def kind(self) -> tuple[str, str]:
        return self.what, self.method


def sent(message: Any, chunks: Sequence[Chunk] | None = None, *, number: int | str | None = None, fits: bool = False) -> Sent:
    method = message.get("method") if isinstance(message, dict) else None
    return Sent(method if isinstance(method, str) else "", tuple(chunks or [(framed(message), 0.0)]), number, fits=fits)


def start(folder: Path) -> Session:
    """A server with the scripted engine, that cannot fetch anything."""
    cut_off = {"SEED_LSP_CACHE": str(folder / ".cache"), "HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1"}
    session = Session(SCRIPTED, settings={"model": str(folder)}, environment={**cut_off, "PYTHONFAULTHANDLER": "1"})
    session.keep_notifications = True
    return session


def initialize_params(folder: Path, encoding: str = "utf-16") -> Message:
    capabilities = {
        "general": {"positionEncodings": [encoding]},
        "workspace": {"configuration": True, "applyEdit": True, "workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {}}},
        "window": {"workDoneProgress": True, "showMessage": {"messageActionItem": {}}},
        "textDocument": {"codeAction": {"resolveSupport": {"properties": ["edit"]}, "dataSupport": True}},
    }
    options = {"model": str(folder), "completion": {"enabled": True}}
    folders = [{"uri": folder.as_uri(), "name": "folder"}]
    return {
        "processId": os.getpid(),
        "rootUri": folder.as_uri(),
        "capabilities": capabilities,
        "initializationOptions": options,
        "workspaceFolders": folders,
    }


def exchange(session: Session, batch: Sequence[Sent], *, probe: bool = True) -> list[Fault]:
    """Send the messages, and a request that always has an answer; the promises that were broken."""
    unnamed = len(session.answers[None])
    for one in batch:
        for data, wait_s in one.chunks:
            session.send(data, wait_s=wait_s)
    faults = []
    wanted = {one.number: one for one in batch if one.number is not None}
    try:
        if probe and "result" not in session.command("seed.completionStatistics", within_s=ANSWER_WITHIN_S):
            faults.append(Fault("the probe is refused", suspects=tuple(batch)))
        missing = session.missing(wanted, within_s=ANSWER_WITHIN_S)
    except HangError:
        return [Fault("no answer to the probe", suspects=tuple(batch))]
    except LostError as error:
        return [Fault("the server is gone", detail=str(error), suspects=tuple(batch))]
    for number in missing:
        one = wanted[number]
        faults.append(Fault("no answer", one.method, suspects=(one,)))
    for number, one in wanted.items():
        # Before and after its time a session refuses everything.
        faults += _faults_of_answers(session.answers.get(number, []), one if probe else replace(one, fits=False))
    no_messages = tuple(one for one in batch if one.unnamed)
    if not session.wait_until(lambda: len(session.answers[None]) - unnamed >= len(no_messages), within_s=ANSWER_WITHIN_S):
        faults.append(Fault("no error for what is no message", suspects=no_messages))
    return faults + quiet(session, batch)


def _faults_of_answers(answers: Sequence[Message], one: Sent) -> list[Fault]:
    faults = []
    if len(answers) > 1:
        faults.append(Fault("two answers", one.method, suspects=(one,)))
    for answer in answers:
        error = answer.get("error")
        if error and error.get("code") == INTERNAL_ERROR:
            faults.append(Fault("internal error", one.method, str(error.get("message"))[:200], suspects=(one,)))
        if error and one.fits and error.get("code") in FORM_ERRORS and is_declared(one.method):
            faults.append(Fault("a well-formed message is refused", one.method, str(error.get("message"))[:200], suspects=(one,)))
        if not isinstance(answer.get("id"), str | int) or ("result" in answer) == ("error" in answer):
            faults.append(Fault("the answer is none of JSON-RPC", one.method, suspects=(one,)))
    return faults


def quiet(session: Session, batch: Sequence[Sent] = ()) -> list[Fault]:
    """Whether logs and output are clean.

    On standard error and in the editor the logs are without the user's texts and without traces,
    and the output is the protocol's alone.
    """
    faults, errors, suspects = [], session.errors, tuple(batch)
    logged = b"".join(json.dumps(one, ensure_ascii=False).encode("utf-8", "surrogatepass") for one in session.notifications if _is_log(one))
    for place, text in (("the log", errors), ("the editor's log", logged)):
        if (at := text.find(CANARY.encode())) >= 0:
            faults.append(Fault(f"text of the user's in {place}", detail=repr(text[max(0, at - 200) : at + 40]), suspects=suspects))
    if (at := errors.find(_TRACE)) >= 0:
        faults.append(Fault("a trace in the log", detail=errors[at:][:3000].decode(errors="replace"), suspects=suspects))
    if session.bad_output:
        faults.append(Fault("output that is no message", detail=repr(session.bad_output[:2])[:300], suspects=suspects))
    session.notifications.clear()
    return faults


def _is_log(message: Message) -> bool:
    return message.get("method") in {"window/logMessage", "$/logTrace", "telemetry/event"}
