"""Instructions that give a function a parameter."""

from __future__ import annotations

import pytest

from seed_lsp.errors import RejectedResultError, SelectionError
from tests.features.refactor.intents.insertions.understanding import done, understood
from tests.features.refactor.tools import says

BARE = "def load(path, size=None):\n    return read(path, size)\n"


@pytest.mark.parametrize(
    ("instruction", "header", "lines"),
    [
        ("Add an optional argument `depth=2`.", "path, size=None, depth=2", ""),
        ("please add a keyword-only parameter called `depth` with a default of 2", "path, size=None, *, depth=2", ""),
        ("add a boolean flag `loud`", "path, size=None, loud=False", ""),
        ("give the function a parameter `depth: int = 2`", "path, size=None, depth: int = 2", ""),
        ("introduce an option depth of type int, default 2", "path, size=None, depth: int = 2", ""),
        (
            "add a `loud=False` flag and print the name of the function when it is set",
            "path, size=None, loud=False",
            'if loud:\n        print("load")',
        ),
        (
            "Add a parameter `limit=None` and raise a ValueError if it's negative",
            "path, size=None, limit=None",
            'if limit is not None and limit < 0:\n        raise ValueError("limit must not be negative")',
        ),
        (
            "add a flag `careful=False` that, when true, makes it raise a TypeError if path is not a string",
            "path, size=None, careful=False",
            'if careful and not isinstance(path, str):\n        raise TypeError("path must be a string")',
        ),
        (
            "add a keyword argument `dry=False`; if it is set, return None early",
            "path, size=None, dry=False",
            "if dry:\n        return None",
        ),
        (
            "extend the signature with an option `loud`, off by default, which prints the path",
            "path, size=None, loud=False",
            "if loud:\n        print(path)",
        ),
        (
            "The function should take loud=False as a keyword argument. If loud and the first argument is None, throw a ValueError.",
            "path, size=None, loud=False",
            'if loud and path is None:\n        raise ValueError("path must not be None if loud is set")',
        ),
        (
            "I'd like a flag loud=False, and when loud is True print the size",
            "path, size=None, loud=False",
            "if loud:\n        print(size)",
        ),
        (
            "add a flag loud=False that raises a ValueError if path is empty or size is negative",
            "path, size=None, loud=False",
            'if loud and (not path or size is not None and size < 0):\n        raise ValueError("path must not be empty and size must not be negative")',
        ),
        ("add a keyword parameter depth=2, but don't use it yet", "path, size=None, depth=2", ""),
    ],
)
def test_the_words_determine_header_and_statement(instruction: str, header: str, lines: str):
    """A parameter goes behind the others, and what the words say of it to the start of the body."""
    wanted = f"def load({header}):\n" + (f"    {lines}\n" if lines else "") + "    return read(path, size)\n"
    assert done(BARE, instruction) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def f():\n    pass\n", "def f(depth=2):\n    pass\n"),
        ("def f(a, *args, b, **kw):\n    pass\n", "def f(a, *args, b, depth=2, **kw):\n    pass\n"),
        ("def f(a, /):\n    pass\n", "def f(a, /, depth=2):\n    pass\n"),
        ("def f(a: str, *, b: int = 1) -> str:\n    pass\n", "def f(a: str, *, b: int = 1, depth: int = 2) -> str:\n    pass\n"),
        (
            "def f(\n    a,\n    b=lambda x, y: x,  # last\n):\n    pass\n",
            "def f(\n    a,\n    b=lambda x, y: x,  # last\n    depth=2,\n):\n    pass\n",
        ),
        ("def f(\n    a,  # one\n    b  # last\n):\n    pass\n", "def f(\n    a,  # one\n    b,  # last\n    depth=2\n):\n    pass\n"),
        ("def f(\n    a,\n    **kw,\n):\n    pass\n", "def f(\n    a,\n    depth=2,\n    **kw,\n):\n    pass\n"),
        ("def f(a,\n      b):\n    pass\n", "def f(a,\n      b,\n      depth=2):\n    pass\n"),
        ("class A:\n    @deco(x)\n    async def f(self): return 1\n", None),
        ("@deco(x)\nasync def f(a=(1, 2)): return 1\n", "@deco(x)\nasync def f(a=(1, 2), depth=2): return 1\n"),
    ],
)
def test_headers_keep_their_layout(text: str, wanted: str | None):
    """Lines, last commas, comments, stars and types stay; a class is no function."""
    assert done(text, "add a keyword parameter `depth=2`") == wanted


