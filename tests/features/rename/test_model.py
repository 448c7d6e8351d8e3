"""The arguments and names that a real model proposes, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seed_lsp.cli.parser import main

pytestmark = pytest.mark.model
MODEL = ["--model", "qwen2.5-coder-0.5b", "--json"]
SOURCE = """\
def price(amount):
    return amount


def show(item, region):
    print(price(item.amount))


def show_all(items, customer):
    return [price(item.amount) for item in items]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "m.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_the_model_fills_what_calls_have_to_pass(file: Path, capsys: pytest.CaptureFixture[str]):
    """The model fills in names from around the call, and only where the user allows it."""
    arguments = ["rename", str(file), "--line", "1", "--column", "5", "--signature", "(amount, region)", "--fill", *MODEL]
    assert main([*arguments, "--also", "possible", "--write"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [site["tier"] for site in report["sites"] if site["reason"] == "the value is a proposal"] == ["possible", "possible"]
    text = file.read_text(encoding="utf-8")
    assert "print(price(item.amount, region))" in text
    assert "[price(item.amount, " in text
    compile(text, "m.py", "exec")


def test_the_model_proposes_names(file: Path, capsys: pytest.CaptureFixture[str]):
    """The proposed names can be used at once, and none of them is taken already."""
    file.write_text("def f(numbers):\n    return sum(numbers) / len(numbers)\n\n\ndef mode(x):\n    return x\n", encoding="utf-8")
    assert main(["rename", str(file), "--line", "1", "--column", "5", *MODEL]) == 0
    names = json.loads(capsys.readouterr().out)["names"]
    assert 1 <= len(names) <= 5
    assert {"average", "mean"} & set(names)
    assert all(name.isidentifier() and name not in {"f", "mode"} for name in names)
