"""Cases, runs that go on, verdicts and the report, on a small package."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.refactorings import packages
from benchmarks.refactorings.applying import Wanted, answers_path, apply
from benchmarks.refactorings.cases import Case, cases_of
from benchmarks.refactorings.figures import figures
from benchmarks.refactorings.functions import make, read_functions
from benchmarks.refactorings.instructions import ALL, GROUPS
from benchmarks.refactorings.judging import Judges, import_end, judge, outside, verdicts_path
from engine.evaluation.records import read_records

# Each runs the package's tests in a process of its own.
pytestmark = pytest.mark.slow

CODE = '''import re


def first(items, name):
    """Find the first."""
    if items is None:
        chosen = None
        return chosen
    else:
        for item in items:
            if item == name:
                chosen = item
                return chosen
    return None


def unused(a: int) -> int:
    if a:
        return 1
    elif a > 1:
        return 2
    elif a > 2:
        return 3
    elif a > 3:
        return 4
    return 5


def typed(
    a: int,
    b: "str" = "x",
) -> str:
    while a:
        a -= 1
        b += b
        if len(b) > 9:
            return b
        if a > 100:
            break
    return b
'''
TESTS = """from small import first, typed


def test_first():
    assert first(["a", "b"], "b") == "b"


def test_none():
    assert first(None, "b") is None


def test_typed():
    assert typed(1) == "xx"


def test_that_fails():
    assert first(["a"], "a") == "b"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one unpacked package."""
    monkeypatch.setattr(packages, "PACKAGES", {"small": ("1", ".", "tests")})
    for module in ("functions", "judging"):
        monkeypatch.setattr(f"benchmarks.refactorings.{module}.PACKAGES", packages.PACKAGES)
    root = tmp_path / "small-1"
    (root / "tests").mkdir(parents=True)
    (root / "small.py").write_text(CODE, encoding="utf-8")
    (root / "tests" / "test_small.py").write_text(TESTS, encoding="utf-8")
    make(tmp_path, 10, 0)
    return tmp_path


def result_of(case: Case, old: str, new: str) -> dict[str, object]:
    start = case.text.index(old)
    return {
        "outcome": "offered",
        "text": case.text.replace(old, new, 1),
        "edits": [[start, start + len(old), new]],
        "span": [case.start, case.end],
        "new_file": None,
    }


def case_of(folder: Path, action: str, name: str = "first", detail: str = "") -> Case:
    cases = cases_of(folder, action, read_functions(folder), None)
    return next(case for case in cases if case.function.name == name and case.detail == detail)


def test_functions_are_those_that_passing_tests_call(folder: Path):
    """A function that no test calls tells nothing, and a test that fails anyway neither."""
    found = {function.name: function for function in read_functions(folder)}
    assert found.keys() == {"first", "typed"}
    assert found["first"].tests == ("tests/test_small.py::test_first", "tests/test_small.py::test_none")
    assert CODE.split("\n")[found["first"].start - 1] == "def first(items, name):"


def test_verdicts_come_from_the_tree_and_from_the_tests(folder: Path, tmp_path: Path):
    """What a tree cannot tell, the package's tests do; what breaks by itself is not counted."""
    judges = Judges(folder, tmp_path / "judging")
    (tmp_path / "judging").mkdir()

    def verdict(case: Case, old: str, new: str) -> str:
        found = judges.verdict(case, result_of(case, old, new))
        return f"{found['verdict']}: {found.get('problem', '')}"

    simplify = case_of(folder, "simplify")
    assert verdict(simplify, "items is None", "not items").startswith("right")
    assert verdict(simplify, "item == name", "item != name") == "wrong: breaks tests/test_small.py::test_first"
    assert verdict(simplify, "item == name", "item == name:") == "wrong: the result does not parse"
    check = case_of(folder, "edit", detail="early-return")
    assert verdict(
        check,
        "    else:\n        for item in items:\n            if item == name:\n                chosen = item\n                return chosen",
        "    for item in items:\n        if item == name:\n            chosen = item\n            return chosen",
    ).startswith("right")
    docstring = case_of(folder, "docstring")
    assert '"""' not in docstring.text
    assert verdict(docstring, "name):\n", 'name):\n    """Find."""\n').startswith("right")
    hints = case_of(folder, "type-hints", "typed")
    found = judges.verdict(hints, result_of(hints, "a,", "a: int,"))
    assert (found["holes"], found["filled"], found["equal"], found["verdict"]) == (3, 1, 1, "right")
    assert judges.verdict(hints, {"outcome": "refused"}) == {"holes": 3}


