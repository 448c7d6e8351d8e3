"""The one sampling loop and its three modes: diffusion, verified (diffusion drafts, the base verifies), autoregressive.

Invariant between steps: the cache holds the rows of the prompt and of all accepted tokens but the last. That last one,
the *root*, is the first clean row of the next forward, whose logits choose the token after it. In mode diffusion the rows of the
block just accepted are not in the cache yet either: they are run with the next block's first step, before the root.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import torch

from engine.api import FinishReason, SamplingOptions
from engine.decoding.choice import Chooser, accepted_length
from engine.decoding.denoising_policy import NO_EDIT, EditChance, Thresholds, Token, denoise_step, edit_step, jointly
from engine.decoding.detokenizer import TextAssembler
from engine.decoding.prompt_lookup import NOTHING, CopyDrafter
from engine.decoding.proposals import NO_PROPOSAL, Proposal, read_ahead
from engine.decoding.row_budget import Layout, lay_out
from engine.model.adapter import Adapter
from engine.model.cache import Cache
from engine.model.network import ForwardResult, Network, NoisyBlock

CHEAP_ROWS = 8
"""Rows that the CPU kernels multiply in one pass over the weights: little dearer than one. A draft has so many, with the root, at first and after a rejection, twice as
many after each that is accepted whole; masks fill up what a draft leaves of them (docs/LOG.md)."""
GPU_ROWS = 64
"""The same on a GPU, where a forward of one row waits for the weights; not measured, for want of one."""
CERTAIN_COPY, GUESSED_COPY = 0.95, 0.5
"""Chances of a copied token behind a match of two tokens or more, and of one that is guessed: no more than an order for the masks."""
USEFUL_RUN = 0.5
"""An adapter whose drafts are right for so many tokens on average is asked by `auto`."""


@dataclass(frozen=True)
class BlockState:
    """A block before it is accepted: what is drafted, masks as None."""

    tokens: tuple[Token, ...]
    step: int


@dataclass(frozen=True)
class Accepted:
    """Text that became certain, following what was certain before."""

    text: str


@dataclass(frozen=True)
class Outcome:
    """How sampling ended. `tokens` are all generated tokens, the stop included; times are in seconds. `chances`: see `engine.api.Finished`."""

    tokens: tuple[int, ...]
    text: str
    finish_reason: FinishReason
    forwards: int
    prefill_seconds: float
    decode_seconds: float
    chances: tuple[tuple[int, float], ...] = ()


SampleEvent = BlockState | Accepted | Outcome


class Interrupted(Exception):  # noqa: N818 - a signal, not an error
    """Raised between forwards when the time is over or the user no longer wants the text."""

    def __init__(self, reason: FinishReason) -> None:
        super().__init__(reason)
        self.reason: FinishReason = reason


class Sampler:
    """Samples one continuation. Use once: it holds the state of its request."""

    def __init__(
        self,
        model: Network,
        cache: Cache,
        prompt: Sequence[int],
        assembler: TextAssembler,
        options: SamplingOptions,
        *,
        old: Sequence[int] = (),
        thresholds: Thresholds | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`cache` holds the rows of a true prefix of `prompt`, which has at least one token. `old` is the code being edited."""
        assert 0 <= cache.length < len(prompt), "the prompt's last token must still have to be run"
        self._model, self._cache, self._options = model, cache, options
        self._prompt, self._assembler = list(prompt), assembler
        self._thresholds = thresholds or Thresholds()
        self._cancelled, self._clock = cancelled, clock
        self._chooser = Chooser(options.temperature, options.seed)
        self._copier = CopyDrafter(prompt, old) if options.mode != "autoregressive" else None
        self._old = list(old)
        self._generated: list[int] = []
        self._root = self._prompt[-1]
        self._forwards = 0
        self._rows = min(CHEAP_ROWS, options.block_size)
        # What the denoiser proposes for the tokens behind the root.
        self._ahead: Proposal = NO_PROPOSAL
        # Of the tokens just chosen, and of the line under way, where the options ask for them.
        self._fresh: list[float] = []
        self._line_chance = 1.0
        self._chances: list[tuple[int, float]] = []
        self._started = clock()

    def run(self) -> Iterator[SampleEvent]:
        """Yield states and accepted text, and last the `Outcome`."""
        reason: FinishReason | None = None
        prefilled = None
        try:
            for _ in self._model.prefill(self._prompt[self._cache.length : -1], self._cache):
                self._check()
            prefilled = self._clock()
            advance = self._denoised_block if self._options.mode == "diffusion" else self._verified_block
            while reason is None:
                self._check()
                reason = self._accept((yield from advance()))
                if text := self._assembler.take_stable():
                    yield Accepted(text)
        except Interrupted as stop:
            reason = stop.reason
        # Rows behind a stop inside a block are of no use to the next request.
        self._cache.truncate(min(self._cache.length, len(self._prompt) + max(0, len(self._generated) - 1)))
        now = self._clock()
        prefilled = now if prefilled is None else prefilled
        times = (prefilled - self._started, now - prefilled)
        yield Outcome(tuple(self._generated), self._assembler.text, reason, self._forwards, *times, tuple(self._chances))

    @property
    def tokens(self) -> list[int]:
        """The prompt's and those accepted; the last is the root."""
        return self._prompt + self._generated

    def _check(self) -> None:
        if self._cancelled():
            raise Interrupted("cancelled")
        limit = self._options.deadline_s
        if limit is not None and self._clock() - self._started >= limit:
            raise Interrupted("deadline")

    def _accept(self, tokens: list[int]) -> FinishReason | None:
        for i, token in enumerate(tokens, start=1):
            if self._fresh:
                self._line_chance *= self._fresh[i - 1]
                if self._line_chance < self._options.min_chance:
                    return "unsure"
            self._generated.append(token)
            ends = self._assembler.feed(token)
            if self._fresh:
                self._note_chance(self._fresh[i - 1])
            if ends:
                return "stop"
            if len(self._generated) == self._options.max_new_tokens:
                assert i == len(tokens), "a block must not be longer than the tokens that are still wanted"
                return "length"
        if self._copier is not None:
            self._copier.extend(tokens)
        self._root = tokens[-1]
        return None

    def _note_chance(self, chance: float) -> None:
        before = self._chances[-1][0] if self._chances else 0
        text = self._assembler.text
        self._chances.append((len(text), chance))
        if "\n" in text[before:]:
            self._line_chance = 1.0

    @property
    def _room(self) -> int:
        return self._options.max_new_tokens - len(self._generated)

    @property
    def _position(self) -> int:
        return len(self._prompt) + len(self._generated)

    def _verified_block(self) -> Generator[SampleEvent, None, list[int]]:
        """Run a draft through the base, keep what the base agrees with and add its own next token.

        The same forward may carry masks behind the draft and behind beginnings of it; the proposals of those behind what is kept are the next draft.
        """
        layout = self._layout(min(self._rows, self._room) - 1)
        draft, blocks = layout.tokens, layout.blocks
        if draft:
            yield BlockState(tuple(draft), 0)
            self._check()
        result = self._model.forward([self._root, *draft], self._cache, noisy=blocks)
        self._forwards += 1
        logits = result.logits
        chosen = self._chooser.choose(logits[: len(draft) + 1], self._position)
        accepted = accepted_length(draft, chosen)
        if self._options.min_chance > 0:
            self._fresh = self._chooser.chances(logits[: accepted + 1], chosen[: accepted + 1])
        full = accepted == len(draft)
        noisy = ForwardResult(logits[len(draft) + 1 :], result.hidden[len(draft) + 1 :])
        self._ahead = self._read_ahead(noisy, blocks, chosen[: accepted + 1])
        self._cache.commit(accepted + 1)
        self._rows = min(self._options.block_size, 2 * self._rows if full and draft else CHEAP_ROWS)
        return chosen[: accepted + 1]

    def _layout(self, length: int) -> Layout:
        """At most `length` tokens to verify, and masks behind them."""
        source = self._options.draft
        if self._copier is None or source == "none" or length <= 0:
            return Layout([], [])
        copied = self._copier.propose(length) if source in {"auto", "copy"} else NOTHING
        masks = self._masks()
        ahead = self._ahead.tokens[:length]
        if copied.certain and not (ahead and copied.tokens[:1] != ahead[:1]):
            # A copy that goes on makes its own next draft, and is long: where rows cost, masks behind it would cost more than they bring.
            if not masks or not self._wide:
                return Layout(copied.tokens, [])
            draft = Proposal(copied.tokens, [CERTAIN_COPY] * len(copied.tokens))
        elif ahead:
            draft = Proposal(ahead, self._ahead.chances[:length])
        else:
            draft = Proposal(copied.tokens, [GUESSED_COPY] * len(copied.tokens))
        if not masks:
            return Layout(draft.tokens, [])
        expected = self._adapter.expected_accepted
        step = expected / (1 + expected)
        return lay_out(draft, self._max_rows - 1, masks=masks, step=step)

    @property
    def _adapter(self) -> Adapter:
        """The network's, for masks and mode `diffusion`."""
        adapter = self._model.adapter
        assert adapter is not None, "checked where the masks were asked for and the mode was chosen"
        return adapter

    @property
    def _max_rows(self) -> int:
        """Of a forward with masks."""
        return self._options.max_rows or (CHEAP_ROWS if self._model.device.type == "cpu" else GPU_ROWS)

    @property
    def _wide(self) -> bool:
        """Whether there are more rows than cost next to nothing on a CPU."""
        return self._max_rows > CHEAP_ROWS

    def _masks(self) -> int:
        """How many masks of a block the denoiser is asked to fill; none where it is not wanted, not there, or not good enough."""
        adapter, options = self._model.adapter, self._options
        if adapter is None or options.draft == "copy":
            return 0
        # In edits masks take longer than what they add to the copies of the old code (docs/model-card.md).
        if options.draft == "auto" and ((self._old and not self._wide) or adapter.expected_accepted < USEFUL_RUN):
            return 0
        return max(0, min(adapter.block_size, options.block_size, self._room))

    def _read_ahead(self, noisy: ForwardResult, blocks: list[NoisyBlock], chosen: list[int]) -> Proposal:
        """What the block behind the accepted tokens proposes to follow `chosen`, those and the base's own next one; nothing if none stands there.

        `noisy` holds the rows of all blocks.
        """
        start = 0
        for block in blocks:
            end = start + len(block.tokens)
            if block.behind == len(chosen):
                return self._read_block(ForwardResult(noisy.logits[start:end], noisy.hidden[start:end]), chosen)
            start = end
        return NO_PROPOSAL

    def _read_block(self, block: ForwardResult, chosen: list[int]) -> Proposal:
        # Without the shift the first mask proposes the token that the base has just chosen itself.
        skip = 0 if self._adapter.logit_shift else 1
        position = self._position + len(chosen)
        return read_ahead(self._model, block.logits[skip:], block.hidden[skip:], self._chooser, left=chosen[-1], position=position)

    def _run_denoiser(self, block: list[Token]) -> ForwardResult:
        """The logits (block, vocabulary) that propose the block's tokens, and the hidden rows of the block (block, hidden size).

        The accepted rows that the cache lacks enter it in the same forward.
        """
        clean = self.tokens[self._cache.length :]
        logits_from = len(clean) - (1 if self._adapter.logit_shift else 0)
        result = self._model.forward(clean, self._cache, noisy=[NoisyBlock(block, len(clean))], logits_from=logits_from)
        self._cache.commit(len(clean) - 1)
        self._forwards += 1
        return ForwardResult(result.logits[: len(block)], result.hidden[len(clean) :])

    def _denoised_block(self) -> Generator[SampleEvent, None, list[int]]:
        """Denoise one block from masks, or from the old code. It is done once it has no mask and a step has left what was placed as it is."""
        assert self._copier is not None
        longest = min(self._options.block_size, self._room)
        start = self._copier.propose(longest).tokens if self._old else []
        # Where there are more masks than the adapter was trained on, a step fills one; old code is taken as far as a block may reach.
        size = min(longest, max(len(start), self._adapter.block_size))
        block: list[Token] = [*start, *[None] * (size - len(start))]
        for step in range(2 * size):
            yield BlockState(tuple(block), step)
            self._check()
            before, block = block, self._denoise(block, may_remask=step < size)
            kept = all(old in (None, new) for old, new in zip(before, block, strict=True))
            if kept and None not in block:
                break
        tokens = [token for token in block if token is not None]
        assert len(tokens) == size, "each step with masks fills one, so twice the size leaves none"
        return tokens

    def _denoise(self, block: list[Token], *, may_remask: bool) -> list[Token]:
        result = self._run_denoiser(block)
        logits = result.logits
        # Before the proposals, whose scores are written into the logits.
        edits = self._edit_chances(result)
        proposal = self._proposed(result, block)
        probabilities = logits.softmax(dim=-1)
        rows = range(len(block))
        confidence = jointly(block, probabilities[rows, proposal].tolist())
        current = probabilities[rows, [0 if token is None else token for token in block]].tolist()
        after = denoise_step(block, proposal, confidence, current, self._thresholds, may_remask=may_remask)
        # An edit brings new masks, which a step near the bound must not.
        return edit_step(after, edits, self._thresholds.edit) if may_remask else after

    def _proposed(self, result: ForwardResult, block: list[Token]) -> list[int]:
        """A token for each place of the block; its rows' logits are scored anew, each with the token to the left known."""
        logits, rows = result.logits, result.hidden
        if not self._adapter.logit_shift:
            return read_ahead(self._model, logits, rows, self._chooser, left=self._root, position=self._position, placed=block).tokens
        # With the shift the first place is the business of the root's row, which is the base's.
        first = self._chooser.choose(logits[:1], self._position)
        left = first[0] if block[0] is None else block[0]
        behind = read_ahead(self._model, logits[1:], rows[:-1], self._chooser, left=left, position=self._position + 1, placed=block[1:])
        return first + behind.tokens

    def _edit_chances(self, result: ForwardResult) -> list[EditChance]:
        """For each position of the block that `result` is of."""
        adapter, logits = self._adapter, result.logits
        if adapter.edit_outputs is None:
            return [NO_EDIT] * logits.shape[0]
        edits = self._model.edit_logits(result.hidden)
        # With the shift a position is the business of the row before it, and the first one's is clean text, which has no edit outputs.
        own = [NO_EDIT] if adapter.logit_shift else []
        edits = edits[: logits.shape[0] - len(own)]
        chances = torch.cat([logits[len(own) :], edits], dim=-1).softmax(dim=-1)[:, -2:].tolist()
        return [*own, *(EditChance(delete, insert) for delete, insert in chances)]
