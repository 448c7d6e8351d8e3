"""The judges of the twelve instructions: a right result is right in each usual form, and a result
that does something else is not.
"""

from __future__ import annotations

import ast
import textwrap

import pytest

from benchmarks.refactorings.instructions import GROUPS, INSTRUCTIONS
from benchmarks.refactorings.instructions.instruction import problem, reference_text
from benchmarks.refactorings.judges.same import Target

HEAD = '"""Orders."""\n\nimport re\n\n\n'
TAIL = "\n\ndef other():\n    return re\n"

FIND = '''
def find(items, name, *rest):
    """Find an item.

    It is the first one.
    """
    # From the left.
    for item in items:
        if item.name == name:
            return item
    chosen = "%s of %d: %r" % (name, len(items), rest)
    return chosen
'''

GRADE = """
def grade(points):
    if points > 9:
        return "a"
    elif points > 5:
        return "b"
    else:
        # The rest.
        print(points)
        return "c"
"""


def file_of(function: str) -> str:
    return HEAD + textwrap.dedent(function).strip("\n") + "\n" + TAIL


def name_of(function: str) -> str:
    return function.partition("def ")[2].partition("(")[0]


def verdict(key: str, function: str, result: str, head: str = HEAD) -> str:
    name = name_of(function)
    old = Target(file_of(function), name)
    assert INSTRUCTIONS[key].fits(old), "the instruction is for such functions"
    return problem(INSTRUCTIONS[key], old, Target(file_of(result).replace(HEAD, head, 1), name))


