"""What the blocks of a stage hold, and their targets."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch

from engine.decoding.denoising_policy import Token
from engine.training.blocks import Block, Text, masked_block, spread_roots
from engine.training.config import Run, Stage
from engine.training.denoiser import CleanRows, Denoiser, Logits, pack_over
from engine.training.noise import Label, Linear, edit_labels, edit_tokens, mask_tokens, number_of_edits

SCHEDULE = Linear()
BLOCKS_AT_ONCE = 64
CLEAN_ROWS_A_ROW = 3
"""A text has at most so many clean rows for a noisy one, as far as its answer has room: a clean row
costs a third of a noisy one, which goes both ways.
"""

Order = list[list[int]]
"""Rows of a block, in the steps in which what they propose is revealed."""


class BlockMaker:
    """Makes the noisy blocks of texts.

    Two of the stages ask the denoiser, as it is, for the states to learn from.
    """

    def __init__(self, run: Run, denoiser: Denoiser) -> None:
        self._run, self._denoiser = run, denoiser
        self._ahead = 1 if run.logit_shift else 0

    def make(self, stage: Stage, text: Text, rows: CleanRows, rng: random.Random) -> list[Block]:
        """The blocks of one text, whose clean pass gave `rows`; none where its answer is too short
        for one.
        """
        # The clean pass of a short answer behind a long prompt is paid anyway, so more blocks share
        # it.
        enough = max(1, len(text.tokens) // (CLEAN_ROWS_A_ROW * self._run.block_size)) if stage.kind == "mask" else 1
        roots = spread_roots(text, stage.apart, rng, shift=self._run.logit_shift, at_least=enough)
        if stage.kind == "mask":
            return [self._masked(stage, text, root, rng) for root in roots]
        if stage.kind == "edit":
            return [self._edited(stage, text, root, rng) if rng.random() < 0.5 else self._masked(stage, text, root, rng) for root in roots]
        drafts = [self._draft(text, root, size=random_size(self._run, rng)) for root in roots]
        if stage.kind == "trajectory":
            return self._best_orders(text, rows, drafts, stage.candidates, rng)
        return [*drafts, *self._own_states(text, rows, drafts)]

    def _draft(self, text: Text, root: int, states: list[Token] | None = None, *, size: int | None = None) -> Block:
        return draft_block(self._run, text, root, states, size=size)

    def _masked(self, stage: Stage, text: Text, root: int, rng: random.Random) -> Block:
        return random_block(self._run, stage, text, root, rng)

    def _edited(self, stage: Stage, text: Text, root: int, rng: random.Random) -> Block:
        """Make some random edits in the clean continuation, if any of it is left.

        Every row has a target, the kept ones too (no carry-over, section 3.1).
        """
        size = self._run.edit_block_size
        edits = number_of_edits(min(size, len(text.tokens) - root - 1), rng)
        block = edited_block(self._denoiser, text, root, rng, size=size, edits=edits, shift=self._run.logit_shift)
        return block or self._masked(stage, text, root, rng)

    def _best_orders(self, text: Text, rows: CleanRows, drafts: list[Block], candidates: int, rng: random.Random) -> list[Block]:
        """Choose the likeliest of some random orders of unmasking; its states are the blocks.

        These are the constrained orders of section 3.2. An order's evidence is the sum of the
        log-probabilities that the true tokens have in the steps that reveal them.
        """
        orders = [[random_order(len(draft.rows) - self._ahead, rng) for _ in range(candidates)] for draft in drafts]
        states = [[self._states(text, draft, order) for order in some] for draft, some in zip(drafts, orders, strict=True)]
        log_probabilities = iter(self._target_log_probabilities([state for some in states for one in some for state in one], rows))
        best: list[Block] = []
        for some, walks in zip(orders, states, strict=True):
            # `zip` asks the order first, so it takes as many states from the rest as the order has
            # steps.
            evidence = [sum(known[row] for step, known in zip(order, log_probabilities, strict=False) for row in step) for order in some]
            best += walks[evidence.index(max(evidence))]
        return best

    def _states(self, text: Text, draft: Block, order: Order) -> list[Block]:
        """The block before each step of an order."""
        held: list[Token] = list(draft.rows)
        states = []
        for step in order:
            states.append(self._draft(text, draft.root, list(held), size=len(held)))
            for row in step:
                if row + self._ahead < len(held):
                    held[row + self._ahead] = draft.targets[row]
        return states

    def _own_states(self, text: Text, rows: CleanRows, drafts: list[Block]) -> list[Block]:
        """Take what the model drafts in one step, right or wrong, as the state (on-policy, section
        3.3).

        The target is the base's text, which verifies it. The rows hold the draft up to its first
        mistake, that included; what stands behind it is masked again. Drafts without a mistake are
        left out: they cannot be done in fewer steps.
        """
        states = []
        for (_, logits), draft in self._logits(drafts, rows):
            proposals = self._denoiser.proposals(logits).tolist()
            wrong = next((i for i, (one, other) in enumerate(zip(proposals, draft.targets, strict=True)) if one != other), None)
            if wrong is None or wrong + self._ahead >= len(draft.rows):
                continue
            known: list[Token] = [*text.tokens[draft.root + 1 : draft.root + 1 + self._ahead], *proposals[: wrong + 1]]
            held = [*known, *[None] * (len(draft.rows) - len(known))]
            # What is right already is kept in mind, and counts less.
            weights = tuple(w if i >= wrong else 0.2 * w for i, w in enumerate(draft.weights))
            states.append(Block(draft.root, tuple(held), draft.targets, weights, draft.left))
        return states

    def _target_log_probabilities(self, blocks: Sequence[Block], rows: CleanRows) -> list[list[float]]:
        """The log-probability of the target of each row of each block; 0 for a row without one."""
        found = []
        for (logits, _), block in self._logits(blocks, rows):
            columns = [0 if target is None else int(self._denoiser.columns[target]) for target in block.targets]
            log_probabilities = logits.float().log_softmax(-1)[range(len(columns)), columns].tolist()
            found.append([0.0 if target is None else known for target, known in zip(block.targets, log_probabilities, strict=True)])
        return found

    def _logits(self, blocks: Sequence[Block], rows: CleanRows) -> list[tuple[Logits, Block]]:
        """The logits of each block's rows, without gradients."""
        found: list[tuple[Logits, Block]] = []
        with torch.no_grad():
            for start in range(0, len(blocks), BLOCKS_AT_ONCE):
                some = blocks[start : start + BLOCKS_AT_ONCE]
                logits = self._denoiser(*zip(*pack_over(some, rows), strict=True))
                sizes = [len(block.rows) for block in some]
                pieces = (torch.split(rows_of, sizes) for rows_of in logits)
                found += zip(map(Logits, *pieces), some, strict=True)
        return found


