"""What the blocks of a stage hold, and their targets."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from engine.diffusion.noise import Linear, edit_labels, edit_tokens, mask_tokens, number_of_edits
from engine.diffusion.policy import Token
from engine.training.blocks import Block, Text, masked_block, spread_roots
from engine.training.config import Run, Stage
from engine.training.denoiser import CleanRows, Denoiser, pack_over

SCHEDULE = Linear()
BLOCKS_AT_ONCE = 64
CLEAN_ROWS_A_ROW = 3
"""At most so many clean rows for a noisy one, as far as the answer has places: a clean row costs a third of a noisy one, which goes both ways."""
Maker = Callable[[Text, CleanRows], list[Block]]
"""Blocks of one text, given the rows of its clean pass."""


def make_blocks(run: Run, stage: Stage, text: Text, rows: CleanRows, denoiser: Denoiser, *, rng: random.Random) -> list[Block]:
    """The noisy blocks of one text; none where its answer is too short for one."""
    # A short answer behind a long prompt: its clean pass is paid anyway, so more blocks share it.
    enough = max(1, len(text.tokens) // (CLEAN_ROWS_A_ROW * run.block_size)) if stage.kind == "mask" else 1
    roots = spread_roots(text, stage.apart, rng, shift=run.logit_shift, at_least=enough)
    if not roots:
        return []
    if stage.kind == "mask":
        return [masked(run, stage, text, root, rng) for root in roots]
    if stage.kind == "edit":
        return [edited(run, text, root, denoiser, rng) if rng.random() < 0.5 else masked(run, stage, text, root, rng) for root in roots]
    whole = [masked_block(text, root, run.block_size, shift=run.logit_shift, decay=run.row_decay) for root in roots]
    if stage.kind == "trajectory":
        return best_orders(text, rows, whole, denoiser, run, candidates=stage.candidates, rng=rng)
    return [*whole, *own_states(text, rows, whole, denoiser, run)]


def masked(run: Run, stage: Stage, text: Text, root: int, rng: random.Random) -> Block:
    """All masks, or each token masked with probability γ(t)."""
    states: list[Token] | None = None
    if rng.random() >= stage.full:
        rate = SCHEDULE.rate(rng.uniform(1 / run.block_size, 1.0))
        states = mask_tokens(text.tokens[root + 1 : root + 1 + run.block_size], rate, rng)
    return masked_block(text, root, run.block_size, shift=run.logit_shift, rows=states, decay=run.row_decay)


def edited(run: Run, text: Text, root: int, denoiser: Denoiser, rng: random.Random) -> Block:
    """The clean continuation with some random edits: every row has a target, the kept ones too (no carry-over, section 3.1).

    The target is the token that should stand there, *delete* for one too many, or *insert* where something is missing before it.
    """
    ahead = 1 if run.logit_shift else 0
    clean = text.tokens[root + 1 : root + 1 + run.edit_block_size]
    rows = edit_tokens(clean, number_of_edits(len(clean), rng), text.tokens[text.start :], rng)
    if not rows:
        return masked_block(text, root, run.block_size, shift=run.logit_shift, decay=run.row_decay)
    labels = [
        denoiser.insert if label.insert else denoiser.delete if label.token is None else label.token for label in edit_labels(rows, clean)
    ]
    # With the logit shift row i proposes what row i + 1 should hold, and the last one what follows the block.
    following = text.tokens[root + 1 + len(clean) : root + 2 + len(clean)]
    targets = [*labels[ahead:], *([following[0] if following else None] * ahead)]
    return Block(root, tuple(rows), tuple(targets), (1.0,) * len(rows))


def best_orders(
    text: Text, rows: CleanRows, whole: list[Block], denoiser: Denoiser, run: Run, *, candidates: int, rng: random.Random
) -> list[Block]:
    """Constrained orders (section 3.2): of some random orders of unmasking, the one that the model finds likeliest; its states are the blocks.

    An order's evidence is the sum of the log-probabilities that the true tokens have in the steps that reveal them.
    """
    ahead = 1 if run.logit_shift else 0
    choices = [[_random_order(len(block.rows) - ahead, rng) for _ in range(candidates)] for block in whole]
    states = [[_states(text, block, order, ahead, run) for order in orders] for block, orders in zip(whole, choices, strict=True)]
    flat = [state for orders in states for order in orders for state in order]
    chances = iter(target_chances(flat, rows, denoiser))
    best: list[Block] = []
    for orders, candidate_states in zip(choices, states, strict=True):
        evidence = [
            sum(sum(chance[place] for place in step) for step, chance in zip(order, (next(chances) for _ in steps), strict=False))
            for order, steps in zip(orders, candidate_states, strict=True)
        ]
        best += candidate_states[max(range(len(evidence)), key=evidence.__getitem__)]
    return best


def _random_order(length: int, rng: random.Random) -> list[list[int]]:
    """The rows' places in steps of one or two."""
    places = list(range(max(1, length)))
    rng.shuffle(places)
    steps = []
    while places:
        size = rng.choice((1, 2))
        steps.append(places[:size])
        del places[:size]
    return steps


