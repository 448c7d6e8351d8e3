"""Instructions about a whole call."""

from __future__ import annotations

import pytest

from seed_lsp.errors import SelectionError
from tests.features.refactor.intents.insertions.understanding import done, understood

TEXT = '''\
import time


def join(parts, end=None):
    """Join them."""

    # Why.
    text = """a
  b"""
    for part in parts: text += part
    return text + end
    # The end.


NEXT = 1
'''


def wrapped(before: str, after: str) -> str:
    return f'''\
import time


def join(parts, end=None):
    """Join them."""

    {before}
    try:
        # Why.
        text = """a
  b"""
        for part in parts: text += part
        return text + end
        # The end.
    finally:
        {after}


NEXT = 1
'''


SELECTED = TEXT[TEXT.index("def join") : TEXT.index("    # The end")]
TIMED = ("started = time.perf_counter()", 'print(f"join took {time.perf_counter() - started:.3f} s")')


@pytest.mark.parametrize(
    ("instruction", "lines"),
    [
        ("print how long the function takes", TIMED),
        ("Measure how long it takes to run and print it.", TIMED),
        ("please print the elapsed time", TIMED),
        ("time this function and print the duration", TIMED),
        ("print on entry and exit", ('print("entering join")', 'print("leaving join")')),
        ("print a message when it starts and ends", ('print("entering join")', 'print("leaving join")')),
    ],
)
def test_what_is_told_is_told_however_the_call_ends(instruction: str, lines: tuple[str, str]):
    """The body stands in a try, with its comments and without a change in its strings."""
    assert done(TEXT, instruction, selected=SELECTED) == wrapped(*lines)


def test_a_log_brings_its_imports():
    """Both modules are imported, and the level is the one that is named."""
    assert done("def f():\n    return g()\n", "log how long it takes at info level") == (
        "import logging\nimport time\n\n\ndef f():\n    started = time.perf_counter()\n    try:\n        return g()\n"
        '    finally:\n        logging.getLogger(__name__).info("f took %.3f s", time.perf_counter() - started)\n'
    )


@pytest.mark.parametrize(
    "instruction",
    [
        "log the time",
        "print how long each loop takes",
        "log entry and exit and the result",
        "log how long it takes at purple level",
        "add logging",
    ],
)
def test_words_that_say_more_are_left_to_the_model(instruction: str):
    """What is not understood to its last word is not done in part."""
    assert not understood("def f():\n    return g()\n", instruction)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f():\n    yield 1\n", "is a generator"),
        ("def f(): return 1\n", "shares its line"),
        ("from time import time\n\n\ndef f():\n    return time()\n", "has another meaning"),
    ],
)
def test_what_cannot_be_done_is_said(text: str, reason: str):
    """The reason is said."""
    with pytest.raises(SelectionError, match=reason):
        done(text, "print how long the function takes")
