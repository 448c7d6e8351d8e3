"""The adapter's training: noisy rows a second, forward and back, in bf16.

The shape is the 1.5B's. On small shapes it is checked that the gradients are those of float64.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from benchmarks.gpu.correctness import CPU, relative_error
from benchmarks.gpu.device import Device
from benchmarks.gpu.limits import Measures
from benchmarks.gpu.random_networks import moved, random_tensors, shapes
from benchmarks.gpu.report import Measure
from benchmarks.gpu.work import CODER_1_5B, HEAD_IDS, RANK, clean_work, training_work
from engine.config import ModelConfig
from engine.model.batched import BatchedTransformer
from engine.training.blocks import Block, Packed, Text, masked_block
from engine.training.denoiser import CleanRows, Denoiser, pack_over
from engine.training.lora import Lora
from engine.training.objectives import row_losses
from engine.training.padded import Padded, pad

SIZES, SMALL_SIZES = (512, 2048, 8192), (32, 64)
SMALL_RANK = 4
LIMITS = {torch.float32: 2e-4, torch.bfloat16: 0.1}
"""The largest relative error of a gradient. Its way is twice as long as a forward's, and ends in
sums that partly cancel.
"""


@dataclass(frozen=True)
class Sizes:
    """The size of a text: its tokens, and the rows of all its blocks together.

    Each block has `block` rows.
    """

    tokens: int
    rows: int
    block: int = 8

    def blocks(self, text: Text, rng: random.Random) -> list[Block]:
        """Whole blocks of masks behind different roots."""
        roots = rng.sample(range(self.tokens - self.block - 1), self.rows // self.block)
        return [masked_block(text, root, self.block, shift=True) for root in sorted(roots)]


PACKED, PADDED, SMALL_TEXT = Sizes(512, 128), Sizes(512, 512), Sizes(48, 16)
"""The sizes of the texts.

