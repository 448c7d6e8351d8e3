"""What a tuned parent learns from: holes in contexts of any length."""

from __future__ import annotations

import pytest

from engine.training.corpus import TrainingPrompt
from engine.training.infill_tuning import nearby

HOLE = TrainingPrompt("infill", "line", "p==1:m.py", prefix="first\n" * 100 + "value = ", middle="1", suffix="\n" + "last\n" * 100)


@pytest.mark.parametrize("chars", [300, 500, 700])
def test_a_context_is_cut_to_whole_lines_near_the_hole(chars: int):
    cut = nearby(HOLE, chars)
    assert cut.middle == "1"
    assert HOLE.prefix.endswith(cut.prefix)
    assert HOLE.suffix.startswith(cut.suffix)
    assert cut.prefix.startswith("first\n")
    assert cut.suffix.endswith("last\n")
    assert chars - 12 <= len(cut.prefix) + len(cut.suffix) <= chars


def test_a_context_that_is_short_enough_stays_whole():
    assert nearby(HOLE, 5000) == HOLE


def test_a_line_longer_than_the_context_is_cut_within():
    hole = TrainingPrompt("infill", "line", "p==1:m.py", prefix="x" * 900, middle="1", suffix="y" * 900)
    cut = nearby(hole, 300)
    assert (len(cut.prefix), len(cut.suffix)) == (210, 90)
