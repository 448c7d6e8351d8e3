"""The packages whose functions are edited, and runs of their own tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.renames import packages
from engine.files import whole_file

PACKAGES = {
    **packages.PACKAGES,
}
"""Packages of pure Python with tests that need pytest alone, none of which is in the training text:
name, version, the folder of the code, that of the tests."""
LIMIT_S = 60.0
TIMEOUT = "timeout"
NOT_RUN = "not run"
"""Stand for tests that did not end, and for tests of which nothing is known as they did not start.
"""
HERE = Path(__file__).parent


def root_of(folder: Path, package: str) -> Path:
    """The unpacked source distribution, which is fetched where it is not there yet."""
    return packages.fetch(folder, package, PACKAGES[package][0])


def reached(root: Path, code: str, tests: str) -> dict[str, list[str]]:
    """Which tests that pass call each function of a package, by its file and first line.

    It is kept beside the package, since all tests have to be run for it.
    """
    kept = root.with_name(f"{root.name}.reached.json")
    if not kept.is_file():
        found = _traced(root, code, tests)
        with whole_file(kept) as scratch:
            scratch.write_text(json.dumps(found), encoding="utf-8")
    return dict(json.loads(kept.read_text(encoding="utf-8")))


def _traced(root: Path, code: str, tests: str) -> dict[str, list[str]]:
    command = [sys.executable, str(HERE / "reached.py"), str(root / code), tests]
    done = subprocess.run(command, cwd=root, env=_environment(root / code), capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


class Workplace:
    """A copy of a package in which its files are changed for the time of a run."""

    def __init__(self, original: Path, copy: Path, code: str) -> None:
        shutil.copytree(original, copy, ignore=shutil.ignore_patterns("__pycache__"))
        self.root, self._code = copy.resolve(), code

    @contextmanager
    def holding(self, path: str, text: str) -> Iterator[Path]:
        """The file at `path` has another text meanwhile."""
        file = self.root / path
        old = file.read_bytes() if file.is_file() else None
        file.write_text(text, encoding="utf-8", newline="")
        try:
            yield file
        finally:
            if old is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(old)

    def failing(self, tests: Sequence[str], limit_s: float = LIMIT_S) -> frozenset[str]:
        """Those of the tests that fail; `TIMEOUT` or `NOT_RUN` stand for all where none ended."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as chosen:
            chosen.write("\n".join(tests))
            chosen.flush()
            options = ["-q", "-rfE", "--color=no", "-p", "no:cacheprovider", "-W", "ignore", "--no-header", "--tb=no"]
            process = subprocess.Popen(
                [sys.executable, str(HERE / "limited_tests.py"), *options, f"@{chosen.name}"],
                cwd=self.root,
                env=_environment(self.root / self._code),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            try:
                out, _ = process.communicate(timeout=limit_s)
            except subprocess.TimeoutExpired:
                return frozenset({TIMEOUT})
            finally:
                _end(process)
        if process.returncode == 0:
            return frozenset()
        return frozenset(re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", out, re.MULTILINE)) or frozenset({NOT_RUN})


def _end(process: subprocess.Popen[str]) -> None:
    """End the tests with whatever they started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.communicate()


def _environment(code: Path) -> dict[str, str]:
    # Plugins that happen to be installed take longer to import than most of the tests to run.
    quick = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    return {**os.environ, **quick, "PYTHONPATH": str(code)}
