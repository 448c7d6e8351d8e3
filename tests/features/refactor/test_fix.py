"""Mending what a checker reports; the model's answers are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.api import EditRequest
from seed_lsp.errors import RejectedResultError, SelectionError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Proposal, Selection
from seed_lsp.features.refactor.rewriting import FORMS
from seed_lsp.features.refactor.ruff_program import find_ruff
from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import CharOffset, Document
from tests.features.refactor.tools import ToolsOnFiles

SOURCE = """import re

LIMIT = 3


def first(text: str, pattern: str) -> str:
    found = re.match(pattern, text)
    return found.group(0)


def load(path):
    try:
        return open(path).read()
    except:
        return None
"""
FIX = registry.find_action("fix")


def selection_at(words: str, message: str, *, text: str = SOURCE, language: str = "python", **more: object) -> Selection:
    """A selection of some words, with one report about them."""
    start = CharOffset(text.index(words))
    end = CharOffset(start + len(words))
    return Selection(Document("u", text, 1, language), start, end, (Diagnostic(start, end, message, **more),))  # type: ignore[arg-type]


async def fixed(selection: Selection, *answers: str) -> tuple[Proposal, ToolsOnFiles]:
    [offer] = await FIX.offers(selection)
    tools = ToolsOnFiles(*answers)
    return await registry.run(FIX, selection, offer.argument, tools), tools


async def test_a_report_is_mended_in_its_statement():
    """The statement with the report is rewritten, and nothing else; the model reads the report."""
    selection = selection_at("found.group", 'Item "None" has no attribute "group"', source="mypy", code="union-attr")
    made, tools = await fixed(selection, "    return found.group(0) if found else ''\n")
    assert made.new_text(selection.document) == SOURCE.replace("found.group(0)", "found.group(0) if found else ''")
    [request] = tools.asked
    assert isinstance(request, EditRequest)
    assert request.region == "    return found.group(0)\n"
    assert 'mypy union-attr: Item "None" has no attribute "group"' in request.instruction
    assert "mypy was not run again" in made.note


async def test_what_does_not_mend_a_statement_is_tried_on_the_function():
    """An answer that is refused for the statement does not end the attempt."""
    selection = selection_at("found.group", 'Item "None" has no attribute "group"', source="mypy")
    function = SOURCE[SOURCE.index("def first") : SOURCE.index("\n\n\ndef load")] + "\n"
    better = function.replace("    return", "    if found is None:\n        return ''\n    return")
    made, tools = await fixed(selection, *["    return (\n"] * len(FORMS), better)
    assert made.new_text(selection.document) == SOURCE.replace(function, better)
    assert len(tools.asked) == len(FORMS) + 1


async def test_the_reports_definitions_are_told():
    """The model sees the signature of what the message names, elsewhere in the file."""
    text = SOURCE + '\n\nclass Box:\n    size: int\n\n    def add(self, item):\n        pass\n\n\nfirst("a")\nBox().put(1)\n'
    selection = selection_at('first("a")', 'Missing argument "pattern" in call to "first"', text=text)
    _, tools = await fixed(selection, 'first("a", "b")\n')
    assert "def first(text: str, pattern: str) -> str:" in tools.asked[0].instruction
    assert "re.match" not in tools.asked[0].instruction
    selection = selection_at("Box().put(1)", '"Box" has no attribute "put"', text=text)
    _, tools = await fixed(selection, "Box().add(1)\n")
    assert "class Box:\n    size: int\n    def add(self, item):" in tools.asked[0].instruction


async def test_a_report_that_the_checker_still_makes_is_not_mended():
    """What ruff reports it must no longer report, and it must report nothing new."""
    selection = selection_at("except:", "Do not use bare `except`", source="Ruff", code="E722")
    statement, function = (SOURCE[SOURCE.index(words) :] for words in ("    try:", "def load"))
    useless, good = statement.replace("return None", "return ''"), function.replace("except:", "except OSError:")
    made, _ = await fixed(selection, useless, good)
    assert made.new_text(selection.document) == SOURCE.replace("except:", "except OSError:")
    assert made.note == "ruff no longer reports E722 there."
    with pytest.raises(RejectedResultError, match="E722 is still reported"):
        await fixed(selection, useless, function.replace("return None", "return ''"))
    with pytest.raises(RejectedResultError, match="ruff reports F841, which it did not before"):
        await fixed(selection, useless, function.replace("except:", "except OSError as error:"))


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("    return [1, 2", "    return [1, 2]"),
        ("    if x == 1  # one\n        pass", "    if x == 1:  # one\n        pass"),
        ("    print('a)", "    print('a)')"),
        ("    x = max(1, 2))", "    x = max(1, 2)"),
        ("    while f(1:\n        pass", "    while f(1):\n        pass"),
    ],
)
async def test_a_sign_that_is_missing_or_too_much(broken: str, right: str):
    """What one sign mends is mended without the model, and nothing else of the file changes."""
    text = f"def one(x):\n{broken}\n\n\ndef two():\n    return 2\n"
    selection = selection_at(broken.split("\n", maxsplit=1)[0].strip(), "a syntax error", text=text)
    made, tools = await fixed(selection)
    assert made.new_text(selection.document) == text.replace(broken, right)
    assert tools.asked == []


async def test_broken_syntax_is_mended():
    """A file that does not parse is mended where it stops, and what leaves it broken is refused."""
    text = "x = 1\nif x = 1:\n    print(x)\n"
    selection = selection_at("if x = 1", "invalid syntax", text=text, source="Pylance")
    made, tools = await fixed(selection, "x = 1\nif x == 1:\n")
    assert made.new_text(selection.document) == text.replace("if x =", "if x ==")
    assert tools.asked[0].region == "x = 1\nif x = 1:\n"
    for answer in ("x = 1\nif x = 2:\n", "try:\n    y = compute_it()\nexcept ValueError:\n    y = None\nif y:\n"):
        with pytest.raises(RejectedResultError, match="does not mend"):
            await fixed(selection, answer)


async def test_what_the_menu_offers():
    """Each report has an entry, unless its checker mends it; a report elsewhere has none."""
    selection = selection_at("import re", "`re` imported but unused", source="Ruff", code="F401", has_fix=True)
    assert await FIX.offers(selection) == []
    there = selection_at("found.group", "x" * 100, source="mypy", code="a-rule")
    [offer] = await FIX.offers(there)
    assert offer.title == f"Fix: {'x' * 59}… (a-rule)"
    assert offer.diagnostic == there.diagnostics[0]
    elsewhere = Selection(there.document, CharOffset(0), CharOffset(0), there.diagnostics)
    assert await FIX.offers(elsewhere) == []
    assert await FIX.offers(selection_at("found.group", "message", language="plaintext")) == []


async def test_a_report_in_words():
    """Without an editor the argument says what is reported."""
    selection = Selection(Document("u", SOURCE, 1, "python"), CharOffset(SOURCE.index("LIMIT")), CharOffset(SOURCE.index("LIMIT") + 1))
    tools = ToolsOnFiles("LIMIT = 4\n")
    made = await registry.run(FIX, selection, "LIMIT should be 4", tools)
    assert "LIMIT = 4\n" in made.new_text(selection.document)
    assert tools.asked[0].instruction.startswith("LIMIT should be 4\n")
    with pytest.raises(SelectionError, match="say with the argument"):
        await registry.run(FIX, selection, " ", ToolsOnFiles())


async def test_a_large_statement_is_refused():
    """A report about a whole long class is refused with the reason, before the model is asked."""
    text = "class Large:\n" + "    x = 1\n" * 60
    with pytest.raises(SelectionError, match="more than 40 lines"):
        await fixed(selection_at("class Large", "too many lines", text=text))


def test_ruff_is_not_a_workspaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No program of the workspace is run, not even by the name of a checker."""
    (tmp_path / "ruff").write_text("#!/bin/sh\ntouch evil\n")
    (tmp_path / "ruff").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert find_ruff() != str(tmp_path / "ruff")
