"""Random `textDocument/didChange` sequences against a plain model of the text.

    python -m benchmarks.robustness.changes [--count STEPS] [--seed S]

A state machine of hypothesis opens, changes and closes a document in a server without a process, in
each of the three encodings. There are several changes at once, each for the text that the one
before left; positions behind ends; line breaks cut in two and made of two; emoji. What it finds is
made as short as it can be.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from benchmarks.robustness.campaign import Clock, Counts, Options, command, tell
from benchmarks.robustness.client_text import ENCODINGS, Position, changed, lines_of, units
from seed_lsp.server.lifecycle import create_server
from seed_lsp.server.workspace import SeedWorkspace
from seed_lsp.session.engine_client import EngineClient

URI = "file:///folder/a.py"
STEPS = 50
"""The number of steps in a row, from one opened document on."""
BATCH = 10_000

PIECES = (
    "a",
    "b = 1",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\x0b",
    "\x0c",
    "\x85",
    "\u2028",
    "\x00",
    "é",
    "e\u0301",
    "😀",
    "👩\u200d💻",
    "\ud800",
    "\U0001d499",
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


class Changes(RuleBasedStateMachine):
    """The server's document and the client's text must be one and the same, whatever is typed."""

    done = 0

    @initialize(encoding=st.sampled_from(ENCODINGS), text=TEXTS)
    def start(self, encoding: str, text: str) -> None:
        self.encoding, self.text, self.version = encoding, text, 1
        self.server = create_server(EngineClient())
        self.server.protocol.set_writer(_Nowhere())
        capabilities = {"general": {"positionEncodings": [encoding]}}
        self.send("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities}, id=1)
        assert isinstance(self.server.workspace, SeedWorkspace)
        assert self.server.documents.encoding == encoding
        self.open()

    def send(self, method: str, params: Any, **more: Any) -> None:
        self.server.protocol.receive(json.dumps({"jsonrpc": "2.0", **more, "method": method, "params": params}).encode())

    def open(self) -> None:
        item = {"uri": URI, "languageId": "python", "version": self.version, "text": self.text}
        self.send("textDocument/didOpen", {"textDocument": item})

    def change(self, changes: list[dict[str, Any]]) -> None:
        Changes.done += 1
        self.version += 1
        self.send("textDocument/didChange", {"textDocument": {"uri": URI, "version": self.version}, "contentChanges": changes})

    @rule(data=st.data(), count=st.integers(1, 3))
    def type(self, data: st.DataObject, count: int) -> None:
        """Some changes of one notification."""
        changes = []
        for _ in range(count):
            start, end = sorted((self.position(data), self.position(data)))
            new = data.draw(TEXTS)
            changes.append({"range": {"start": _position(start), "end": _position(end)}, "text": new})
            self.text = changed(self.text, start, end, new, self.encoding)
        self.change(changes)

    @rule(data=st.data(), new=TEXTS)
    def key(self, data: st.DataObject, new: str) -> None:
        at = self.position(data)
        self.text = changed(self.text, at, at, new, self.encoding)
        self.change([{"range": {"start": _position(at), "end": _position(at)}, "text": new}])

    @rule(new=TEXTS)
    def replace_all(self, new: str) -> None:
        self.text = new
        self.change([{"text": new}])

    @rule(new=TEXTS)
    @precondition(lambda self: len(self.text) > 60)
    def open_again(self, new: str) -> None:
        """Another text under the same address, from version 1 on; texts stay small by it."""
        Changes.done += 1
        self.send("textDocument/didClose", {"textDocument": {"uri": URI}})
        self.text, self.version = new, 1
        self.open()

    def position(self, data: st.DataObject) -> Position:
        """A position before a character of some line, at its end or behind it, or behind the last
        line.
        """
        lines = lines_of(self.text)
        line = data.draw(st.integers(0, len(lines)))
        content = lines[line] if line < len(lines) else ""
        at = data.draw(st.integers(0, len(content) + 1))
        return line, units(content[:at], self.encoding) + (data.draw(st.sampled_from((1, 2, 1000))) if at > len(content) else 0)

    @invariant()
    def server_has_the_clients_text(self) -> None:
        if hasattr(self, "server"):
            document = self.server.documents.snapshot(URI)
            assert document.text == self.text, "the server's text is not the client's"
            assert document.version == self.version, "the server's version is not the client's"


class _Nowhere:
    """Takes the answers."""

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


def _position(at: Position) -> dict[str, int]:
    return {"line": at[0], "character": at[1]}


def check(steps: int, number: int, *, shrink: bool = True) -> None:
    """Run the state machine; the sequence that fails is raised, cut down to the shortest."""
    limits = settings(
        max_examples=max(1, steps // STEPS),
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
    )
    run_state_machine_as_test(seed(number)(Changes), settings=limits)


def run(options: Options) -> Counts:
    clock, failures = Clock(options), 0
    Changes.done = 0
    number = 0
    while not clock.over(Changes.done) and not failures:
        try:
            check(min(BATCH, options.count - Changes.done), options.seed * 1000 + number)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
            failures += 1
            tell(f"{type(error).__name__}: {error}\n" + "\n".join(getattr(error, "__notes__", ())))
        number += 1
        clock.say(Changes.done)
    return {"steps": Changes.done, "failures": failures}


if __name__ == "__main__":
    command("changes", __doc__, run, count=100_000)
