"""One denoising step, on four numbers, with the answer written out."""

from __future__ import annotations

import pytest

from engine.api import InvalidRequestError
from engine.decoding.denoising_policy import NO_EDIT, EditProbabilities, Thresholds, denoise_step, edit_step, jointly

PROPOSAL = [10, 11, 12, 13]
HALF = Thresholds(mask=0.5, edit=0.8, remask=0.1)


@pytest.mark.parametrize(
    ("block", "confidence", "current", "expected"),
    [
        # masks above the threshold are filled, others wait
        ([None, None, None, None], [0.9, 0.4, 0.6, 0.1], [0, 0, 0, 0], [10, None, 12, None]),
        # none is above: the best one is filled all the same
        ([None, None, None, None], [0.2, 0.4, 0.3, 0.1], [0, 0, 0, 0], [None, 11, None, None]),
        # exactly at the threshold is not above it
        ([None, None, 7, 7], [0.5, 0.4, 0.0, 0.0], [0, 0, 1, 1], [10, None, 7, 7]),
        # a placed token changes above the edit threshold only
        ([7, 7, 7, 7], [0.9, 0.7, 0.81, 0.0], [0.5, 0.5, 0.5, 0.5], [10, 7, 12, 7]),
        # a placed token that the network gives up is masked again
        ([7, 7, 7, 7], [0.6, 0.6, 0.6, 0.6], [0.05, 0.5, 0.09, 0.1], [None, 7, None, 7]),
        # a proposal equal to the token is no change
        ([10, 11, 12, 13], [0.99, 0.99, 0.99, 0.99], [0.99, 0.99, 0.99, 0.99], [10, 11, 12, 13]),
    ],
)
def test_step(block, confidence, current, expected):
    """Dual thresholds: mask to token, token to token, token to mask."""
    assert denoise_step(block, PROPOSAL, confidence, current, HALF, may_remask=True) == expected


def test_no_new_masks_when_forbidden():
    """The number of steps can be bounded: without new masks each step fills one."""
    assert denoise_step([7, 7, 7, 7], PROPOSAL, [0.6] * 4, [0.0] * 4, HALF, may_remask=False) == [7, 7, 7, 7]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ([None, None, None], [0.5, 0.25, 0.125]),
        # What follows a placed token counts on no proposal; one that replaces it is as sure as it
        # is alone.
        ([None, 7, None], [0.5, 0.5, 0.5]),
        ([7, None, None], [0.5, 0.5, 0.25]),
    ],
)
def test_a_proposal_is_as_sure_as_those_that_it_counts_on(block, expected):
    assert jointly(block, [0.5, 0.5, 0.5]) == expected


def test_thresholds_are_probabilities():
    """A threshold outside 0 to 1 is refused with its value."""
    with pytest.raises(InvalidRequestError, match=r"1\.5"):
        Thresholds(mask=1.5)


DELETE, INSERT = EditProbabilities(0.9, 0.05), EditProbabilities(0.05, 0.9)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([NO_EDIT, NO_EDIT, NO_EDIT, NO_EDIT], [7, 8, None, 9]),
        # what should go goes, and the block is filled up with masks
        ([NO_EDIT, DELETE, NO_EDIT, NO_EDIT], [7, None, 9, None]),
        # a mask before the token that lacks one; what is pushed out is dropped
        ([NO_EDIT, INSERT, NO_EDIT, NO_EDIT], [7, None, 8, None]),
        ([DELETE, INSERT, NO_EDIT, NO_EDIT], [None, 8, None, 9]),
        # a mask can neither go nor lack anything
        ([NO_EDIT, NO_EDIT, DELETE, NO_EDIT], [7, 8, None, 9]),
    ],
)
def test_deletions_and_insertions_keep_the_blocks_length(probabilities, expected):
    assert edit_step([7, 8, None, 9], probabilities, 0.8) == expected