def put(function: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in function
        function = function.replace(old, new)
    return function


BODY = "    # From the left."
LOGGED = "logging.getLogger(__name__).debug"
RIGHT = {
    "verbose": [
        put(FIND, ("*rest)", "*rest, verbose=False)"), (BODY, "    if verbose:\n        print('find')\n" + BODY)),
        put(
            FIND,
            ("*rest)", "*rest, verbose: bool = False)"),
            (BODY, "    if verbose is True:\n        print(f'in {find.__name__}')\n" + BODY),
        ),
        put(
            FIND,
            ("*rest)", "*rest, verbose=False)"),
            ("first one.", "first one.\n    verbose: whether to tell of it."),
            (BODY, "    if verbose:\n        print('find called')\n" + BODY),
        ),
    ],
    "strict": [
        put(
            FIND,
            ("*rest)", "*rest, strict=False)"),
            (BODY, "    if strict and items is None:\n        raise ValueError('no items')\n" + BODY),
        ),
        put(
            FIND,
            ("*rest)", "*rest, strict=False)"),
            (BODY, "    if strict:\n        if items is None:\n            raise ValueError\n" + BODY),
        ),
    ],
    "none-check": [put(FIND, (BODY, "    if items is None:\n        raise ValueError('no items')\n" + BODY))],
    "log": [
        put(
            FIND,
            ("            return item", f"            {LOGGED}(item)\n            return item"),
            ("    return c", f"    {LOGGED}('%s', chosen)\n    return c"),
        ),
        put(
            FIND,
            ("            return item", "            logger.debug('found %s', item)\n            return item"),
            ("    return c", "    logger.debug(f'{chosen}')\n    return c"),
            (BODY, "    logger = logging.getLogger(__name__)\n" + BODY),
        ),
    ],
    "rename": [put(FIND, ("chosen", "chosen_value"))],
    "early-return": [
        put(
            GRADE,
            ("elif", "if"),
            ("    else:\n        # The rest.\n        print(points)\n        return", "    # The rest.\n    print(points)\n    return"),
        ),
        "def grade(points):\n    if points > 9:\n        return 'a'\n    if not points > 5:\n        # The rest.\n        print(points)\n        return 'c'\n    return 'b'\n",
    ],
    "try": [
        put(
            GRADE,
            ("def grade(points):\n", "def grade(points):\n    try:\n"),
            *[(f"\n{line}", f"\n    {line}") for line in GRADE.strip("\n").split("\n")[1:]],
        )
        + "    except OSError as error:\n        raise RuntimeError('it failed') from error\n"
    ],
    "assert": [
        put(
            FIND,
            ("            return item", "            assert item is not None\n            return item"),
            ("    return c", "    assert chosen is not None, 'why'\n    return c"),
        ),
    ],
    "f-strings": [
        put(FIND, ('"%s of %d: %r" % (name, len(items), rest)', 'f"{name} of {len(items)}: {rest!r}"')),
        put(FIND, ('"%s of %d: %r" % (name, len(items), rest)', 'f"{name!s} of {len(items):d}" f": {rest!r}"')),
    ],
    "annotate": [
        put(FIND, ("items, name, *rest", "items: list, name: str, *rest")),
        put(FIND, ("items, name, *rest", "items: 'list[str]', name: re.Pattern | None, *rest: int")),
    ],
    "one-line-docstring": [put(FIND, ("\n\n    It is the first one.\n    ", ""))],
    "comment": [
        put(
            FIND,
            ("            return item", "            # This is it.\n            return item"),
            ("    return c", "    # None was found.\n    return c"),
        )
    ],
}
FUNCTIONS = dict.fromkeys(RIGHT, FIND) | {"early-return": GRADE, "try": GRADE}
WRONG = {
    "verbose": [
        (put(FIND, ("*rest)", "*rest, verbose=True)"), (BODY, "    if verbose:\n        print('find')\n" + BODY)), "False by default"),
        (
            put(FIND, ("name, *rest)", "verbose=False, name=1, *rest)"), (BODY, "    if verbose:\n        print('find')\n" + BODY)),
            "before other",
        ),
        (put(FIND, ("*rest)", "*rest, verbose=False)")), "no such guard"),
        (put(FIND, ("*rest)", "*rest, verbose=False)"), (BODY, "    print('find')\n" + BODY)), "no such guard"),
        (
            put(FIND, ("*rest)", "*rest, verbose=False)"), ("    return c", "    if verbose:\n        print('find')\n    return c")),
            "too late",
        ),
        ("def find(items, name, *rest, verbose=False):\n    if verbose:\n        print('find')\n    return None\n", "docstring is gone"),
        (put(FIND, ("*rest)", "*rest, verbose=False)"), (BODY, "    if verbose:\n        print('find')")), "comment"),
    ],
    "strict": [
        (
            put(FIND, ("*rest)", "*rest, strict=False)"), (BODY, "    if strict or items is None:\n        raise ValueError\n" + BODY)),
            "no such guard",
        ),
        (
            put(FIND, ("*rest)", "*rest, strict=False)"), (BODY, "    if strict and name is None:\n        raise ValueError\n" + BODY)),
            "no such guard",
        ),
        (
            put(FIND, ("*rest)", "*rest, strict=False)"), (BODY, "    if strict and items is None:\n        raise TypeError\n" + BODY)),
            "no such guard",
        ),
    ],
    "none-check": [
        (put(FIND, (BODY, "    if not items:\n        raise ValueError\n" + BODY)), "no such guard"),
        (put(FIND, ("    chosen =", "    if items is None:\n        raise ValueError\n    chosen =")), "too late"),
        ("def find(items, name, *rest):\n    if items is None:\n        raise ValueError\n", "docstring is gone"),
        (put(FIND, (BODY, "    if items is None:\n        raise ValueError\n" + BODY), ("== name", "is name")), "more than that"),
    ],
    "log": [
        (put(FIND, ("    return c", f"    {LOGGED}(chosen)\n    return c")), "nothing is before"),
        (
            put(
                FIND,
                ("            return item", f"            {LOGGED}(item)\n            return item"),
                ("    return c", f"    {LOGGED}('done')\n    return c"),
            ),
            "nothing is before",
        ),
    ],
    "rename": [
        (put(FIND, ("    chosen =", "    chosen_value =")), "still there"),
        (put(FIND, ("chosen", "chosen_value"), ("item.name", "item.title")), "more than the name"),
    ],
    "early-return": [
        (put(GRADE, ("points > 5", "points >= 5")), "an else is left"),
        (put(GRADE, ("elif", "if")), "an else is left"),
        (
            "def grade(points):\n    if points > 9:\n        return 'a'\n    # The rest.\n    print(points)\n    return 'c'\n",
            "more than the order",
        ),
        (
            "def grade(points):\n    if points > 9:\n        return 'a'\n    if points < 5:\n        return 'b'\n    # The rest.\n    print(points)\n    return 'c'\n",
            "more than the order",
        ),
    ],
    "try": [
        (GRADE, "one try"),
        (put(RIGHT["try"][0], ("RuntimeError", "ValueError")), "not re-raised"),
        (put(RIGHT["try"][0], ("OSError", "Exception")), "not OSError"),
    ],
    "assert": [
        (put(FIND, ("    return c", "    assert chosen is not None\n    return c")), "nothing is before"),
        (put(RIGHT["assert"][0], ("chosen is not None", "chosen")), "nothing is before"),
    ],
    "f-strings": [
        (FIND, "is left"),
        (put(FIND, ('"%s of %d: %r" % (name, len(items), rest)', 'f"{name} of {len(items)}: {rest}"')), "other ones"),
        (put(FIND, ('"%s of %d: %r" % (name, len(items), rest)', 'f"{name} in {len(items)}: {rest!r}"')), "other ones"),
    ],
    "annotate": [
        (put(FIND, ("items, name, *rest", "items: list, name, *rest")), "name has no annotation"),
        (put(FIND, ("items, name, *rest", "items: List, name: str, *rest")), "List is no type here"),
        (put(FIND, ("items, name, *rest", "items: callable, name: str, *rest")), "callable is no type"),
        (put(FIND, ("items, name, *rest", "items: list, name: str = '', *rest")), "more than annotations"),
        (put(FIND, ("items, name, *rest)", "items: list, name: str, *rest) -> str")), "the return"),
    ],
    "one-line-docstring": [
        (FIND, "several lines"),
        (put(FIND, ('    """Find an item.\n\n    It is the first one.\n    """\n', "")), "gone"),
        (put(FIND, ("\n\n    It is the first one.\n    ", ""), ("== name", "is name")), "more than"),
    ],
    "comment": [
        (put(FIND, ("            return item", "            # This is it.\n            return item")), "no comment above"),
        (put(FIND, ("return chosen", "return name")), "more than comments"),
    ],
}


@pytest.mark.parametrize(("key", "result"), [(key, result) for key, results in RIGHT.items() for result in results])
def test_what_was_asked_for_is_right(key: str, result: str):
    """The share of right results is not lowered by a form that the judge does not know."""
    head = HEAD.replace("import re", "import logging\nimport re") if key == "log" else HEAD
    assert not verdict(key, FUNCTIONS[key], result, head)


@pytest.mark.parametrize(("key", "result", "words"), [(key, *one) for key, results in WRONG.items() for one in results])
def test_anything_else_is_wrong_and_the_judge_says_why(key: str, result: str, words: str):
    """A result that misses a part, or does more, is never counted as right."""
    head = HEAD.replace("import re", "import logging\nimport re") if key == "log" else HEAD
    assert words in verdict(key, FUNCTIONS[key], result, head)


@pytest.mark.parametrize("key", sorted(GROUPS["fixed"]))
def test_a_function_left_as_it_was_is_wrong(key: str):
    assert verdict(key, FUNCTIONS[key], FUNCTIONS[key])


@pytest.mark.parametrize("key", sorted(GROUPS["fixed"].keys() - {"comment"}))
def test_each_judge_finds_its_own_reference_right(key: str):
    """What tests are compared with is what was asked for.

    Comments are lost by it, and the instruction to write some has none.
    """
    text = "\n".join(line for line in file_of(FUNCTIONS[key]).split("\n") if "#" not in line)
    old = Target(text, name_of(FUNCTIONS[key]))
    wanted = reference_text(INSTRUCTIONS[key], old)
    assert not problem(INSTRUCTIONS[key], old, Target(wanted, old.name))
    assert ast.dump(old.tree) == ast.dump(ast.parse(text)), "the function before is left alone"


def test_code_around_the_function_must_stay():
    """A right function in a file that lost something is a wrong result."""
    right = RIGHT["none-check"][0]
    old, name = Target(file_of(FIND), "find"), "find"
    rules = INSTRUCTIONS["none-check"]
    assert "around" in problem(rules, old, Target(file_of(right).replace(TAIL, ""), name))
    assert "around" in problem(rules, old, Target(file_of(right) + "\n\ndef more():\n    pass\n", name))
    assert "import" in problem(rules, old, Target(file_of(right).replace("import re\n", ""), name))
    assert not problem(rules, old, Target(file_of(right).replace("import re\n", "import os\nimport re\n"), name)), "imports may come"


def test_a_result_that_is_computed_twice_is_wrong():
    """Logging a call, and then calling once more, is another program."""
    function = "def f(a):\n    b = a\n    return b.pop()\n"
    twice = f"def f(a):\n    b = a\n    {LOGGED}(b.pop())\n    return b.pop()\n"
    named = f"def f(a):\n    b = a\n    result = b.pop()\n    {LOGGED}(result)\n    return result\n"
    head = HEAD.replace("import re", "import logging\nimport re")
    assert "twice" in verdict("log", function, twice, head)
    assert not verdict("log", function, named, head)
    assert "not imported" in verdict("log", function, named)


def test_the_first_argument_of_a_method_is_the_one_after_self():
    text = "class A:\n    def f(self, key):\n        return key\n"
    old = Target(text, "A.f")
    rules = INSTRUCTIONS["none-check"]
    assert "after self" in rules.words(old)
    for name, right in (("key", True), ("self", False)):
        new = text.replace("        return", f"        if {name} is None:\n            raise ValueError\n        return")
        assert bool(problem(rules, old, Target(new, "A.f"))) is not right


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'{} {name}'.format(a, name=b)", "f'{a} {b}'"),
        ("'{0}{0!r:>4}'.format(a)", "f'{a}{a!r:>4}'"),
        ("'%5.2f%%' % a", "f'{a:5.2f}%'"),
        ("'%-4s|%4s' % (a, b)", "f'{a:<4}|{b:>4}'"),
        ("'%(x)03d' % {'x': a}", "f'{a:03}'"),
        ("'<%s>' % ('%s' % a)", "f'<{f\"{a}\"}>'"),
    ],
)
def test_formats_are_compared_by_what_they_print(old: str, new: str):
    """An f-string that prints the same is right, and is what Python itself prints."""
    function = f"def f(a, b):\n    x = 1\n    return {old}\n"
    assert not verdict("f-strings", function, function.replace(old, new))
    for values in ((7, 8), (-1, 12345)):
        scope = dict(zip("ab", values, strict=True))
        assert eval(old, scope) == eval(new, scope)
    assert verdict("f-strings", function, function.replace(old, new.replace("{a", "{b")))


