"""Whether an answer looks at the case that was asked for; no engine here."""

from __future__ import annotations

import pytest

from seed_lsp.errors import RejectedResultError
from tests.features.refactor.answers import rewritten

TEXT = '''def cut(text, limit):
    """Cut it."""
    words = text.split()
    return words[:limit]
'''
FIRST = "    words = text.split()\n"


def guard(condition: str, then: str = "return []") -> str:
    return f"    if {condition}:\n        {then}\n{FIRST}"


@pytest.mark.parametrize(
    ("instruction", "new", "words"),
    [
        ("Handle a negative limit.", guard("limit == 0"), "negative"),
        ("Handle empty input.", guard("text is None"), "empty"),
        ("Handle None.", guard("len(text) > 3"), "None"),
        (
            "Raise a ValueError if the text is None.",
            FIRST + guard("text is None", "raise ValueError(text)").replace(FIRST, ""),
            "only after",
        ),
        ("Log the words.", FIRST + "    print(words)\n", "nothing that logs"),
        ("Print the words.", FIRST + "    len(words)\n", "nothing that prints"),
        ("Support a negative limit.", guard("limit < 0", "raise ValueError(limit)"), "is to be supported"),
        ("Handle empty input.", FIRST + "    if text not in ('a', 'b'):\n        limit = 0\n", "empty"),
    ],
)
def test_what_misses_the_case_is_refused(instruction: str, new: str, words: str):
    """An answer that looks at something else, or too late, is never applied."""
    with pytest.raises(RejectedResultError, match=words):
        rewritten(TEXT, TEXT.replace(FIRST, new), instruction=instruction)


@pytest.mark.parametrize(
    ("instruction", "new"),
    [
        ("Handle a negative limit.", guard("limit < 0")),
        ("Handle empty input.", guard("not text")),
        ("Handle empty input.", guard("len(text) == 0")),
        ("Handle None.", guard("text is None")),
        ("Raise a ValueError if the text is None.", guard("text is None", "raise ValueError(text)")),
        ("Return an empty list if there are no words.", FIRST + "    if not words:\n        return []\n"),
        ("Log the words.", FIRST + "    log.info(words)\n"),
        ("Print the words.", FIRST + "    print(words)\n"),
    ],
)
def test_what_looks_at_the_case_is_taken(instruction: str, new: str):
    """A check of the right thing in the right place is applied."""
    head, answer = "from app import log\n\n\n", TEXT.replace(FIRST, new)
    assert rewritten(head + TEXT, answer, TEXT, instruction) == head + answer


def test_the_one_thing_is_returned():
    """Who asks for the limit does not get something like it."""
    with pytest.raises(RejectedResultError, match="nothing called limit"):
        rewritten(TEXT, TEXT.replace("words[:limit]", "words"), instruction="Return the limit.")
    answer = TEXT.replace("words[:limit]", "words and limit")
    assert rewritten(TEXT, answer, instruction="Return the limit.") == answer


def test_a_loop_that_was_to_become_something_else_is_gone():
    """A loop that stays was not turned into anything."""
    text = "def f(a):\n    b = []\n    for c in a:\n        b.append(c)\n    return b\n"
    with pytest.raises(RejectedResultError, match="left the loop"):
        rewritten(text, text.replace("return b", "return [c for c in b]"), instruction="Turn the loop into a comprehension.")
    answer = "def f(a):\n    b = [c for c in a]\n    return b\n"
    assert rewritten(text, answer, instruction="Turn the loop into a comprehension.") == answer
