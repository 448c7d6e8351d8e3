"""Filters of inline completion, and the checks that stand before a rewrite is applied. Pure: no engine."""

from __future__ import annotations

import pytest

from engine.api import Finished
from seed_lsp.errors import CancelledError, NoChangeError, RejectedResultError, SelectionError
from seed_lsp.features import inline, refactor
from seed_lsp.features.typed_along import Suggestion
from seed_lsp.settings import Settings, parse_settings, settings_table
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import apply_edits

CURSOR = "‸"


def finished(text: str, reason="stop") -> Finished:
    return Finished(1, text, reason, "verified", 5, 2, 10, 0, 0.1, 0.2, 1, "m", "cpu", "float32")


@pytest.mark.parametrize(
    ("name", "before", "answer", "expected", "reason"),
    [
        ("plain", "x = ‸\n", "compute()", "compute()", "shown"),
        ("blank", "x = ‸\n", "  \n ", "", "blank"),
        ("too short", "x = ‸\n", "a\n", "", "short"),
        ("repeats the rest of the line", "f(‸)\n", "alpha, beta)", "alpha, beta", "shown"),
        ("only the rest of the line", "f(‸)\n", ")", "", "repeats_suffix"),
        ("stops before the next line", "a = 1\n‸\nreturn a\n", "b = 2\nreturn a\nc", "b = 2", "shown"),
        ("stays in the block", "def f():\n    ‸\n", "return 1\n\nprint(2)", "return 1", "shown"),
        (
            "keeps deeper lines",
            "def f():\n    ‸\n",
            "if x:\n        return 1\n    return 2",
            "if x:\n        return 1\n    return 2",
            "shown",
        ),
        ("line breaks of the file", "def f():\r\n    ‸\r\n", "a = 1\n    b = 2", "a = 1\r\n    b = 2", "shown"),
    ],
)
def test_filters(name, before, answer, expected, reason):
    """Each filter has its case; an empty answer always has a reason."""
    cursor = before.index(CURSOR)
    plan = inline.Plan(Document("u", before.replace(CURSOR, ""), language="python"), CharOffset(cursor))
    assert inline.read_completion(plan, finished(answer)) == inline.Completion(expected, reason), name


def test_at_a_deadline_the_unfinished_line_is_left_out():
    plan = inline.Plan(Document("u", "def f():\n    \n"), CharOffset(13))
    assert inline.read_completion(plan, finished("a = 1\n    b = very_lon", "deadline")).text == "a = 1"
    assert inline.read_completion(plan, finished("", "deadline")).reason == "deadline"
    assert inline.read_completion(plan, finished("a = 1", "cancelled")).reason == "cancelled"


def test_mid_line_asks_for_one_line():
    document = Document("u", "f()\n")
    assert inline.build_request(inline.Plan(document, CharOffset(2)), Settings(), 1, automatic=True).stop == ("\n",)
    assert inline.build_request(inline.Plan(document, CharOffset(3)), Settings(), 1, automatic=True).stop == ("\n\n\n",)


SOURCE = "def one():\n    return 1\n\n\ndef two(a):\n    b = a\n    return b\n"


def plan_for(selected: str, text: str = SOURCE) -> refactor.Plan:
    start = text.index(selected)
    document = Document("u", text, 1, "python")
    return refactor.make_plan(
        document, CharOffset(start), CharOffset(start + len(selected)), refactor.own_instruction("Do it."), Settings()
    )


def test_a_good_answer_becomes_edits_inside_the_span():
    plan = plan_for("def two(a):\n    b = a")
    rewrite = refactor.read_rewrite(plan, finished("def two(a: int) -> int:\n    b = a\n    return b\n"))
    assert apply_edits(SOURCE, rewrite.edits) == SOURCE.replace("two(a)", "two(a: int) -> int")
    assert all(plan.span.start <= edit.start <= edit.end <= plan.span.end for edit in rewrite.edits)


