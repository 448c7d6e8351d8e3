"""llama.cpp in place of the engine: the same prompts, the same model file, its own decoding."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.contest.contest import Absent, Processes, Work, llama_cpp_contestants
from benchmarks.report import BenchError
from engine.api import Finished, Request
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.engine import physical_cores
from engine.model import checkpoint
from engine.model.tokenizer import Tokenizer
from engine.prompts import prompt_of
from engine.store import Store
from seed_lsp.session.engine_client import Watch


class LlamaCppClient:
    """Answers requests as `EngineClient.ask` does, by llama.cpp from the folder `peers`.

    There is no deadline and no preview, and nothing but the likeliest answer.
    """

    def __init__(self, model: str, peers: Path, threads: int | None = None) -> None:
        located = Store().locate(model)
        [contestant, *_] = llama_cpp_contestants(located.gguf, peers, threads or physical_cores(), ())
        if isinstance(contestant, Absent):
            raise BenchError(f"{contestant.name}: {contestant.reason}")
        self._contestant, self._processes = contestant, Processes()
        self._tokenizer = Tokenizer(checkpoint.ensure_converted(located, "int4"))

    async def ask(self, request: Request, watch: Watch) -> Finished:
        """The whole answer; `watch` sees nothing of it."""
        del watch
        return await asyncio.to_thread(self._ask, request)

    async def stop(self) -> None:
        self._processes.close()

    def _ask(self, request: Request) -> Finished:
        prompt, wanted = prompt_of(self._tokenizer, request), request.sampling.max_new_tokens
        run = self._processes.run(self._contestant, Work("", "", prompt.tokens, sorted(prompt.stop_tokens), wanted, []))
        reader = IncrementalDetokenizer(self._tokenizer, stop_tokens=prompt.stop_tokens, stop_strings=prompt.stop_strings)
        ended = any(reader.feed(token) for token in run.ids)
        return Finished(
            id=request.id,
            text=prompt.read(reader.text),
            finish_reason="stop" if ended else "length",
            mode="autoregressive",
            new_tokens=len(run.ids),
            forwards=len(run.ids),
            prompt_tokens=len(prompt.tokens),
            reused_tokens=0,
            prefill_seconds=0.0,
            decode_seconds=run.seconds,
            peak_memory_bytes=run.peak_memory_bytes,
            model=request.model,
            device="cpu",
            dtype="llama.cpp",
        )
