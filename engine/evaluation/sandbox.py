"""Run a program that a model wrote, in a process of its own without a network.

Time, memory, files and processes are limited; it has a scratch folder, and is killed with its
children. On Linux the program gets user, network and process namespaces of its own where the kernel
allows that, so that it reaches no network and leaves no process behind. Elsewhere an audit hook
refuses sockets and other programs: enough for a model's mistakes, not for malice.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Verdict = Literal["passed", "failed", "timed_out"]

MEMORY_BYTES = 4 << 30
FILE_BYTES = 16 << 20
OPEN_FILES = 64
_CHILD = Path(__file__).with_name("sandbox_child.py")
_KEPT_OUTPUT = 2000


@dataclass(frozen=True)
class Result:
    """How a program ended; `message` is the end of what it wrote to standard error."""

    verdict: Verdict
    message: str = ""


def run(program: str, *, timeout_s: float = 10.0) -> Result:
    """Run Python source.

    It has passed if it came to its end, which a mark behind its last line shows: leaving early is
    no success.
    """
    mark = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="seed-lsp-sandbox-") as folder:
        source = Path(folder) / "program.py"
        source.write_text(f"{program}\n\nprint({mark!r})\n", encoding="utf-8", errors="surrogateescape")
        limits = [str(value) for value in (int(timeout_s) + 1, MEMORY_BYTES, FILE_BYTES, OPEN_FILES)]
        process = subprocess.Popen(
            [sys.executable, "-I", str(_CHILD), *limits, str(source)],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": folder, "TMPDIR": folder, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, error = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return Result("timed_out", f"no end after {timeout_s:g} s")
        finally:
            _kill(process)
    passed = process.returncode == 0 and out.decode("utf-8", errors="replace").rstrip().endswith(mark)
    return Result("passed" if passed else "failed", error.decode("utf-8", errors="replace")[-_KEPT_OUTPUT:])


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole session; what left it dies with its process namespace."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.communicate()
