"""Whether `verified` writes what `autoregressive` writes.

    python -m engine.evaluation.lossless MODEL DTYPE [TOKENS]

In float32 it must, token for token. In bfloat16 forwards of different width round differently, and
where two tokens are nearly as likely the choice may fall the other way: this reports how often, and
how near the tie was.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

import torch

from engine.api import Mode, SamplingOptions
from engine.decoding.sampler import Outcome
from engine.engine import Engine
from engine.evaluation.samples import Sample, lossless_samples


@dataclass(frozen=True)
class Comparison:
    """One prompt in both modes.

    `parted_at` is the first token that differs, None if none does. `gap` is the difference of the
    two logits there, in a forward of one row. `compared` counts the positions up to and with that
    one.
    """

    name: str
    tokens: int
    compared: int
    forwards: int
    parted_at: int | None
    gap: float | None


def compare(engine: Engine, sample: Sample, *, max_new_tokens: int) -> Comparison:
    """Run a sample in both modes from a cold cache."""
    modes: tuple[Mode, ...] = ("autoregressive", "verified")
    outcomes = {mode: _sample(engine, sample, SamplingOptions(mode=mode, max_new_tokens=max_new_tokens)) for mode in modes}
    plain, verified = outcomes["autoregressive"].tokens, outcomes["verified"].tokens
    for i, (one, other) in enumerate(zip(plain, verified, strict=False)):
        if one != other:
            return Comparison(
                sample.name, len(plain), i + 1, outcomes["verified"].forwards, i, _gap(engine, sample, list(plain[:i]), one, other)
            )
    assert len(plain) == len(verified), "one text is a true prefix of the other, yet both ended"
    return Comparison(sample.name, len(plain), len(plain), outcomes["verified"].forwards, None, None)


def _sample(engine: Engine, sample: Sample, options: SamplingOptions) -> Outcome:
    prompt = engine.prompt_of(sample.make(options))
    return engine.sample(prompt.tokens, options, old=prompt.old, stop_tokens=prompt.stop_tokens)


def _gap(engine: Engine, sample: Sample, before: list[int], one: int, other: int) -> float:
    tokens = engine.prompt_of(sample.make(SamplingOptions())).tokens + before
    with torch.inference_mode():
        cache = engine.network.new_cache()
        for _ in engine.network.prefill(tokens[:-1], cache):
            pass
        logits = engine.network.forward(tokens[-1:], cache).logits[0]
    return float(logits[one] - logits[other])


def main() -> None:
    if len(sys.argv) not in {3, 4}:
        raise SystemExit("usage: python -m engine.evaluation.lossless MODEL DTYPE [TOKENS]")
    tokens = int(sys.argv[3]) if len(sys.argv) == 4 else 96
    engine = Engine.load(sys.argv[1], dtype=sys.argv[2])
    results = []
    for sample in lossless_samples():
        result = compare(engine, sample, max_new_tokens=tokens)
        print(result, file=sys.stderr, flush=True)
        results.append(result)
    parted = [r for r in results if r.parted_at is not None]
    summary = {
        "model": sys.argv[1],
        "dtype": sys.argv[2],
        "prompts": len(results),
        "equal": len(results) - len(parted),
        "positions": sum(r.compared for r in results),
        "parted": [asdict(r) for r in parted],
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
