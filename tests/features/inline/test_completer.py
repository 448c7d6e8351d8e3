"""Completions over time, in a session without a server."""

from __future__ import annotations

from seed_lsp.features.inline.completer import Completer
from seed_lsp.source.document import CharOffset, Document
from tests.session_of import session_of

TEXT = "def area(width, height):\n    return "


def completer_of(answer: str):
    document = Document("file:///work/a.py", TEXT, 1, "python", opening=1)
    session, editor, engine = session_of(answer, document)
    return document, session, editor, engine, Completer(session, lambda _document, _cursor: None)


async def test_what_is_typed_along_is_answered_without_the_engine():
    """A suggestion stays on screen while the user types it, and the engine is not asked again."""
    document, _, _, engine, completer = completer_of("width * height\n")
    first = await completer.complete(document, CharOffset(len(TEXT)), automatic=False, current=lambda: True)
    assert first.completion.text == "width * height"
    typed = Document(document.uri, TEXT + "width", 2, "python", opening=1)
    second = await completer.complete(typed, CharOffset(len(typed.text)), automatic=True, current=lambda: True)
    assert (second.completion.text, second.completion.reason, second.id) == (" * height", "typed_along", first.id)
    assert len(engine.asked) == 1
    assert completer.counts.reasons == {"shown": 1, "typed_along": 1}


async def test_a_document_that_changed_meanwhile_gets_no_suggestion():
    """A completion that was made for another version would be put in the wrong place."""
    document, _, _, engine, completer = completer_of("width * height\n")
    still = iter([True, False])
    answer = await completer.complete(document, CharOffset(len(TEXT)), automatic=False, current=lambda: next(still))
    assert (answer.completion.text, answer.completion.reason) == ("", "moved")
    assert len(engine.asked) == 1


async def test_an_excluded_document_never_reaches_the_engine():
    """The text of an excluded document must not be in any prompt."""
    document, session, editor, engine, completer = completer_of("width * height\n")
    session.use_settings({"exclude": ["*.py"]})
    answer = await completer.complete(document, CharOffset(len(TEXT)), automatic=False, current=lambda: True)
    assert (answer.completion.reason, engine.asked) == ("excluded", [])
    assert any("excluded" in str(what) for _, what in editor.said)