CHAIN = """
def f(a, b):
    if a:
        return b
    elif b:
        return None
    else:
        return (a, "no")
"""
EM = "        message = 'no items'\n        raise ValueError(message)\n"


@pytest.mark.parametrize(
    ("key", "function", "result"),
    [
        # The text of an error has a name of its own, as linters ask for it.
        ("none-check", FIND, put(FIND, (BODY, "    if items is None:\n" + EM + BODY))),
        # Other arguments were checked before.
        (
            "none-check",
            put(FIND, (BODY, "    if not name:\n        raise TypeError\n" + BODY)),
            put(FIND, (BODY, "    if not name:\n        raise TypeError\n    if items is None:\n        raise ValueError\n" + BODY)),
        ),
        # The chain goes on by `elif`, and its `else` is gone.
        ("early-return", CHAIN, put(CHAIN, ("    else:\n    ", ""))),
        (
            "try",
            "def f(a):\n    global b\n    b = a\n",
            "def f(a):\n    global b\n    try:\n        b = a\n    except (OSError,) as e:\n        text = str(e)\n        raise RuntimeError(text) from e\n",
        ),
        (
            "rename",
            put(FIND, (BODY, BODY + "\n    # Else, chosen is told.")),
            put(FIND, (BODY, BODY + "\n    # Else, chosen is told."), ("chosen", "chosen_value")),
        ),
        ("f-strings", "def f(a):\n    b = 1\n    return '%5d %r' % (a, b)\n", "def f(a):\n    b = 1\n    return f'{a:5d} {repr(b)}'\n"),
        ("annotate", "def f(a):\n    b = a\n    return b\n", 'def f(a: \'re.Literal["r", "w"]\'):\n    b = a\n    return b\n'),
        (
            "assert",
            "def f(a):\n    if a:\n        return a.b\n    return ''\n",
            "def f(a):\n    if a:\n        assert not a.b is None\n        return a.b\n    return ''\n",
        ),
        # A name that is there already is used once more.
        (
            "assert",
            "def f(a):\n    b = a()\n    return tuple(b)\n",
            "def f(a):\n    b = a()\n    b = tuple(b)\n    assert b is not None\n    return b\n",
        ),
        (
            "log",
            "def f(a):\n    if a:\n        return True\n    return (a, a.b)\n",
            f"def f(a):\n    if a:\n        {LOGGED}('found: True')\n        return True\n    {LOGGED}('%s, %s', a, a.b)\n    return (a, a.b)\n",
        ),
    ],
)
def test_a_judge_rejects_no_result_for_its_style(key: str, function: str, result: str):
    """What a careful programmer may write as well is right."""
    assert not verdict(key, function, result, HEAD.replace("import re", "import logging\nimport re"))