def test_the_body_of_one_line_moves_below_the_header():
    """A statement before a body that shares the header's line gives both lines of their own."""
    made = done(
        "class A:\n    def f(self, a): return a\n",
        "add a flag loud=False and print a when it is set",
        selected="    def f(self, a): return a\n",
    )
    assert made == "class A:\n    def f(self, a, loud=False):\n        if loud:\n            print(a)\n        return a\n"


@pytest.mark.parametrize(
    "instruction",
    [
        "add a parameter `depth=2` and use it as the size",
        "add a parameter",
        "add `depth` to the result",
        "add an argument check",
        "add parameter validation",
        "add an option to print the path",
        "add a parameter depth that defaults to size",
        "add a parameter depth=2 before size",
        "add a parameter depth=2 and raise a ValueError",
        "add a parameter depth=2 and rename path to name",
        "add a parameter depth=2 to every call of read",
        "add two parameters, depth=2 and width=3",
        "add a parameter depth=2 and print the size after reading",
    ],
)
def test_words_that_say_more_are_left_to_the_model(instruction: str):
    """What is not understood to its last word is not done in part."""
    assert not understood(BARE, instruction)


@pytest.mark.parametrize(
    ("text", "instruction", "reason"),
    [
        (BARE, "add a parameter size=1", "has a parameter size already"),
        (BARE, "add a parameter read=1", "has a meaning"),
        ("@property\ndef f(self):\n    return 1\n", "add a parameter a=1", "is a property"),
        ("@overload\ndef f(a): ...\n", "add a parameter b=1", "is an overload"),
    ],
)
def test_parameters_that_cannot_be_are_refused(text: str, instruction: str, reason: str):
    """No name gets two meanings, and no signature that others rely on another form."""
    with pytest.raises(SelectionError, match=reason):
        done(text, instruction)


def test_the_model_fills_in_what_the_words_leave_open():
    """Condition and call are computed; the model says what is printed, and nothing else."""
    made = done(BARE, "add a flag `loud=False` and print a short greeting if it is set", says('"Hello!")'))
    assert made == 'def load(path, size=None, loud=False):\n    if loud:\n        print("Hello!")\n    return read(path, size)\n'


@pytest.mark.parametrize("answer", ["unknown)", '"a"); return 1', "path := 3)", '"a"', "", "(yield))"])
def test_answers_that_do_more_are_refused(answer: str):
    """A hole's answer has names that have a meaning there, and neither returns nor sets a name."""
    with pytest.raises(RejectedResultError):
        done(BARE, "add a flag `loud=False` and print a short greeting if it is set", says(answer))


def test_several_lines_of_the_model_keep_their_indentation():
    """They stand under the condition, if any, and end where the code behind begins."""
    answer = says("        for one in path:\n            print(one)\n    return read(path, size)\n")
    made = done(BARE, "add a flag `loud=False` and show the parts of the path if it is set", answer)
    assert made == (
        "def load(path, size=None, loud=False):\n    if loud:\n        for one in path:\n            print(one)\n    return read(path, size)\n"
    )
    answer = says("    for one in path:\n        print(one)\n    return read(path, size)\n")
    made = done(BARE, "add a parameter `depth=2` and show the parts of the path", answer)
    assert made == "def load(path, size=None, depth=2):\n    for one in path:\n        print(one)\n    return read(path, size)\n"
