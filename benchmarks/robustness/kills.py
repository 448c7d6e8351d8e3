"""The engine and the server killed at random moments.

    python -m benchmarks.robustness.kills [--count N] [--seed S]

The engine's process is killed N times, and for each five of these the server's once. Every request
under way must end, with an answer or an error; the next one must work; no process may be left;
neither the files nor the client's documents may change. The model is a script, all else is real.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.robustness.campaign import Clock, Counts, Options, command, tell
from benchmarks.robustness.project import Project
from benchmarks.robustness.session import HangError, LostError, Session, engine_of, family

MOMENTS_S = 0.8
"""Within so long from the request the kill comes."""
ENGINES_FOR_A_SERVER = 5
GONE_WITHIN_S = 10.0
LINES = ("# wait a little\nvalue = ", "# deadline\nvalue = ", "# plain\nvalue = ")


class Kills:
    """One project that outlives its servers."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.project, self.rng = Project(folder), random.Random(seed)
        self.session = self._start()
        self.uri = self.project.open("shapes.py")
        self.typed = self.project.open("report.py", LINES[0])
        self.digest = self.project.digest()
        self.faults: list[str] = []

    def _start(self) -> Session:
        session = Session(settings={"model": str(self.project.folder)})
        self.project.join(session)
        return session

    def kill_engine(self) -> None:
        """Ask for one to three things, end the engine at some moment, and ask once more."""
        self.works()
        asked = [self.ask() for _ in range(self.rng.randint(1, 3))]
        time.sleep(self.rng.uniform(0, MOMENTS_S))
        engine = engine_of(self.session)
        if engine is not None:
            engine.kill()
        self.check(not self.session.missing(asked), "a request is not answered after the engine was killed")
        self.works()

    def kill_server(self) -> None:
        """End the server at some moment; the editor starts it again."""
        self.works()
        for _ in range(self.rng.randint(1, 3)):
            self.ask()
        started = family(self.session.pid)
        time.sleep(self.rng.uniform(0, MOMENTS_S))
        started = list({*started, *family(self.session.pid)})
        self.session.process.kill()
        gone, left = psutil.wait_procs(started, GONE_WITHIN_S)
        self.check(not left, f"{len(left)} of {len(gone) + len(left)} processes are left after the server was killed")
        for process in left:
            process.kill()
        self.session.kill()
        self.session = self._start()
        self.works()

    def ask(self) -> str:
        """A request of some kind, at work in the engine or in the server for a while or not at all.

        None asks for an edit to be applied.
        """
        text = self.rng.choice(LINES)
        self.project.set_text(self.typed, text)
        selection = {"start": {"line": 5, "character": 0}, "end": {"line": 6, "character": 0}}
        rewrite = {"textDocument": {"uri": self.uri, "version": None}, "range": selection, "instruction": "slowly side=>edge"}
        completion = {**self.project.at(self.typed, len(text)), "context": {"triggerKind": self.rng.choice((1, 2))}}
        area = self.project.at(self.uri, self.project.texts[self.uri].index("area"))
        versioned = {"uri": self.typed, "version": self.project.versions[self.typed]}
        method, params = self.rng.choice(
            (
                ("textDocument/inlineCompletion", completion),
                ("seed/rewrite", rewrite),
                ("textDocument/rename", {**area, "newName": "surface"}),
                ("textDocument/copilotInlineEdit", {"textDocument": versioned, "position": {"line": 1, "character": 0}}),
                (
                    "workspace/executeCommand",
                    {"command": "seed.suggestNames", "arguments": [{"uri": self.uri, "position": area["position"]}]},
                ),
            )
        )
        return self.session.ask(method, params)

    def works(self) -> None:
        """Check that a completion that the user asks for has a text, and nothing else changes."""
        self.project.set_text(self.typed, LINES[2])
        params = {**self.project.at(self.typed, len(LINES[2])), "context": {"triggerKind": 1}}
        answer = self.session.request("textDocument/inlineCompletion", params)
        items = (answer.get("result") or {}).get("items")
        self.check(bool(items), f"the next request does not work: {answer.get('error')}")
        self.check(self.project.digest() == self.digest, "a file changed")
        self.check(self.project.texts[self.uri] == (self.project.folder / "shapes.py").read_text(encoding="utf-8"), "a document changed")

    def check(self, fine: object, text: str) -> None:
        if not fine:
            self.faults.append(text)
            tell(text)

    def close(self) -> None:
        processes = family(self.session.pid)
        self.check(self.session.close() == 0, "the server did not end with status 0")
        _, left = psutil.wait_procs(processes, GONE_WITHIN_S)
        self.check(not left, "processes are left at the end")


def run(options: Options) -> Counts:
    clock, engines, servers = Clock(options), 0, 0
    with tempfile.TemporaryDirectory(prefix="seed-lsp-kills-") as folder:
        kills = Kills(Path(folder), options.seed)
        try:
            while not clock.over(engines):
                kills.kill_engine()
                engines += 1
                if engines % ENGINES_FOR_A_SERVER == 0:
                    kills.kill_server()
                    servers += 1
                clock.say(engines)
            kills.close()
        except (HangError, LostError) as error:
            kills.check(None, f"after {engines} kills of the engine and {servers} of the server: {error}")
        finally:
            kills.session.kill()
    return {"engines": engines, "servers": servers, "failures": len(kills.faults)}


if __name__ == "__main__":
    command("kills", __doc__, run, count=100)
