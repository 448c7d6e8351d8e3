"""The programs that publish figures are run alike.

Each says what it is, and ends with a report that names commit and machine.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
from pathlib import Path

import pytest

import benchmarks
from benchmarks.renames import signature_campaign

PROGRAMS = (
    *("holes", "noise", "typing", "next_edits", "speed", "blocks", "latency", "memory", "refactorings"),
    *(f"renames.{name}" for name in ("packages", "scale", "typescript", "campaign", "signature_campaign")),
)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_says_how_it_is_run(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Whoever opens the file or asks for help finds the command, and how to keep the report."""
    module = importlib.import_module(f"benchmarks.{name}")
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"benchmarks.{name}.__main__")
    assert f"    python -m benchmarks.{name}" in (module.__doc__ or "")
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert f"python -m benchmarks.{name} " in told
    assert "--json FILE" in told


@pytest.mark.slow
def test_a_report_names_the_commit_and_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A figure without them means nothing a month later."""
    monkeypatch.setattr(sys, "argv", ["signature_campaign", "--programs", "2", "--json", str(tmp_path / "report.json")])
    assert signature_campaign.main() == 0
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["bench"] == "renames.signature_campaign"
    assert report["changed"] + report.get("refused", 0) == 2
    assert {"commit", "cpu", "cores"} <= report["machine"].keys()
    assert json.loads(capsys.readouterr().out) == report, "people are told on standard error"


def test_no_benchmark_imports_a_test():
    """The benchmarks are typed and can be run by themselves; what both need is theirs."""
    found = []
    for path in Path(benchmarks.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                found += [path.name] * ((node.module or "").split(".")[0] == "tests")
            elif isinstance(node, ast.Import):
                found += [path.name for one in node.names if one.name.split(".")[0] == "tests"]
    assert found == []
