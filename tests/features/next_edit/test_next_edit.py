"""Histories, candidates, and the checks before a next edit is shown; without an engine."""

from __future__ import annotations

import pytest

from engine.api import Finished, Urgency
from seed_lsp.features.next_edit import prediction
from seed_lsp.features.next_edit.candidates import Candidate, find_candidates, likeness, replacements
from seed_lsp.features.next_edit.reports import with_reports
from seed_lsp.session.history import MOST_CHARS, NEAR_LINES, PAUSE_S, Change, EditHistory, changes_between
from seed_lsp.session.settings import Settings
from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import CharOffset, Document

URI = "file:///work/a.py"


def document(text: str, version: int = 1) -> Document:
    return Document(URI, text, version, "python")


def just_changed(before: str, after: str) -> tuple[Document, list[Change]]:
    return document(after), changes_between(before, after, URI)


def finished(text: str, reason: str = "stop") -> Finished:
    return Finished(1, text, reason, "verified", 5, 2, 10, 0, 0.1, 0.2, 1, "m", "cpu", "float32")


# --- the history


def typed(history: EditHistory, texts: list[str], lines: list[int], times: list[float]) -> Document:
    history.opened(document(texts[0]), times[0])
    for before, line, at in zip(texts, lines, times[1:], strict=False):
        history.changed(document(before), line, at)
    return document(texts[-1])


def test_keys_become_one_change():
    """Keys typed one after the other in one place are one change to learn from."""
    history = EditHistory()
    now = typed(history, ["a = 1\nb = 2\n", "a = 1\nbe = 2\n", "a = 1\nbet = 2\n", "a = 1\nbeta = 2\n"], [1, 1, 1], [0, 1, 1.2, 1.4])
    [change] = history.recent(now)
    assert (change.line, change.before, change.after, change.above) == (1, ("b = 2",), ("beta = 2",), "a = 1")
    assert change.diff == " a = 1\n-b = 2\n+beta = 2"


def test_a_pause_or_another_place_begins_a_new_change():
    """Two changes far apart, in time or in place, are not taken for one."""
    source = "\n".join(f"line{i} = {i}" for i in range(30))
    for line, at in ((3, PAUSE_S + 2), (3 + NEAR_LINES + 1, 1.5)):
        history = EditHistory()
        first = source.replace("line3 ", "row3 ")
        second = first.replace(f"line{line + 1} ", f"row{line + 1} ")
        now = typed(history, [source, first, second], [3, line + 1], [0, 1, at])
        newest, older = history.recent(now)
        assert (newest.after, older.after) == ((f"row{line + 1} = {line + 1}",), ("row3 = 3",))


def test_what_was_undone_is_no_change():
    """A change that the user took back proposes no next edit."""
    history = EditHistory()
    now = typed(history, ["a = 1\n", "ab = 1\n", "a = 1\n"], [0, 0], [0, 1, 2])
    assert history.recent(now) == []


def test_a_paste_is_no_edit_to_learn_from():
    """A large paste proposes no next edit."""
    history = EditHistory()
    now = typed(history, ["a = 1\n", "a = 1\n" + "x = 1\n" * MOST_CHARS], [0], [0, 1])
    assert history.recent(now) == []


def test_a_closed_document_is_forgotten():
    """Changes of a closed document propose no next edit."""
    history = EditHistory()
    now = typed(history, ["a = 1\n", "b = 1\n"], [0], [0, 1])
    history.closed(URI)
    assert history.recent(now) == []


# --- candidates


