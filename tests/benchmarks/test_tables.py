"""The tables of docs/benchmarks.md: what a report says stands there, and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.report import BenchError

MACHINE = {"cpu": "EPYC", "cores": 2, "instructions": ["avx2"], "torch": "2.13.0", "python": "3.11.2", "commit": "abc1234"}
EDIT = {"works": 1, "tokens_per_second": {"ours": 101.25, "theirs": 24.4}, "times": {"theirs": {"median": 4.15, "least": 2.5}}}
SPEED = {
    "bench": "speed",
    "model": "m",
    "machine": MACHINE,
    "rounds": 5,
    "absent": {"llama.cpp": "node is not installed"},
    "kinds": {"completion": {"works": 3, "tokens_per_second": {"ours": 45.8}, "times": {}}, "edit": EDIT},
    "works": [
        {
            "name": "rename",
            "kept": 0.42,
            "tokens": {"ours": 96, "theirs": 90},
            "tokens_per_forward": {"ours": 2.67},
            "tokens_per_second": {"ours": 60.5, "theirs": 25.5},
        }
    ],
}
BLOCKS = {
    "bench": "blocks",
    "model": "m",
    "format": "int4",
    "machine": MACHINE,
    "context": 512,
    "rounds": 9,
    "forward_ms": {"1": 34.84, "8": 49.4},
    "rows_per_second": {"1": 28.7, "8": 162.0},
    "weight_bytes": 1_130_000_000,
    "floor": {"bytes_per_second": 33.6e9, "operations_per_second": 0.93e12},
    "floor_ms": {"1": 33.8, "8": 33.8},
    "over_floor": {"1": 1.03, "8": 1.46},
}
MEMORY = {
    "bench": "memory",
    "machine": MACHINE,
    "resident_bytes": {"server": 50_000_000, "engine": 1_610_000_000, "helper 7": 12_000_000, "helper 8": 8_000_000},
    "total_resident_bytes": 1_680_000_000,
}
LATENCY = {
    "bench": "latency",
    "model": "m",
    "machine": MACHINE,
    "keys": 185,
    "prompt_tokens": 1554,
    "shown": 0.42,
    "typed_along": 0.36,
    "shown_p50_ms": 5.0,
    "shown_p95_ms": 597.0,
    "asked_p50_ms": 487.0,
    "asked_p95_ms": 833.0,
    "cold_ms": 6086.0,
    "cancel_to_idle_ms": {"median": 156.0, "most": 273.0},
}


def page_of(figures: Path, **reports: object) -> str:
    """A page with one pair of markers, filled from these reports."""
    for name, report in reports.items():
        (figures / f"{name}.json").write_text(json.dumps(report) + "\n", encoding="utf-8")
    return tables.filled(f"# Page\n\n<!-- figures: {' '.join(reports)} -->\nold\n<!-- end of figures -->\n\nEnd.\n", figures)


def test_a_speed_report_becomes_its_tables(tmp_path):
    """Every rate, ratio and share is the report's own.

    A contestant that was not asked or is absent is no zero, and commit and machine stand above.
    """
    assert page_of(tmp_path, one=SPEED) == (
        "# Page\n\n<!-- figures: one -->\n"
        "`python -m benchmarks.speed --model m`, commit abc1234, on 2 cores of EPYC (avx2), torch 2.13.0, Python 3.11.2.\n\n"
        "Medians of 5 rounds, and over the works of a kind.\n\n"
        "| tokens/s | completion (3) | edit (1) |\n| --- | --- | --- |\n| ours | 45.8 | 101.2 |\n| theirs | not run | 24.4 |\n\n"
        "| ours is … times as fast as: median (least) | completion (3) | edit (1) |\n| --- | --- | --- |\n| theirs | not run | 4.15 (2.50) |\n\n"
        "| work, tokens/s | tokens | kept | tokens a forward | ours | theirs |\n| --- | --- | --- | --- | --- | --- |\n"
        "| rename | 96 | 42% | 2.67 | 60.5 | 25.5 |\n\n"
        "Absent: llama.cpp, since node is not installed.\n\n"
        "<!-- end of figures -->\n\nEnd.\n"
    )


def test_a_run_in_several_formats_becomes_a_table_each(tmp_path):
    """A format without a floor has none made up for it."""
    plain = {name: value for name, value in BLOCKS.items() if "floor" not in name} | {"format": "bfloat16"}
    page = page_of(tmp_path, one={"bench": "blocks", "models": [BLOCKS, plain]})
    assert (
        "| m, `int4`: 1.13 GB; memory 33.6 GB/s, products 0.93 T/s | 1 | 8 |\n| --- | --- | --- |\n"
        "| ms | 34.8 | 49.4 |\n| floor, ms | 33.8 | 33.8 |\n| over the floor | 1.03 | 1.46 |\n| rows/s | 29 | 162 |\n"
    ) in page
    assert "| m, `bfloat16` | 1 | 8 |\n| --- | --- | --- |\n| ms | 34.8 | 49.4 |\n| rows/s | 29 | 162 |\n" in page


def test_models_stand_side_by_side(tmp_path):
    page = page_of(tmp_path, a=MEMORY | {"model": "large"}, b=MEMORY | {"model": "small", "total_resident_bytes": 960_000_000}, c=LATENCY)
    assert "|  | large | small |\n| --- | --- | --- |\n| server | 0.05 GB | 0.05 GB |\n" in page
    assert "| helper processes | 0.02 GB | 0.02 GB |\n| in all | 1.68 GB | 0.96 GB |\n" in page
    assert page.count("`python -m benchmarks.memory --model") == 2
    assert "| first text shown, p95 | 597 ms |\n" in page
    assert "| from cancel to idle, median (most) | 156 ms (273) |\n" in page


def test_what_is_not_measured_is_said_to_be_missing(tmp_path):
    """Old figures do not stay where their report is gone.

    A picture is shown only where there is one.
    """
    (tmp_path / "one.png").touch()
    assert "(one.png)" not in page_of(tmp_path, two=BLOCKS)
    page = tables.filled("<!-- figures: one two -->\nold\n<!-- end of figures -->\n", tmp_path)
    assert "old" not in page
    assert "`int4`" in page
    assert f"Not measured yet: the report will be `{tmp_path.name}/one.json`." in page
    assert f"![one]({tmp_path.name}/one.png)" in page_of(tmp_path, one=BLOCKS)


def test_an_unknown_report_is_an_error(tmp_path):
    with pytest.raises(BenchError, match="no table is known for a report of noise"):
        page_of(tmp_path, one={"bench": "noise", "machine": MACHINE, "model": "m"})


def test_check_writes_nothing_and_fails_until_the_tables_are_written(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("<!-- figures: one -->\n<!-- end of figures -->\n", encoding="utf-8")
    arguments = ["tables", "--page", str(page), "--figures", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*arguments, "--check"])
    with pytest.raises(SystemExit, match="1"):
        tables.main()
    assert page.read_text(encoding="utf-8") == "<!-- figures: one -->\n<!-- end of figures -->\n"
    monkeypatch.setattr(sys, "argv", arguments)
    tables.main()
    monkeypatch.setattr(sys, "argv", [*arguments, "--check"])
    tables.main()


def test_the_published_tables_are_those_of_their_reports():
    """Nobody edits a table of docs/benchmarks.md by hand.

    No report is committed without its table.
    """
    page = (tables.DOCS / "benchmarks.md").read_text(encoding="utf-8")
    assert "<!-- figures: " in page
    assert tables.filled(page, tables.DOCS / "figures") == page