@pytest.mark.parametrize(
    ("key", "function", "result", "words"),
    [
        # Callers that give more arguments by their places would set the flag.
        (
            "verbose",
            FIND,
            put(FIND, ("*rest)", "verbose=False, *rest)"), (BODY, "    if verbose:\n        print('find')\n" + BODY)),
            "before other",
        ),
        ("early-return", CHAIN, put(CHAIN, ("elif", "if")), "an else is left"),
        ("early-return", put(CHAIN, ("    else:\n    ", "")), put(CHAIN, ("    else:\n    ", "")), "an else is left"),
        ("assert", "def f(a):\n    b = 1\n    return ''\n", "def f(a):\n    b = 1\n    return ''\n", "nothing is before"),
        ("rename", put(FIND, (BODY, BODY + "\n    # Else, chosen is told.")), put(FIND, ("chosen", "chosen_value")), "comment"),
        (
            "annotate",
            "def f(a):\n    b = a\n    return b\n",
            "def f(a: re.Annotated[Strange, 'x']):\n    b = a\n    return b\n",
            "Strange is no type",
        ),
        (
            "log",
            "def f(a):\n    if a:\n        return ''\n    return a.b\n",
            f"def f(a):\n    if a:\n        {LOGGED}('none')\n        return ''\n    {LOGGED}(a.b)\n    return a.b\n",
            "nothing is before",
        ),
    ],
)
def test_a_judge_that_allows_styles_still_tells_what_is_missing(key: str, function: str, result: str, words: str):
    """What only looks like another style is wrong."""
    assert words in verdict(key, function, result, HEAD.replace("import re", "import logging\nimport re"))


def test_an_else_becomes_needless_when_the_branch_before_it_is_flattened():
    """The reference, by which tests are compared, is right itself."""
    function = (
        "def f(a, b):\n    if a:\n        if b:\n            return 1\n        else:\n            return 2\n    else:\n        return 3\n"
    )
    old = Target(function, "f")
    flat = "def f(a, b):\n    if a:\n        if b:\n            return 1\n        return 2\n    return 3"
    assert reference_text(INSTRUCTIONS["early-return"], old) == flat
    assert not problem(INSTRUCTIONS["early-return"], old, Target(flat, "f"))
