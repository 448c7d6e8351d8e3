"""What the own instruction makes of an evaluation set, counted."""

from __future__ import annotations

import asyncio
import time

import pytest

from benchmarks.edit_sets import answer, figures
from engine.evaluation.tasks import Task
from tests.features.refactor.tools import ScriptedTools

BEFORE = "def first(a):\n    return a\n"
TASK = Task("t/1", "edit", {"id": "t/1", "kind": "edit", "before": BEFORE, "instruction": "Return it twice.", "tests": "SECRET = 1"})


class Tools(ScriptedTools):
    """Answers, and what the benchmark counts of them."""

    started, tokens = time.monotonic(), 0


@pytest.mark.parametrize(
    ("text", "outcome"),
    [("def first(a):\n    return a, a\n", "offered"), (BEFORE, "unchanged"), ("def first(a:\n", "refused")],
)
def test_what_came_of_a_task_is_told_apart(tmp_path, text, outcome):
    """An edit that is shown, one that changes nothing and one that is refused count apart."""
    tools = Tools([text] * 9)
    found = asyncio.run(answer(TASK, tools, tmp_path))
    assert found["outcome"] == outcome
    assert found.get("text") == (text if outcome == "offered" else None)


def test_the_actions_never_see_the_tests_of_a_task(tmp_path):
    tools = Tools([BEFORE] * 9)
    asyncio.run(answer(TASK, tools, tmp_path))
    assert tools.asked
    assert not any("SECRET" in str(request) for request in tools.asked)


def test_what_is_not_offered_counts_as_not_solved():
    records = [
        {"outcome": "offered", "verdict": "passed", "seconds": 1.0},
        {"outcome": "offered", "verdict": "failed", "seconds": 2.0},
        {"outcome": "refused", "seconds": 3.0},
        {"outcome": "unchanged", "seconds": 4.0},
    ]
    found = figures(records)
    counts = {name: found[name] for name in ("tasks", "solved", "wrong", "refused", "unchanged", "failed")}
    assert counts == {"tasks": 4, "solved": 1, "wrong": 1, "refused": 1, "unchanged": 1, "failed": 0}
    assert (found["share"], found["median_s"]) == (0.25, 2.5)
