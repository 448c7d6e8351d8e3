"""The evaluation harness on tasks of our own.

It tells right from wrong, counts honestly and goes on where it stopped.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.api import GenerateRequest, InfillRequest, SamplingOptions
from engine.engine import Engine
from engine.evaluation import agreement, harness, tradeoff
from engine.evaluation.harness import Answered, check, evaluate, kept_lines, summarise, wilson
from engine.evaluation.tasks import SETS, Task, TaskError, load_tasks

TASKS = [
    {
        "id": "complete/0",
        "kind": "complete",
        "prompt": 'import math\n\n\ndef area(r: float) -> float:\n    """The area of a circle."""\n',
        "reference": "    return math.pi * r * r\n",
        "entry_point": "area",
        "tests": "assert round(area(1.0), 2) == 3.14\n",
    },
    {
        "id": "instruct/0",
        "kind": "instruct",
        "prompt": "Write a function to double a number.",
        "reference": "def double(x):\n    return 2 * x\n",
        "tests": "assert double(2) == 4\nassert double(-1) == -2",
    },
    {
        "id": "infill/0",
        "kind": "infill",
        "prefix": "def one():\n",
        "suffix": "",
        "reference": "    return 1\n",
        "tests": "assert one() == 1\n",
    },
    {
        "id": "edit/0",
        "kind": "edit",
        "instruction": "Return two.",
        "before": "def f():\n    return 1\n",
        "after": "def f():\n    return 2\n",
        "tests": "assert f() == 2\n",
    },
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = "".join(json.dumps(task) + "\n" for task in TASKS)
    (tmp_path / SETS["humaneval"].file).write_text(lines, encoding="utf-8")
    return tmp_path


def test_references_pass_and_broken_answers_fail(folder: Path):
    """The harness's own check, on one task of each kind."""
    tasks = load_tasks("humaneval", folder)
    assert check(tasks, 10.0) == {"references_that_fail": [], "broken_answers_that_pass": []}
    tasks[0].fields["tests"] = "pass"
    tasks[1].fields["tests"] = "assert double(2) == 5"
    assert check(tasks, 10.0) == {"references_that_fail": ["instruct/0"], "broken_answers_that_pass": ["complete/0"]}


def test_an_answer_need_not_repeat_the_prompts_imports(folder: Path):
    task = load_tasks("humaneval", folder)[0]
    program = task.program("```python\ndef area(r):\n    return math.pi * r ** 2")
    assert program.startswith("import math\n\n\ndef area(r):\n")


def test_requests_are_what_users_send(folder: Path):
    complete, instruct, infill, edit = (task.ask(SamplingOptions()) for task in load_tasks("humaneval", folder))
    assert isinstance(complete, GenerateRequest)
    assert "The area of a circle" in complete.prompt
    assert "assert double(2) == 4" in instruct.prompt
    assert isinstance(infill, InfillRequest)
    assert (edit.region, edit.instruction) == ("def f():\n    return 1\n", "Return two.")


def test_a_missing_set_is_named(tmp_path: Path):
    with pytest.raises(TaskError, match=r"humaneval\.jsonl"):
        load_tasks("humaneval", tmp_path)
    with pytest.raises(TaskError, match="--data"):
        load_tasks("humaneval", None)
    (tmp_path / SETS["humaneval"].file).write_text('{"id": 1}\n', encoding="utf-8")
    with pytest.raises(TaskError, match="line 1"):
        load_tasks("humaneval", tmp_path)


