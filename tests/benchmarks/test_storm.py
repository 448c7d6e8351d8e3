"""Keys faster than the model."""

from __future__ import annotations

import pytest

from benchmarks.robustness import storm
from benchmarks.robustness.campaign import Options


@pytest.mark.slow
def test_a_storm_of_keys_leaves_no_queue():
    """However fast somebody types, each request is answered and at most one waits.

    The engine is free after the forward under way.
    """
    counts = storm.run(Options(count=150, seed=3))
    assert counts["failures"] == 0
    assert counts["reached the engine"] > 50, "most of the storm must have come as far as the engine"
