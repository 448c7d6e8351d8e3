"""A `try` around code: what is in it is what it was."""

from __future__ import annotations

import random

import pytest

from seed_lsp.errors import SeedError
from tests.features.refactor.convert import programs
from tests.features.refactor.intents.asking import asked, body, proposed

RAISE = "wrap the body in try/except OSError and re-raise it as RuntimeError"
IMPORT, GET = "import logging\n", "logging.getLogger(__name__)"
LOGGER = f"{IMPORT}\nlog = {GET}\n\n\n"
DONE = [
    (
        RAISE,
        body('"""Do it."""', "return g(a)"),
        body('"""Do it."""', "try:", "    return g(a)", "except OSError as error:", "    raise RuntimeError(str(error)) from error"),
    ),
    (
        RAISE,
        body("# first", "x = '''", "  as it is", "'''", "", "error = (", "  x)", "# last"),
        body(
            *("try:", "    # first", "    x = '''", "  as it is", "'''", "", "    error = (", "      x)", "    # last"),
            *("except OSError as exc:", "    raise RuntimeError(str(exc)) from exc"),
        ),
    ),
    (
        "catch KeyError or IndexError and return an empty list",
        body("global x", "x = 1", "yield x"),
        body("try:", "    global x", "    x = 1", "    yield x", "except (KeyError, IndexError):", "    return []"),
    ),
    (
        "catch KeyError, log it and re-raise",
        LOGGER + body("g()", header="def f():"),
        LOGGER + body("try:", "    g()", "except KeyError:", '    log.exception("f failed")', "    raise", header="def f():"),
    ),
    (
        "catch KeyError and log it",
        body("g()"),
        IMPORT + "\n\n" + body("try:", "    g()", "except KeyError:", f'    {GET}.exception("f failed")'),
    ),
    (
        "catch KeyError and print it",
        "class C:\r\n\tasync def f(self):\r\n\t\tawait g()\r\n",
        "class C:\r\n\tasync def f(self):\r\n\t\ttry:\r\n\t\t\tawait g()\r\n\t\texcept KeyError as error:\r\n\t\t\tprint(error)\r\n",
    ),
    (
        "catch KeyError and print it",
        body("g()", header="def f(error, exc, err):"),
        body("try:", "    g()", "except KeyError as error2:", "    print(error2)", header="def f(error, exc, err):"),
    ),
    ("catch KeyError and ignore it", "def f():\n    g()", "def f():\n    try:\n        g()\n    except KeyError:\n        pass"),
    (
        "catch json.Error and ignore it",
        "import json\n\njson.x()\n",
        "try:\n    import json\n\n    json.x()\nexcept json.Error:\n    pass\n",
    ),
]


@pytest.mark.parametrize(("words", "before", "after"), DONE)
def test_a_try_around_a_body(words: str, before: str, after: str):
    """The body is one step further in, strings as they were, and the handler does what was said."""
    assert asked(words, before, before.removeprefix(LOGGER)) == after


@pytest.mark.parametrize(
    ("head", "parameter", "logger"),
    [
        ("import logging\n\nlog = logging.getLogger(__name__)\n", "a", "log"),
        ("import logging\n\nlog = logging.getLogger(__name__)\n", "log", GET),
        ("import logging\n\nfrom math import log\n", "a", GET),
        ("import logging as a\n", "b", "a.getLogger(__name__)"),
        ("from loguru import logger\n", "a", "logger"),
        ("from app import log\n\nlog.info(1)\n", "a", "log"),
    ],
)
def test_an_exception_is_logged_by_the_file_s_logger(head: str, parameter: str, logger: str):
    """The handler logs by what is a logger at its place, and by no function of that name."""
    header = f"def f({parameter}):"
    function = body("g()", header=header)
    after = body("try:", "    g()", "except KeyError:", f'    {logger}.exception("f failed")', header=header)
    assert asked("catch KeyError and log it", f"{head}\n\n{function}", function) == f"{head}\n\n{after}"


def test_a_try_around_statements():
    """Without a word of the body, what is selected is what the try stands around."""
    text = body("a()", "match b:", "    case 1:", "        c()", "        d()", "e()")
    after = body(
        "a()",
        "match b:",
        "    case 1:",
        "        try:",
        "            c()",
        "        except KeyError:",
        "            return 0",
        "        d()",
        "e()",
    )
    proposal, new = proposed("wrap this in try/except KeyError and return 0", text, "        c()\n")
    assert new == after
    assert text[proposal.span.start : proposal.span.end] == "            c()\n"
    assert asked("wrap the body in try/except KeyError and return 0", text, "        c()\n").startswith(body("try:", "    a()"))


REFUSED = [
    (RAISE, "def f(): return 1\n", "shares a line"),
    (RAISE, 'def f():\n    """Do it."""\n', "no body but its docstring"),
    (RAISE, "def f():\n    g()\n\n\ndef h():\n    g()\n", "more than a function"),
    ("catch Unknown and ignore it", "def f():\n    g()\n", "Unknown is not known in this file"),
    ("catch KeyError and return None", "g()\n", "only in a function"),
]


@pytest.mark.parametrize(("words", "text", "reason"), REFUSED)
def test_what_cannot_be_wrapped_is_refused_in_words(words: str, text: str, reason: str):
    """No program is made that does not run, and the user reads why."""
    with pytest.raises(SeedError, match=reason):
        asked(words, text)


def test_the_function_below_is_not_the_one_around():
    """No `return` stands outside of a function then, and no body is wrapped that was not meant."""
    text = "x = g()\ndef f():\n    return 1\n"
    with pytest.raises(SeedError, match="only in a function"):
        asked("catch KeyError and return None", text, "x = g()\n")
    after = asked("wrap the body in try/except KeyError and re-raise it", text, "x = g()\n")
    assert after == "try:\n    x = g()\nexcept KeyError:\n    raise\ndef f():\n    return 1\n"


@pytest.mark.parametrize("make", [programs.loop, programs.comprehension, programs.format_, programs.chain])
def test_random_programs_do_the_same(make: programs.Callable[[random.Random], str]):
    """An exception that does not arise, or is raised again, changes nothing."""
    rng = random.Random(3)
    for _ in range(30):
        source = make(rng)
        after = asked("wrap the body in try/except Exception and re-raise it", source)
        for _ in range(3):
            arguments = programs.collections(rng) if "items" in source else programs.values(rng, source)
            assert programs.shown(after, arguments) == programs.shown(source, arguments), f"{source}\n{after}"
