"""Faults that are refused whatever was asked for; no engine here."""

from __future__ import annotations

import pytest

from seed_lsp.errors import RejectedResultError
from tests.features.refactor.answers import rewritten

TEXT = '''import math


def area(radius, scale):
    """How large it is."""
    if scale < 0:
        return 0
    name = "[{}]".format(radius)
    size = math.pi * radius**2
    return size * scale, name
'''
REGION = TEXT[TEXT.index("def") :]


@pytest.mark.parametrize(
    ("instruction", "old", "new", "words"),
    [
        ("Have size returned early.", "    size =", "    return name\n    size =", "never reached"),
        ("Have size computed twice.", "math.pi * radius**2", "math.pi * radius**2 + area(radius, 1)", "call itself"),
        ("Use f-strings.", '"[{}]".format', 'f"[{radius}]".format', "once more"),
        ("Use f-strings.", '"[{}]".format', 'f"[{radius}]" %', "once more"),
        ("Have a parameter unit, to be told.", "scale):", "scale, unit):", "does nothing with it"),
        ("Have a parameter depth, to be told.", "scale):", "scale, depth, depth):", "not valid Python"),
        ("Make size a generator expression.", "math.pi * radius**2", "sum(one for one in [radius]) + one", "Undefined name `one`"),
        ("Have the size rounded.", "    size = math.pi", "    rounded = round(scale)\n    size = math.pi", "never used"),
        ("Make it async.", "    name =", "    await math.sync(radius)\n    name =", "not valid Python"),
    ],
)
def test_faults_are_refused(instruction: str, old: str, new: str, words: str):
    """Code that cannot work, or has no effect, is never applied."""
    assert old in REGION
    with pytest.raises(RejectedResultError, match=words):
        rewritten(TEXT, REGION.replace(old, new), REGION, instruction)


def test_what_was_there_is_no_new_fault():
    """Who has code that a checker reports may still have it changed."""
    text = "def f(a):\n    unused = unknown(a)\n    return a\n    print(a)\n"
    answer = text.replace("return a", "return a + 1")
    assert rewritten(text, answer, instruction="Return 1 more.") == answer


def test_a_call_becomes_no_awaited_one_by_chance():
    """Nobody knows whether a plain function can be awaited."""
    text = "def f(a):\n    b = a.load()\n    return b\n"
    answer = "async def f(a):\n    b = await a.load()\n    return b\n"
    with pytest.raises(RejectedResultError, match=r"awaits a\.load"):
        rewritten(text, answer, instruction="Turn it into an async function.")
    assert rewritten(text, answer, instruction="Make it async and await load.") == answer


LOOP = '''class Reader:
    def read(self, rows, size):
        """Read them."""
        for row in rows:
            if row.empty:
                self.skip(row)
            else:
                self.take(row, size)
        return self.done
'''
READ = LOOP.split("\n", 1)[1]


@pytest.mark.parametrize(
    ("instruction", "old", "new", "words"),
    [
        (
            "Use early returns instead of else.",
            "                self.skip(row)\n",
            "                self.skip(row)\n                return\n",
            "which condition",
        ),
        ("Flatten the nested ifs.", "row.empty", "not row.empty", "which condition"),
        ("Simplify this.", "if row.empty", "if row.empty and size", "another condition"),
        ("Simplify this.", "                self.skip(row)\n", "                pass\n", r"call of self\.skip"),
        ("Log the size.", "        for row", "        self.log.info(size)\n        for row", r"self\.log\.info|self\.log"),
        ("Print the colour.", "        for row", "        print(rows.colours)\n        for row", r"rows\.colours"),
        ("Handle None.", "        for row", "        if self is None:\n            return None\n        for row", "always is"),
    ],
)
def test_inventions_are_refused(instruction: str, old: str, new: str, words: str):
    """Nothing is used that is not there, and nothing is done under another condition unasked."""
    assert old in READ
    with pytest.raises(RejectedResultError, match=words):
        rewritten(LOOP, READ.replace(old, new), READ, instruction)


