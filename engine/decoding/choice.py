"""How the base chooses a token, and how much of a draft it agrees with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TokenSampler:
    """The base's choice at a position: the likeliest token, or at a temperature a sample.

    The sample is the argmax of logits / temperature + Gumbel noise, and the noise depends on `seed` and the position
    alone. Accepting a draft where it *equals* that sample is speculative rejection sampling for a draft that is one
    token and no distribution (Leviathan et al., arXiv 2211.17192, with q a point mass): it is kept with probability
    p(draft), and otherwise the token is distributed as p without the draft. Beyond that, one seed gives one text in
    whatever pieces it was drafted.
    """

    temperature: float = 0.0
    seed: int = 0

    def choose(self, logits: Tensor, first_position: int) -> list[int]:
        """`logits` (rows, vocabulary), float32; row i chooses the token of position `first_position + i`."""
        if self.temperature == 0.0:
            # On a CPU numpy's is ten times as fast as torch's, which takes 5 % of a forward of 16 rows.
            best = logits.numpy().argmax(axis=-1) if logits.device.type == "cpu" else logits.argmax(dim=-1)
            return list(best.tolist())
        return [self._sample(row, first_position + i) for i, row in enumerate(logits.cpu())]

    def probabilities(self, logits: Tensor, tokens: list[int]) -> list[float]:
        """The probability of each row's token at temperature 1; `logits` (rows, vocabulary)."""
        chosen = logits[range(len(tokens)), tokens] - logits.logsumexp(dim=-1)
        return list(chosen.exp().tolist())

    def _sample(self, row: Tensor, position: int) -> int:
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + position) % 2**63)
        exponential = torch.empty_like(row).exponential_(generator=generator)
        return int((row / self.temperature - exponential.log()).argmax())


def accepted_length(draft: list[int], chosen: list[int]) -> int:
    """The length of the longest prefix of `draft` that equals the base's choices, row for row."""
    for i, (drafted, wanted) in enumerate(zip(draft, chosen, strict=False)):
        if drafted != wanted:
            return i
    return len(draft)
