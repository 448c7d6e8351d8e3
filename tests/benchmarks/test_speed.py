"""The benchmark: fair turns, honest absences, and sums that can be checked by hand."""

from __future__ import annotations

import sys

import pytest

from benchmarks import speed
from benchmarks.contest import contest
from benchmarks.contest.contest import Absent, Contestant, ContestantFailedError, Run, Work
from engine.evaluation.machine import Floor, Machine

# Greets, is ready, and then answers each work with its own number of tokens and what it was told.
CHILD = """
import json, sys
print("a library says hello")
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    work = json.loads(line)
    if work["name"] == "die":
        sys.exit(3)
    count = len(work["tokens"])
    print(json.dumps({"ids": work["tokens"], "tokens": count, "seconds": 0.5, "forwards": None, "peak_memory_bytes": 7}), flush=True)
"""


def child(name: str, **more) -> Contestant:
    return Contestant(name, (sys.executable, "-c", CHILD), **more)


def work(name: str, kind: str = "edit", tokens: int = 4) -> Work:
    return Work(name, kind, list(range(tokens)), [0], 10, list(range(tokens)))


def test_contestants_take_turns():
    """A slow minute hits all contestants alike.

    They take turns (A B A B): every work goes to all before the next, in every round.
    """
    said = []
    runs = contest.compete([child("a"), child("b", kinds=("edit",))], [work("x"), work("y", "completion")], rounds=2, say=said.append)
    order = [text.removeprefix("round ").split(" ", 1) for text in said]
    assert [(number, rest.split(" ")[1]) for number, rest in order] == [
        ("1", "a"),
        ("1", "b"),
        ("1", "a"),
        ("2", "a"),
        ("2", "b"),
        ("2", "a"),
    ]
    assert {key: len(found) for key, found in runs.items()} == {("a", "x"): 2, ("b", "x"): 2, ("a", "y"): 2}
    assert runs["a", "x"][0].rate == 8.0


def test_a_contestant_that_dies_is_named():
    with pytest.raises(ContestantFailedError, match="b ended with status 3"):
        contest.compete([child("b")], [work("die")], rounds=1, say=lambda _text: None)


def test_a_peer_that_is_not_there_is_absent_and_not_zero(tmp_path, monkeypatch):
    """Absent with what to do about it; a zero would look like a result."""
    model = tmp_path / "m.gguf"
    everyone = contest.llama_cpp_contestants(model, tmp_path, 2, (3,))
    assert all(isinstance(one, Absent) for one in everyone)
    assert [one.name for one in everyone] == ["llama.cpp", "llama.cpp, prompt lookup 3"]
    assert "npm install" in everyone[0].reason or "node is not installed" in everyone[0].reason
    monkeypatch.setattr(contest.shutil, "which", lambda _name: None)
    assert contest.llama_cpp_contestants(model, tmp_path, 2, ())[0].reason == "node is not installed"
    assert contest.llama_cpp_contestants(None, tmp_path, 2, ())[0].reason == "the model is no GGUF file"
    monkeypatch.setattr(contest.shutil, "which", lambda _name: "/usr/bin/node")
    (tmp_path / "node_modules" / "node-llama-cpp").mkdir(parents=True)
    plain, lookup = contest.llama_cpp_contestants(model, tmp_path, 2, (3,))
    assert isinstance(plain, Contestant)
    assert lookup.command == (*plain.command, "3")


def run(tokens: int, seconds: float) -> Run:
    return Run(list(range(tokens)), tokens, seconds, tokens // 2, 1)


def test_ratios_are_medians_over_works_of_medians_over_rounds():
    """Sums are those that can be done by hand for two works and three rounds.

    The middle round counts, then the middle of the works; edits that change most are left out of
    "keeps most".
    """
    ours, theirs = child("ours"), child("theirs")
    works = [work("x"), work("y")]
    runs = {
        ("ours", "x"): [run(10, 1.0), run(10, 2.0), run(10, 100.0)],
        ("theirs", "x"): [run(10, 10.0), run(10, 10.0), run(10, 1.0)],
        ("ours", "y"): [run(10, 1.0)] * 3,
        ("theirs", "y"): [run(10, 2.0)] * 3,
    }
    report = speed._kind_reports(works, [ours, theirs], runs, {"x": 0.9, "y": 0.1})
    assert report["edit"]["tokens_per_second"] == {"ours": 7.5, "theirs": 3.0}
    assert report["edit"]["times"]["theirs"] == {"median": 3.5, "least": 2.0}
    assert report["edit that keeps most"]["times"]["theirs"] == {"median": 5.0, "least": 5.0}
    assert report["edit that keeps most"]["works"] == 1


def test_what_an_edit_keeps():
    old = work("x", tokens=8)
    assert speed._kept(old, Run(list(range(8)), 8, 1.0, 1, 1)) == 1.0
    assert speed._kept(old, Run([9] * 8, 8, 1.0, 1, 1)) == 0.0
    assert speed._kept(old, Run([0, 1, 2, 3, 9, 9, 9, 9], 8, 1.0, 1, 1)) == 0.2


def test_the_floor_is_the_slower_of_memory_and_arithmetic():
    floor = Floor(bytes_per_second=100.0, operations_per_second=1000.0)
    assert floor.seconds(weight_bytes=50, weights=100, rows=1) == 0.5
    assert floor.seconds(weight_bytes=50, weights=100, rows=4) == 0.8


def test_the_machine_is_named():
    here = Machine.here(2)
    assert here.cpu
    assert here.torch.count(".") >= 2
    assert isinstance(here.commit, str)
