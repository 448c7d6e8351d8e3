"""``seed-lsp bench``, ``eval`` and ``train``: programs of the engine and of the checkout, each in a
process of its own, since this package does not import torch.

Their options are theirs alone and are handed on as they were given.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import engine
from seed_lsp.errors import SeedError

BENCHMARKS = ("speed", "latency", "blocks", "memory")
CHECKOUT = Path(engine.__file__).parents[1]
"""The folder that holds ``benchmarks/``, which is not installed, where this package runs from a
checkout.
"""


def bench(arguments: list[str]) -> int:
    """``bench NAME [OPTION...]`` is ``python -m benchmarks.NAME [OPTION...]``."""
    name, *options = _name_first(arguments)
    if name not in BENCHMARKS:
        raise SeedError(f"seed-lsp bench measures {', '.join(BENCHMARKS)}; run: seed-lsp bench {BENCHMARKS[0]} --help")
    if not (CHECKOUT / "benchmarks").is_dir():
        raise SeedError("the benchmarks come with the source and not with the installed package; run this from a checkout")
    # Whoever starts this from elsewhere has the checkout's modules all the same.
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return _run(f"benchmarks.{name}", options, PYTHONPATH=os.pathsep.join(paths))


def evaluate(arguments: list[str]) -> int:
    return _run("engine.evaluation.harness", arguments)


def train(arguments: list[str]) -> int:
    if importlib.util.find_spec("accelerate") is None:
        raise SeedError("training needs accelerate; run: pip install 'seed-lsp[train]'")
    return _run("engine.training.trainer", arguments)


def _name_first(arguments: list[str]) -> list[str]:
    """The words with the benchmark's name first, wherever it stands."""
    at = next((i for i, word in enumerate(arguments) if word in BENCHMARKS), 0)
    return [*arguments[at : at + 1], *arguments[:at], *arguments[at + 1 :]] or [""]


def _run(module: str, arguments: list[str], **environment: str) -> int:
    """The exit status of a program, which ends with ours."""
    with subprocess.Popen([sys.executable, "-m", module, *arguments], env={**os.environ, **environment}) as child:
        before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        try:
            return child.wait()
        finally:
            signal.signal(signal.SIGTERM, before)
