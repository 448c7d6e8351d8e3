"""Small random networks on the device against the same weights in float64 on the CPU.

The promises that the sampler rests on are checked as well. Each run draws fresh weights and inputs
from its seed. What is computed must touch no number that was not written: caches begin as NaN,
which no limit lets pass.
"""

from __future__ import annotations

import random

import torch
from torch import Tensor

from benchmarks.gpu.device import Device
from benchmarks.gpu.limits import Measures
from benchmarks.gpu.random_networks import moved, moved_adapter, random_adapter, random_tensors, shapes
from benchmarks.gpu.report import Measure
from engine.api import Mode, SamplingOptions
from engine.config import ModelConfig
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.decoding.sampler import Outcome, Sampler
from engine.model.cache import KVCache
from engine.model.network import NoisyBlock
from engine.model.transformer import Transformer

LIMITS = {torch.float32: 1e-4, torch.bfloat16: 3e-2}
"""The largest ‖out - reference‖ / ‖reference‖ by number format. One product of bf16 numbers is
wrong by 1e-3 to 1e-2; these are some twenty, one behind the other.
"""
CLOSE = 0.1
"""Two tokens are as good as equal to bf16 where their logits differ by no more than this share of
the logits' standard deviation.
"""
NEW_TOKENS, SMALL_NEW_TOKENS = 48, 24
WRONG_EVERY = 7
"""The code to copy from has a wrong token in so many, so that drafts are taken in part."""
CPU = torch.device("cpu")


def check_correctness(device: Device) -> Measures:
    rng = random.Random(device.seed)
    with torch.inference_mode():
        for number, (name, config) in enumerate(shapes(small=device.small).items()):
            for dtype, limit in LIMITS.items():
                pair = Pair(config, device, dtype, device.seed + number)
                label = f"{name}, {str(dtype).removeprefix('torch.')}"
                yield Measure(f"{label}: clean and noisy rows against float64", pair.forward_error(rng), "", limit=limit)
                yield Measure(f"{label}: from the cache against recomputed", pair.cache_error(rng), "", limit=limit)
                yield from pair.sampled(label, rng)


def relative_error(out: Tensor, reference: Tensor) -> float:
    """‖out - reference‖ / ‖reference‖, in float64 on the CPU; NaN where either holds one."""
    out, reference = out.to(CPU, torch.float64), reference.to(CPU, torch.float64)
    return float((out - reference).norm() / reference.norm())


class Pair:
    """A random network on the device in `dtype`, and the same numbers in float64 on the CPU."""

    def __init__(self, config: ModelConfig, device: Device, dtype: torch.dtype, seed: int) -> None:
        self.config, self.dtype, self.seed = config, dtype, seed
        self.new_tokens = SMALL_NEW_TOKENS if device.small else NEW_TOKENS
        generator = torch.Generator().manual_seed(seed)
        tensors, adapter = random_tensors(config, generator, dtype), random_adapter(config, generator, dtype)
        self.tested = Transformer(config, moved(tensors, device.torch, dtype), moved_adapter(adapter, device.torch, dtype))
        self.exact = Transformer(config, moved(tensors, CPU, torch.float64), moved_adapter(adapter, CPU, torch.float64))

    def forward_error(self, rng: random.Random) -> float:
        """The error of clean rows and two noisy blocks behind cached rows.

        All sizes are random.
        """
        cached, clean = self._text(rng, rng.randint(20, 60)), self._text(rng, rng.randint(4, 40))
        blocks = [
            NoisyBlock([None if rng.random() < 0.5 else token for token in self._text(rng, rng.randint(1, 12))], len(clean)),
            NoisyBlock([None] * rng.randint(1, 6), rng.randint(1, len(clean) - 1)),
        ]
        found = []
        for network in (self.tested, self.exact):
            cache = poisoned(network, 256)
            list(network.prefill(cached, cache))
            found.append(network.forward(clean, cache, noisy=blocks).logits)
        return relative_error(*found)

    def cache_error(self, rng: random.Random) -> float:
        """The error of a text in pieces of random sizes, against one pass over all of it.

        Each piece stands behind the rows of those before it.
        """
        tokens, cache, rows, done = self._text(rng, 61), poisoned(self.tested, 64), [], 0
        while done < len(tokens):
            size = min(rng.choice((1, 1, 2, 5, 16)), len(tokens) - done)
            rows.append(self.tested.forward(tokens[done : done + size], cache).logits)
            cache.commit(size)
            done += size
        return relative_error(torch.cat(rows), self.tested.forward(tokens, poisoned(self.tested, 64)).logits)

    def sampled(self, label: str, rng: random.Random) -> Measures:
        """Check that `verified` writes what `autoregressive` writes.

        In float32 the texts are equal token for token; in bf16 up to a choice between two tokens
        that are as good as equal. The drafts come from code of which most is right, and from the
        (random, so mostly wrong) adapter.
        """
        prompt = self._text(rng, 24)
        for temperature in (0.0, 0.8) if self.dtype is torch.float32 else (0.0,):
            truth = self._tokens("autoregressive", prompt, temperature)
            old = [rng.randrange(self.config.vocab_size) if rng.randrange(WRONG_EVERY) == 0 else token for token in truth]
            ours = self._tokens("verified", prompt, temperature, old)
            differ = sum(one != other for one, other in zip(truth, ours, strict=True))
            name = f"{label}: `verified` against `autoregressive`, temperature {temperature:g}"
            note = f"{len(truth)} tokens, {len(set(truth))} of them different"
            if self.dtype is torch.float32:
                yield Measure(name, float(differ), "tokens differ", limit=0.0, note=note)
            else:
                note += f"; {differ} differ" if differ else "; none differs"
                yield Measure(f"{name}, gap where they part", self._gap(prompt, truth, ours), "deviations", limit=CLOSE, note=note)

    def _gap(self, prompt: list[int], truth: list[int], ours: list[int]) -> float:
        """How far apart the two tokens' exact logits are where the texts part.

        It is counted in standard deviations of the logits there, 0 where the texts do not part.
        """
        first = next((i for i, (one, other) in enumerate(zip(truth, ours, strict=True)) if one != other), None)
        if first is None:
            return 0.0
        logits = self.exact.forward([*prompt, *truth[:first]], self.exact.new_cache()).logits[-1]
        return float((logits[truth[first]] - logits[ours[first]]).abs() / logits.std())

    def _tokens(self, mode: Mode, prompt: list[int], temperature: float, old: list[int] | None = None) -> list[int]:
        options = SamplingOptions(mode=mode, max_new_tokens=self.new_tokens, temperature=temperature, seed=self.seed)
        sampler = Sampler(self.tested, poisoned(self.tested, 128), prompt, NoText(), options, old=old or [])
        *_, outcome = sampler.run()
        assert isinstance(outcome, Outcome)
        return list(outcome.tokens)

    def _text(self, rng: random.Random, length: int) -> list[int]:
        return [rng.randrange(self.config.vocab_size) for _ in range(length)]


class NoText(IncrementalDetokenizer):
    """Tokens of a random network stand for no text, and none of them ends it."""

    def __init__(self) -> None:
        """It needs no tokenizer."""

    def feed(self, token: int) -> bool:  # noqa: ARG002 - all tokens are alike
        return False

    @property
    def text(self) -> str:
        return ""

    def take_stable(self) -> str:
        return ""


def poisoned(network: Transformer, capacity: int) -> KVCache:
    """An empty cache that gives NaN wherever it is read before it is written."""
    cache = network.new_cache(capacity)
    cache._rows.fill_(float("nan"))
    return cache
