"""Instructions that put a statement at the start of a function."""

from __future__ import annotations

import pytest

from seed_lsp.errors import NoChangeError, RejectedResultError, SelectionError
from seed_lsp.features.refactor.action import Proposal
from tests.features.refactor.acting import select
from tests.features.refactor.intents.insertions.understanding import done, proposed, silent, understood
from tests.features.refactor.tools import ScriptedTools, says

HEAD = 'def area(width, height=None, *, unit="m"):\n    """Compute it."""\n\n'
BODY = "    # The product.\n    return width * (height or width)\n"


def guarded(condition: str, statement: str) -> str:
    return f"    if {condition}:\n        {statement}\n"


@pytest.mark.parametrize(
    ("instruction", "lines"),
    [
        ("raise a ValueError if the first parameter is None", guarded("width is None", 'raise ValueError("width must not be None")')),
        ("Raise ValueError when width is negative or zero.", guarded("width < 0 or width == 0", 'raise ValueError("width must not be negative and must not be zero")')),
        ("if height is given and width is 0, return None", guarded("height is not None and width == 0", "return None")),
        ("return an empty list early if unit is empty", guarded("not unit", "return []")),
        ("Check that width is an int and raise a TypeError otherwise", guarded("not isinstance(width, int)", 'raise TypeError("width must be an int")')),
        ("ensure that height is positive", guarded("height is not None and height <= 0", 'raise ValueError("height must be positive")')),
        ("raise ValueError('no area') if any of the arguments is None", guarded("width is None or unit is None", "raise ValueError('no area')")),
        ("raise a TypeError if unit is neither a string nor a list", guarded("not isinstance(unit, (str, list))", 'raise TypeError("unit must be a string or a list")')),
        ("raise a ValueError if unit is empty or longer than 3", guarded("not unit or len(unit) > 3", 'raise ValueError("unit must not be empty and must be at most 3 long")')),
        ("return None if unit starts with '-'", guarded("unit.startswith('-')", "return None")),
        ("print the width if unit is empty", guarded("not unit", "print(width)")),
        ("raise a value error if any argument is None", guarded("width is None or unit is None", 'raise ValueError("arguments must not be None")')),
        ("raise a ValueError with the message 'too wide' if `width > 99`", guarded("width > 99", 'raise ValueError("too wide")')),
        ("add a guard that raises a TypeError unless unit is a string", guarded("not isinstance(unit, str)", 'raise TypeError("unit must be a string")')),
        ("assert that width is not None at the beginning of the function", "    assert width is not None\n"),
        ("At the start, print the width", "    print(width)\n"),
        ("print the arguments", '    print(f"area(width={width!r}, height={height!r}, unit={unit!r})")\n'),
        ("reject a negative width with a ValueError", guarded("width < 0", 'raise ValueError("width must not be negative")')),
        ("it should fail with a TypeError when called with None as the first argument (after self)", guarded("width is None", 'raise TypeError("width must not be None")')),
        ("do nothing if width is None", guarded("width is None", "return None")),
    ],
)  # fmt: skip
def test_a_guard_is_made_of_its_words(instruction: str, lines: str | None):
    """It stands behind the docstring and above the first comment, and nothing else changes."""
    assert done(HEAD + BODY, instruction) == (None if lines is None else HEAD + lines + BODY)


def test_a_log_brings_its_import():
    """The import goes to the import block, and the file's own logger is used where it has one."""
    text = '"""M."""\n\nimport os\n\n\ndef f(a):\n    return os.sep + a\n'
    assert done(text, "log the arguments at info level at the start", selected=text[text.index("def f") :]) == (
        '"""M."""\n\nimport logging\nimport os\n\n\ndef f(a):\n    logging.getLogger(__name__).info("f(a=%r)", a)\n    return os.sep + a\n'
    )
    own = text.replace("import os\n", "import logging\nimport os\n\nlog = logging.getLogger(__name__)\n")
    assert done(own, "log a on entry", selected=text[text.index("def f") :]) == own.replace(
        "    return", '    log.debug("a: %r", a)\n    return'
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def f(a): return a\n", "def f(a):\n    if a is None:\n        return None\n    return a\n"),
        ('def f(a):\n    """D."""', 'def f(a):\n    """D."""\n    if a is None:\n        return'),
        ("class A:\n\tdef f(self, a):\n\n\t\ta = 1\n", None),
        (
            "def f(a,\n      b):  # why\n    return a\n",
            "def f(a,\n      b):  # why\n    if a is None:\n        return None\n    return a\n",
        ),
    ],
)
def test_shapes_of_bodies(text: str, wanted: str | None):
    """The place is found in each of them."""
    assert done(text, "return if a is None") == wanted


