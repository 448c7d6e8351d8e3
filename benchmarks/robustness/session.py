"""A server process over its real streams, byte by byte.

It keeps what was sent, what came back, and what the server said on standard error.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, final

import psutil

SCRIPTED = ("-m", "benchmarks.robustness.scripted")
"""The server whose model is a script and everything else real."""
REAL = ("-m", "seed_lsp", "serve", "--stdio")
REPOSITORY = Path(__file__).parents[2]
ANSWER_WITHIN_S = 30.0
END_WITHIN_S = 15.0

Message = dict[str, Any]
Chunk = tuple[bytes, float]
"""Bytes, and the seconds to wait behind them."""


class HangError(Exception):
    """No answer, or no end, within the bound."""


class LostError(Exception):
    """The server went away."""


def framed(payload: Any) -> bytes:
    return with_length(json.dumps(payload).encode())


def with_length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@final
class Session:
    """One client of one server process.

    Threads of its own read and write, so that a server that does neither blocks nobody.
    """

    def __init__(
        self,
        arguments: Sequence[str] = SCRIPTED,
        *,
        settings: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = dict(settings or {})
        self.answers: dict[Any, list[Message]] = defaultdict(list)
        self.notifications: list[Message] = []
        self.keep_notifications = False
        self.apply_edit: Callable[[Message], bool] = lambda _edit: False
        self.odd_reply: Callable[[str], Message | None] = lambda _method: None
        self.on_notification: Callable[[Message], None] = lambda _message: None
        self.bad_output: list[bytes] = []
        self._ids = itertools.count(1)
        self._changed = threading.Condition()
        self._errors = bytearray()
        self._closed = False
        self._outgoing: queue.Queue[Chunk | None] = queue.Queue()
        # The counts of what is used are no business of a measurement.
        self._scratch = tempfile.TemporaryDirectory(prefix="seed-lsp-soak-")
        counts = {"SEED_LSP_STATISTICS": str(Path(self._scratch.name) / "statistics.json")}
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
            env={**os.environ, **counts, **(environment or {})},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._threads = [
            threading.Thread(target=work, args=(stream,), daemon=True)
            for work, stream in (
                (self._read, self.process.stdout),
                (self._write, self.process.stdin),
                (self._read_errors, self.process.stderr),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def errors(self) -> bytes:
        """What the server and its engine wrote to standard error so far."""
        return bytes(self._errors)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def initialize(self, root: Path | None = None, capabilities: Mapping[str, Any] | None = None, options: Any = None) -> Message:
        folder = None if root is None else root.as_uri()
        params = {
            "processId": os.getpid(),
            "rootUri": folder,
            "capabilities": capabilities or CAPABILITIES,
            "initializationOptions": options,
        }
        answer = self.request("initialize", params)
        self.notify("initialized", {})
        return answer

    def request(self, method: str, params: Any, *, within_s: float = ANSWER_WITHIN_S) -> Message:
        """The whole answer, `result` or `error`."""
        return self.wait(self.ask(method, params), within_s=within_s)

    def ask(self, method: str, params: Any) -> str:
        """Send a request; its id."""
        number = f"ask{next(self._ids)}"
        self.send(framed({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        return number

    def command(self, name: str, *arguments: Any, within_s: float = ANSWER_WITHIN_S) -> Message:
        return self.request("workspace/executeCommand", {"command": name, "arguments": list(arguments)}, within_s=within_s)

    def notify(self, method: str, params: Any) -> None:
        self.send(framed({"jsonrpc": "2.0", "method": method, "params": params}))

    def open(self, uri: str, text: str, *, version: int = 1, language: str = "python") -> None:
        self.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": language, "version": version, "text": text}})

    def send(self, data: bytes, *, wait_s: float = 0.0) -> None:
        self._outgoing.put((data, wait_s))

    def wait(self, number: Any, *, within_s: float = ANSWER_WITHIN_S) -> Message:
        missing = self.missing([number], within_s=within_s)
        if missing and self._closed:
            raise LostError(f"the server ended with status {self.ended()}")
        if missing:
            raise HangError(f"no answer within {within_s:.0f} s")
        return self.answers[number][0]

    def missing(self, numbers: Iterable[Any], *, within_s: float = ANSWER_WITHIN_S) -> list[Any]:
        """The ids that are not answered in time."""
        wanted = list(numbers)
        self.wait_until(lambda: all(self.answers.get(number) for number in wanted), within_s=within_s)
        return [number for number in wanted if not self.answers.get(number)]

    def wait_until(self, condition: Callable[[], bool], *, within_s: float) -> bool:
        """Wait until the answers so far are as `condition` wants them, or there can be no more.

        Returns whether they are.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or condition(), within_s)
            return condition()

    def close(self) -> int:
        """Leave as an editor does; the exit status."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.ended()

    def hang_up(self) -> None:
        """Close the server's input."""
        self._outgoing.put(None)

    def ended(self, within_s: float = END_WITHIN_S) -> int:
        """Wait for the end of the process; its exit status."""
        try:
            status = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise HangError(f"the server did not end within {within_s:.0f} s") from None
        self._finish()
        return status

    def kill(self) -> None:
        """End the server and what it started."""
        for process in family(self.pid) if self.alive else ():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.process.wait()
        self._finish()

    def _finish(self) -> None:
        self._outgoing.put(None)
        for thread in self._threads:
            thread.join(END_WITHIN_S)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        self._scratch.cleanup()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def _write(self, stream: IO[bytes]) -> None:
        try:
            while (item := self._outgoing.get()) is not None:
                stream.write(item[0])
                stream.flush()
                time.sleep(item[1])
            stream.close()
        except OSError:
            return  # the server is gone, which the reader tells

    def _read_errors(self, stream: IO[bytes]) -> None:
        while piece := stream.read1(1 << 16):  # type: ignore[attr-defined]
            self._errors += piece

    def _read(self, stream: IO[bytes]) -> None:
        try:
            while (message := self._message(stream)) is not None:
                self._take(message)
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()

    def _message(self, stream: IO[bytes]) -> Any:
        """The next message; None at the end. Whatever is no message is kept as bad output."""
        length = None
        while line := stream.readline():
            if found := re.fullmatch(rb"Content-Length: (\d+)\r\n", line):
                length = int(found[1])
            elif line == b"\r\n" and length is not None:
                return json.loads(stream.read(length))
            elif not line.startswith(b"Content-Type: "):
                self.bad_output.append(line)
        return None

    def _take(self, message: Any) -> None:
        if "method" in message and "id" in message:
            method, params = message["method"], message.get("params")
            reply = self.odd_reply(method) or {"result": self._reply(method, params)}
            self.send(framed({"jsonrpc": "2.0", "id": message["id"], **reply}))
        elif "method" in message:
            self.on_notification(message)
            if self.keep_notifications:
                self.notifications.append(message)
        else:
            with self._changed:
                self.answers[message.get("id")].append(message)
                self._changed.notify_all()

    def _reply(self, method: str, params: Any) -> Any:
        """What an editor answers to the server's requests.

        Nothing is chosen where the user is asked.
        """
        if method == "workspace/configuration":
            return [self.settings for _ in params["items"]]
        if method == "workspace/applyEdit":
            return {"applied": self.apply_edit(params["edit"])}
        return None


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started, as far as they are alive."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def engine_of(session: Session) -> psutil.Process | None:
    """The engine's process, if it runs."""
    return next((child for child in family(session.pid)[1:] if _is_engine(child)), None)


def _is_engine(process: psutil.Process) -> bool:
    try:
        # The other child is multiprocessing's tracker of resources.
        return any("spawn_main" in word for word in process.cmdline())
    except psutil.Error:
        return False


CAPABILITIES: Mapping[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "configuration": True,
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
        "didChangeConfiguration": {"dynamicRegistration": True},
    },
    "window": {"workDoneProgress": True},
    "textDocument": {"codeAction": {"resolveSupport": {"properties": ["edit"]}, "dataSupport": True}},
}