@pytest.mark.parametrize(
    ("name", "before", "after", "found"),
    [
        ("a name at another place", "a = area(1)\nb = area(2)\n", "a = size(1)\nb = area(2)\n", {1: "b = size(2)"}),
        ("the same line once more", "x = 1\ny = 2\nx = 1\n", "x = 3\ny = 2\nx = 1\n", {2: "x = 3"}),
        ("the same line, indented", "log(a)\nif b:\n    log(a)\n", "logger.info(a)\nif b:\n    log(a)\n", {2: "    logger.info(a)"}),
        ("an argument put in", "f(a, 1)\ng()\nf(a, 2)\n", "f(a, 1, key=None)\ng()\nf(a, 2)\n", {2: "f(a, 2, key=None)"}),
        ("an argument that is there already", "f(1)\nf(2, key=None)\n", "f(1, key=None)\nf(2, key=None)\n", {}),
        ("an argument of an inner call", "g(f(1), 2)\nh(f(3), 4)\n", "g(f(1, 0), 2)\nh(f(3), 4)\n", {1: "h(f(3, 0), 4)"}),
        ("a keyword's new name", "f(x, old=1)\nf(y, old=2)\n", "f(x, new=1)\nf(y, old=2)\n", {1: "f(y, new=2)"}),
        ("a word that says nothing needs its company", "a = None\nb = None\nreturn None\n", "a = 0\nb = None\nreturn None\n", {}),
        ("a part of a word is another word", "area = 1\nareas = 2\n", "size = 1\nareas = 2\n", {}),
        ("nothing else in the file", "a = 1\nb = 2\n", "a = 3\nb = 2\n", {}),
    ],
)
def test_places_where_a_change_recurs(name: str, before: str, after: str, found: dict[int, str]):
    """A change is proposed wherever the same code stands, and nowhere else."""
    candidates = find_candidates(*just_changed(before, after))
    assert {c.line: c.proposal for c in candidates if c.proposal is not None} == found, name


def test_the_users_own_edit_is_not_undone():
    """A word that an older change took away elsewhere is not put back there."""
    text = "a = new(1)\nb = old(2)\n"
    changes = [Change(URI, 0, ("a = old(1)",), ("a = new(1)",)), Change(URI, 1, ("b = new(2)",), ("b = old(2)",))]
    assert [c for c in find_candidates(document(text), changes) if c.proposal is not None] == []


def test_another_documents_change_has_no_place_here():
    """A change in one document is not proposed in another one."""
    [change] = changes_between("a = area(1)\n", "a = size(1)\n", "file:///work/other.py")
    assert find_candidates(document("b = area(2)\n"), [change]) == []


def test_replacements_are_words():
    """What recurs of a change is the replaced words, with their neighbours."""
    [one] = replacements("value = compute(old_name, 1)", "value = compute(new_name, 1)")
    assert (one.old, one.new, one.left, one.right) == ("old_name", "new_name", "compute(", ",")
    assert replacements("a b c d", "e f g h") == [], "lines that have nothing in common were not changed into one another"
    assert likeness("f(a)", "f(a)") == 1.0


# --- what is shown

BEFORE = "a = area(1)\nb = area(2)\nc = other(3)\n"
AFTER = BEFORE.replace("area(1)", "size(1)")


def read(text: str, reason: str = "stop", gate: prediction.Gate = "agreement") -> prediction.Prediction:
    now, changes = just_changed(BEFORE, AFTER)
    [candidate] = [c for c in find_candidates(now, changes) if c.proposal is not None]
    return prediction.read_prediction(now, candidate, changes, finished(text, reason), gate)


def test_a_model_that_agrees():
    """A proposal that the model makes as well is shown, as an edit of that line alone."""
    shown = read("a = size(1)\nb = size(2)\nc = other(3)\n")
    assert shown.verdict == "shown"
    assert (AFTER[shown.edit.start : shown.edit.end], shown.edit.text) == ("b = area(2)\n", "b = size(2)\n")


