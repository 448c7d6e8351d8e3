"""Options that would do nothing are refused, with what to do instead."""

from __future__ import annotations

import pytest

from engine.api import DRAFT_SOURCES, MODES, InvalidRequestError, SamplingOptions


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "verified"])
@pytest.mark.parametrize("draft", DRAFT_SOURCES)
def test_a_source_of_drafts_is_refused_where_none_are_verified(mode, draft):
    """Who asks for it believes that it makes a difference."""
    if draft in {"auto", "none"}:
        assert SamplingOptions(mode=mode, draft=draft).draft == draft
        return
    with pytest.raises(InvalidRequestError, match=f"draft is '{draft}', and mode {mode} verifies no drafts; .* use mode verified"):
        SamplingOptions(mode=mode, draft=draft)


def test_a_bound_on_likelihood_is_refused_where_none_is_known():
    """A bound on probabilities is refused in mode `diffusion`.

    All that the model writes would be shown there, however unlikely.
    """
    with pytest.raises(InvalidRequestError, match=r"min_chance is 0\.15, and mode diffusion .* use another mode"):
        SamplingOptions(mode="diffusion", min_chance=0.15)
    assert SamplingOptions(mode="diffusion", min_chance=0.0).min_chance == 0.0
    assert SamplingOptions(mode="autoregressive", min_chance=0.15).min_chance == 0.15