def test_tests_that_break_by_what_was_asked_for_do_not_count(folder: Path, tmp_path: Path):
    """`first(None, …)` passes before; a guard that was asked for refuses it."""
    (tmp_path / "judging").mkdir()
    judges = Judges(folder, tmp_path / "judging")
    case = case_of(folder, "edit", detail="strict")
    right = result_of(
        case,
        'name):\n    """Find the first."""\n',
        'name, *, strict=False):\n    """Find the first."""\n    if strict and items is None:\n        raise ValueError\n',
    )
    assert judges.verdict(case, right)["verdict"] == "right"


def test_edits_outside_of_the_region_are_found(folder: Path):
    case = case_of(folder, "simplify")
    assert not outside(case, result_of(case, "items is None", "not items"))
    assert not outside(case, result_of(case, "import re\n", "import os\nimport re\n"))
    assert "outside" in outside(case, result_of(case, "def unused", "def other"))
    assert "not the one" in outside(case, result_of(case, "x", "y") | {"span": [0, len(CODE)]})
    assert "do not make" in outside(case, result_of(case, "items is None", "not items") | {"text": CODE})
    assert import_end(CODE) == CODE.index("def first")
    assert import_end('"""Text."""\n# More.\nimport os\n') == len('"""Text."""\n# More.\nimport os\n')


def test_a_group_of_instructions_is_asked_alone(folder: Path):
    """What is held out is asked for only where it is wanted, and judged wherever it was asked."""
    functions = read_functions(folder)
    asked = {group: [case.id for case in cases_of(folder, "edit", functions, 1, group)] for group in (*GROUPS, ALL)}
    assert asked["fixed"], "some fit"
    assert asked["held-out"]
    assert asked["fixed"] + asked["held-out"] == asked[ALL] == [case.id for case in cases_of(folder, "edit", functions, 1)]
    assert not set(asked["fixed"]) & set(asked["held-out"])


def test_a_run_goes_on_where_it_ended_and_is_reported(folder: Path):
    """No case is asked twice, none is lost, and the report's figures stand in the table."""
    apply(folder, "now", Wanted("none", ["edit"], 1, 0.0))
    assert read_records(answers_path(folder, "now")) == []
    apply(folder, "now", Wanted("none", ["edit"], 1))
    records = read_records(answers_path(folder, "now"))
    results = [record["results"][0] for record in records]
    assert not any(result["asked"] for result in results), "there is no model"
    assert any(result["outcome"] == "failed" for result in results), "a comment needs one"
    with answers_path(folder, "now").open("a", encoding="utf-8") as file:
        file.write('{"case": "half')
    apply(folder, "now", Wanted("none", ["edit"], 2))
    cases = [record["case"] for record in read_records(answers_path(folder, "now"))]
    assert len(cases) == len(set(cases)) > len(records)
    judge(folder, "now", None)
    verdicts = verdicts_path(folder, "now").read_text(encoding="utf-8")
    judge(folder, "now", None, again=True)
    assert verdicts_path(folder, "now").read_text(encoding="utf-8") == verdicts, "each answer is judged once"
    report = figures(folder, "now")
    edit = report["actions"]["edit"]
    assert edit["asked"] == edit["failed"] + edit["offered"] + edit["refused"] + edit["unchanged"] == len(cases)
    assert edit["failed"] > 0
    machine = {"cpu": "EPYC", "cores": 2, "instructions": ["avx2"], "torch": "2.13.0", "python": "3.11.2", "commit": report["commit"]}
    (folder / "one.json").write_text(json.dumps(report | {"machine": machine}), encoding="utf-8")
    page = tables.filled("<!-- figures: one -->\n<!-- end of figures -->\n", folder)
    assert f"| edit | {len(cases)} | {edit['right']} (" in page
    groups = edit["groups"]
    assert groups["fixed"]["computed"] == edit["offered"], "what was offered, no model was asked for"
    assert list(groups) == ["fixed"], "no other group was asked for"
    assert sum(one["asked"] for one in groups["fixed"]["instructions"].values()) == groups["fixed"]["asked"] == len(cases)
    assert f"| all | {len(cases)} | {edit['right']} (" in page
    assert "2 functions of 1 packages." in page