def test_windows_line_breaks_stay():
    """New lines end as the file's lines do."""
    text = (HEAD + BODY).replace("\n", "\r\n")
    made = done(text, "raise ValueError if width is None")
    assert made is not None
    assert made.replace("\r\n", "\n") == HEAD + guarded("width is None", 'raise ValueError("width must not be None")') + BODY
    assert made.count("\n") == made.count("\r\n")


@pytest.mark.parametrize(
    "instruction",
    [
        "validate the arguments",
        "raise a ValueError",
        "return early",
        "raise a ValueError if the result is empty",
        "raise ValueError if width is None and convert height to float",
        "raise a FooError if width is None",
        "raise ValueError if width is None, otherwise return width",
        "raise ValueError if width is None but only when unit is set",
        "raise ValueError if width is None and log it",
        "raise ValueError when reading the unit fails",
        "print the width after computing it",
        "check the width",
        "return None instead of raising if width is None",
    ],
)
def test_words_that_say_more_are_left_to_the_model(instruction: str):
    """What is not understood to its last word is not done in part."""
    assert not understood(HEAD + BODY, instruction)


def test_the_model_fills_in_a_condition():
    """Where the words are no plain condition, the model writes it, on what they name."""
    instruction = "raise a ValueError if unit looks like a number"
    made = done(HEAD + BODY, instruction, says("unit.isdigit()"))
    assert made == HEAD + guarded("unit.isdigit()", 'raise ValueError("unit looks like a number")') + BODY
    with pytest.raises(RejectedResultError):
        done(HEAD + BODY, instruction, says("width > 3"))
    with pytest.raises(RejectedResultError):
        done(HEAD + BODY, instruction, says("is_number(unit)"))


def test_what_cannot_be_done_is_said():
    """A guard that is there, and one on a parameter that is not, are refused."""
    with pytest.raises(NoChangeError, match="has that already"):
        done("def f(a):\n    if a is None:\n        return None\n    return a\n", "return None if a is None")
    with pytest.raises(SelectionError, match="has no parameter"):
        done("def f():\n    return 1\n", "raise a ValueError if the first argument is None")


def test_a_generator_s_check_comes_late():
    """Its user is told that it runs at the first value."""
    made = proposed(select("def f(a):\n    yield a\n"), "raise a ValueError if a is None", ScriptedTools(silent))
    assert isinstance(made, Proposal)
    assert "first value" in made.note


def test_a_parameter_of_a_default_is_none_of_the_function():
    """What a lambda in the header calls its own has no meaning in the body."""
    text = "def f(a, key=lambda x: x.y):\n    return key(a)\n"
    assert done(text, "return 1 if a > 3") == text.replace("\n", "\n    if a > 3:\n        return 1\n", 1)
    with pytest.raises(RejectedResultError):
        done(text, "return 1 if x > 3", says("x > 3"))


def test_a_name_that_is_bound_later_has_no_meaning_at_the_start():
    """Python takes a name that a function binds for its own everywhere in it."""
    for function in ("def f(a):\n    limit = a\n    return limit\n", "def f(a):\n    global limit\n    limit = a\n"):
        with pytest.raises(RejectedResultError):
            done(f"limit = 1\n\n\n{function}", "raise ValueError if limit > 3", says("limit > 3"), function)
    with pytest.raises(SelectionError, match="the name logging"):
        done("def f(a):\n    import logging\n    logging.info(a)\n", "log a at the start")


def test_a_logger_s_module_goes_by_its_name_there():
    """Another function may import the module under another one."""
    function = "def f(a):\n    return a\n"
    made = done(f"def g():\n    import logging as lg\n    lg.debug(1)\n\n\n{function}", "log a at the start", selected=function)
    assert made is not None
    assert made.startswith("import logging\n")
    assert "    logging.getLogger(__name__).debug(" in made