def _states(text: Text, block: Block, order: list[list[int]], ahead: int, run: Run) -> list[Block]:
    """The block before each step of an order: row i is revealed when the step that proposes it has gone by."""
    held: list[Token] = list(block.rows)
    out = []
    for step in order:
        out.append(masked_block(text, block.root, len(held), shift=run.logit_shift, rows=list(held), decay=run.row_decay))
        for place in step:
            if place + ahead < len(held):
                held[place + ahead] = block.targets[place]
    return out


def target_chances(blocks: Sequence[Block], rows: CleanRows, denoiser: Denoiser) -> list[list[float]]:
    """For each row of each block the log-probability of its target; 0 for a row without one."""
    out = []
    for logits, block in _run(blocks, rows, denoiser):
        chances = logits.float().log_softmax(-1)
        out.append(
            [0.0 if target is None else float(row[denoiser.places[target]]) for row, target in zip(chances, block.targets, strict=True)]
        )
    return out


def own_states(text: Text, rows: CleanRows, whole: list[Block], denoiser: Denoiser, run: Run) -> list[Block]:
    """On-policy (section 3.3): what the model drafts in one step, right or wrong, is the state; the base's text, which verifies it, the target.

    Row i holds the draft up to the first mistake and the mistake itself; what stands behind it is masked again. Blocks without a mistake are left out: they
    cannot be done in fewer steps.
    """
    ahead = 1 if run.logit_shift else 0
    out = []
    for logits, block in _run(whole, rows, denoiser):
        drafted = denoiser.proposals(logits).tolist()
        wrong = next((i for i, (one, other) in enumerate(zip(drafted, block.targets, strict=True)) if one != other), None)
        if wrong is None or wrong + ahead >= len(block.rows):
            continue
        known: list[Token] = [*text.tokens[block.root + 1 : block.root + 1 + ahead], *drafted[: wrong + 1]]
        held = [*known, *[None] * (len(block.rows) - len(known))]
        # A row's target counts where what it proposes is masked or was drafted wrongly.
        weights = tuple(w if i >= wrong else 0.2 * w for i, w in enumerate(block.weights))
        out.append(Block(block.root, tuple(held), block.targets, weights))
    return out


def _run(blocks: Sequence[Block], rows: CleanRows, denoiser: Denoiser) -> list[tuple[Tensor, Block]]:
    """The logits of each block's rows, without gradients."""
    out: list[tuple[Tensor, Block]] = []
    with torch.no_grad():
        for start in range(0, len(blocks), BLOCKS_AT_ONCE):
            some = blocks[start : start + BLOCKS_AT_ONCE]
            logits = denoiser(*zip(*pack_over(some, rows), strict=True))
            out += zip(torch.split(logits, [len(block.rows) for block in some]), some, strict=True)
    return out
