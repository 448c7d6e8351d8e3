"""Corruptions: their rates, their bounds, and labels that lead back to the clean text."""

from __future__ import annotations

import random

import pytest

from engine.training.noise import Linear, edit_labels, edit_tokens, mask_tokens, number_of_edits


def test_the_schedule_rises_from_nothing_to_everything():
    schedule = Linear()
    assert (schedule.rate(0.0), schedule.rate(1.0)) == (0.0, 1.0)
    with pytest.raises(ValueError, match=r"1\.5"):
        schedule.rate(1.5)


def test_masks_come_at_their_rate_and_never_none():
    """A block without a mask would teach nothing."""
    rng = random.Random(1)
    blocks = [mask_tokens(range(8), 0.3, rng) for _ in range(4000)]
    assert all(None in block for block in blocks)
    # The expected share is 0.3, and a little more for the blocks that got their one mask by force
    # (0.7^8 of them, one of eight tokens).
    share = sum(token is None for block in blocks for token in block) / (8 * 4000)
    assert share == pytest.approx(0.3 + 0.7**8 / 8, abs=0.01)
    assert mask_tokens(range(5), 1.0, rng) == [None] * 5


def test_edits_are_few():
    """A twentieth of the length is edited on average, since rates are drawn from 0 to a tenth."""
    rng = random.Random(2)
    counts = [number_of_edits(24, rng) for _ in range(4000)]
    assert sum(counts) / 4000 == pytest.approx(1.2, abs=0.05)
    assert max(counts) <= 3


def test_labels_of_written_out_cases():
    keep = [(1, False), (2, False)]
    assert labels([1, 2], [1, 2]) == keep
    assert labels([1, 9], [1, 2]) == keep
    assert labels([1, 9, 2], [1, 2]) == [(1, False), (None, False), (2, False)]
    assert labels([1, 3], [1, 2, 3]) == [(1, False), (3, True)]
    assert labels([9, 9], []) == [(None, False), (None, False)]


def labels(corrupted, clean):
    return [(label.token, label.insert) for label in edit_labels(corrupted, clean)]


@pytest.mark.parametrize("seed", range(40))
def test_rounds_of_labels_lead_to_the_clean_text(seed: int):
    """Labels lead back to the clean text in some rounds: keep, substitute, delete, and one
    insertion a gap.

    What is missing at the end stays missing.
    """
    rng = random.Random(seed)
    clean = [rng.randrange(30) for _ in range(20)]
    state = edit_tokens(clean, rng.randrange(8), range(30, 60), rng)
    for _ in range(12):
        after = []
        for label in edit_labels(state, clean):
            # An inserted mask is filled by what belongs there in a later round; here a token that
            # is wrong for certain stands for that.
            after += ([99] if label.insert else []) + ([] if label.token is None else [label.token])
        state = after
    assert state == clean[: len(state)]
    assert len(state) >= len(clean) - 8
