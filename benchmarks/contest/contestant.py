"""One contestant of the speed benchmark in a process of its own.

    python -m benchmarks.contest.contestant KIND MODEL NUMBER_FORMAT

Reads one JSON object a line, a `Work` (`benchmarks.contest.contest`), and answers with one, a
`Run`. The first line that it writes says that the model is loaded. Standard output carries nothing
else.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.contest.peer import transformers_network
from engine.api import SamplingOptions
from engine.engine import Engine, peak_memory_bytes, physical_cores
from engine.model import checkpoint
from engine.store import Store

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def ours(model: str, number_format: str) -> Answer:
    """Our engine: ``how`` is a mode."""
    engine = Engine.load(model, dtype=number_format)

    def answer(work: dict[str, Any]) -> dict[str, Any]:
        options = SamplingOptions(mode=work["how"], max_new_tokens=work["max_new_tokens"])
        outcome = engine.sample(work["tokens"], options, old=work["old"], stop_tokens=frozenset(work["stop"]))
        count = len(outcome.tokens)
        return {"ids": list(outcome.tokens), "tokens": count, "seconds": outcome.decode_seconds, "forwards": outcome.forwards}

    return answer


def transformers(model: str, number_format: str) -> Answer:
    """Transformers' `generate`, greedy."""
    torch.set_num_threads(physical_cores())
    folder = checkpoint.ensure_converted(Store().locate(model), "bfloat16")
    config, tensors = checkpoint.load_folder(folder, device=torch.device("cpu"), dtype=getattr(torch, number_format))
    network = transformers_network(config, tensors)

    def answer(work: dict[str, Any]) -> dict[str, Any]:
        watch = _Watch()
        ids = torch.tensor([work["tokens"]])
        with torch.inference_mode():
            network.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=work["max_new_tokens"],
                eos_token_id=work["stop"],
                pad_token_id=work["stop"][0],
                streamer=watch,
            )
        # The first token's time is the prompt's.
        count = len(watch.ids) - 1
        return {"ids": watch.ids, "tokens": count, "seconds": watch.times[-1] - watch.times[0], "forwards": count}

    return answer


class _Watch:
    """Notes each token and when it came; transformers calls it a streamer."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.times: list[float] = []
        self._prompt_seen = False

    def put(self, value: torch.Tensor) -> None:
        if self._prompt_seen:
            self.ids += value.flatten().tolist()
            self.times.append(time.perf_counter())
        self._prompt_seen = True

    def end(self) -> None:
        """Nothing to do."""


def main() -> None:
    kind, model, number_format = sys.argv[1:]
    answer = {"ours": ours, "transformers": transformers}[kind](model, number_format)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps({**answer(json.loads(line)), "peak_memory_bytes": peak_memory_bytes()}), flush=True)


if __name__ == "__main__":
    main()