@pytest.mark.parametrize(
    ("answer", "reason", "error", "words"),
    [
        ("def two(a):\n    return", "length", RejectedResultError, "edit.maxTokens"),
        ("def two(a):\n    return", "deadline", RejectedResultError, "edit.deadlineS"),
        ("def two(a):\n    return", "cancelled", CancelledError, "cancelled"),
        ("", "stop", RejectedResultError, "no code"),
        ("def two(a):\n    b = a\n    return b\n", "stop", NoChangeError, "no change"),
        ("def two(a:\n    return a\n", "stop", RejectedResultError, "does not parse"),
        ("def one():\n    return 1\n\ndef two(a):\n    return a\n", "stop", RejectedResultError, "outside the selection"),
        ("def two(a):\n    return a  # \u202e\n", "stop", RejectedResultError, "invisible"),
    ],
)
def test_what_is_not_safe_is_not_applied(answer, reason, error, words):
    """Half answers, rubbish, code from elsewhere and hidden characters never reach the document."""
    with pytest.raises(error, match=words):
        refactor.read_rewrite(plan_for("def two(a):\n    b = a"), finished(answer, reason))


def test_bad_selections_are_refused_before_the_model_runs():
    document = Document("u", "x\n\n\n" + "y = 1\n" * 5000, 1, "python")
    with pytest.raises(SelectionError, match="no code"):
        refactor.make_plan(document, CharOffset(1), CharOffset(3), refactor.own_instruction("x"), Settings())
    with pytest.raises(SelectionError, match="empty"):
        refactor.make_plan(document, CharOffset(0), CharOffset(1), refactor.own_instruction(" "), Settings())
    with pytest.raises(SelectionError, match="at most 4096"):
        refactor.make_plan(document, CharOffset(0), CharOffset(len(document.text)), refactor.own_instruction("x"), Settings())
    with pytest.raises(SelectionError, match="simplify"):
        refactor.find_refactoring("obfuscate")


def test_an_error_elsewhere_does_not_block_an_edit():
    """The file did not parse before; the rewrite is judged by whether it makes that worse."""
    plan = plan_for("y = 1", "def broken(:\n    pass\n\n\ny = 1\n")
    assert refactor.read_rewrite(plan, finished("y = 2\n")).new_region == "y = 2\n"


def test_a_bad_setting_is_reported_and_the_default_used():
    settings, problems = parse_settings(
        {"mode": "magic", "inline": {"maxTokens": 9999, "enabled": False}, "edit.deadlineS": 5, "model": None, "dtype": 3}
    )
    assert settings == Settings(inline_enabled=False, edit_deadline_s=5)
    assert [problem.split(":")[0] for problem in problems] == ["seed.mode", "seed.dtype", "seed.inline.maxTokens"]
    assert parse_settings(None) == (Settings(), [])
    assert parse_settings([1])[1] == ["the settings section seed is no object; the defaults are used"]


def test_the_readme_has_the_current_settings_table():
    from pathlib import Path

    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert settings_table() in readme, "paste the output of: python -c 'from seed_lsp.settings import *; print(settings_table())'"


def test_what_is_left_of_a_suggestion():
    """Typing along is answered only while the document is the old one with the suggestion's beginning in it."""
    before = Document("file:///a.py", "x = \ny = 2\n", 1)
    suggestion = Suggestion.at(before, CharOffset(4), "make(1)\nz")

    def rest(text: str, cursor: int, uri: str = "file:///a.py") -> str:
        return suggestion.rest(Document(uri, text, 2), CharOffset(cursor))

    assert rest("x = \ny = 2\n", 4) == "make(1)\nz"
    assert rest("x = ma\ny = 2\n", 6) == "ke(1)\nz"
    assert rest("x = make(1)\n\ny = 2\n", 12) == "z"
    assert rest("x = mo\ny = 2\n", 6) == ""
    assert rest("x = ma\ny = 3\n", 6) == ""
    assert rest("w = ma\ny = 2\n", 6) == ""
    assert rest("x = ma\ny = 2\n", 6, uri="file:///b.py") == ""
    assert rest("x = \ny = 2\n", 2) == ""
