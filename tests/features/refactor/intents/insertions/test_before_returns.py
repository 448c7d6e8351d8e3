"""Instructions about what a function returns."""

from __future__ import annotations

import pytest

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.action import Proposal
from tests.features.refactor.acting import select
from tests.features.refactor.intents.insertions.understanding import done, proposed, silent, understood
from tests.features.refactor.tools import ScriptedTools, says

TEXT = """\
def find(items, key):
    for one in items:
        if one.key == key:
            return one
        if one.ends: return  # nothing
    def inner():
        return 1
    return max(
        items,
        key=inner,
    )  # the last
"""


def with_lines(of_name: str, of_none: str, of_value: str) -> str:
    return f"""\
def find(items, key):
    for one in items:
        if one.key == key:
            {of_name}
            return one
        if one.ends:
            {of_none}
    def inner():
        return 1
    result = max(
        items,
        key=inner,
    )  # the last
    {of_value}
    return result
"""


@pytest.mark.parametrize(
    ("instruction", "statement"),
    [
        ("print the result before returning it", "print({})"),
        ("Before each return, print the return value.", "print({})"),
        ("call items.append with the result right before it is returned", "items.append({})"),
        ("add a print of what the function returns", "print({})"),
        ("print what it returns", "print({})"),
        ("keep the result in a variable and print it before returning", "print({})"),
        ("every returned value should be printed before it is returned", "print({})"),
        ("let it print whatever is going to be returned", "print({})"),
        ("insert a print statement with the returned value before every return statement", "print({})"),
    ],
)
def test_each_return_is_preceded(instruction: str, statement: str):
    """Values get a name of their own, names and constants are used as they are, and inner functions
    are left alone.
    """
    wanted = with_lines(statement.format("one"), f"{statement.format('None')}\n            return  # nothing", statement.format("result"))
    assert done(TEXT, instruction) == wanted


def test_an_assertion_is_made_of_a_name():
    """Constants, too, are stored first, and a note says where the assertion fails."""
    selection = select(TEXT)
    made = proposed(selection, "assert that the result is not None before returning", ScriptedTools(silent))
    assert isinstance(made, Proposal)
    none = "result = None  # nothing\n            assert result is not None\n            return result"
    assert made.new_text(selection.document) == with_lines("assert one is not None", none, "assert result is not None")
    assert "line 5" in made.note


@pytest.mark.parametrize(
    "instruction",
    [
        "log the result with logging.getLogger(__name__).info before returning it",
        "use the logging module to log the result at info level before it is returned",
        "before each return, info-log the return value",
        "log the result before returning it, with level info",
    ],
)
def test_a_log_with_its_logger(instruction: str):
    """Level and logger are those that are named, and the module is imported."""
    made = done("def f(a):\n    return a + 1\n", instruction)
    assert made == (
        'import logging\n\n\ndef f(a):\n    result = a + 1\n    logging.getLogger(__name__).info("f returned %r", result)\n    return result\n'
    )


def test_a_taken_name_is_avoided():
    """The name for the value is one that the function does not use."""
    made = done("def f(a):\n    result = a()\n    return result + 1\n", "print the result before returning")
    assert made == "def f(a):\n    result = a()\n    returned = result + 1\n    print(returned)\n    return returned\n"


def test_what_does_not_concern_the_result_leaves_the_returns():
    """No value is stored where none is needed."""
    made = done("def f(a):\n    if a: return a()\n    return\n", "print 'done' before each return")
    assert made == 'def f(a):\n    if a:\n        print("done")\n        return a()\n    print("done")\n    return\n'


def test_the_model_s_statement_stands_before_each_return():
    """It is asked once, and its statement used again."""
    text = "def f(a, log):\n    if a:\n        return a()\n    return 1\n"
    made = done(text, "record the result in log before returning", says("log.append(result)"))
    assert made == (
        "def f(a, log):\n    if a:\n        result = a()\n        log.append(result)\n        return result\n"
        "    result = 1\n    log.append(result)\n    return result\n"
    )


@pytest.mark.parametrize(
    "instruction",
    [
        "sort the result before returning it",
        "log the result and cache it before returning",
        "return the result early",
        "print each item before returning the list",
        "remove the print before the return",
        "document the result",
        "log the result of the call of max",
    ],
)
def test_words_that_say_more_are_left_to_the_model(instruction: str):
    """What is not understood to its last word is not done in part."""
    assert not understood(TEXT, instruction)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(a):\n    a()\n", "has no return"),
        ("def f(a):\n    if a:\n        return\n    a()\n", "returns no value"),
        ("def f(a):\n    yield a\n    return\n", "is a generator"),
    ],
)
def test_without_a_result_there_is_nothing_to_do(text: str, reason: str):
    """The reason is said."""
    with pytest.raises(SelectionError, match=reason):
        done(text, "log the result before returning it")