def test_the_figures_tell_what_is_equal_of_what_is_shown(folder: Path):
    """A refused action's holes are holes that were not filled."""
    case = case_of(folder, "type-hints", "typed")
    base = {
        "function": case.function.id,
        "action": case.action,
        "detail": "",
        "lines": 30,
        "offers": 1,
        "offers_s": 0.0,
        "model": "m",
        "commit": "c",
    }
    timed = {"seconds": 1.5, "first_s": None, "reason": "line 3: 'x' is not whole"}
    answers = [
        {**base, "case": "1", "results": [{**timed, "outcome": "offered"}]},
        {**base, "case": "2", "results": [{**timed, "outcome": "refused"}]},
    ]
    verdicts = [
        {"case": "1", "results": [{"verdict": "right", "holes": 3, "filled": 2, "equal": 1}]},
        {"case": "2", "results": [{"holes": 3}]},
    ]
    for name, records in (("answers", answers), ("verdicts", verdicts)):
        (folder / f"{name}-x.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    found = figures(folder, "x")["actions"]["type-hints"]
    assert found["hints"] == {"holes": 6, "filled": 2, "equal": 1}
    assert (found["right"], found["refused"], found["seconds"]["30"]) == (1, 1, {"count": 1, "median": 1.5, "p95": 1.5})
    assert found["refusals"] == {"line …: … is not whole": 1}
    assert asdict(case.function)["name"] == "typed"


def test_each_group_has_its_counts_its_intervals_and_what_no_model_was_asked_for(folder: Path):
    """What came without the model is told apart, and so are the groups."""
    base = {"function": "small small.py first", "action": "edit", "lines": 12, "offers": 1, "offers_s": 0.0, "model": "m", "commit": "c"}
    offered = {"outcome": "offered", "first_s": 0.1}
    answers = [
        {**base, "case": "1", "detail": "strict", "results": [{**offered, "seconds": 0.5, "asked": 0}]},
        {**base, "case": "2", "detail": "strict", "results": [{**offered, "seconds": 2.5, "asked": 1}]},
        {**base, "case": "3", "detail": "log", "results": [{**offered, "seconds": 1.5, "asked": 0}]},
        {**base, "case": "4", "detail": "log", "results": [{**offered, "outcome": "refused", "reason": "no", "seconds": 9.0, "asked": 2}]},
    ]
    verdicts = [
        {"case": case, "results": [{"verdict": verdict, "problem": ""}]}
        for case, verdict in (("1", "right"), ("2", "right"), ("3", "wrong"))
    ]
    for name, records in (("answers", answers), ("verdicts", verdicts)):
        (folder / f"{name}-x.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    fixed = figures(folder, "x")["actions"]["edit"]["groups"]["fixed"]
    assert (fixed["asked"], fixed["right"], fixed["wrong"], fixed["refused"]) == (4, 2, 1, 1)
    assert (fixed["computed"], fixed["computed_right"]) == (2, 1)
    assert fixed["intervals"]["right"] == pytest.approx([0.15, 0.85], abs=0.001)
    assert fixed["seconds"]["10"] == {"count": 3, "median": 1.5, "p95": 2.5}
    assert fixed["instructions"]["strict"]["right"] == 2
