"""The interface that a sampler needs of a network, whatever computes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.config import ModelConfig
from engine.model.adapter import Adapter
from engine.model.cache import GROWTH_ROWS, Cache
from engine.model.draft_head import normalized


@dataclass(frozen=True)
class NoisyBlock:
    """Noisy `tokens`, None for a mask, that follow the first `behind` clean rows of a forward."""

    tokens: Sequence[int | None]
    behind: int


@dataclass(frozen=True)
class ForwardResult:
    """What one forward computed.

    `logits` (rows - logits_from, vocabulary), float32, are those of the rows from `logits_from` on.
    `hidden` (rows, hidden size) is what the last layer gave each row, before the final norm. Both
    may be views of buffers that the network's next forward writes over: read them before it, or
    clone them.
    """

    logits: Tensor
    hidden: Tensor


class Network(ABC):
    """Computes logits of rows of one sequence; the caller owns the cache and decides which rows
    become permanent.

    `number_format` names how weights are held: "bfloat16", "float32", "int8", "int4".
    `prefill_chunk` is the number of rows of a forward over a prompt: enough to be efficient, and
    few enough that a cancelled request ends soon.
    """

    config: ModelConfig
    adapter: Adapter | None
    final_norm: Tensor
    device: torch.device
    number_format: str
    prefill_chunk: int = 256

    @abstractmethod
    def new_cache(self, capacity: int = GROWTH_ROWS) -> Cache:
        """An empty cache of the kind that `forward` takes."""

    @abstractmethod
    def forward(self, clean: list[int], cache: Cache, *, noisy: Sequence[NoisyBlock] = (), logits_from: int | None = 0) -> ForwardResult:
        """Run `clean` rows, then the rows of the `noisy` blocks, behind the cache's rows.

        Commits nothing.

        Clean rows attend causally to clean rows. A block's rows attend to the clean rows that the
        block follows, and to one another; their positions go on behind those clean rows. Several
        blocks propose what follows several beginnings of a draft (TiDAR, arXiv 2511.08923). Logits
        are computed for the rows from `logits_from` on; for None there are none, and `logits` is
        empty.
        """

    @abstractmethod
    def embeddings(self, tokens: Sequence[int]) -> Tensor:
        """The embeddings of `tokens`: (tokens, hidden size)."""

    @abstractmethod
    def head_rows(self, tokens: Sequence[int]) -> Tensor:
        """The head's weights for `tokens`: (tokens, hidden size)."""

    def edit_logits(self, hidden: Tensor) -> Tensor:
        """What the adapter's `edit_outputs` give noisy rows, to stand beside their logits.

        The result is (rows, 2), float32.

        `hidden` (rows, hidden size) are those rows of a `ForwardResult`.
        """
        assert self.adapter is not None, "only an adapter has edit outputs"
        assert self.adapter.edit_outputs is not None, "checked where they are asked for"
        return F.linear(normalized(hidden, self.config) * self.final_norm, self.adapter.edit_outputs).float()

    def followed_logits(self, row: Tensor, left: int, candidates: Sequence[int]) -> Tensor:
        """Logits (candidates,), float32, of a noisy row's `candidates` when the token to their left
        is `left`.

        `row` (hidden size,) is that row of a `ForwardResult`'s `hidden`.
        """
        assert self.adapter is not None, "only an adapter has a Hydra head"
        assert self.adapter.hydra_head is not None, "checked where it is asked"
        x, token = normalized(row.unsqueeze(0), self.config), normalized(self.embeddings([left]), self.config)
        return F.linear(self.adapter.hydra_head(x, token) * self.final_norm, self.head_rows(candidates)).float().squeeze(0)

    def step(self, tokens: Sequence[int], caches: Sequence[Cache]) -> Tensor:
        """Run and commit one clean row of each of several sequences; return their logits
        (sequences, vocabulary), float32.

        They are good until the next forward or step, as a `ForwardResult` is.

        Networks that compute a row alone give, to the bit, what a forward of each sequence would.
        """
        rows = []
        for token, cache in zip(tokens, caches, strict=True):
            rows.append(self.forward([token], cache).logits.clone())
            cache.commit(1)
        return torch.cat(rows)

    def prefill(self, tokens: list[int], cache: Cache, *, chunk: int | None = None) -> Iterator[int]:
        """Commit `tokens` in chunks, yielding the number of rows done after each, so that the
        caller can stop between.
        """
        step = chunk or self.prefill_chunk
        for start in range(0, len(tokens), step):
            piece = tokens[start : start + step]
            self.forward(piece, cache, logits_from=None)
            cache.commit(len(piece))
            yield start + len(piece)


def rope_angles(config: ModelConfig, positions: int) -> Tensor:
    """The rotary angle of each pair of a head's dimensions at each position.

    The result is (positions, head size / 2), float64.
    """
    size = config.head_dim
    frequencies = config.rope_theta ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    return torch.outer(torch.arange(positions, dtype=torch.float64), frequencies)
