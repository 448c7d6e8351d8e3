"""What the device can do at best: a large copy, and a large bf16 product of random numbers."""

from __future__ import annotations

import torch

from benchmarks.gpu.device import Device
from benchmarks.gpu.limits import Measures
from benchmarks.gpu.report import Measure

COPIED_NUMBERS, SIDE = 1 << 31, 8192
"""4.3 GB are read and 4.3 GB written; far more than a GPU's cache holds."""
SMALL_NUMBERS, SMALL_SIDE = 1 << 22, 256
CHECKED_ROWS = 64


def measure_ceilings(device: Device) -> Measures:
    """Set the device's `bandwidth` and `rate` as well."""
    yield from _copy(device)
    yield from _product(device)


def _copy(device: Device) -> Measures:
    numbers = SMALL_NUMBERS if device.small else COPIED_NUMBERS
    source = torch.empty(numbers, device=device.torch, dtype=torch.bfloat16).normal_(generator=device.generator)
    target = torch.full_like(source, float("nan"))
    timing = device.time(lambda: target.copy_(source), repeats=20)
    wrong = float((target != source).sum())
    yield Measure("numbers of the copy that differ", wrong, "", limit=0.0)
    moved = 2 * source.numel() * source.element_size()
    device.bandwidth = moved / timing.seconds
    note = f"{moved / 1e9:.1f} GB read and written"
    yield Measure("copy on the device", device.bandwidth / 1e12, "TB/s", spread=timing.spread, note=note)


def _product(device: Device) -> Measures:
    side = SMALL_SIDE if device.small else SIDE
    a, b = (torch.empty(side, side, device=device.torch, dtype=torch.bfloat16).normal_(generator=device.generator) for _ in range(2))
    product = torch.full_like(a, float("nan"))
    timing = device.time(lambda: torch.mm(a, b, out=product), repeats=20)
    expected = a[:CHECKED_ROWS].double() @ b.double()
    wrong = float((product[:CHECKED_ROWS].double() - expected).norm() / expected.norm())
    yield Measure("error of the bf16 product", wrong, "", limit=1e-2)
    device.rate = 2 * side**3 / timing.seconds
    yield Measure("bf16 product", device.rate / 1e12, "TFLOP/s", spread=timing.spread, note=f"{side} x {side} x {side}, random numbers")
