"""Where memory, disk or rights are wanting.

    python -m benchmarks.robustness.limits [--count ROUNDS] [--seed S]

With a small model that has to be packed first, and the real engine, it tries too little memory for
the process, at several sizes; a disk that is full before and while the weights are packed; a cache
that cannot be written; one on another file system; and two servers that start at once with a new
model. A request must be answered, in words where it fails; nothing half may be left; and the next
server, without the limit, must work.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.robustness.campaign import Clock, Counts, Options, command, tell
from benchmarks.robustness.limited import FILE, MEMORY
from benchmarks.robustness.session import REAL, HangError, LostError, Message, Session
from benchmarks.robustness.tiny_model import write_model

LIMITED = ("-m", "benchmarks.robustness.limited")
ANSWER_WITHIN_S = 120.0
"""The engine imports torch first, with little memory or on a busy machine."""
MEGABYTE = 1 << 20


class Limits:
    """Situations, each in a folder of its own. `faults` are broken promises, in words."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.rng = folder, random.Random(seed)
        self.model = folder / "tiny.gguf"
        write_model(self.model)
        self.faults: list[str] = []
        self.tried: Counter[str] = Counter()

    def situations(self) -> list[Callable[[Path], None]]:
        return [self.little_memory, self.full_before, self.full_while_packing, self.read_only, self.other_file_system, self.two_at_once]

    def little_memory(self, cache: Path) -> None:
        """Sizes from not enough for torch to just enough for everything."""
        # Threads and libraries reserve far more address space than they use.
        most = self.rng.choice((64, 256, 1024, 2048, 3072, 4096, 8192)) * MEGABYTE
        answer = self.ask(cache, LIMITED, {MEMORY: str(most)})
        self.answered("little memory", answer)
        self.works_afterwards("little memory", cache)

    def full_while_packing(self, cache: Path) -> None:
        self.works_afterwards("no limit", cache)
        # A limit that the largest file keeps would be none.
        largest = max(path.stat().st_size for path in cache.glob("converted/*/*"))
        shutil.rmtree(cache)
        answer = self.ask(cache, LIMITED, {FILE: str(self.rng.randint(1, largest - 1))})
        self.refused("a disk that is full while packing", answer)
        self.nothing_half("a disk that is full while packing", cache)
        self.works_afterwards("a disk that is full while packing", cache)

    def full_before(self, cache: Path) -> None:
        with mounted(cache, "64k") as there:
            if there:
                self.refused("a full disk", self.ask(cache))
                self.nothing_half("a full disk", cache)

    def read_only(self, cache: Path) -> None:
        """Ask for a completion where the cache cannot be written.

        Root may write everywhere but on what is mounted to be read alone; others are stopped by the
        folder's mode.
        """
        cache.mkdir()
        cache.chmod(0o555)
        with mounted(cache, "1m", read_only=True) as there:
            if there or os.geteuid():
                self.refused("a cache that is read alone", self.ask(cache))
        cache.chmod(0o755)

    def other_file_system(self, cache: Path) -> None:
        """The model's file, the scratch folder of the system and the cache on different ones."""
        with mounted(cache, "64m") as there:
            if there:
                self.fine("a cache on another file system", self.ask(cache))

    def two_at_once(self, cache: Path) -> None:
        sessions = [self.start(cache) for _ in range(2)]
        try:
            numbers = [_ask(session, self.model) for session in sessions]
            for session, number in zip(sessions, numbers, strict=True):
                self.fine("two servers at once", session.wait(number, within_s=ANSWER_WITHIN_S))
        finally:
            for session in sessions:
                session.kill()
        self.nothing_half("two servers at once", cache)
        folders = [path.name for path in (cache / "converted").iterdir() if path.is_dir()]
        self.check(len(folders) == 1, f"two servers at once: {len(folders)} folders of packed weights")

    def start(self, cache: Path, server: tuple[str, ...] = REAL, more: dict[str, str] | None = None) -> Session:
        settings = {"model": str(self.model), "inline": {"maxTokens": 8}}
        # No word to the model hub: there is nothing to be had for this model.
        environment = {"SEED_LSP_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **(more or {})}
        session = Session(server, settings=settings, environment=environment)
        session.initialize(self.folder)
        return session

    def ask(self, cache: Path, server: tuple[str, ...] = REAL, more: dict[str, str] | None = None) -> Message:
        with self.start(cache, server, more) as session:
            answer = session.wait(_ask(session, self.model), within_s=ANSWER_WITHIN_S)
            # The server itself goes on, whatever became of its engine.
            session.command("seed.completionStatistics")
            self.check(b"Traceback" not in session.errors, "a trace in the log")
            return answer

    def answered(self, what: str, answer: Message) -> None:
        if "error" in answer:
            self.refused(what, answer)
        else:
            self.fine(what, answer)

    def refused(self, what: str, answer: Message) -> None:
        """Check that a refusal is in words: nothing internal, no name of an exception."""
        self.tried[what] += 1
        error = answer.get("error") or {}
        text = str(error.get("message", ""))
        words = error.get("code") == -32803 and not re.search(r"failed with|\w(Error|Exception)\b", text)
        self.check(words, f"{what}: not refused in words: {error or answer.get('result')}")

    def fine(self, what: str, answer: Message) -> None:
        self.tried[what] += 1
        self.check("result" in answer, f"{what}: {answer.get('error')}")

    def works_afterwards(self, what: str, cache: Path) -> None:
        answer = self.ask(cache)
        self.check("result" in answer, f"after {what}: {answer.get('error')}")

    def nothing_half(self, what: str, cache: Path) -> None:
        left = [
            path.name for path in cache.glob("converted/*") if path.name.startswith(".converting") or (path.is_dir() and not _whole(path))
        ]
        self.check(not left, f"{what}: left behind: {left}")

    def check(self, fine: object, text: str) -> None:
        if not fine:
            self.faults.append(text)
            tell(text)


def _ask(session: Session, model: Path) -> str:
    uri = model.with_name("a.py").as_uri()
    session.open(uri, "value = ")
    position = {"line": 0, "character": 8}
    return session.ask("textDocument/inlineCompletion", {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 1}})


def _whole(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("model.safetensors", "shape.json", "tokenizer.json"))


@contextmanager
def mounted(folder: Path, size: str, *, read_only: bool = False) -> Iterator[bool]:
    """Mount a small file system in memory on `folder`, where this process has the right to.

    Yields whether it is there.
    """
    folder.mkdir(exist_ok=True)
    options = f"size={size}" + (",ro" if read_only else "")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def run(options: Options) -> Counts:
    clock, rounds = Clock(options), 0
    with tempfile.TemporaryDirectory(prefix="seed-lsp-limits-") as name:
        limits = Limits(Path(name), options.seed)
        while not clock.over(rounds):
            for situation in limits.situations():
                cache = Path(name) / f"cache-{rounds}-{situation.__name__}"
                try:
                    situation(cache)
                except (HangError, LostError) as error:
                    limits.check(None, f"{situation.__name__}: {error}")
                shutil.rmtree(cache, ignore_errors=True)
            rounds += 1
            clock.say(rounds)
    return {"rounds": rounds, "tried": dict(limits.tried), "failures": len(limits.faults)}


if __name__ == "__main__":
    command("limits", __doc__, run, count=5)
