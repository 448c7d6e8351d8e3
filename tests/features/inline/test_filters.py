"""What is shown of a model's text: golden cases for each rule, and promises of the rules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from engine.api import MODES, Finished, Mode, Urgency
from seed_lsp.features.inline import completion
from seed_lsp.features.inline.plan import Plan
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CURSOR = "‸"
CASES = tomllib.loads(Path(__file__).with_name("cases.toml").read_text(encoding="utf-8"))["case"]


def plan_of(case: dict[str, Any]) -> Plan:
    text = case["document"]
    document = Document("file:///work/a.py", text.replace(CURSOR, ""), language=case.get("language", "python"))
    return Plan(document, CharOffset(text.index(CURSOR)), automatic=True)


def finished(text: str, reason: str = "stop") -> Finished:
    return Finished(1, text, reason, "verified", 5, 2, 10, 0, 0.1, 0.2, 1, "m", "cpu", "float32")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_golden_case(case: dict[str, Any]):
    """The user sees exactly the part of the model's text that the case shows, or its reason."""
    plan = plan_of(case)
    if "extent" in case:
        assert plan.extent == case["extent"]
    done = completion.nothing_wanted(plan) or completion.read_completion(plan, finished(case["model"], case.get("finish", "stop")))
    assert (done.text, done.reason, done.cut) == (case.get("shown", ""), case.get("reason", "shown"), case.get("cut", False))


@pytest.mark.parametrize("case", [case for case in CASES if "model" in case], ids=lambda case: case["name"])
def test_a_text_that_is_cut_as_it_grows_is_the_same(case: dict[str, Any]):
    """The engine stops as soon as the completion is over, which must not change what is shown."""
    plan, text = plan_of(case), case["model"]
    over = next((i for i in range(len(text) + 1) if completion.is_over(plan, text[:i])), None)
    if over is None:
        return
    whole, cut = (completion.read_completion(plan, finished(one)) for one in (text, text[:over]))
    assert cut == whole


def test_each_reason_has_words():
    """An empty answer always tells its reason, in words for people as well."""
    assert set(completion.REASONS) == set(get_args(completion.Reason))
    assert all(completion.REASONS.values())


def test_asked_for_a_completion_comes_where_none_would_while_typing():
    """A user who asks within a word or a line gets a completion there."""
    for text in ("val‸ue = 1\n", "x = ‸ + other\n"):
        plan = Plan(Document("u", text.replace(CURSOR, ""), language="python"), CharOffset(text.index(CURSOR)))
        assert plan.extent == "line"
        assert completion.nothing_wanted(plan) is None


def test_the_bound_on_chances_is_for_what_nobody_asked_for():
    """A completion that the user asked for comes however unlikely its text is."""
    document = Document("file:///work/a.py", "x = ", language="python")
    settings = Settings(inline_min_chance=30)
    asked, typed = (completion.build_request(Plan(document, CharOffset(4), automatic), settings, 1) for automatic in (False, True))
    assert (asked.sampling.min_chance, typed.sampling.min_chance) == (0.0, 0.3)
    assert (asked.urgency, typed.urgency) == (Urgency.ASKED_FOR, Urgency.TYPING)
    finished_line = Document("file:///work/a.py", "x = f()", language="python")
    request = completion.build_request(Plan(finished_line, CharOffset(7), automatic=True), settings, 1)
    assert request.sampling.min_chance == completion.FINISHED_CHANCE, "there is seldom more to come"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", ["x = ", "x = f()"])
def test_a_request_while_typing_fits_every_mode(mode: Mode, text: str):
    """A user gets completions in every mode.

    The request leaves out a bound that the mode has no use for.
    """
    plan = Plan(Document("file:///work/a.py", text, language="python"), CharOffset(len(text)), automatic=True)
    request = completion.build_request(plan, Settings(mode=mode), 1)
    assert (request.sampling.mode, request.sampling.min_chance > 0) == (mode, mode != "diffusion")


def test_a_string_longer_than_what_is_looked_at_does_not_hide_the_code():
    """Code behind a very long string is still completed as code."""
    text = "def first():\n\treturn 1\n\n\n" + 'HELP = """\n' + "    one\n" * 2000 + '"""\n\n\ndef second():'
    done = completion.read_completion(Plan(Document("u", text, language="python"), CharOffset(len(text))), finished("\n    return 2\n"))
    assert done.text == "\n\treturn 2"


@pytest.mark.parametrize("text", ["\n" * 300_000 + "x = 1\ny" + "\n" * 300_000, '"""' + "    text\n" * 300_000 + '"""\ny = '])
def test_no_key_looks_at_all_lines_of_a_large_file(text: str, monkeypatch: pytest.MonkeyPatch):
    """Looking at all lines would take seconds, in which nothing else is answered."""
    looked_at, line_range = [], Document.line_range

    def counted(document: Document, line: int) -> tuple[CharOffset, CharOffset]:
        looked_at.append(line)
        return line_range(document, line)

    monkeypatch.setattr(Document, "line_range", counted)
    plan = Plan(Document("file:///work/a.py", text, language="python"), CharOffset(len(text.rstrip())), automatic=True)
    assert completion.read_completion(plan, finished("call(1)\nmore(2)")).text
    assert (plan.preceding() or "").strip()
    assert len(looked_at) < 120_000


@pytest.mark.parametrize(
    ("text", "above", "below"),
    [
        ("a\n \n\x0c\n‸b\n\u2028\n\t c\n", "a", "c"),
        ("  a \r\r\n‸\r\n \r  b", "  a ", "b"),
        (" \n‸\n\n", None, None),
        ("‸", None, None),
        ("a‸\nb", None, "b"),
    ],
)
def test_the_lines_around_that_have_text(text: str, above: str | None, below: str | None):
    """Lines without visible text are passed over when the neighbouring lines are looked for."""
    plan = plan_of({"document": text})
    assert (plan.preceding(), plan.following()) == (above, below)
