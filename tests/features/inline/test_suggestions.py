"""Answers without the model, and how long to wait before it is asked."""

from __future__ import annotations

from seed_lsp.features.inline.pace import LONGEST_S, Pace
from seed_lsp.features.inline.suggestions import KEPT, Suggestion, Suggestions
from seed_lsp.source.document import CharOffset, Document


def test_what_is_left_of_a_suggestion():
    """The rest of a suggestion is shown only while the user types its beginning, unchanged."""
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


def document(text: str) -> Document:
    return Document("file:///a.py", text, 1)


def test_going_back_finds_the_suggestion_again():
    """An earlier suggestion is shown again without the model, after another one and a deletion."""
    kept = Suggestions()
    kept.add(Suggestion.at(document("x = "), CharOffset(4), "make(1)", 1))
    kept.add(Suggestion.at(document("x = mo"), CharOffset(6), "del()", 2))
    suggestion, rest = kept.find(document("x = ma"), CharOffset(6))
    assert (suggestion.id, rest) == (1, "ke(1)")
    assert kept.find(document("x = z"), CharOffset(5)) is None


def test_a_prepared_suggestion_is_found_when_the_shown_one_is_accepted():
    """A user who accepts a suggestion gets the prepared next one without waiting."""
    kept = Suggestions()
    shown = Suggestion.at(document("x = \n"), CharOffset(4), "make(1)", 1)
    kept.add(shown)
    text, cursor = shown.accepted
    kept.add(Suggestion.at(document(text), cursor, "\ny = 2"))
    suggestion, rest = kept.find(document("x = make(1)\n"), CharOffset(11))
    assert (suggestion.id, rest) == (0, "\ny = 2"), "not shown yet, so it has no number"
    assert kept.show(suggestion, 7).id == 7
    assert kept.by_id(7).text == "\ny = 2"


def test_what_is_remembered_is_bounded_and_forgotten():
    """Suggestions of a closed document, and all but the newest ones, take no memory."""
    kept = Suggestions()
    for i in range(KEPT + 1):
        kept.add(Suggestion.at(document(f"{i} = "), CharOffset(len(f"{i} = ")), "text", i + 1))
    assert kept.by_id(1) is None
    kept.forget("file:///a.py")
    assert kept.by_id(KEPT) is None


def type_keys(pace: Pace, gap: float, count: int = 30) -> None:
    for i in range(count):
        pace.key(i * gap)


def test_who_types_slower_than_the_model_answers_waits_for_nothing():
    """No delay is added if the model answers between two keys."""
    pace = Pace()
    type_keys(pace, 0.4)
    for _ in range(20):
        pace.answered(0.2)
    assert pace.delay("x = a") == 0.0


def test_a_fast_typist_is_not_asked_for_at_each_key():
    """The model is not asked at each key if it cannot answer before the next one."""
    pace = Pace()
    type_keys(pace, 0.1)
    for _ in range(20):
        pace.answered(0.5)
    assert 0.1 < pace.delay("x = a") <= LONGEST_S
    assert pace.delay("x = ") == 0.0, "behind an opening something new begins"
    assert pace.delay("f(") == 0.0


def test_a_pause_is_no_typing():
    """A long pause does not make the user count as a slow typist."""
    pace = Pace()
    type_keys(pace, 0.1)
    pace.key(1000.0)
    for _ in range(20):
        pace.answered(5.0)
    assert pace.delay("a") <= LONGEST_S
