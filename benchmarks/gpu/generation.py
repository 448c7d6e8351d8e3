"""Many sequences at once: the clean rows of prompts, and one more token of each.

It checks that the tokens are those of float64, and counts how many come a second.
"""

from __future__ import annotations

import random
from functools import partial

import torch
from torch import Tensor

from benchmarks.gpu.correctness import CLOSE, CPU
from benchmarks.gpu.device import Device, capture
from benchmarks.gpu.limits import Measures
from benchmarks.gpu.random_networks import moved, random_tensors, shapes
from benchmarks.gpu.report import Measure
from benchmarks.gpu.work import CODER_1_5B, clean_work, step_work
from engine.model.batched import BatchedTransformer, StaticCache
from engine.model.transformer import Transformer

SLOTS, SMALL_SLOTS = (256, 512), (4,)
WINDOW, SMALL_WINDOW = 512, 32
"""Rows of each sequence that a step reads."""
PREFILLED, SMALL_PREFILLED = 64, 2
NEW_TOKENS = 12
NEAR = {torch.float32: 1e-3, torch.bfloat16: CLOSE}
"""The exact logit of a chosen token may lie so many standard deviations of the logits below the
best one.
"""
MOST_DIFFERENT = 0.25
"""A graph may choose this share of the tokens otherwise than the eager step, since its products add
up in another order: two of 150,000 tokens are often almost equal.
"""


def measure_generation(device: Device) -> Measures:
    with torch.inference_mode():
        yield from _check_tokens(device)
        config = shapes(small=True)["Qwen2"] if device.small else CODER_1_5B
        network = BatchedTransformer(config, random_tensors(config, device.generator, torch.bfloat16))
        yield _prefill(device, network)
        for slots in SMALL_SLOTS if device.small else SLOTS:
            yield from _steps(device, network, slots)


def _check_tokens(device: Device) -> Measures:
    """Check prompts of different lengths in one prefill, and greedy steps behind them.

    A network in float64 on the CPU reads them again.
    """
    rng = random.Random(device.seed)
    for name, config in shapes(small=device.small).items():
        for dtype, limit in NEAR.items():
            tensors = random_tensors(config, torch.Generator().manual_seed(device.seed), dtype)
            prompts = [[rng.randrange(config.vocab_size) for _ in range(rng.randint(2, 20))] for _ in range(5)]
            written = greedy(BatchedTransformer(config, moved(tensors, device.torch, dtype)), prompts)
            exact = Transformer(config, moved(tensors, CPU, torch.float64))
            worst = max(behind_best(exact, prompt, tokens) for prompt, tokens in zip(prompts, written, strict=True))
            label = f"{name}, {str(dtype).removeprefix('torch.')}"
            yield Measure(f"{label}: greedy tokens below the best of float64", worst, "deviations", limit=limit)


def greedy(network: BatchedTransformer, prompts: list[list[int]]) -> list[list[int]]:
    """`NEW_TOKENS` tokens behind each prompt, all together."""
    window = max(map(len, prompts)) + NEW_TOKENS
    cache, heads = network.new_cache(len(prompts), window), [prompt[:-1] for prompt in prompts]
    longest = max(map(len, heads))
    padded = torch.tensor([head + [0] * (longest - len(head)) for head in heads], device=network.device)
    network.prefill(padded, cache, torch.arange(len(prompts), device=network.device))
    tokens = torch.tensor([prompt[-1] for prompt in prompts], device=network.device)
    positions = torch.tensor([len(head) for head in heads], device=network.device)
    steps = []
    for ahead in range(NEW_TOKENS):
        tokens = network.step(tokens, positions + ahead, cache, window)
        steps.append(tokens)
    return [list(row) for row in torch.stack(steps, dim=1).tolist()]


def behind_best(exact: Transformer, prompt: list[int], tokens: list[int]) -> float:
    """How far the logits of `tokens` lie below the best ones of their rows, at most.

    It is counted in standard deviations of the logits there.
    """
    logits = exact.forward([*prompt, *tokens[:-1]], exact.new_cache(), logits_from=len(prompt) - 1).logits
    chosen = logits[range(len(tokens)), tokens]
    return float(((logits.max(dim=-1).values - chosen) / logits.std(dim=-1)).max())


def _prefill(device: Device, network: BatchedTransformer) -> Measure:
    sequences, length = (SMALL_PREFILLED, SMALL_WINDOW) if device.small else (PREFILLED, WINDOW)
    tokens = _random_tokens(device, network, sequences, length)
    with device.peak() as most:
        timing = device.time(partial(network.clean_rows, tokens), repeats=5)
        memory = most()
    bound, rows = device.bound_s(clean_work(network.config, sequences, length)), sequences * length
    name = f"clean rows of {sequences} prompts of {length}"
    note = f"{1e3 * timing.seconds:.1f} ms"
    return Measure(name, rows / timing.seconds, "rows/s", bound and rows / bound, memory=memory, spread=timing.spread, note=note)


def _steps(device: Device, network: BatchedTransformer, slots: int) -> Measures:
    """Time steps, eager and from a CUDA graph.

    The graph has to choose what the eager step chooses, for tokens that it was not captured with.
    """
    window = SMALL_WINDOW if device.small else WINDOW
    with device.peak() as most:
        cache = random_cache(device, network, slots, window)
        tokens = _random_tokens(device, network, slots)
        positions = torch.randint(window // 2, window, (slots,), generator=device.generator, device=device.torch)
        step = partial(network.step, tokens, positions, cache, window)
        bound = device.bound_s(step_work(network.config, slots, window))
        for what in ("eager", "CUDA graph") if device.is_gpu else ("eager",):
            captured, differ = None, None
            if what == "CUDA graph":
                captured = capture(step)
                captured.out.fill_(-1)
                tokens.copy_(_random_tokens(device, network, slots))
                differ = float((captured.replay() != step()).double().mean())
            timing = device.time(captured.replay if captured else step)
            yield Measure(
                f"a step of {slots} sequences behind up to {window} rows, {what}",
                slots / timing.seconds,
                "tokens/s",
                bound and slots / bound,
                error=differ,
                limit=None if differ is None else MOST_DIFFERENT,
                memory=most(),
                spread=timing.spread,
                note=f"{1e3 * timing.seconds:.2f} ms",
            )


def random_cache(device: Device, network: BatchedTransformer, slots: int, rows: int) -> StaticCache:
    cache = network.new_cache(slots, rows)
    for numbers in (cache.keys, cache.values):
        numbers.normal_(generator=device.generator)
    return cache


def _random_tokens(device: Device, network: BatchedTransformer, *shape: int) -> Tensor:
    return torch.randint(network.config.vocab_size, shape, generator=device.generator, device=device.torch)
