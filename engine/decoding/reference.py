"""The slow twin of the sampler: no cache, no drafts, no blocks.

Tests compare the fast code with this.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from engine.decoding.choice import TokenSampler
from engine.model.network import Network

Logits = Callable[[list[int]], Tensor]
"""Maps tokens to the logits (1, vocabulary) of the token that follows them."""


def recompute(model: Network) -> Logits:
    """Computes logits by a full pass over all tokens, each time."""

    def logits(tokens: list[int]) -> Tensor:
        return model.forward(tokens, model.new_cache(len(tokens)), logits_from=len(tokens) - 1).logits

    return logits


def generate(
    logits: Logits, prompt: list[int], *, max_new_tokens: int, stop_tokens: frozenset[int], token_sampler: TokenSampler
) -> list[int]:
    """What the base alone writes after `prompt`, a token at a time, the stop token included."""
    tokens = list(prompt)
    for _ in range(max_new_tokens):
        tokens += token_sampler.choose(logits(tokens), len(tokens))
        if tokens[-1] in stop_tokens:
            break
    return tokens[len(prompt) :]
