"""The engine's speed on this machine, everything compared in one run, in turn: ``python -m engine.evaluation.speed MODEL``.

Prints a readable card to standard error and one JSON line to standard output. Rates count generated tokens, prefill apart.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from engine.api import Finished, Mode, SamplingOptions
from engine.config import ModelConfig
from engine.engine import Engine, best_device, best_dtype
from engine.evaluation.peer import transformers_network
from engine.evaluation.samples import Sample
from engine.evaluation.samples import edits as sample_edits
from engine.model import checkpoint
from engine.model.store import Store

ROUNDS = 3
FORWARD_ROUNDS = 9
FORWARD_ROWS = (1, 2, 4, 8, 16, 32, 64)
FORWARD_CONTEXT = 512
PEER_TOKENS = 32
MOSTLY = 0.6


def measure(model: str) -> dict[str, Any]:
    """All measurements as one object."""
    engine = Engine.load(model)
    edits = [measure_edit(engine, sample) for sample in sample_edits()]
    kept = [edit["speedup"] for edit in edits if edit["lines_kept"] >= MOSTLY]
    forwards = measure_forwards(engine)
    return {
        "model": model,
        "device": engine.network.device.type,
        "dtype": str(engine.network.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "cpu": _cpu_name(),
        "amx": bool(torch.cpu.get_capabilities().get("amx_bf16")),
        "torch": torch.__version__,
        "edits": edits,
        "kept_edits": len(kept),
        "kept_edit_speedup": round(statistics.median(kept), 2),
        "kept_edit_speedup_least": round(min(kept), 2),
        "forward_ms": {str(rows): round(ms, 2) for rows, ms in forwards.items()},
        "forward_32_over_1": round(forwards[32] / forwards[1], 2),
        **measure_peer(engine, model),
    }


def measure_edit(engine: Engine, sample: Sample) -> dict[str, Any]:
    """One edit in `verified` and `autoregressive`, A B A B; medians of decoding rates."""
    runs: dict[Mode, list[Finished]] = {"verified": [], "autoregressive": []}
    for _ in range(ROUNDS):
        for mode, finished in runs.items():
            engine.forget()
            *_, last = engine.run(sample.make(SamplingOptions(mode=mode, max_new_tokens=512)))
            assert isinstance(last, Finished)
            finished.append(last)
    rates = {mode: statistics.median(run.tokens_per_second for run in finished) for mode, finished in runs.items()}
    verified, plain = runs["verified"][0], runs["autoregressive"][0]
    report = {
        "name": sample.name,
        "new_tokens": verified.new_tokens,
        "lines_kept": _share_kept(sample.region, verified.text),
        "finish_reason": verified.finish_reason,
        "tokens_per_forward": round(verified.tokens_per_forward, 2),
        "verified_tokens_per_second": round(rates["verified"], 2),
        "autoregressive_tokens_per_second": round(rates["autoregressive"], 2),
        "speedup": round(rates["verified"] / rates["autoregressive"], 2),
        "equal_text": verified.text == plain.text,
    }
    _say(f"{sample.name}: {rates['verified']:.1f} against {rates['autoregressive']:.1f} tokens/s, {report['speedup']} times")
    return report


def measure_forwards(engine: Engine) -> dict[int, float]:
    """Milliseconds of a forward of T rows behind a context, the widths in turn; medians."""
    transformer = engine.network
    tokens = engine.tokenizer.encode("def f(x):\n    return x + 1\n" * FORWARD_CONTEXT)[: FORWARD_CONTEXT + max(FORWARD_ROWS)]
    times: dict[int, list[float]] = {rows: [] for rows in FORWARD_ROWS}
    with torch.inference_mode():
        cache = transformer.new_cache()
        for _ in transformer.prefill(tokens[:FORWARD_CONTEXT], cache):
            pass
        for _ in range(FORWARD_ROUNDS):
            for rows, seconds in times.items():
                piece = tokens[FORWARD_CONTEXT : FORWARD_CONTEXT + rows]
                seconds.append(_timed(partial(transformer.forward, piece, cache)))
    medians = {rows: 1000 * statistics.median(seconds) for rows, seconds in times.items()}
    _say("forward, ms: " + ", ".join(f"{rows} rows {ms:.0f}" for rows, ms in medians.items()))
    return medians


def measure_peer(engine: Engine, model: str) -> dict[str, float]:
    """`autoregressive` against transformers' `generate` with the same weights and dtype, A B A B."""
    reference = _load_transformers(model, engine.network.config, engine.network.dtype)
    prompt = engine.tokenizer.encode("def quicksort(items):\n    ")
    ids = torch.tensor([prompt])

    def theirs(tokens: int) -> float:
        return _timed(
            lambda: reference.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=tokens, min_new_tokens=tokens
            )
        )

    def ours(tokens: int) -> float:
        transformer = engine.network
        cache = transformer.new_cache()

        def run() -> None:
            token = int(transformer.forward(prompt, cache, logits_from=len(prompt) - 1).argmax())
            cache.commit(len(prompt))
            for _ in range(tokens - 1):
                token = int(transformer.forward([token], cache).argmax())
                cache.commit(1)

        return _timed(run)

    rates: dict[str, list[float]] = {"transformers": [], "autoregressive": []}
    with torch.inference_mode():
        for _ in range(ROUNDS):
            # The difference of two lengths leaves out the prompt and the set-up.
            rates["transformers"].append(PEER_TOKENS / (theirs(PEER_TOKENS + 4) - theirs(4)))
            rates["autoregressive"].append(PEER_TOKENS / (ours(PEER_TOKENS + 4) - ours(4)))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    _say(f"transformers generate: {medians['transformers']:.1f} tokens/s; autoregressive: {medians['autoregressive']:.1f}")
    return {
        "transformers_tokens_per_second": round(medians["transformers"], 2),
        "autoregressive_tokens_per_second": round(medians["autoregressive"], 2),
        "autoregressive_over_transformers": round(medians["autoregressive"] / medians["transformers"], 2),
    }


def _load_transformers(model: str, config: ModelConfig, dtype: torch.dtype) -> Any:
    """Transformers' own network on the tensors that we use."""
    folder = checkpoint.ensure_converted(Store().locate(model))
    _, tensors = checkpoint.load_folder(folder, device=torch.device(best_device()), dtype=dtype)
    return transformers_network(config, tensors)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _share_kept(region: str, text: str) -> float:
    """The share of the region's lines that stand in the new text."""
    old, new = region.splitlines(), set(text.splitlines())
    return round(sum(line in new for line in old) / max(1, len(old)), 3)


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m engine.evaluation.speed MODEL")
    _say(f"device {best_device()}, {best_dtype(torch.device(best_device()))}, {torch.get_num_threads()} threads, {_cpu_name()}")
    print(json.dumps(measure(sys.argv[1])))


if __name__ == "__main__":
    main()