@pytest.mark.parametrize(
    ("instruction", "old", "new"),
    [
        (
            "Use early exits instead of else.",
            "                self.skip(row)\n            else:\n                self.take(row, size)\n",
            "                self.skip(row)\n                continue\n            self.take(row, size)\n",
        ),
        ("Print the colours.", "        for row", "        print(rows.colours)\n        for row"),
        ("Handle None.", "        for row", "        if rows is None:\n            return None\n        for row"),
        ("Sort the rows.", "in rows:", "in sorted(rows):"),
    ],
)
def test_what_is_known_is_no_invention(instruction: str, old: str, new: str):
    """The checks do not stand in the way of what was asked for."""
    assert old in READ
    assert rewritten(LOOP, READ.replace(old, new), READ, instruction) == LOOP.replace(READ, READ.replace(old, new))


def test_a_generator_returns_nothing_new():
    """A generator's result is lost, so a value that it returns is no answer."""
    text = "def f(a):\n    for b in a:\n        yield b\n"
    with pytest.raises(RejectedResultError, match="from a generator"):
        rewritten(text, text + "    return sorted(a)\n", instruction="Sort the result.")


SENDER = '''class Sender:
    def send(self, name, rows):
        """Send them."""
        self.log(name)
        return self.client.post(name, rows)

    def log(self, name):
        print(name)
'''
SEND = SENDER.split("\n", 1)[1].split("\n\n", maxsplit=1)[0] + "\n"


def test_a_parameter_is_passed_on_where_its_place_is_known():
    """What a function of another file has in a place, nobody knows; its own name does."""
    wider = SEND.replace("rows):", "rows, timeout=None):")
    instruction = "Add a parameter timeout=None and pass it on."
    with pytest.raises(RejectedResultError, match="to post by its place"):
        rewritten(SENDER, wider.replace("rows)\n", "rows, timeout)\n"), SEND, instruction)
    for old, new in (("rows)\n", "rows, timeout=timeout)\n"), ("log(name)\n", "log(name, timeout)\n")):
        answer = wider.replace(old, new)
        assert rewritten(SENDER, answer, SEND, instruction) == SENDER.replace(SEND, answer)


def test_none_has_no_order():
    """A parameter that is None by default is looked at before it is compared."""
    text = "def f(rows, at):\n    while at < len(rows):\n        at += 1\n    return at\n"
    wider = text.replace("at):", "at, limit=None):")
    bare = wider.replace("len(rows):", "len(rows) and at < limit:")
    with pytest.raises(RejectedResultError, match="compares limit"):
        rewritten(text, bare, instruction="Add a limit parameter.")
    careful = bare.replace("at < limit", "(limit is None or at < limit)")
    assert rewritten(text, careful, instruction="Add a limit parameter.") == careful


def test_a_definition_is_put_into_no_other_statement():
    """Who wants something around the body does not want it around the function."""
    text = "class A:\n    def load(self):\n        return read()\n"
    inside = "class A:\n    try:\n        def load(self):\n            return read()\n    except OSError:\n        raise RuntimeError\n"
    with pytest.raises(RejectedResultError, match="put the definition of load into another statement"):
        rewritten(text, inside, instruction="try and except around the whole body: OSError becomes RuntimeError")


def test_words_about_code_are_not_answered_by_comments():
    """An answer that changes a comment or the docstring alone does nothing of what was said."""
    text = 'def load(a):\n    """Load ``a``.\n    """\n    raise IndexError(a)\n'
    with pytest.raises(RejectedResultError, match="nothing but comments"):
        rewritten(text, text.replace("``a``", "`a`"), instruction="Have it look at the size of a as well.")
    assert "`a`" in rewritten(text, text.replace("``a``", "`a`"), instruction="Mend the docstring's quotes.")


def test_what_is_called_a_parameter_is_one():
    text = "def load(a, state):\n    return read(a, state)\n"
    local = text.replace(
        "    return", "    pedantic = state.get('pedantic')\n    if pedantic and not a:\n        raise ValueError(a)\n    return"
    )
    words = "Introduce a flag `pedantic`, off by default, that makes it raise a ValueError for an empty `a`."
    with pytest.raises(RejectedResultError, match="did not make pedantic a parameter"):
        rewritten(text, local, instruction=words)
    right = text.replace("state)", "state, pedantic=False)", 1).replace(
        "    return", "    if pedantic and not a:\n        raise ValueError(a)\n    return"
    )
    assert rewritten(text, right, instruction=words) == right


def test_a_variable_that_the_instruction_names_need_not_be_read():
    """What is asked for by name is no fault, though nothing reads it yet."""
    text = "def f(a):\n    total = a\n    return total\n"
    new = text.replace("    total", "    first = 0\n    total", 1)
    assert rewritten(text, new, instruction="Set first to 0 before total.") == new
