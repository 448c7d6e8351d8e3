"""Somebody at work for hours; here for some seconds, with what decides whether anything grew."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.robustness.session import Session
from benchmarks.robustness.typist import Series, Typist


@pytest.mark.slow
def test_a_days_work_is_done_without_an_error(tmp_path: Path):
    """Each request of a working session is answered, and none is refused by a fault of ours.

    Somebody types, takes, renames, rewrites, saves and closes.
    """
    with Session(settings={"model": str(tmp_path)}) as session:
        typist = Typist(tmp_path, session, seed=4)
        for _ in range(12):
            typist.work()
        assert len(typist.done) == 6, "each kind of work was done"
        assert session.close() == 0


def test_growth_is_told_from_warming_up():
    """Memory that climbs counts, and a handle more at the end.

    What is read at the start does not.
    """
    warm = [(float(memory), 10, 4) for memory in range(50, 70)]
    steady = Series([*warm, *[(70.0, 10, 4)] * 80])
    assert (steady.growth("memory_mb"), steady.growth("handles"), steady.growth("threads")) == (0, 0, 0)
    leaking = Series([*warm, *[(70.0 + i / 10, 10 + i // 70, 4) for i in range(80)]])
    assert leaking.growth("memory_mb") > 0.05
    assert leaking.growth("handles") == 1
