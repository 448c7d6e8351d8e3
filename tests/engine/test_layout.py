"""Where masks stand in the forward that verifies a draft."""

from __future__ import annotations

import pytest

from engine.diffusion.layout import Draft, ends_at, mask_blocks


def places(draft: Draft, rows: int) -> list[tuple[int, int]]:
    return [(block.behind, len(block.tokens)) for block in mask_blocks(draft, rows)]


def test_little_room_goes_behind_the_whole_draft():
    """Behind the root and two tokens, with as many masks as there is room for."""
    draft = Draft([5, 6], [0.1, 0.9], masks=6)
    assert places(draft, 4) == [(3, 4)]
    assert places(draft, 0) == []
    assert places(Draft([5, 6], [0.1, 0.9]), 9) == []


def test_more_room_goes_where_the_draft_is_likely_to_end():
    draft = Draft([5, 6, 7], [0.9, 0.5, 0.9], masks=3)
    # It ends behind the whole; then most likely before the second token, before the first, before the third.
    assert places(draft, 12) == [(4, 3), (2, 3), (1, 3), (3, 3)]
    assert places(draft, 5) == [(4, 3), (2, 2)]
    assert places(draft, 99) == places(draft, 12), "no place twice"


def test_the_chances_of_all_ends_are_one():
    chances = [0.9, 0.2, 0.7]
    assert sum(ends_at(chances, i) for i in range(4)) == pytest.approx(1.0)
    assert ends_at([], 0) == 1.0
