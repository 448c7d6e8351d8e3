"""Greedy answers to many prompts at once, in slots that are filled again as answers end.

It is made for a GPU, and the tests run it on any device. docs/gpu.md has the least time of a step
of 512 sequences of the 1.5B.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.model.batched import BatchedTransformer
from engine.model.tokenizer import Tokenizer
from engine.training.answers import LONGEST, LONGEST_PROMPT, Answer
from engine.training.token_prompts import Ending, TokenPrompt

STEPS_A_LOOK = 8
"""This many steps are run between two looks at what was written. A look waits for the device, and
steps behind an answer's end are lost.
"""
WINDOW_ROWS = 128
"""Attention reads a multiple of so many rows: a CUDA graph for each."""
SORTED_SHARE = 4
"""This many prompts for each slot are sorted by length before they are taken, so that those of one
time have about the same length.
"""
PREFILL_ROWS = 32_768
"""Rows of one prefill, at most."""
REFILL_SHARE = 16
"""Free slots are filled once they are one in so many of all slots."""


class Steps(Protocol):
    """Run `count` steps of all sequences, with attention over `window` rows.

    Returns the tokens that they wrote, (count, slots).
    """

    def __call__(self, count: int, window: int) -> Tensor: ...


class Writer:
    """The state of one run: which answer is written in which slot."""

    def __init__(self, network: BatchedTransformer, tokenizer: Tokenizer, slots: int, capacity: int | None = None) -> None:
        self._network, self._tokenizer = network, tokenizer
        self._cache = network.new_cache(slots, capacity or LONGEST_PROMPT + max(LONGEST.values()) + STEPS_A_LOOK)
        self._tokens, self._positions = (torch.zeros(slots, dtype=torch.int64, device=network.device) for _ in range(2))
        self._steps: Steps = GraphSteps(self) if network.device.type == "cuda" else self.step_times
        self._slots: list[_Slot | None] = [None] * slots
        self._ends: dict[Ending, np.ndarray] = {}
        self.steps = 0
        """Steps so far, of all slots at once."""

    def write(self, prompts: Iterable[TokenPrompt], going: Callable[[], bool] = lambda: True) -> Iterator[Answer]:
        """Yield the answers as they end, until there is no prompt left or `going` says no.

        Answers under way are lost then.
        """
        waiting = by_length(prompts, SORTED_SHARE * len(self._slots))
        while going():
            self._fill(waiting)
            active = [(i, slot) for i, slot in enumerate(self._slots) if slot is not None]
            if not active:
                return
            last = max(slot.position for _, slot in active) + STEPS_A_LOOK
            window = min(self._cache.capacity, -(-last // WINDOW_ROWS) * WINDOW_ROWS)
            written = self._steps(STEPS_A_LOOK, window).cpu().numpy()
            self.steps += STEPS_A_LOOK
            for i, slot in active:
                if slot.take(written[:, i]):
                    yield slot.answer
                    self._slots[i] = None

    def step_times(self, count: int, window: int) -> Tensor:
        return torch.stack([self.step(window) for _ in range(count)])

    def step(self, window: int) -> Tensor:
        """One step of all slots, free ones too, whose rows nobody reads; the tokens (slots,)."""
        tokens = self._network.step(self._tokens, self._positions, self._cache, window)
        self._tokens.copy_(tokens)
        self._positions.add_(1).clamp_(max=self._cache.capacity - 1)
        return tokens

    def _fill(self, waiting: Iterator[TokenPrompt]) -> None:
        """Give the free slots prompts, once they are enough to make a prefill worth it."""
        free = [i for i, slot in enumerate(self._slots) if slot is None]
        if len(free) * REFILL_SHARE < len(self._slots):
            return
        fresh = list(zip(free, waiting, strict=False))
        rows = 1
        start = 0
        for end, (_, prompt) in enumerate(fresh):
            rows = max(rows, len(prompt.tokens))
            if (end - start + 1) * rows > PREFILL_ROWS:
                self._prefill(fresh[start:end])
                start, rows = end, len(prompt.tokens)
        self._prefill(fresh[start:])

    def _prefill(self, fresh: list[tuple[int, TokenPrompt]]) -> None:
        """All of each prompt but its last token, which the next step runs."""
        if not fresh:
            return
        device = self._network.device
        slots = torch.tensor([slot for slot, _ in fresh], device=device)
        heads = [prompt.tokens[:-1] for _, prompt in fresh]
        length = max(map(len, heads))
        if length:
            padded = torch.tensor([head + [0] * (length - len(head)) for head in heads], device=device)
            self._network.prefill(padded, self._cache, slots)
        self._tokens[slots] = torch.tensor([prompt.tokens[-1] for _, prompt in fresh], device=device)
        self._positions[slots] = torch.tensor([len(head) for head in heads], device=device)
        for slot, prompt in fresh:
            self._slots[slot] = _Slot(self._tokenizer, prompt, self._can_end(prompt.ending))

    def _can_end(self, ending: Ending) -> np.ndarray:
        """The ids with which such an answer may end: (ids,), bool.

        They are the stop tokens, and the tokens in which the last byte of a stop string may stand.
        """
        if ending not in self._ends:
            last = {stop.encode()[-1] for stop in ending.stop_strings}
            size = self._network.config.vocab_size
            table = np.fromiter((bool(last & set(self._tokenizer.token_bytes(i))) for i in range(size)), dtype=bool, count=size)
            table[sorted(ending.stop_tokens)] = True
            self._ends[ending] = table
        return self._ends[ending]


class _Slot:
    """One answer under way."""

    def __init__(self, tokenizer: Tokenizer, prompt: TokenPrompt, can_end: np.ndarray) -> None:
        self._prompt, self._can_end = prompt, can_end
        self._detokenizer = IncrementalDetokenizer(
            tokenizer, stop_tokens=prompt.ending.stop_tokens, stop_strings=prompt.ending.stop_strings
        )
        self._tokens: list[int] = []
        self._read = 0

    @property
    def position(self) -> int:
        """The position of the row that the next step runs."""
        return len(self._prompt.tokens) - 1 + len(self._tokens)

    def take(self, tokens: np.ndarray) -> bool:
        """Note the next tokens; True if the answer ends within them."""
        known, most = len(self._tokens), LONGEST[self._prompt.kind]
        self._tokens += tokens.tolist()[: most - known]
        # The text is read only where the answer can end there: reading every token of hundreds of
        # answers would keep the device waiting.
        for index in np.flatnonzero(self._can_end[tokens[: most - known]]).tolist():
            end = known + index + 1
            for i in range(self._read, end):
                if self._detokenizer.feed(self._tokens[i]):
                    del self._tokens[i + 1 :]
                    return True
            self._read = end
        return len(self._tokens) == most

    @property
    def answer(self) -> Answer:
        prompt = self._prompt
        return Answer(prompt.index, prompt.kind, prompt.held_out, prompt.tokens, prompt.old, self._tokens)


class GraphSteps:
    """A writer's steps as CUDA graphs, one for each window, made when it is first used."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._graphs: dict[int, tuple[torch.cuda.CUDAGraph, Tensor]] = {}

    def __call__(self, count: int, window: int) -> Tensor:
        if window not in self._graphs:
            self._graphs[window] = self._capture(window)
        graph, tokens = self._graphs[window]
        written = []
        for _ in range(count):
            graph.replay()
            written.append(tokens.clone())
        return torch.stack(written)

    def _capture(self, window: int) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        writer = self._writer
        state = (writer._tokens, writer._positions)
        kept = [tensor.clone() for tensor in state]
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            # The libraries choose and load their kernels here: that cannot be recorded.
            writer.step(window)
            for tensor, value in zip(state, kept, strict=True):
                tensor.copy_(value)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            tokens = writer.step(window)
        return graph, tokens


def by_length(prompts: Iterable[TokenPrompt], together: int) -> Iterator[TokenPrompt]:
    """`together` at a time, the longest first."""
    source = iter(prompts)
    while some := list(itertools.islice(source, together)):
        yield from sorted(some, key=lambda prompt: -len(prompt.tokens))
