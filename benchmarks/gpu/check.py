"""Check a GPU: ``make gpu-check``.

    python -m benchmarks.gpu.check [--json FILE] [--seconds 240] [--device cuda|cpu] [--small]

The sections are in order of worth: the card's ceilings, whether it computes rightly, forwards of
the 1.5B's shape (eager, from CUDA graphs), training rows and written tokens a second, and compiled
forwards. No model's file is read, since all weights are random; so nothing is said of the quality
of texts. What was found is written to FILE after each section, and printed as one table at the end.
The exit status is 1 where a section failed or was not begun, and where a limit was missed.
`--device cpu --small` runs the same code on shapes that a CPU does in seconds.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

# Torch, whose import takes seconds, is imported where its time is counted.
if TYPE_CHECKING:
    from benchmarks.gpu.device import Device
    from benchmarks.gpu.limits import Clock, Measures, Section


def main() -> None:
    """Run by its command line."""
    started = time.monotonic()
    options = _options()
    if options.seconds < 10:
        sys.exit(f"--seconds is {options.seconds:g}; a check takes at least 10")
    from benchmarks.gpu.limits import Clock, end_at, run_section
    from benchmarks.gpu.report import Report

    clock, report = Clock(options.seconds, started), Report(options.json, _tell)
    timer = end_at(clock, report)
    import torch

    from benchmarks.gpu.device import Device

    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit(f"torch {torch.__version__} finds no CUDA device here; --device cpu --small checks the script itself")
    torch.set_float32_matmul_precision("highest")
    device = Device(options.device, small=options.small, seed=options.seed if options.seed is not None else time.time_ns() % 2**31)
    report.machine = device.machine()
    _tell(f"torch imported, {time.monotonic() - started:.1f} s")
    for section in sections(device, clock):
        run_section(section, clock, report)
        # The next section needs the memory of this one's networks.
        gc.collect()
        if device.is_gpu:
            torch.cuda.empty_cache()
    timer.cancel()
    print(report.table(), flush=True)
    sys.exit(0 if report.passed else 1)


def sections(device: Device, clock: Clock) -> list[Section]:
    """The sections, in order of worth."""
    from benchmarks.gpu.ceilings import measure_ceilings
    from benchmarks.gpu.correctness import check_correctness
    from benchmarks.gpu.forwards import measure_compiled, measure_eager, measure_graphs
    from benchmarks.gpu.generation import measure_generation
    from benchmarks.gpu.limits import Section
    from benchmarks.gpu.training import measure_training

    def on(measure: Callable[[Device], Measures]) -> Callable[[], Measures]:
        return lambda: measure(device)

    return [
        Section("ceilings", 30.0, on(measure_ceilings)),
        Section("correctness", 60.0, on(check_correctness)),
        Section("eager", 45.0, on(measure_eager)),
        Section("graphs", 45.0, on(measure_graphs)),
        Section("training", 60.0, on(measure_training)),
        Section("generation", 30.0, on(measure_generation)),
        Section("compiled", 150.0, lambda: measure_compiled(device, lambda: clock.left)),
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.gpu.check", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, help="write what was found to this file, after each section")
    parser.add_argument("--seconds", type=float, default=240.0, help="end within so long, the start included (default 240)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true", help="shapes that a CPU does in seconds")
    parser.add_argument("--seed", type=int, help="of all random numbers (default: another one each time; it is in the table)")
    return parser.parse_args()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
