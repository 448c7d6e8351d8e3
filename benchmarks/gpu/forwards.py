"""Forwards of the 1.5B's shape with random weights.

They are run as they are, replayed from a CUDA graph, and compiled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from benchmarks.gpu.correctness import relative_error
from benchmarks.gpu.device import Device, capture
from benchmarks.gpu.limits import Measures, OtherDeviceError
from benchmarks.gpu.random_networks import random_adapter, random_tensors, shapes
from benchmarks.gpu.report import Measure
from benchmarks.gpu.work import CACHED, CODER_1_5B, RANK, ROWS, forward_work
from engine.model.cache import KVCache
from engine.model.network import NoisyBlock
from engine.model.transformer import Rows, Transformer

SMALL_ROWS, SMALL_CACHED = (1, 8), (16,)
MIXED_ROWS, SMALL_MIXED_ROWS = 64, 8
"""The rows of a forward that is a quarter clean and three quarters masks, as `verified` runs it on
a GPU.
"""
COMPILED = ((64, 512), (1, 512))
"""Rows and cached rows of the forwards that are compiled."""
COMPILE_AT_LEAST_S = 60.0
"""A forward is not compiled with less time left than this. It is a guess, for want of a GPU, of
what 28 layers take from cold.
"""
LIMIT = 5e-2
"""The largest relative error between two ways through the same bf16 network, whose products may add
up in another order. Other inputs give errors near 1.4.
"""


@dataclass(frozen=True)
class Case:
    """A forward of `clean` tokens and `noisy` blocks behind `cached` rows."""

    clean: list[int]
    noisy: Sequence[NoisyBlock]
    cached: int

    @property
    def rows(self) -> int:
        return len(self.clean) + self.masks

    @property
    def masks(self) -> int:
        return sum(len(block.tokens) for block in self.noisy)

    def named(self, what: str = "") -> str:
        rows = f"{self.rows} row{'s' if self.rows > 1 else ''}{(self.masks and f', {self.masks} of them masks,') or ''}"
        return f"{rows} behind {self.cached:,}{what and f', {what}'}"


class Bench:
    """A random network of the 1.5B's shape with an adapter, or a small one, and a full cache."""

    def __init__(self, device: Device) -> None:
        self.device = device
        config = self.config = shapes(small=True)["Qwen2"] if device.small else CODER_1_5B
        tensors = random_tensors(config, device.generator, torch.bfloat16)
        self.network = Transformer(config, tensors, random_adapter(config, device.generator, torch.bfloat16, rank=RANK))
        self.rows: tuple[int, ...] = SMALL_ROWS if device.small else ROWS
        self.cached: tuple[int, ...] = SMALL_CACHED if device.small else CACHED
        self.cache = self.network.new_cache(max(self.cached) + max(self.rows))
        self.cache._rows.normal_(generator=device.generator)

    def cases(self) -> list[Case]:
        """Clean rows alone, and the mixed forward, behind each number of cached rows."""
        mixed = SMALL_MIXED_ROWS if self.device.small else MIXED_ROWS
        return [case for cached in self.cached for case in (*(self.case(rows, cached) for rows in self.rows), self.mixed(mixed, cached))]

    def case(self, rows: int, cached: int) -> Case:
        return Case(self.tokens(rows), (), cached)

    def mixed(self, rows: int, cached: int) -> Case:
        """A quarter of the rows is clean, and behind each beginning of these stand three masks."""
        clean = rows // 4
        return Case(self.tokens(clean), [NoisyBlock((None,) * 3, behind + 1) for behind in range(clean)], cached)

    def tokens(self, rows: int) -> list[int]:
        drawn = torch.randint(self.config.vocab_size, (rows,), generator=self.device.generator, device=self.device.torch)
        return [int(token) for token in drawn.tolist()]

    def behind(self, cached: int) -> KVCache:
        """The cache with so many rows."""
        self.cache.truncate(0)
        self.cache.reserve(cached)
        self.cache.commit(cached)
        return self.cache

    def logits(self, rows: Rows, cache: KVCache) -> Tensor:
        """The device's part of a forward."""
        return self.network.run(rows, cache).logits

    def measure(
        self,
        case: Case,
        call: Callable[[], object],
        *,
        what: str = "",
        error: float | None = None,
        memory: int | None = None,
        note: str = "",
    ) -> Measure:
        """A measure: the median time beside the least that the measured ceilings allow, and the
        most memory.

        The memory is that of the calls, with weights and cache, unless it is given.
        """
        with self.device.peak() as most:
            timing = self.device.time(call)
            memory = most() if memory is None else memory
        bound = self.device.bound_s(forward_work(self.config, case.rows, case.cached))
        return Measure(
            case.named(what),
            1e3 * timing.seconds,
            "ms",
            bound and 1e3 * bound,
            error=error,
            limit=None if error is None else LIMIT,
            memory=memory,
            spread=timing.spread,
            note=note,
        )


def measure_eager(device: Device) -> Measures:
    """`Transformer.forward` as it is, with what the host prepares."""
    bench = Bench(device)
    with torch.inference_mode():
        for case in bench.cases():
            cache = bench.behind(case.cached)
            yield bench.measure(case, partial(bench.network.forward, case.clean, cache, noisy=case.noisy))


def measure_graphs(device: Device) -> Measures:
    """Time the device's part of a forward, replayed; what the host prepares is apart.

    Each graph has to give what a forward gives, for tokens that it was not captured with.
    """
    _need_gpu(device)
    bench = Bench(device)
    with torch.inference_mode():
        for case in bench.cases():
            cache = bench.behind(case.cached)
            rows = bench.network.prepare(case.clean, cache, case.noisy)
            with device.peak() as most:
                captured = capture(partial(bench.logits, rows, cache))
                memory = most()
            other = bench.tokens(len(case.clean))
            expected = bench.network.forward(other, cache, noisy=case.noisy).logits
            captured.out.fill_(float("nan"))
            rows.tokens[: len(other)] = torch.tensor(other, device=device.torch)
            error = relative_error(captured.replay(), expected)
            yield bench.measure(case, captured.replay, error=error, memory=memory)


def measure_compiled(device: Device, left: Callable[[], float]) -> Measures:
    """Time `torch.compile` of the device's part, called and replayed from a graph.

    `left` tells the seconds that are left.
    """
    _need_gpu(device)
    bench, needed = Bench(device), COMPILE_AT_LEAST_S
    # Not in inference mode, whose tensors compiled code may not change elsewhere.
    with torch.no_grad():
        for case in [bench.case(rows, cached) for rows, cached in COMPILED]:
            if left() < needed:
                yield Measure(case.named(), None, "ms", note=f"{left():.0f} s were left, too few to compile")
                continue
            cache = bench.behind(case.cached)
            rows = bench.network.prepare(case.clean, cache, case.noisy)
            run = torch.compile(bench.logits, dynamic=False)
            started = time.monotonic()
            out = run(rows, cache).clone()
            device.wait()
            took = time.monotonic() - started
            needed = max(needed, 1.3 * took)
            error = relative_error(out, bench.network.forward(case.clean, cache, noisy=case.noisy).logits)
            compiled = partial(run, rows, cache)
            yield bench.measure(case, compiled, error=error, note=f"{took:.0f} s to compile")
            yield bench.measure(case, capture(compiled).replay, what="CUDA graph")


def _need_gpu(device: Device) -> None:
    if not device.is_gpu:
        raise OtherDeviceError("needs a GPU")
