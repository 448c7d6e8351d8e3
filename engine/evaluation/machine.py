"""The machine that a measurement ran on, and what it could do at best."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.native.ops import Kernels

READ_BYTES = 1 << 30


@dataclass(frozen=True)
class Machine:
    """What a figure needs beside it to mean something.

    `commit` is empty outside a checkout, and ends in "+" where files differ from it.
    """

    cpu: str
    cores: int
    instructions: tuple[str, ...]
    torch: str
    python: str
    commit: str

    @staticmethod
    def here(cores: int) -> Machine:
        capabilities = torch.cpu.get_capabilities()
        known = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
        found = tuple(name for name in known if capabilities.get(name))
        return Machine(_cpu_name(), cores, found, torch.__version__, platform.python_version(), _commit())


@dataclass(frozen=True)
class Floor:
    """Rates of this machine, of all threads together.

    They are memory read once, and 8-bit products of numbers that are at hand.
    """

    bytes_per_second: float
    operations_per_second: float

    @staticmethod
    def measure(kernels: Kernels, memory: Tensor) -> Floor:
        """Measure once; `memory` should be much larger than the caches, `READ_BYTES`."""
        return Floor(kernels.bandwidth(memory), kernels.operations())

    def seconds(self, *, weight_bytes: int, weights: int, rows: int) -> float:
        """The least seconds of a forward of `rows` rows.

        Its weights are read once, and each takes a multiplication and an addition a row.
        """
        return max(weight_bytes / self.bytes_per_second, 2 * weights * rows / self.operations_per_second)


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    head, changed = _git("rev-parse", "--short", "HEAD"), _git("status", "--porcelain")
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str:
    """What git says, or nothing outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return ""
    run = subprocess.run([git, *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return run.stdout.strip() if run.returncode == 0 else ""
