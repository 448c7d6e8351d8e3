"""The strategy of mode `diffusion`: a block is denoised from masks, or from the code to edit."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.api import SamplingOptions
from engine.decoding.choice import TokenSampler
from engine.decoding.denoising_policy import NO_EDIT, EditProbabilities, Thresholds, Token, denoise_step, edit_step, jointly
from engine.decoding.prompt_lookup import PromptLookupDrafter
from engine.decoding.proposals import propose
from engine.decoding.step import BlockState, SamplingState, Step
from engine.model.network import ForwardResult, Network, NoisyBlock


class Denoised:
    """Each step runs the noisy block once and fills, changes or masks again some of its tokens.

    A block is accepted once it has no mask and a step has left what was placed as it is. Its rows
    enter the cache in the forward of the next block's first step.
    """

    def __init__(
        self,
        network: Network,
        options: SamplingOptions,
        lookup: PromptLookupDrafter,
        *,
        is_edit: bool,
        thresholds: Thresholds | None = None,
    ) -> None:
        assert network.adapter is not None, "checked where the mode was chosen"
        self._network, self._adapter, self._options = network, network.adapter, options
        self._lookup, self._is_edit = lookup, is_edit
        self._thresholds = thresholds or Thresholds()
        self._token_sampler = TokenSampler(options.temperature, options.seed)

    def start(self, state: SamplingState) -> BlockState:
        longest = min(self._options.block_size, state.room)
        known = self._lookup.propose(longest).tokens if self._is_edit else []
        # With more masks than the adapter was trained on, a step fills only one. Old code may fill
        # the block to its longest.
        size = min(longest, max(len(known), self._adapter.block_size))
        return BlockState((*known, *(None,) * (size - len(known))), 0)

    def step(self, state: SamplingState, block: BlockState) -> Step:
        size = len(block.tokens)
        after = self._denoise(state, list(block.tokens), may_remask=block.step < size)
        steps = block.step + 1
        kept = all(old in (None, new) for old, new in zip(block.tokens, after, strict=True))
        if not (kept and None not in after) and steps < 2 * size:
            return Step((), unfinished=BlockState(tuple(after), steps))
        tokens = tuple(token for token in after if token is not None)
        assert len(tokens) == size, "each step with masks fills one, so twice the size leaves none"
        self._lookup.extend(tokens)
        return Step(tokens)

    def _denoise(self, state: SamplingState, block: list[Token], *, may_remask: bool) -> list[Token]:
        result = self._forward(state, block)
        # Edits are read first, since proposing writes new scores into the logits.
        edits = self._edit_probabilities(result)
        proposal = self._propose(state, result, block)
        probabilities = result.logits.softmax(dim=-1)
        rows = range(len(block))
        confidence = jointly(block, probabilities[rows, proposal].tolist())
        current = probabilities[rows, [0 if token is None else token for token in block]].tolist()
        after = denoise_step(block, proposal, confidence, current, self._thresholds, may_remask=may_remask)
        # An edit brings new masks, which a step near the bound must not.
        return edit_step(after, edits, self._thresholds.edit) if may_remask else after

    def _forward(self, state: SamplingState, block: Sequence[Token]) -> ForwardResult:
        """The logits (block, vocabulary) that propose the block's tokens, and the hidden rows of
        the block (block, hidden size).

        The accepted rows that the cache lacks enter it in the same forward.
        """
        clean = state.tokens[state.cache.length :]
        logits_from = len(clean) - (1 if self._adapter.logit_shift else 0)
        result = self._network.forward(clean, state.cache, noisy=[NoisyBlock(block, len(clean))], logits_from=logits_from)
        state.cache.commit(len(clean) - 1)
        return ForwardResult(result.logits[: len(block)], result.hidden[len(clean) :])

    def _propose(self, state: SamplingState, result: ForwardResult, block: Sequence[Token]) -> list[int]:
        """A token for each position of the block.

        Writes into `result.logits` the scores that know the token to the left.
        """
        network, logits, hidden = self._network, result.logits, result.hidden
        if not self._adapter.logit_shift:
            read = propose(network, logits, hidden, self._token_sampler, left=state.pending, position=state.position, placed=block)
            return read.tokens
        # With the shift the pending token's row, which is the base's, proposes the first token.
        first = self._token_sampler.choose(logits[:1], state.position)
        left = first[0] if block[0] is None else block[0]
        position = state.position + 1
        behind = propose(network, logits[1:], hidden[:-1], self._token_sampler, left=left, position=position, placed=block[1:])
        return first + behind.tokens

    def _edit_probabilities(self, result: ForwardResult) -> list[EditProbabilities]:
        """Each position's probabilities that its token should go, and that one is missing there."""
        logits = result.logits
        if self._adapter.edit_outputs is None:
            return [NO_EDIT] * logits.shape[0]
        edits = self._network.edit_logits(result.hidden)
        # With the shift the row before a position speaks for it. Before the first one is a clean
        # row, which has no edit outputs.
        own = [NO_EDIT] if self._adapter.logit_shift else []
        edits = edits[: logits.shape[0] - len(own)]
        found = torch.cat([logits[len(own) :], edits], dim=-1).softmax(dim=-1)[:, -2:].tolist()
        return [*own, *(EditProbabilities(delete, insert) for delete, insert in found)]