A row of a packed text sees rows that are there already; a padded text pays for its clean pass, and
so has as many noisy rows as that.
"""


class Batch(Protocol):
    """Noisy rows of some texts, each with a target."""

    def loss(self, denoiser: Denoiser) -> Tensor:
        """The mean over all rows."""


@dataclass(frozen=True)
class PackedBatch:
    """Texts one behind the other, with their clean rows (random numbers).

    Each is attended to by itself, as training on a CPU has them.
    """

    packed: list[Packed]
    clean: list[CleanRows]

    def loss(self, denoiser: Denoiser) -> Tensor:
        targets = torch.cat([packed.targets for packed in self.packed]).to(denoiser.device)
        wanted = torch.ones(len(targets), dtype=torch.bool)
        return row_losses(denoiser(self.packed, self.clean, wanted).own, denoiser.columns[targets], None, "cross_entropy").mean()


@dataclass(frozen=True)
class PaddedBatch:
    """Texts side by side, as training on a GPU has them; the clean pass belongs to it."""

    padded: Padded
    network: BatchedTransformer

    def loss(self, denoiser: Denoiser) -> Tensor:
        padded = self.padded
        own = denoiser.forward_padded(padded, self.network.clean_rows(padded.clean)).own
        return row_losses(own, denoiser.columns[padded.targets.flatten()[padded.wanted]], None, "cross_entropy").mean()


def packed_batch(denoiser: Denoiser, texts: list[Text], sizes: Sizes, generator: torch.Generator) -> PackedBatch:
    """The clean rows come from the generator, which may be of another device."""
    config, rng = denoiser.config, random.Random(len(texts))
    shape = (config.num_layers, 2, config.num_kv_heads, sizes.tokens, config.head_dim)
    pairs: list[tuple[Packed, CleanRows]] = []
    for text in texts:
        numbers = torch.randn(shape, generator=generator, device=generator.device, dtype=torch.bfloat16)
        pairs += pack_over(sizes.blocks(text, rng), [(keys, values) for keys, values in numbers.to(denoiser.device, denoiser.dtype)])
    return PackedBatch([packed for packed, _ in pairs], [clean for _, clean in pairs])


def padded_batch(network: BatchedTransformer, texts: list[Text], sizes: Sizes) -> PaddedBatch:
    rng = random.Random(len(texts))
    return PaddedBatch(pad(texts, [sizes.blocks(text, rng) for text in texts]).to(network.device), network)


def random_texts(ids: Tensor, count: int, sizes: Sizes, seed: int) -> list[Text]:
    """Texts of random ids, drawn from those that the head has."""
    rng, known = random.Random(seed), ids.tolist()
    return [Text(rng.choices(known, k=sizes.tokens), 1, "random") for _ in range(count)]


def measure_training(device: Device) -> Measures:
    """Check that it computes rightly, then count rows a second at several batch sizes, by both
    paths.

    No update of the adapter is counted.
    """
    yield from _check_gradients(device)
    config = shapes(small=True)["Qwen2"] if device.small else CODER_1_5B
    tensors = random_tensors(config, device.generator, torch.bfloat16)
    ids = torch.randperm(config.vocab_size, generator=torch.Generator().manual_seed(device.seed))[:HEAD_IDS].sort().values
    denoiser, network = new_denoiser(config, tensors, ids, RANK), BatchedTransformer(config, tensors)
    for path, usual in (("padded, with the clean pass", PADDED), ("packed", PACKED)):
        sizes = SMALL_TEXT if device.small else usual
        for rows in SMALL_SIZES if device.small else SIZES:
            texts = random_texts(ids, rows // sizes.rows, sizes, device.seed + rows)
            name = f"{rows:,} rows of {len(texts)} texts, {path}"
            try:
                yield _rate(device, denoiser, texts, sizes, network=network if usual is PADDED else None, name=name)
            except torch.OutOfMemoryError:
                yield Measure(name, None, "rows/s", note="out of memory")


def _rate(device: Device, denoiser: Denoiser, texts: list[Text], sizes: Sizes, *, network: BatchedTransformer | None, name: str) -> Measure:
    """Padded where there is a network for the clean pass, else packed."""
    with device.peak() as most:
        batch: Batch = padded_batch(network, texts, sizes) if network else packed_batch(denoiser, texts, sizes, device.generator)

        def step() -> None:
            denoiser.zero_grad(set_to_none=True)
            batch.loss(denoiser).backward()  # type: ignore[no-untyped-call]

        timing = device.time(step, warm=2, repeats=5)
        memory = most()
    rows, config = len(texts) * sizes.rows, denoiser.config
    # Half of a text stands before a block on average.
    work = training_work(config, rows, seen=sizes.tokens // 2 + sizes.block, head_ids=len(denoiser.vocabulary), rank=RANK)
    if network is not None:
        work += clean_work(config, len(texts), sizes.tokens)
    bound = device.bound_s(work)
    note = f"{1e3 * timing.seconds:.0f} ms"
    return Measure(name, rows / timing.seconds, "rows/s", bound and rows / bound, memory=memory, spread=timing.spread, note=note)


def new_denoiser(config: ModelConfig, tensors: Mapping[str, Tensor], ids: Tensor, rank: int) -> Denoiser:
    """A denoiser with an adapter as if trained.

    With zeros for its second matrices, as it begins, its first ones would have no gradient.
    """
    lora = Lora(config, rank=rank, alpha=2.0 * rank, mask_embedding=tensors["model.embed_tokens.weight"].mean(0).cpu())
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in lora.named_parameters():
            if name.endswith(":b"):
                parameter.normal_(0, 0.1 * rank**-0.5, generator=generator)
    return Denoiser(config, tensors, ids, lora.to(tensors["model.norm.weight"].device))


def _check_gradients(device: Device) -> Measures:
    """Check the gradients of the loss for all of the adapter's numbers.

    They need all that a step computes.
    """
    for name, config in shapes(small=device.small).items():
        for dtype, limit in LIMITS.items():
            tensors = random_tensors(config, torch.Generator().manual_seed(device.seed), dtype)
            packed, padded = [], []
            for target, precision in ((device.torch, dtype), (CPU, torch.float64)):
                there, ids = moved(tensors, target, precision), torch.arange(config.vocab_size)
                denoiser, texts = new_denoiser(config, there, ids, SMALL_RANK), random_texts(ids, 3, SMALL_TEXT, device.seed)
                # They are drawn on the CPU, so that both get the same numbers.
                generator = torch.Generator().manual_seed(device.seed)
                packed.append(gradients(denoiser, packed_batch(denoiser, texts, SMALL_TEXT, generator)))
                padded.append(gradients(denoiser, padded_batch(BatchedTransformer(config, there), texts, SMALL_TEXT)))
            label = f"{name}, {str(dtype).removeprefix('torch.')}"
            yield Measure(f"{label}: gradient against float64, packed", relative_error(*packed), "", limit=limit)
            yield Measure(f"{label}: gradient against float64, padded", relative_error(*padded), "", limit=limit)


def gradients(denoiser: Denoiser, batch: Batch) -> Tensor:
    """All of them, one behind the other."""
    denoiser.zero_grad(set_to_none=True)
    batch.loss(denoiser).backward()  # type: ignore[no-untyped-call]
    return torch.cat([p.grad.flatten() for p in denoiser.parameters() if p.grad is not None])
