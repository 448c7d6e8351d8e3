"""The strategy of modes `verified` and `autoregressive`: the base checks what was drafted."""

from __future__ import annotations

from collections.abc import Sequence

from engine.api import SamplingOptions
from engine.decoding.choice import TokenSampler, accepted_length
from engine.decoding.prompt_lookup import NOTHING, PromptLookupDrafter
from engine.decoding.proposals import NO_PROPOSAL, Proposal, propose
from engine.decoding.row_budget import RowBudget, spend_rows
from engine.decoding.step import BlockState, SamplingState, Step
from engine.model.network import ForwardResult, Network, NoisyBlock

CHEAP_ROWS = 8
"""Rows that the CPU kernels multiply in one pass over the weights, which costs little more than one
row does.

The first draft, and the one after a rejection, has as many rows with the pending token; after a
draft that is accepted whole the next one has twice as many. Masks take what a draft leaves of them
(docs/LOG.md).
"""
GPU_ROWS = 64
"""The same number on a GPU, where a forward of one row waits for the weights.

It is a guess that was not measured.
"""
CERTAIN_COPY, GUESSED_COPY = 0.95, 0.5
"""Assumed probabilities of a copied token behind a match of two tokens or more, and of one that is
guessed.

They only have to put masks in a sensible order.
"""
USEFUL_RUN = 0.5
"""`auto` asks an adapter for drafts if the base agrees with at least so many of its tokens in a
row, on average.
"""


class Verified:
    """Drafts tokens, runs them through the base in one forward, keeps those that the base chooses
    as well, and adds its next one.

    The same forward may carry masks behind the draft and behind beginnings of it. What the denoiser
    proposes for the masks behind the tokens that were kept is the next draft. Without a `lookup`
    nothing is drafted, and a step gives one token.
    """

    def __init__(self, network: Network, options: SamplingOptions, lookup: PromptLookupDrafter | None, *, is_edit: bool) -> None:
        self._network, self._options, self._lookup = network, options, lookup
        self._is_edit = is_edit
        self._token_sampler = TokenSampler(options.temperature, options.seed)
        # Rows of the next draft, with the pending token.
        self._rows = min(CHEAP_ROWS, options.block_size)
        # What the denoiser proposes for the tokens behind the pending one.
        self._proposal = NO_PROPOSAL

    def start(self, state: SamplingState) -> BlockState:
        budget = self._budget(min(self._rows, state.room) - 1, state.room)
        return BlockState(tuple(budget.tokens), 0, tuple(budget.blocks))

    def step(self, state: SamplingState, block: BlockState) -> Step:
        draft = [token for token in block.tokens if token is not None]
        num_clean = 1 + len(draft)
        result = self._network.forward([state.pending, *draft], state.cache, noisy=block.masks)
        logits = result.logits[:num_clean]
        chosen = self._token_sampler.choose(logits, state.position)
        accepted = chosen[: accepted_length(draft, chosen) + 1]
        asked = self._options.min_chance > 0
        probabilities = self._token_sampler.probabilities(logits[: len(accepted)], accepted) if asked else []
        masks = ForwardResult(result.logits[num_clean:], result.hidden[num_clean:])
        self._proposal = self._propose(state, masks, block.masks, accepted)
        state.cache.commit(len(accepted))
        doubled = bool(draft) and len(accepted) == num_clean
        self._rows = min(self._options.block_size, 2 * self._rows if doubled else CHEAP_ROWS)
        if self._lookup is not None:
            self._lookup.extend(accepted)
        return Step(tuple(accepted), tuple(probabilities))

    def _budget(self, length: int, room: int) -> RowBudget:
        """At most `length` tokens to verify, and masks behind them."""
        source = self._options.draft
        if self._lookup is None or source == "none" or length <= 0:
            return RowBudget([], [])
        copied = self._lookup.propose(length) if source in {"auto", "copy"} else NOTHING
        masks = self._num_masks(room)
        proposed = self._proposal.tokens[:length]
        if copied.certain and not (proposed and copied.tokens[:1] != proposed[:1]):
            # A certain copy is long and is followed by the next. Where rows are dear, masks behind
            # it cost more than they bring.
            if not masks or self._max_rows <= CHEAP_ROWS:
                return RowBudget(copied.tokens, [])
            draft = Proposal(copied.tokens, [CERTAIN_COPY] * len(copied.tokens))
        elif proposed:
            draft = Proposal(proposed, self._proposal.probabilities[:length])
        else:
            draft = Proposal(copied.tokens, [GUESSED_COPY] * len(copied.tokens))
        if not masks:
            return RowBudget(draft.tokens, [])
        assert self._network.adapter is not None, "without one no mask is asked for"
        expected = self._network.adapter.expected_accepted
        return spend_rows(draft, self._max_rows - 1, masks=masks, step=expected / (1 + expected))

    @property
    def _max_rows(self) -> int:
        """The most rows of a forward with masks."""
        return self._options.max_rows or (CHEAP_ROWS if self._network.device.type == "cpu" else GPU_ROWS)

    def _num_masks(self, room: int) -> int:
        """The number of masks in a block; 0 where the denoiser is not wanted, not there, or not
        good enough.
        """
        adapter, options = self._network.adapter, self._options
        if adapter is None or options.draft == "copy":
            return 0
        # In edits masks take longer than what they add to the copies of the old code (docs/LOG.md).
        too_dear = self._is_edit and self._max_rows <= CHEAP_ROWS
        if options.draft == "auto" and (too_dear or adapter.expected_accepted < USEFUL_RUN):
            return 0
        return max(0, min(adapter.block_size, options.block_size, room))

    def _propose(self, state: SamplingState, masks: ForwardResult, blocks: Sequence[NoisyBlock], accepted: list[int]) -> Proposal:
        """The tokens that the block behind `accepted` proposes to follow them; none if no block
        stands there.

        `masks` holds the rows of all `blocks`.
        """
        start = 0
        for block in blocks:
            end = start + len(block.tokens)
            if block.behind == len(accepted):
                return self._read_block(state, ForwardResult(masks.logits[start:end], masks.hidden[start:end]), accepted)
            start = end
        return NO_PROPOSAL

    def _read_block(self, state: SamplingState, block: ForwardResult, accepted: list[int]) -> Proposal:
        assert self._network.adapter is not None, "without one no mask is asked for"
        # Without the shift the first mask proposes the token that the base has just chosen itself.
        skip = 0 if self._network.adapter.logit_shift else 1
        position = state.position + len(accepted)
        logits, hidden = block.logits[skip:], block.hidden[skip:]
        return propose(self._network, logits, hidden, self._token_sampler, left=accepted[-1], position=position)
