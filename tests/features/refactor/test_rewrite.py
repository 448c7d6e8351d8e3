"""The checks before a rewrite is applied; without an engine."""

from __future__ import annotations

import pytest

from engine.api import Finished
from seed_lsp.errors import CancelledError, NoChangeError, RejectedResultError, SelectionError
from seed_lsp.features.refactor import registry, rewriting
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import apply_edits


def finished(text: str, reason="stop") -> Finished:
    return Finished(1, text, reason, "verified", 5, 2, 10, 0, 0.1, 0.2, 1, "m", "cpu", "float32")


SOURCE = "def one():\n    return 1\n\n\ndef two(a):\n    b = a\n    return b\n"


def plan_for(selected: str, text: str = SOURCE) -> rewriting.Plan:
    start = text.index(selected)
    document = Document("u", text, 1, "python")
    return rewriting.make_plan(
        document,
        CharOffset(start),
        CharOffset(start + len(selected)),
        rewriting.own_instruction("Give the parameters other names and types."),
        Settings(),
    )


def test_a_good_answer_becomes_edits_inside_the_span():
    """A rewrite changes nothing outside of the selected code."""
    plan = plan_for("def two(a):\n    b = a")
    rewrite = rewriting.read_rewrite(plan, finished("def two(a: int) -> int:\n    b = a\n    return b\n"))
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
    """Half answers, rubbish, foreign code and hidden characters never reach the document."""
    with pytest.raises(error, match=words):
        rewriting.read_rewrite(plan_for("def two(a):\n    b = a"), finished(answer, reason))


def test_bad_selections_are_refused_before_the_model_runs():
    """The user is told at once if there is nothing to rewrite, or too much."""
    document = Document("u", "x\n\n\n" + "y = 1\n" * 5000, 1, "python")
    with pytest.raises(SelectionError, match="no code"):
        rewriting.make_plan(document, CharOffset(1), CharOffset(3), rewriting.own_instruction("x"), Settings())
    with pytest.raises(SelectionError, match="empty"):
        rewriting.make_plan(document, CharOffset(0), CharOffset(1), rewriting.own_instruction(" "), Settings())
    with pytest.raises(SelectionError, match="at most 4096"):
        rewriting.make_plan(document, CharOffset(0), CharOffset(len(document.text)), rewriting.own_instruction("x"), Settings())
    with pytest.raises(SelectionError, match="simplify"):
        registry.find_action("obfuscate")


def test_an_error_elsewhere_does_not_block_an_edit():
    """A file that did not parse before can be edited, unless the rewrite makes it worse."""
    plan = plan_for("y = 1", "def broken(:\n    pass\n\n\ny = 1\n")
    assert rewriting.read_rewrite(plan, finished("y = 2\n")).new_region == "y = 2\n"