@pytest.mark.parametrize(
    ("text", "reason", "gate", "verdict"),
    [
        ("a = size(1)\nb = area(2)\nc = other(3)\n", "stop", "agreement", "unchanged"),
        ("a = size(1)\nb = si", "length", "agreement", "unfinished"),
        ("a = size(1)\nb = si", "deadline", "agreement", "unfinished"),
        ("a = size(1)\nb = extent(2)\nc = other(3)\n", "stop", "agreement", "disagrees"),
        ("a = size(1)\nb = area(2)\nc = size(3)\n", "stop", "agreement", "elsewhere"),
        ("a = size(1)\na = area(1)\nc = other(3)\n", "stop", "model", "undoes"),
        ("a = size(1)\nb = size((2)\nc = other(3)\n", "stop", "model", "errors"),
        ("a = size(1)\n" + "b = size(2)  # and so on and on and on\n" * 9 + "c = other(3)\n", "stop", "model", "too_large"),
        ("a = size(1)\nb = extent(2)\nc = other(3)\n", "stop", "model", "shown"),
    ],
)
def test_what_speaks_against_an_edit(text: str, reason: str, gate: prediction.Gate, verdict: prediction.Verdict):
    """Nothing is shown if the model disagrees, is unfinished, or changes something else."""
    found = read(text, reason, gate)
    assert found.verdict == verdict
    assert (found.edit is None) == (verdict != "shown")


def test_the_request_shows_the_change_and_drafts_from_the_proposal():
    """The model sees the user's change, and the proposal drafts its answer."""
    now, changes = just_changed(BEFORE, AFTER)
    request = prediction.build_request(now, find_candidates(now, changes)[0], changes, Settings(), 1)
    assert "a = area(1)" in request.instruction
    assert "a = size(1)" in request.instruction
    assert request.region == AFTER
    assert request.guess == AFTER.replace("area(2)", "size(2)")
    assert request.urgency is Urgency.OFFER


def test_line_breaks_and_the_files_end_are_kept():
    """A next edit keeps CRLF line breaks, and adds no line break at the end."""
    text = AFTER.replace("\n", "\r\n").removesuffix("\r\n")
    edit = prediction.proposed(document(text), Candidate(1, "b = size(2)", 1.0))
    assert text[: edit.start] + edit.text + text[edit.end :] == text.replace("area(2)", "size(2)")
    last = prediction.proposed(document(text), Candidate(2, "c = more(3)", 1.0))
    assert text[: last.start] + last.text == text.replace("other", "more")


# --- what the editor's diagnostics add

FETCH = "def fetch(url):\n    return url\n\n\na = fetch('x')\nb = other('y')\n"
FETCH_MORE = FETCH.replace("(url)", "(url, timeout)")


def report_at(text: str, piece: str, message: str) -> Diagnostic:
    return Diagnostic(CharOffset(text.index(piece)), CharOffset(text.index(piece) + len(piece)), message)


@pytest.mark.parametrize(
    ("piece", "message", "places"),
    [
        ("fetch('x')", 'Argument missing for parameter "timeout"', [(4, "a = fetch('x', timeout)"), (4, None)]),
        ("fetch", "Expected 2 arguments, but got 1.", []),
        ("')\nb", "not enough arguments in call", [(4, "a = fetch('x', timeout)"), (4, None)]),
        ("other('y')", "No argument provided for required parameter `timeout` of function `fetch`", [(5, None)]),
        ("other('y')", "`other` is not defined", []),
    ],
    ids=["the message names it", "on the line just changed", "the line names it", "ty's words", "of something else"],
)
def test_places_that_diagnostics_name(piece: str, message: str, places: list[tuple[int, str | None]]):
    """A diagnostic leads to the places that the last change made wrong, and to no others."""
    now, changes = just_changed(FETCH, FETCH_MORE)
    found = with_reports([], now, changes, [report_at(FETCH_MORE, piece, message)])
    assert [(c.line, c.proposal, c.report) for c in found] == [(*place, message) for place in places]


