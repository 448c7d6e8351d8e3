"""What a number format costs in quality.

    python -m engine.evaluation.quality MODEL FORMAT [REFERENCE] [TOKENS]

The reference (bfloat16 if left out) answers some prompts greedily; both networks then read those
answers, and at each token the choice of one is compared with the choice of the other. Prints a card
to standard error, one JSON line to standard output.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from engine.api import SamplingOptions
from engine.engine import Engine, physical_cores
from engine.evaluation.machine import Machine
from engine.evaluation.samples import completions, edits, generations, lossless_samples


@dataclass(frozen=True)
class Difference:
    """How far two networks agree over `positions` tokens.

    The figures are the share of equal choices, the standard deviation of the logits' difference
    over that of the logits, and the mean Kullback-Leibler divergence of the reference's
    distribution from the other's, in nats.
    """

    positions: int
    equal_choices: float
    relative_logit_error: float
    divergence: float


def compare(engine: Engine, reference: Engine, *, max_new_tokens: int) -> Difference:
    """Both engines must have the same tokenizer."""
    equal = positions = 0
    errors: list[float] = []
    divergences: list[float] = []
    for sample in (*lossless_samples(), *edits(), *completions(), *generations()):
        prompt = reference.prompt_of(sample.make(SamplingOptions()))
        options = SamplingOptions(max_new_tokens=max_new_tokens)
        answer = list(reference.sample(prompt.tokens, options, old=prompt.old, stop_tokens=prompt.stop_tokens).tokens)
        expected = _logits(reference, prompt.tokens, answer)
        actual = _logits(engine, prompt.tokens, answer)
        equal += int((expected.argmax(-1) == actual.argmax(-1)).sum())
        positions += len(answer)
        errors += ((actual - expected).std(-1) / expected.std(-1)).tolist()
        log_expected, log_actual = expected.log_softmax(-1), actual.log_softmax(-1)
        divergences += (log_expected.exp() * (log_expected - log_actual)).sum(-1).tolist()
        print(f"{sample.name}: {positions} tokens, {equal / positions:.2%} equal", file=sys.stderr, flush=True)
    return Difference(positions, equal / positions, sum(errors) / positions, sum(divergences) / positions)


def _logits(engine: Engine, prompt: list[int], answer: list[int]) -> Tensor:
    """The logits that chose, or would choose, each token of the answer: (answer, vocabulary)."""
    with torch.inference_mode():
        cache = engine.network.new_cache()
        for _ in engine.network.prefill(prompt[:-1], cache):
            pass
        return engine.network.forward([prompt[-1], *answer[:-1]], cache).logits.clone()


def main() -> None:
    if not 3 <= len(sys.argv) <= 5:
        raise SystemExit("usage: python -m engine.evaluation.quality MODEL FORMAT [REFERENCE] [TOKENS]")
    model, number_format, reference, tokens = (*sys.argv[1:], *("bfloat16", "64")[len(sys.argv) - 3 :])
    difference = compare(Engine.load(model, dtype=number_format), Engine.load(model, dtype=reference), max_new_tokens=int(tokens))
    report = {"model": model, "format": number_format, "reference": reference, **asdict(difference)}
    print(json.dumps({**report, "machine": asdict(Machine.here(physical_cores()))}))


if __name__ == "__main__":
    main()