def draft_block(run: Run, text: Text, root: int, states: list[Token] | None = None, *, size: int | None = None) -> Block:
    """A block of all masks, as a draft of one step starts, or of the given states.

    It has `size` rows, `block_size` if left out.
    """
    return masked_block(text, root, size or run.block_size, shift=run.logit_shift, rows=states, decay=run.row_decay)


def random_size(run: Run, rng: random.Random) -> int:
    """How many masks a draft has."""
    return rng.randint(run.smallest_block, run.block_size) if run.smallest_block else run.block_size


def random_block(run: Run, stage: Stage, text: Text, root: int, rng: random.Random) -> Block:
    """All masks, or each token masked with probability γ(t)."""
    size = run.block_size
    if rng.random() < stage.full:
        return draft_block(run, text, root, size=random_size(run, rng))
    rate = SCHEDULE.rate(rng.uniform(1 / size, 1.0))
    return draft_block(run, text, root, mask_tokens(text.tokens[root + 1 : root + 1 + size], rate, rng))


def edited_block(denoiser: Denoiser, text: Text, root: int, rng: random.Random, *, size: int, edits: int, shift: bool) -> Block | None:
    """Make so many random edits in the `size` tokens behind `root`; None where nothing is left of
    them.

    A row's target is the token that should stand there, `denoiser.delete` for one too many, or
    `denoiser.insert` where something is missing before it. With the logit shift it is the target of
    the row before; the last row proposes what follows the block.
    """
    ahead = 1 if shift else 0
    clean = text.tokens[root + 1 : root + 1 + size]
    rows = edit_tokens(clean, edits, text.tokens[text.start :], rng)
    if not rows:
        return None
    labels = [_target(denoiser, label) for label in edit_labels(rows, clean)]
    following = text.tokens[root + 1 + len(clean) : root + 2 + len(clean)]
    targets = [*labels[ahead:], *([following[0] if following else None] * ahead)]
    return Block(root, tuple(rows), tuple(targets), (1.0,) * len(rows), (None,) * len(rows))


def _target(denoiser: Denoiser, label: Label) -> int:
    if label.insert:
        return denoiser.insert
    return denoiser.delete if label.token is None else label.token


def random_order(length: int, rng: random.Random) -> Order:
    """Each of the rows once, one or two a step."""
    rows = list(range(max(1, length)))
    rng.shuffle(rows)
    steps = []
    while rows:
        size = rng.choice((1, 2))
        steps.append(rows[:size])
        del rows[:size]
    return steps
