"""Processes that are killed while they work; `make soak` kills a hundred."""

from __future__ import annotations

import pytest

from benchmarks.robustness.kills import Kills


@pytest.fixture
def kills(tmp_path):
    kills = Kills(tmp_path, seed=2)
    yield kills
    kills.session.kill()


@pytest.mark.slow
def test_killing_the_engine_or_the_server_loses_nothing(kills):
    """Each request under way ends, the next one works, and no process is left.

    Neither files nor documents change.
    """
    for _ in range(3):
        kills.kill_engine()
    kills.kill_server()
    kills.close()
    assert kills.faults == []