def test_an_older_change_may_fit_what_is_reported():
    """The example for the model is the older change that shows what becomes of the reported name.

    The newest change only removed the import.
    """
    text = "from typing import Optional\na: int | None = 1\nb: Optional[str] = ''\n"
    older = Change(URI, 1, ("a: Optional[int] = 1",), ("a: int | None = 1",))
    newest = Change(URI, 0, ("from typing import Optional",), ("",))
    now = document(text.replace("from typing import Optional", ""))
    report = report_at(now.text, "Optional", "Name `Optional` used when not defined")
    [candidate, _] = with_reports(find_candidates(now, [newest, older]), now, [newest, older], [report])
    assert (candidate.line, candidate.proposal, candidate.change) == (2, "b: str | None = ''", 1)
    assert "a: Optional[int] = 1" in prediction.build_request(now, candidate, [newest, older], Settings(), 1).instruction


def test_a_report_puts_a_candidate_first():
    """A place that the editor reports comes before places without a report."""
    text = "a = area(1)\nb = area(2)\nc = area(3)\n"
    now, changes = just_changed(text, text.replace("area(1)", "size(1)"))
    found = with_reports(find_candidates(now, changes), now, changes, [report_at(now.text, "area(3)", "`area` is not defined")])
    assert [(c.line, c.proposal) for c in found] == [(2, "c = size(3)"), (1, "b = size(2)"), (2, None)]


@pytest.mark.parametrize(
    ("line", "reason", "verdict"),
    [
        ("a = fetch('x', 10)\n", "stop", "shown"),
        ("a = fetch('x')\n", "stop", "unchanged"),
        ("a = fe", "unsure", "unsure"),
        ("a = fetch('x', 10)\nb = other('y', 10)\n", "stop", "shown"),
        ("a = fetch('x',\n          10)\n", "stop", "elsewhere"),
        ("answer = fetch('x')\n", "stop", "disagrees"),
        ("a = fetch('x', 10\n", "stop", "errors"),
    ],
)
def test_what_is_shown_of_a_reported_line(line: str, reason: str, verdict: prediction.Verdict):
    """Only a reported line itself is changed, and only if the model is sure."""
    now, changes = just_changed(FETCH, FETCH_MORE)
    [_, candidate] = with_reports([], now, changes, [report_at(FETCH_MORE, "fetch('x')", "a timeout is missing from 'fetch'")])
    request = prediction.build_request(now, candidate, changes, Settings(), 1)
    assert "a timeout is missing from 'fetch'" in request.instruction
    assert request.sampling.min_chance == prediction.REPORTED_CHANCE
    assert prediction.build_request(now, candidate, changes, Settings(mode="diffusion"), 1).sampling.min_chance == 0.0
    text = request.region.replace("a = fetch('x')\n", line).removesuffix("b = other('y')\n" if "other" in line else "")
    read = prediction.read_prediction(now, candidate, changes, finished(text, reason))
    assert read.verdict == verdict
    # Nothing was reported for the lines around it.
    assert (read.edit.text if read.edit else None) == ("a = fetch('x', 10)\n" if verdict == "shown" else None)


def test_a_change_cannot_end_the_block_that_shows_it():
    """The model sees a whole change, also if the change holds backticks."""
    now, changes = just_changed("a = '```old```'\nb = '```old```'\n", "a = '```new```'\nb = '```old```'\n")
    [candidate] = [c for c in find_candidates(now, changes) if c.proposal is not None]
    request = prediction.build_request(now, candidate, changes, Settings(), 1)
    assert "````python\na = '```old```'\n````\nto\n````python\na = '```new```'\n````" in request.instruction


def test_white_space_of_a_string_is_no_next_edit():
    """White space in a string that the model left out is put back, beside a candidate as well."""
    before = 'a = area(1)\nb = area("""\n  \n""")\n'
    now, changes = just_changed(before, before.replace("area(1)", "size(1)"))
    [candidate] = [c for c in find_candidates(now, changes) if c.proposal is not None]
    for gate in ("agreement", "model"):
        shown = prediction.read_prediction(now, candidate, changes, finished('a = size(1)\nb = size("""\n\n""")\n'), gate)
        assert shown.verdict == "shown"
        assert now.text[: shown.edit.start] + shown.edit.text + now.text[shown.edit.end :] == before.replace("area", "size")
