"""A client of bare messages, for what a library's client would not send, or would mend."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any

from typing_extensions import Self

LIMIT_S = 20.0
EDITORS = {
    "vscode": {
        "general": {"positionEncodings": ["utf-16"]},
        "workspace": {"workspaceEdit": {"documentChanges": True}, "applyEdit": True, "configuration": True},
        "window": {"showMessage": {"messageActionItem": {"additionalPropertiesSupport": True}}},
    },
    "neovim": {
        "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
        "workspace": {"workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]}, "applyEdit": True, "configuration": True},
        "window": {"showMessage": {"messageActionItem": {"additionalPropertiesSupport": False}}},
    },
}


def framed(payload: Any) -> bytes:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Wire:
    """A server process with a scripted engine.

    `log` is what it wrote to standard error, once it has ended.
    """

    def __init__(self, *, waiting: bool = True) -> None:
        """With `waiting`, the server's ends of the streams block, as usual."""
        (server_in, to_server), (from_server, server_out) = os.pipe(), os.pipe()
        for end in (server_in, server_out):
            os.set_blocking(end, waiting)
        command = [sys.executable, "-m", "benchmarks.robustness.scripted"]
        self.process = subprocess.Popen(command, stdin=server_in, stdout=server_out, stderr=subprocess.PIPE)
        self.process.stdin, self.process.stdout = os.fdopen(to_server, "wb"), os.fdopen(from_server, "rb")
        for end in (server_in, server_out):
            os.close(end)
        self.log = ""
        self.notes: list[dict[str, Any]] = []
        """Notifications and requests of the server, in order."""
        self._answers: dict[Any, dict[str, Any]] = {}
        self._incoming: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0
        self._threads = [threading.Thread(target=self._read, daemon=True), threading.Thread(target=self._listen, daemon=True)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)
        for thread in self._threads:
            thread.join(LIMIT_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def _read(self) -> None:
        stream = self.process.stdout
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = stream.readline()
            self._incoming.put(json.loads(stream.read(length)))
        self._incoming.put(None)

    def _listen(self) -> None:
        self.log = self.process.stderr.read().decode()

    def send_bytes(self, data: bytes) -> None:
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, payload: Any) -> None:
        self.send_bytes(framed(payload))

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def start(self, method: str, params: Any = None) -> int:
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method}
        self.send(message if params is None else {**message, "params": params})
        return self._number

    def next(self) -> dict[str, Any]:
        """The next message of the server.

        A request of the server is answered as by an editor that has nothing to say.
        """
        message = self._incoming.get(timeout=LIMIT_S)
        assert message is not None, f"the server ended: {self.process.wait(LIMIT_S)}"
        if "method" in message:
            self.notes.append(message)
            if "id" in message:
                nothing = {"workspace/configuration": [{}], "workspace/applyEdit": {"applied": True}}
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": nothing.get(message["method"])})
        return message

    def wait(self, number: Any) -> dict[str, Any]:
        """The answer to a request; answers to others that come first are kept."""
        while number not in self._answers:
            message = self.next()
            if "method" not in message:
                self._answers[message["id"]] = message
        return self._answers.pop(number)

    def request(self, method: str, params: Any = None) -> dict[str, Any]:
        return self.wait(self.start(method, params))

    def result(self, method: str, params: Any = None) -> Any:
        answer = self.request(method, params)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def error(self, method: str, params: Any = None) -> tuple[int, str]:
        answer = self.request(method, params)
        assert "error" in answer, answer
        assert answer["error"].get("data") is None, "a trace or values in an answer"
        return answer["error"]["code"], answer["error"]["message"]

    def initialize(self, editor: str = "vscode", **more: Any) -> dict[str, Any]:
        """Initialize the server; `more` are parameters such as `rootUri`."""
        params = {"processId": None, "rootUri": None, "capabilities": EDITORS[editor], **more}
        found = self.result("initialize", params)
        self.notify("initialized", {})
        return found

    def open(self, uri: str, text: str, version: int = 1, language: str = "python") -> None:
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def end(self) -> int:
        """Shut the server down as the protocol demands; its exit status."""
        self.result("shutdown")
        self.notify("exit")
        status = self.process.wait(LIMIT_S)
        self._threads[1].join(LIMIT_S)
        return status


def place(uri: str, line: int, character: int) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
