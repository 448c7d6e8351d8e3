"""The adapter's training: noisy rows a second, forward and back, in bf16 on the 1.5B's shape; and, on a small shape, that it computes what float64 computes."""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.gpu.correctness import CPU, LIMITS, relative_error
from benchmarks.gpu.device import Device
from benchmarks.gpu.limits import Measures
from benchmarks.gpu.random_networks import moved, random_tensors, shapes
from benchmarks.gpu.report import Measure
from benchmarks.gpu.work import CODER_1_5B, HEAD_IDS, RANK, training_work
from engine.config import ModelConfig
from engine.training.blocks import Packed, Text, masked_block
from engine.training.denoiser import CleanRows, Denoiser, pack_over
from engine.training.lora import Lora
from engine.training.objectives import row_losses

SIZES, TEXT_TOKENS = (512, 2048, 8192), 512
SMALL_SIZES, SMALL_TOKENS = (32, 64), 48
BLOCK_ROWS, TEXT_ROWS, SMALL_TEXT_ROWS = 8, 128, 16
"""Rows of a block, and of all blocks of a text together."""
SMALL_RANK = 4


@dataclass(frozen=True)
class Batch:
    """Noisy rows of several texts with the texts' clean rows, and the place of each row's target among the logits."""

    packed: list[Packed]
    clean: list[CleanRows]
    targets: Tensor

    def logits(self, denoiser: Denoiser) -> Tensor:
        """(rows, vocabulary and edit outputs), by the path that training takes."""
        wanted = torch.ones(len(self.targets), dtype=torch.bool)
        logits: Tensor = denoiser(self.packed, self.clean, wanted).own
        return logits

    def loss(self, denoiser: Denoiser) -> Tensor:
        return row_losses(self.logits(denoiser), self.targets, None, "cross_entropy").mean()

    def moved(self, device: torch.device, dtype: torch.dtype) -> Batch:
        clean = [[(keys.to(device, dtype), values.to(device, dtype)) for keys, values in rows] for rows in self.clean]
        return Batch(self.packed, clean, self.targets.to(device))


def random_batch(config: ModelConfig, rows: int, targets: int, generator: torch.Generator, *, small: bool, seed: int) -> Batch:
    """`rows` masked rows behind random places of random texts, whose clean rows are random bf16 numbers on the generator's device; their targets are among so many."""
    rng = random.Random(seed)
    text_rows, length = (SMALL_TEXT_ROWS, SMALL_TOKENS) if small else (TEXT_ROWS, TEXT_TOKENS)
    pairs: list[tuple[Packed, CleanRows]] = []
    for _ in range(rows // text_rows):
        text = Text([rng.randrange(config.vocab_size) for _ in range(length)], 1, "random")
        roots = rng.sample(range(length - BLOCK_ROWS - 1), text_rows // BLOCK_ROWS)
        blocks = [masked_block(text, root, BLOCK_ROWS, shift=True) for root in sorted(roots)]
        shape = (config.num_layers, 2, config.num_kv_heads, length, config.head_dim)
        numbers = torch.randn(shape, generator=generator, device=generator.device, dtype=torch.bfloat16)
        pairs += pack_over(blocks, [(keys, values) for keys, values in numbers])
    places = torch.randint(targets, (rows,), generator=generator, device=generator.device)
    return Batch([packed for packed, _ in pairs], [clean for _, clean in pairs], places)


def measure_training(device: Device) -> Measures:
    """Whether it computes rightly, then rows a second at several batch sizes; no update of the adapter is counted."""
    yield from _check_gradients(device)
    config = shapes(small=True)["Qwen2"] if device.small else CODER_1_5B
    ids = torch.randperm(config.vocab_size, generator=torch.Generator().manual_seed(device.seed))[:HEAD_IDS].sort().values
    denoiser = _denoiser(config, random_tensors(config, device.generator, torch.bfloat16), ids, RANK)
    for rows in SMALL_SIZES if device.small else SIZES:
        try:
            yield _rate(device, denoiser, rows)
        except torch.OutOfMemoryError:
            yield Measure(_name(rows), None, "rows/s", note="out of memory")


def _rate(device: Device, denoiser: Denoiser, rows: int) -> Measure:
    config, head_ids = denoiser.config, len(denoiser.vocabulary)
    with device.peak() as most:
        batch = random_batch(config, rows, head_ids, device.generator, small=device.small, seed=device.seed + rows)

        def step() -> None:
            denoiser.zero_grad(set_to_none=True)
            batch.loss(denoiser).backward()  # type: ignore[no-untyped-call]

        timing = device.time(step, warm=2, repeats=5)
        memory = most()
    seen = sum(int((~packed.hidden).sum()) for packed in batch.packed) // rows
    bound = device.bound_s(training_work(config, rows, seen=seen, head_ids=head_ids, rank=RANK))
    note = f"{1e3 * timing.seconds:.0f} ms, {len(batch.packed)} texts"
    return Measure(_name(rows), rows / timing.seconds, "rows/s", bound and rows / bound, memory=memory, spread=timing.spread, note=note)


def _name(rows: int) -> str:
    return f"{rows:,} rows, forward and back"


def _denoiser(config: ModelConfig, tensors: dict[str, Tensor], ids: Tensor, rank: int) -> Denoiser:
    device = tensors["model.norm.weight"].device
    lora = Lora(config, rank=rank, alpha=2.0 * rank, mask_embedding=tensors["model.embed_tokens.weight"].mean(0).cpu())
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in lora.named_parameters():
            # As if trained: with zeros in these, the others would have no gradient.
            if name.endswith(":b"):
                parameter.normal_(0, 0.1 * rank**-0.5, generator=generator)
    return Denoiser(config, tensors, ids, lora.to(device))


def _check_gradients(device: Device) -> Measures:
    """The loss's gradient for all of the adapter's numbers, and the logits, against float64 on the CPU."""
    for name, config in shapes(small=device.small).items():
        for dtype, limit in LIMITS.items():
            generator = torch.Generator().manual_seed(device.seed)
            tensors = random_tensors(config, generator, dtype)
            ids = torch.arange(config.vocab_size)
            batch = random_batch(config, 2 * SMALL_TEXT_ROWS, len(ids), generator, small=True, seed=device.seed)
            logits, gradients = [], []
            for place, precision in ((device.torch, dtype), (CPU, torch.float64)):
                denoiser, there = _denoiser(config, moved(tensors, place, precision), ids, SMALL_RANK), batch.moved(place, precision)
                with torch.no_grad():
                    logits.append(there.logits(denoiser))
                there.loss(denoiser).backward()  # type: ignore[no-untyped-call]
                found = [p.grad.flatten().cpu() for p in denoiser.parameters() if p.grad is not None]
                gradients.append(torch.cat(found))
            label = f"{name}, {str(dtype).removeprefix('torch.')}"
            yield Measure(f"{label}: logits against float64", relative_error(*logits), "", limit=limit)
            yield Measure(f"{label}: gradient against float64", relative_error(*gradients), "", limit=2 * limit)
