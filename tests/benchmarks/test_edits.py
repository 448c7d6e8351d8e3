"""Edits stay within what was selected, whatever a model says; `make soak` applies a thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.robustness.campaign import Options
from benchmarks.robustness.edits import fault, region_of, run
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import NewFile, Proposal, Selection
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit
from seed_lsp.source.syntax import Span

TEXT = "import os\n\n\ndef one():\n    return 1\n\n\ndef two(a):\n    return a\n"


@pytest.mark.slow
def test_nothing_outside_of_the_selection_changes():
    """No byte outside of the region and the imports is touched by an edit that is applied."""
    counts = run(Options(60, seed=3, minutes=1))
    assert counts["failures"] == 0
    assert counts["applied"] >= 30


def selected(start: int, end: int) -> Selection:
    return Selection(Document("u", TEXT, 1, "python"), CharOffset(start), CharOffset(end))


def fault_of(edit: Edit, span: Span) -> str:
    start = TEXT.index("def two")
    return fault(registry.OWN, selected(start, len(TEXT)), Proposal((edit,), span))


TWO = Span(CharOffset(TEXT.index("def two")), CharOffset(len(TEXT)))
ALL = Span(CharOffset(0), CharOffset(len(TEXT)))


@pytest.mark.parametrize(
    ("edit", "span", "words"),
    [
        (Edit(TEXT.index("two"), TEXT.index("two") + 3, "three"), TWO, ""),
        (Edit(0, 0, "import re\n"), TWO, ""),
        (Edit(TEXT.index("one"), TEXT.index("one") + 3, "three"), TWO, "outside of the region"),
        (Edit(TEXT.index("one"), TEXT.index("one") + 3, "three"), ALL, "more than what was selected"),
        (Edit(TEXT.index("(a)"), TEXT.index("(a)") + 1, ""), TWO, "does not parse"),
        (Edit(len(TEXT), len(TEXT) + 1, ""), TWO, "in order"),
    ],
)
def test_the_check_itself_finds_what_is_outside(edit: Edit, span: Span, words: str):
    """An edit elsewhere is a failure even where the proposal calls that place its region."""
    found = fault_of(edit, span)
    assert words in found if words else not found


def test_a_new_file_is_new(tmp_path: Path):
    proposal = Proposal((), TWO, new_file=NewFile(tmp_path / "test_a.py", ""))
    assert not fault(registry.OWN, selected(0, 9), proposal)
    (tmp_path / "test_a.py").touch()
    assert "already" in fault(registry.OWN, selected(0, 9), proposal)


def test_a_new_definition_may_come_above_the_comments_of_the_old_one():
    """What is extracted goes above what belongs to the function, where nothing else may change."""
    text = "import os\n\n\n# Why it is\n\n# there.\ndef one(a):\n    b = a\n    print(b)\n    return b\n"
    start, above, head = text.index("    print"), text.index("import os") + len("import os"), text.index("def one")
    selection = Selection(Document("u", text, 1, "python"), CharOffset(start), CharOffset(text.index("    return")))
    assert region_of(registry.find_action("extract-function"), selection).start == above
    assert above < text.index("# there.") < region_of(registry.OWN, selection).start <= head


def test_white_space_at_the_edge_selects_nothing():
    """The indentation of the next function is no part of what was selected."""
    text = "class A:\n    def one(self):\n        return 1\n\n    def two(self):\n        return 2\n"
    start, end = text.index("        return 1"), text.index("def two")
    selection = Selection(Document("u", text, 1, "python"), CharOffset(start), CharOffset(end))
    span = region_of(registry.find_action("docstring"), selection)
    assert text[span.start : span.end].strip() == text[text.index("def one") : end].strip()
