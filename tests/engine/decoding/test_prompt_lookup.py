"""Copying follows the old code, and finds its way back after a departure."""

from __future__ import annotations

import random

from engine.decoding.prompt_lookup import PromptLookupDrafter

OLD = list(range(100, 140))


def test_the_first_draft_is_the_start_of_the_old_code():
    assert PromptLookupDrafter([1, 2, 3], OLD).propose(4).tokens == [100, 101, 102, 103]


def test_it_follows_what_was_copied():
    drafter = PromptLookupDrafter([1], OLD)
    drafter.extend(OLD[:10])
    assert drafter.propose(3).tokens == [110, 111, 112]


def test_after_a_replaced_token_it_goes_on_behind_it():
    """A substitution costs one rejection, not the rest of the copy."""
    drafter = PromptLookupDrafter([1], OLD)
    drafter.extend([*OLD[:10], 999])
    assert drafter.propose(3).tokens == [111, 112], "a guess, so two tokens at most"


def test_after_an_insertion_it_picks_up_where_it_left():
    drafter = PromptLookupDrafter([1], OLD)
    drafter.extend([*OLD[:10], 997, 998, 999, 110])
    assert drafter.propose(3).tokens == [111, 112, 113]


def test_after_a_deletion_it_goes_on_behind_the_gap():
    drafter = PromptLookupDrafter([1], OLD)
    drafter.extend([*OLD[:10], 120, 121])
    assert drafter.propose(3).tokens == [122, 123, 124]


def test_of_equal_matches_the_nearest_to_the_aligned_place_wins():
    old = [1, 2, 3, 9, 4, 5, 9, 6, 7, 9, 8]
    drafter = PromptLookupDrafter([], old)
    drafter.extend([1, 2, 3, 9, 4, 50, 9])
    assert drafter.propose(1).tokens == [6]


def test_without_old_code_it_repeats_the_context():
    """A name that stands in the prompt is drafted to its end."""
    drafter = PromptLookupDrafter([1, 2, 3, 4, 5, 6], ())
    drafter.extend([2, 3])
    assert drafter.propose(2).tokens == [4, 5]


def test_what_a_copy_rests_on_is_told():
    """The sampler asks the denoiser where a copy is a guess.

    It does not where the old code goes on or a match is long.
    """
    drafter = PromptLookupDrafter([1, 2, 3, 4], OLD)
    assert drafter.propose(2).certain
    drafter.extend([2, 3])
    copied = drafter.propose(2)
    assert copied.certain
    drafter.extend([777])
    assert not drafter.propose(2).certain


def test_nothing_known_gives_no_draft():
    drafter = PromptLookupDrafter([1, 2, 3], ())
    drafter.extend([50, 51])
    assert drafter.propose(4).tokens == []
    assert PromptLookupDrafter([1], OLD).propose(0).tokens == []


def test_drafts_are_never_longer_than_asked():
    """The sampler's row budget holds whatever the history."""
    rng = random.Random(5)
    for _ in range(200):
        old = [rng.randrange(6) for _ in range(rng.randrange(20))]
        drafter = PromptLookupDrafter([rng.randrange(6) for _ in range(10)], old)
        for _ in range(30):
            length = rng.randrange(8)
            assert len(drafter.propose(length).tokens) <= length
            drafter.extend([rng.randrange(6) for _ in range(rng.randrange(1, 4))])
