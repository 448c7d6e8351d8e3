"""What the benchmarks print can be read by people and by programs.

A part that is missing says how to get it.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from benchmarks import blocks, latency, memory, report
from benchmarks.latency import Key
from benchmarks.report import BenchError


def test_percentiles_are_nearest_rank():
    assert [latency.percentile([10.0, 20.0, 30.0, 40.0], p) for p in (1, 50, 75, 95, 100)] == [10.0, 20.0, 30.0, 40.0, 40.0]


def test_the_latency_report_counts_what_was_shown():
    """Keys without text count against the share and not into the times.

    What the engine was asked is told apart.
    """
    keys = [Key(0.001, True), Key(0.002, True), Key(0.4, True), Key(0.9, False)]
    found = latency._latency_report(keys, [5.0, 7.0, 6.0], {"typed_along": 2, "shown": 1, "blank": 1})
    assert (found["keys"], found["shown"], found["typed_along"]) == (4, 0.75, 0.5)
    assert (found["shown_p50_ms"], found["shown_p95_ms"]) == (2.0, 400.0)
    assert (found["asked_p50_ms"], found["cold_ms"]) == (400.0, 6000.0)
    with pytest.raises(BenchError, match="nothing was shown"):
        latency._latency_report([Key(0.1, False)], [1.0], {})


def test_lines_to_type_are_code_with_context_before_them():
    source = latency.TYPED.read_text(encoding="utf-8")
    lines = latency._lines_to_type(source)
    assert len(lines) == latency.PLACES
    for line in lines:
        assert source.count(line) == 1
        assert source.index(line) > len(source) / 3
        assert line.endswith("\n")


def test_the_report_is_the_last_line_and_the_file_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    report.finish({"bench": "x", "value": 1.5}, tmp_path / "report.json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"bench": "x", "value": 1.5}
    assert json.loads((tmp_path / "report.json").read_text()) == {"bench": "x", "value": 1.5}
    assert list(tmp_path.iterdir()) == [tmp_path / "report.json"]


def test_missing_extras_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(sys, "argv", ["blocks", "--png", "x.png"])
    with pytest.raises(BenchError, match=r"seed-lsp\[bench\]"):
        blocks.main()
    with pytest.raises(BenchError, match=r"seed-lsp\[bench\]"):
        memory.memory("m")
