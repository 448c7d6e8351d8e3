"""Random messages to a real server over its real streams.

    python -m benchmarks.robustness.messages [--count N] [--seed S]

It sends every method and command that the server registers, well-formed and not, in and out of
their order: wrong types, missing and unknown names, absurd numbers, lone surrogates, odd addresses
and versions, cancellations, odd replies to the server's own requests, invalid JSON, lists of
messages, headers in other letter cases, bytes in pieces; before `initialize`, after `shutdown`, and
at a session's end bytes that are no messages at all. The model is a script, all else is real.
Promised are: no crash, no hang, an answer to each request, no internal error, no trace and none of
the texts in the logs.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.robustness.campaign import Clock, Counts, Options, command, tell
from benchmarks.robustness.client_text import ENCODINGS
from benchmarks.robustness.exchange import Fault, Sent, exchange, initialize_params, quiet, sent, start
from benchmarks.robustness.found import keep, kept, smallest
from benchmarks.robustness.mutations import ODD_VALUES, batch, broken_stream, mutated, no_json, odd_headers, split
from benchmarks.robustness.session import HangError, Session, family, framed
from benchmarks.robustness.shapes import CANARY, LIFE, Shapes, World

IN_A_SESSION, IN_A_BATCH = 250, 50
OPENED = 4
ODD_REPLIES = 0.1
MOST_KINDS = 20
"""The campaign ends after so many faults."""


class Fuzz:
    """Makes messages for one session after another. `counts`: what was sent and what came of it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.rng = folder, random.Random(seed)
        self.world = World(self.rng, folder)
        self.shapes = Shapes(self.world)
        self.methods = [name for name in self.shapes.methods if name not in LIFE[2:]]
        self.counts: Counter[str] = Counter()
        self.faults: dict[tuple[str, str], Fault] = {}
        self._numbers = 0
        self._asked: list[int | str] = []

    def number(self) -> int | str:
        self._numbers += 1
        return self._numbers if self._numbers % 2 else f"number {self._numbers}"

    def message(self) -> Sent:
        """One of any kind; three in five are well-formed."""
        kind = self.rng.random()
        if kind < 0.02:
            return Sent("", ((no_json(self.rng), 0.0),), unnamed=True)
        if kind < 0.03:
            return Sent("", ((batch([self.fitting()[0] for _ in range(2)], self.rng), 0.0),), unnamed=True)
        if kind < 0.06 and self._asked:
            of = self.rng.choice((self._asked[-1], self.rng.choice(self._asked)))
            return sent({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": of}})
        message, number = self.fitting()
        if number is not None:
            self._asked = [*self._asked[-50:], number]
        if kind < 0.36:
            message["params"] = mutated({"params": message["params"]}, self.rng).get("params")
        elif kind < 0.4:
            message = mutated(message, self.rng)
            # Whoever changes the id or the version of the protocol may be answered without an id.
            whole = isinstance(message, dict) and message.get("id") == number and isinstance(message.get("method"), str)
            return sent(message, number=number if whole and message.get("jsonrpc") == "2.0" else None)
        fits = kind >= 0.36
        if fits:
            self._follow(message)
        data = framed(message)
        if self.rng.random() < 0.05:
            data = odd_headers(data.partition(b"\r\n\r\n")[2], self.rng)
        return sent(message, split(data, self.rng) if self.rng.random() < 0.05 else [(data, 0.0)], number=number, fits=fits)

    def fitting(self) -> tuple[dict[str, Any], int | str | None]:
        """A well-formed message, and its id if it is a request."""
        method = self.rng.choice((*self.methods, "workspace/executeCommand", "textDocument/didChange", "textDocument/didOpen"))
        message = {"jsonrpc": "2.0", "method": method, "params": self.shapes.params(method)}
        number = self.number() if self.shapes.is_request(method) else None
        return (message if number is None else {**message, "id": number}), number

    def _follow(self, message: dict[str, Any]) -> None:
        """What the client knows from then on of the documents that are open."""
        method, params = message["method"], message["params"]
        if method in {"textDocument/didOpen", "textDocument/didChange"}:
            item = params["textDocument"]
            if method == "textDocument/didOpen" or item["uri"] in self.world.versions:
                self.world.versions[item["uri"]] = item["version"]
        elif method == "textDocument/didClose":
            self.world.versions.pop(params["textDocument"]["uri"], None)

    def reply(self, _method: str) -> dict[str, Any] | None:
        """Now and then something odd in answer to the server's own requests."""
        if self.rng.random() > ODD_REPLIES:
            return None
        return {self.rng.choice(("result", "error")): self.rng.choice(ODD_VALUES)}

    def open(self, session: Session) -> None:
        self.world.versions.clear()
        for uri in self.rng.sample(self.world.uris[:7], OPENED):
            self.world.versions[uri] = 1
            session.open(uri, f"# {CANARY}\n{self.world.text()}value = ")

    def session(self, count: int, first: Sequence[Sent] = ()) -> None:
        """One server's life with `count` messages."""
        with start(self.folder) as session:
            session.odd_reply = self.reply
            faults = self._begin(session)
            batches = [first] if first else []
            sent_so_far = 0
            while not faults and (batches or sent_so_far < count):
                messages = batches.pop() if batches else [self.message() for _ in range(min(IN_A_BATCH, count - sent_so_far))]
                faults += exchange(session, messages)
                sent_so_far += len(messages)
                self.counts["messages"] += len(messages)
                self.counts["requests"] += sum(one.number is not None for one in messages)
            faults += self._end(session) if not faults else []
        for fault in faults:
            self.note(fault)

    def _begin(self, session: Session) -> list[Fault]:
        """Perhaps some messages too early, perhaps an odd `initialize`, then the right one."""
        early = [self.message() for _ in range(self.rng.choice((0, 0, 3)))]
        odd = sent(
            {"jsonrpc": "2.0", "id": "odd", "method": "initialize", "params": mutated(initialize_params(self.folder), self.rng)},
            number="odd",
        )
        early += [odd] if self.rng.random() < 0.3 else []
        faults = exchange(session, early, probe=False)
        # Where one of these was taken, the right one would be the second.
        tries = [one.number for one in early if one.method == "initialize" and one.number is not None]
        if not faults and not any("result" in answer for number in tries for answer in session.answers[number]):
            params = initialize_params(self.folder, self.rng.choice(ENCODINGS))
            # An odd one among the early ones, which nobody counts on, may have been taken, too.
            if "result" not in session.request("initialize", params) and not any(one.method == "initialize" for one in early):
                faults.append(Fault("initialize is refused"))
        session.notify("initialized", {})
        self.open(session)
        return faults

    def _end(self, session: Session) -> list[Fault]:
        """Leave in one of several ways.

        The process must end, its status that of the protocol, nothing left running.
        """
        way = self.rng.choice(("shutdown", "exit", "hang up", "broken", "broken", "broken"))
        self.counts[f"ended by {way}"] += 1
        processes, faults, last = family(session.pid), [], sent({})
        if way == "shutdown":
            shutdown = {"jsonrpc": "2.0", "id": "shutdown", "method": "shutdown", "params": self.rng.choice(ODD_VALUES)}
            faults += exchange(session, [sent(shutdown, number="shutdown"), *(self.message() for _ in range(3))], probe=False)
            session.notify("exit", None)
        elif way == "exit":
            session.notify("exit", self.rng.choice(ODD_VALUES))
        else:
            if way == "broken":
                last = Sent("", ((broken_stream(self.message().data, self.rng), 0.0),))
                session.send(last.data)
                session.send(self.message().data)
            session.hang_up()
        try:
            status = session.ended()
        except HangError:
            return [*faults, Fault(f"no end after {way}", suspects=(last,))]
        if (way, status) in {("shutdown", 1), ("exit", 0)} or status not in {0, 1}:
            faults.append(Fault(f"status {status} after {way}", suspects=(last,)))
        _, left = psutil.wait_procs(processes, 10)
        if left:
            faults.append(Fault(f"processes are left after {way}"))
        return faults + quiet(session, (last,))

    def alone(self, one: Sent) -> list[Fault]:
        """What is broken by a message by itself, with documents open."""
        with start(self.folder) as session:
            session.request("initialize", initialize_params(self.folder))
            session.notify("initialized", {})
            for uri, version in self.world.versions.items():
                session.open(uri, f"# {CANARY}\ndef {CANARY}1(first):\n    return first\nvalue = ", version=version)
            return exchange(session, [one])

    def note(self, fault: Fault) -> None:
        self.counts["failures"] += 1
        if fault.kind in self.faults:
            return
        self.faults[fault.kind] = fault
        tell(f"{fault.what}: {fault.method} {fault.detail}")
        found = smallest(fault, self.alone)
        if found is not None:
            keep(*found, self.folder)
            tell(f"  by {found[1].data[:1500]!r}")


def run(options: Options) -> Counts:
    clock = Clock(options)
    with tempfile.TemporaryDirectory(prefix="seed-lsp-messages-") as name:
        folder = Path(name)
        (folder / "sub").mkdir()
        (folder / "my dir").mkdir()
        for file in ("a.py", "sub/mod.py", "my dir/ü#.py"):
            (folder / file).write_text(f"from sub.mod import {CANARY}1\n\n\ndef {CANARY}1(x):\n    return {CANARY}2(x)\n", encoding="utf-8")
        fuzz = Fuzz(folder, options.seed)
        # They are sent in a session of their own, in which no other message has an id of theirs.
        if first := kept(folder):
            fuzz.session(len(first), first)
        while not clock.over(fuzz.counts["messages"]) and len(fuzz.faults) < MOST_KINDS:
            fuzz.session(min(IN_A_SESSION, options.count - fuzz.counts["messages"]))
            clock.say(fuzz.counts["messages"], f"{fuzz.counts['failures']} failures")
    kinds = [": ".join(filter(None, kind)) for kind in fuzz.faults]
    return {**fuzz.counts, "failures": fuzz.counts["failures"], "kinds": kinds}


if __name__ == "__main__":
    command("messages", __doc__, run, count=100_000)
