"""A docstring of one line: its first sentence, or the model's words where that does not fit."""

from __future__ import annotations

import asyncio

import pytest

from seed_lsp.errors import SeedError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Selection
from seed_lsp.source.document import CharOffset, Document
from tests.features.refactor.acting import select
from tests.features.refactor.intents.asking import asked, body, proposed
from tests.features.refactor.tools import ScriptedTools, says

WORDS = "shorten the docstring to one line"
SHORTENED = [
    (body('"""Do it.', "", "It is done.", '"""', "return 1"), body('"""Do it."""', "return 1")),
    (body('"""', "Do it now. And then", "that.", '"""'), body('"""Do it now."""')),
    (body("r'''Do `\\d`", "   so.", "   '''  # why", "return 1"), body("r'''Do `\\d` so.'''  # why", "return 1")),
    (body('"""Do it', "", ":param a: a", '"""', "# a", "return 1"), body('"""Do it"""', "# a", "return 1")),
    (body('"""Do it, e.g. A or', "so. Not C.", '"""'), body('"""Do it, e.g. A or so."""')),
    (body('"""\\', 'Do "it"', '"""'), body('"""Do "it"."""')),
    ('class C:\r\n    """Hold it.\r\n\r\n    So.\r\n    """\r\n', 'class C:\r\n    """Hold it."""\r\n'),
]


@pytest.mark.parametrize(("before", "after"), SHORTENED)
def test_the_first_sentence_is_the_docstring(before: str, after: str):
    """The words are those that were there, and nothing but the docstring changes."""
    assert asked(WORDS, before) == after


@pytest.mark.parametrize("column", [0, 2, 4, 8])
def test_a_bare_cursor_stands_for_its_line(column: int):
    """The function on the cursor's line is meant, not the class around, wherever the cursor is."""
    text = 'class C:\n    """Hold it.\n\n    So.\n    """\n\n    def f(self):\n        """Do it.\n\n        Then.\n        """\n'
    at = CharOffset(text.index("    def f") + column)
    document = Document("u", text, 1, "python")
    made = asyncio.run(registry.run(registry.OWN, Selection(document, at, at), WORDS, ScriptedTools(says(""))))
    assert made.new_text(document) == text.replace('"""Do it.\n\n        Then.\n        """', '"""Do it."""')


@pytest.mark.parametrize("end", ["\r\n", "  # why\n"])
def test_the_last_line_lies_in_its_function(end: str):
    """The docstring around a selection is found, whatever its last line ends with."""
    text = f'def f():\n    """Do it.\n\n    So.\n    """\n    return 1{end}'
    assert asked(WORDS, text, "return 1") == f'def f():\n    """Do it."""\n    return 1{end}'


REFUSED = [
    (body('"""Do it."""'), "one line already"),
    (body("return 1"), "there is no docstring here"),
    ("x = 1\n", "there is no docstring here"),
    (body('"""Do it. """ """', 'So."""'), "put together of several strings"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_cannot_be_shortened_is_refused_in_words(text: str, words: str):
    """The user reads why nothing changed."""
    with pytest.raises(SeedError, match=words):
        asked(WORDS, text)


def test_one_docstring_is_the_outer_one_and_several_are_all():
    """A class's docstring is meant by the singular, those of its methods as well by the plural."""
    inner = body('"""Do it.', "", "So.", '"""', header="    def f(self):").replace("\n    ", "\n        ").rstrip() + "\n"
    text = f'class C:\n    """Hold it.\n\n    So.\n    """\n\n{inner}'
    once = text.replace('"""Hold it.\n\n    So.\n    """', '"""Hold it."""')
    assert asked(WORDS, text) == once
    assert asked("shorten all docstrings to one line", text) == once.replace('"""Do it.\n\n        So.\n        """', '"""Do it."""')


LONG = "word " * 40 + "end."


def test_the_model_writes_what_is_too_long():
    """A sentence that fits on no line is written anew between the quotes; the code stays."""
    text = body(f'"""{LONG}', "", "So.", '"""', "return items")
    selection, tools = select(text), ScriptedTools(says("Return the items."))
    proposal = asyncio.run(registry.run(registry.OWN, selection, WORDS, tools))
    assert proposal.new_text(selection.document) == body('"""Return the items."""', "return items")
    assert LONG not in tools.asked[0].prefix + tools.asked[0].suffix
    assert tools.shown == []


def test_nothing_but_the_docstring_is_the_region():
    """The region is what may change, and no more."""
    text = body('"""Do it.', "", "So.", '"""', "return items")
    proposal, _ = proposed(WORDS, text)
    assert text[proposal.span.start : proposal.span.end] == '"""Do it.\n\n    So.\n    """'
