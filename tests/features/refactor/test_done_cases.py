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


BODY = '''def store(path, rows, mode=None):
    """Store them."""
    text = encode(rows)
    if mode == "all":
        return clear(path)
    write(path, text)
    return text
'''
HEAD = "from app import clear, encode, log, write\n\n\n"
TRY = """    try:
        text = encode(rows)
        if mode == "all":
            return clear(path)
        write(path, text)
"""
EXCEPT = "    except OSError:\n        log(path)\n        raise\n"
OLD = BODY.split('"""\n', 1)[1]


@pytest.mark.parametrize(
    ("instruction", "old", "new", "words"),
    [
        ("Log the path before writing it.", "    return text", "    log(path)\n    return text", "before the place"),
        ("Log the path after encoding.", "    text = encode", "    log(path)\n    text = encode", "after the place"),
        ("Wrap the body in try/except OSError and log the path.", OLD, TRY + EXCEPT + "    return text\n", "left return text outside"),
        ("Return None instead of the text.", "return clear(path)", "return None", "left text"),
        ("Make mode keyword-only.", "        return clear(path)", "        mode = None\n        return clear(path)", "keyword-only"),
        ("Add a comment above each return.", "    return text", "    # The text.\n    return text", r"above return clear"),
        ("Cache this.", "    text =", "    if mode is None:\n        mode = 1\n    text =", "nothing of what"),
        ("Cache this.", "    text =", "    if not rows:\n        raise TypeError(rows)\n    text =", "raise an exception"),
    ],
)
def test_what_does_something_else_is_refused(instruction: str, old: str, new: str, words: str):
    """An answer does what was asked for where that was asked for, and nothing in its place."""
    assert old in BODY
    with pytest.raises(RejectedResultError, match=words):
        rewritten(HEAD + BODY, BODY.replace(old, new), BODY, instruction)


@pytest.mark.parametrize(
    ("instruction", "old", "new"),
    [
        ("Log the path before writing it.", "    write", "    log(path)\n    write"),
        ("Log the path after encoding.", "    if mode", "    log(path)\n    if mode"),
        ("Wrap the body in try/except OSError and log the path.", OLD, TRY + "        return text\n" + EXCEPT),
        ("Return None instead of the text.", "return text", "return None"),
        ("Make mode keyword-only.", "rows, mode", "rows, *, mode"),
        (
            "Add a comment above each return.",
            "        return clear(path)\n    write(path, text)\n",
            "        # Nothing is left.\n        return clear(path)\n    write(path, text)\n    # The text.\n",
        ),
        ("Use mode 1 unless there is one.", "    text =", "    if mode is None:\n        mode = 1\n    text ="),
        ("Check that there are rows.", "    text =", "    if not rows:\n        raise TypeError(rows)\n    text ="),
    ],
)
def test_what_does_as_it_was_told_is_taken(instruction: str, old: str, new: str):
    """The checks do not stand in the way of a right answer."""
    assert old in BODY
    answer = BODY.replace(old, new)
    assert rewritten(HEAD + BODY, answer, BODY, instruction) == HEAD + answer