def test_an_interrupted_run_goes_on(folder: Path, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is asked twice, and a line cut off by the interruption is asked again."""
    tasks, engine = load_tasks("humaneval", folder), Engine.load(str(tiny_folder))
    options, kept = SamplingOptions(max_new_tokens=6), tmp_path / "kept.jsonl"
    first = list(evaluate(engine, tasks[:2], options, kept, timeout_s=10))
    asked = []
    real = harness.ask
    monkeypatch.setattr(harness, "ask", lambda engine, task, *rest: asked.append(task.id) or real(engine, task, *rest))
    with kept.open("a", encoding="utf-8") as file:
        file.write('{"id": "infill/0", "te')
    both = list(evaluate(engine, tasks, options, kept, timeout_s=10))
    assert both[:2] == first
    assert asked == ["infill/0", "edit/0"]
    assert [found.id for found in both] == [task.id for task in tasks]
    assert [found.id for found in harness.read_kept(kept)] == [task.id for task in tasks]
    assert all(found.forwards > 0 and found.new_tokens == 6 for found in both)


def test_answers_to_the_same_requests_are_judged_again(folder: Path, tiny_folder: Path, tmp_path: Path):
    """Sets that share prompts share answers.

    What one was answered is the other's answer too, and a changed prompt is asked.
    """
    tasks, engine = load_tasks("humaneval", folder), Engine.load(str(tiny_folder))
    answers = [Answered(task.id, task.reference, "failed", "", 9, 3, 0.1, 0.0) for task in tasks]
    others = [Task(f"plus/{i}", task.kind, dict(task.fields)) for i, task in enumerate(tasks)]
    others[0].fields["prompt"] += "    # And more.\n"
    given = harness.reusable(others, tasks, answers)
    assert list(given) == ["plus/1", "plus/2", "plus/3"]
    found = list(evaluate(engine, others, SamplingOptions(max_new_tokens=6), tmp_path / "kept.jsonl", timeout_s=10, given=given))
    assert [(one.id, one.verdict, one.new_tokens) for one in found[1:]] == [(f"plus/{i}", "passed", 9) for i in (1, 2, 3)]
    assert found[0].new_tokens <= 6


def test_two_runs_part_where_their_texts_differ(folder: Path, tiny_folder: Path):
    tasks, engine = load_tasks("humaneval", folder), Engine.load(str(tiny_folder), dtype="float32")
    first = [Answered(task.id, task.reference, "passed", "", 9, 3, 0.1, 0.0) for task in tasks]
    second = [*first[:3], Answered("edit/0", first[3].text.replace("2", "3"), "failed", "", 9, 3, 0.1, 0.0)]
    answered, [parting] = agreement.compare(engine, tasks, first, second)
    assert (answered, parting.id, parting.verdicts) == (4, "edit/0", ("passed", "failed"))
    assert parting.first.startswith("2")
    assert parting.second.startswith("3")
    _, [mirrored] = agreement.compare(engine, tasks, second, first)
    assert mirrored.gap == pytest.approx(-parting.gap)


def test_sums_can_be_checked_by_hand():
    def found(verdict: str, tokens: int, forwards: int, seconds: float) -> Answered:
        return Answered("a", "", verdict, "", tokens, forwards, seconds, 0.5)

    summary = summarise([found("passed", 10, 5, 1.0), found("failed", 20, 5, 2.0), found("timed_out", 30, 20, 3.0)], 30)
    assert (summary.passed, summary.tasks, summary.tokens, summary.unfinished) == (1, 3, 60, 1)
    assert (summary.tokens_per_forward, summary.tokens_per_second, summary.median_forwards) == (2.0, 10.0, 5)
    low, high = wilson(101, 164)
    assert (round(low, 3), round(high, 3)) == (0.54, 0.687)
    assert wilson(0, 10)[0] == 0.0
    assert kept_lines("a\nb\nc\nd", "a\nx\nc\n") == 0.5


def test_an_evaluation_set_is_known_by_a_task_of_each_kind():
    assert Task("x", "bugfix", {"before": "a", "after": "b", "tests": "", "instruction": "Fix."}).reference == "b"


def test_runs_of_a_set_are_drawn_and_listed(tmp_path: Path):
    """Runs are named by their mode, and mode `diffusion` by its threshold.

    Runs of two sets are not compared.
    """
    common = {"task": "humaneval", "model": "m", "tasks": 4, "interval": [0.2, 0.9], "median_forwards": 8.5, "tokens_per_forward": 2.5}
    reports = [
        {**common, "mode": "verified", "threshold": 0.9, "passed": 3, "pass_at_1": 0.75, "tokens_per_second": 61.2},
        {**common, "mode": "diffusion", "threshold": 0.5, "passed": 1, "pass_at_1": 0.25, "tokens_per_second": 99.0},
    ]
    lines = tradeoff.table(reports).splitlines()
    assert lines[2] == "| verified | 4 | 3 = 75.0% (20.0% to 90.0%) | 2.50 | 61 | 8.5 |"
    assert lines[3].startswith("| diffusion, 0.5 | 4 | 1 = 25.0%")
    tradeoff.draw(tmp_path / "curve.png", reports)
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
