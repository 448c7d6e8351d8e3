"""How the rows of a forward are spent on drafted tokens and on masks."""

from __future__ import annotations

import pytest

from engine.decoding.proposals import Proposal
from engine.decoding.row_budget import ends_at, spend_rows


def spent(probabilities: list[float], rows: int, *, masks: int = 3, step: float = 0.8) -> tuple[int, list[tuple[int, int]]]:
    """How many tokens are verified, and behind how many of them how many masks stand."""
    budget = spend_rows(Proposal(list(range(len(probabilities))), probabilities), rows, masks=masks, step=step)
    return len(budget.tokens), [(block.behind - 1, len(block.tokens)) for block in budget.blocks]


def test_a_certain_draft_comes_first_and_masks_behind_it():
    assert spent([1.0, 1.0], 5) == (2, [(2, 3)])
    assert spent([1.0] * 9, 5) == (5, []), "a certain token is worth more than what a mask proposes behind it"
    assert spent([], 5) == (0, [(0, 3)])
    assert spent([], 0) == (0, [])


def test_masks_stand_where_the_draft_is_likely_to_end():
    """Half of the masks are for either side where the second token is a coin's toss.

    The unlikely ends get none.
    """
    length, blocks = spent([0.95, 0.5, 0.95], 7)
    assert length == 3
    assert [place for place, _ in blocks] == [1, 3]


def test_an_unlikely_draft_gives_way_to_masks():
    assert spent([0.05, 0.9], 3) == (0, [(0, 3)])


def test_with_room_every_place_has_a_block():
    assert spent([0.9, 0.5], 99) == (2, [(0, 3), (1, 3), (2, 3)])


def test_the_probabilities_of_all_ends_are_one():
    assert ends_at([0.9, 0.2, 0.7]) == pytest.approx([0.1, 0.72, 0.054, 0.126])
    assert ends_at([]) == [1.0]
