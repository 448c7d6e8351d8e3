"""The device that is checked: how its work is timed, and its ceilings once they are measured."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from benchmarks.gpu.work import Work


@dataclass(frozen=True)
class Timing:
    """What repeated calls took.

    It is the median in seconds, and the share of it within which the middle half of the times lies.
    """

    seconds: float
    spread: float


class Device:
    """The device that is checked.

    With `small`, shapes are such that a CPU does in seconds. `bandwidth` (bytes read and written a
    second) and `rate` (bf16 operations a second) are 0 until measured.
    """

    def __init__(self, name: str, *, small: bool, seed: int) -> None:
        self.torch = torch.device(name)
        self.small, self.seed = small, seed
        self.generator = torch.Generator(self.torch).manual_seed(seed)
        self.bandwidth = self.rate = 0.0

    @property
    def is_gpu(self) -> bool:
        return self.torch.type == "cuda"

    def bound_s(self, work: Work) -> float | None:
        """What no version can be faster than, by the measured ceilings; None without them."""
        return work.seconds(self.bandwidth, self.rate) if self.bandwidth and self.rate else None

    def wait(self) -> None:
        """Until all that was asked of the device is done."""
        if self.is_gpu:
            torch.cuda.synchronize()

    def time(self, call: Callable[[], Any], *, warm: int = 3, repeats: int = 10) -> Timing:
        """Call it `warm` times, then `repeats` times, each timed by itself.

        The device's own events tell the time, or the clock on a CPU.
        """
        for _ in range(warm):
            call()
        times = sorted((self._events if self.is_gpu else self._clock)(call, repeats))
        median = statistics.median(times)
        return Timing(median, (times[(3 * repeats) // 4] - times[repeats // 4]) / median)

    def _events(self, call: Callable[[], Any], repeats: int) -> list[float]:
        times = []
        for _ in range(repeats):
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
            torch.cuda.synchronize()
            start.record()
            call()
            end.record()
            torch.cuda.synchronize()
            times.append(start.elapsed_time(end) / 1e3)
        return times

    @staticmethod
    def _clock(call: Callable[[], Any], repeats: int) -> list[float]:
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return times

    @contextmanager
    def peak(self) -> Iterator[Callable[[], int | None]]:
        """Yield what tells the most bytes that tensors took in the block; None on a CPU."""
        if self.is_gpu:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        yield lambda: torch.cuda.max_memory_allocated() if self.is_gpu else None

    def machine(self) -> dict[str, Any]:
        """What a figure needs beside it to mean something."""
        common = {"python": platform.python_version(), "torch": torch.__version__, "cores": os.cpu_count(), "seed": self.seed}
        if not self.is_gpu:
            return {"device": platform.machine(), **common}
        properties = torch.cuda.get_device_properties(self.torch)
        return {
            "device": properties.name,
            "capability": f"{properties.major}.{properties.minor}",
            "multiprocessors": properties.multi_processor_count,
            "memory": f"{properties.total_memory / 2**30:.1f} GiB",
            "driver": _driver(),
            "cuda": torch.version.cuda,
            **common,
        }


@dataclass(frozen=True)
class Captured:
    """Work in a CUDA graph: write into what it reads, replay, read `out`."""

    graph: torch.cuda.CUDAGraph
    out: Tensor

    def replay(self) -> Tensor:
        self.graph.replay()
        return self.out


def capture(run: Callable[[], Tensor]) -> Captured:
    """`run`, which waits for nothing and allocates what it gives, as a graph."""
    # What is run for the first time loads kernels and makes handles, which a capture must not.
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(2):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = run()
    return Captured(graph, out)


def _driver() -> str:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "unknown"
    asked = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return told[0] if told else "unknown"
