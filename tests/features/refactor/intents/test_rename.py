"""Renaming a local name: the function does the same, and what is called so elsewhere stays."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from seed_lsp.errors import SeedError
from seed_lsp.features.refactor import registry
from tests.features.refactor.acting import select
from tests.features.refactor.convert import programs
from tests.features.refactor.intents.asking import asked, body, proposed
from tests.features.refactor.tools import ToolsOnFiles

RENAMED = [
    (body("x = 1", "return x + 1"), body("y = 1", "return y + 1")),
    (body("for x in items:", "    print(x)"), body("for y in items:", "    print(y)")),
    (body("x = [x for x in items]", "return x"), body("y = [x for x in items]", "return y")),
    (body("return [x for x in items if x], lambda x: x"), body("return [y for y in items if y], lambda y: y")),
    (body("x = 1", "return [x + z for z in x.x]"), body("y = 1", "return [y + z for z in y.x]")),
    (body("x = 1", "return g(x=x)"), body("y = 1", "return g(x=y)")),
    (
        body("x = 1", "def g():", "    nonlocal x", "    x += 1", "return x"),
        body("y = 1", "def g():", "    nonlocal y", "    y += 1", "return y"),
    ),
    (body("x = 1", "def g(x=x):", "    return x", "return x"), body("y = 1", "def g(x=y):", "    return x", "return y")),
    (
        body("x = 1", "def g():", "    global x", "    return x", "del x"),
        body("y = 1", "def g():", "    global x", "    return x", "del y"),
    ),
    (body("try:", "    g()", "except E as x:", "    print(x)"), body("try:", "    g()", "except E as y:", "    print(y)")),
    (body("if (x := g()) and x.x:", "    return {x: x}"), body("if (y := g()) and y.x:", "    return {y: y}")),
    (body("print([x := z for z in items], x)"), body("print([y := z for z in items], y)")),
    (body("x = 1", "return f'x {x!r:>{x}} {{x}}'"), body("y = 1", "return f'x {y!r:>{y}} {{x}}'")),
    (
        body("match items:", "    case {'k': x, **r} | C(x=x, z=r):", "        return x"),
        body("match items:", "    case {'k': y, **r} | C(x=y, z=r):", "        return y"),
    ),
    (
        body("match items:", "    case [1, *x] as z:", "        return x"),
        body("match items:", "    case [1, *y] as z:", "        return y"),
    ),
    (body("import x", "return x.z"), body("import x as y", "return y.z")),
    (body("from x import x, z", "return x"), body("from x import x as y, z", "return y")),
    (body("import z.x as x", "return x"), body("import z.x as y", "return y")),
    (body("def x():", "    return 1", "return x()"), body("def y():", "    return 1", "return y()")),
    (body("class x:", "    a = 1", "return x()"), body("class y:", "    a = 1", "return y()")),
    (body("with a as (x, z), b as x.c:", "    pass"), body("with a as (y, z), b as y.c:", "    pass")),
    (body("x: 'x' = 1  # x", 'print("x", x)'), body("y: 'x' = 1  # x", 'print("x", y)')),
    (body("é = '😀'; x = é", "return 'é', x"), body("é = '😀'; y = é", "return 'é', y")),
    ("def f(x, /):\n    return x\n", "def f(y, /):\n    return y\n"),
    ("def f(*x, **z):\n    return x\n", "def f(*y, **z):\n    return y\n"),
    ("@d(x)\ndef f(a: x = x, /) -> x:\n    x = a\n", "@d(x)\ndef f(a: x = x, /) -> x:\n    y = a\n"),
    ("def f(x: x = x) -> x:\n    return x\n", "def f(y: x = x) -> x:\n    return y\n"),
    ("def f():\n    x = 1\n\n\ndef g():\n    x = 2\n", "def f():\n    y = 1\n\n\ndef g():\n    y = 2\n"),
    ("x = 1\n\n\ndef f(a):\r\n    x = a\r\n    return x\r\n", "x = 1\n\n\ndef f(a):\r\n    y = a\r\n    return y\r\n"),
    (
        'def f(x, z):\n    """Do it.\n\n    Args:\n        x: The x.\n        z: Not ``x``, x.\n    """\n    return x\n',
        'def f(y, z):\n    """Do it.\n\n    Args:\n        y: The x.\n        z: Not ``y``, x.\n    """\n    return y\n',
    ),
    (
        'def f(x):\n    """Do it.\n\n    :param int x: x\n    :type x: int\n    """\n    return x\n',
        'def f(y):\n    """Do it.\n\n    :param int y: x\n    :type y: int\n    """\n    return y\n',
    ),
]


@pytest.mark.parametrize(("before", "after"), RENAMED)
def test_each_place_of_a_local_name(before: str, after: str):
    """Each place of the name is renamed, and nothing that is only called so."""
    assert asked("rename x to y", before) == after


REFUSED = [
    (body("x = 1", "y = 2"), "the name y is taken"),
    (body("x = y", "return x"), "the name y is taken"),
    (body("x = 1", "return [y for y in items], x"), "the name y is taken"),
    (body("return x"), "x is no local name of f"),
    (body("return 1"), "f has no local name x"),
    (body("global x", "x = 1"), "declared global"),
    (body("x = 1", "return locals()"), "looks at its own names"),
    (body("x = 1", "return f'{x=}'"), "shows the name itself"),
    (body("x = 1", "class C:", "    x = x"), "a class in f has the name x"),
    ("x = 1\n", "there is no function here"),
    ("@given(x=1)\ndef f(x):\n    return x\n", "a decorator or a test runner may give x"),
    ("def test_it(x):\n    return x\n", "a decorator or a test runner may give x"),
    ("def f(x):\n    return x\n\n\nf(x=1)\n", "line 5 gives x by its name"),
    ("class C:\n    def __init__(self, x):\n        self.x = x\n\n\nC(x=1)\n", "line 6 gives x by its name"),
    ("def f(x):\n    return x\n\n\npartial(f, x=1)\n", "line 5 gives x by its name"),
]


@pytest.mark.parametrize(("before", "words"), REFUSED)
def test_what_would_not_be_the_same_is_refused_in_words(before: str, words: str):
    """A rename that would change what the code does is not made, and the user reads why."""
    with pytest.raises(SeedError, match=words):
        asked("rename x to y", before)


@pytest.mark.parametrize("new", ["class", "None"])
def test_a_keyword_is_no_name(new: str):
    """A name that Python does not allow is refused."""
    with pytest.raises(SeedError, match="no name that Python allows"):
        asked(f"rename x to {new}", body("x = 1"))


def test_a_part_of_a_function_means_all_of_it():
    """A name that were renamed in some places only would be two names."""
    before = "x = 0\n\n\ndef f():\n    x = 1\n    z = x\n    return x + z\n\n\ndef g(x):\n    return x\n"
    proposal, after = proposed("rename x to y", before, "    z = x\n")
    assert after == before.replace("    x = 1\n    z = x\n    return x", "    y = 1\n    z = y\n    return y")
    assert before[proposal.span.start : proposal.span.end] == "def f():\n    x = 1\n    z = x\n    return x + z\n"


def test_the_function_below_is_not_the_one_around():
    """A name is not renamed in a function that was not selected."""
    with pytest.raises(SeedError, match="there is no function here"):
        asked("rename x to y", "z = 1\ndef f():\n    x = z\n", "z = 1\n")


def test_an_inner_function_s_free_name_is_that_of_the_outer_one():
    """The name is renamed in the function that binds it, all of it."""
    before = "def f(x):\n    def g():\n        return x\n    return g\n"
    assert asked("rename x to y", before, "        return x\n") == before.replace("x", "y")


def test_a_parameter_says_who_may_break(tmp_path: Path):
    """The user is told that unknown callers may give the parameter by its name."""
    text = "def f(x):\n    return x\n"
    assert "callers of f" in proposed("rename x to y", text)[0].note
    assert not proposed("rename x to y", "def f(x, /):\n    return x\n")[0].note


@pytest.mark.parametrize(
    ("call", "is_refused"), [("f(x=1)", True), ("f(1)", False), ("f(1); x = 1", False), ("a.f(x=1)", True), ("g(x=1)", False)]
)
def test_other_files_may_give_a_parameter_by_its_name(tmp_path: Path, call: str, is_refused: bool):
    """A call in another file of the workspace that would break keeps the parameter's name."""
    (tmp_path / "other.py").write_text(f"from sample import f, g\n\n{call}\n")
    text = "def f(x):\n    return x\n"
    (tmp_path / "sample.py").write_text(text)
    selection = select(text, path=tmp_path / "sample.py")
    run = registry.run(registry.OWN, selection, "rename x to y", ToolsOnFiles())
    if is_refused:
        with pytest.raises(SeedError, match=r"other\.py may give x by its name"):
            asyncio.run(run)
    else:
        assert asyncio.run(run).new_text(selection.document) == "def f(y):\n    return y\n"


@pytest.mark.parametrize("make", [programs.loop, programs.comprehension, programs.format_, programs.chain])
def test_random_programs_do_the_same(make: programs.Callable[[random.Random], str]):
    """Whatever local name is renamed, the program does what it did."""
    rng, changed = random.Random(7), 0
    for _ in range(60):
        source = make(rng)
        name = rng.choice(["x", "out", "y", "b", "a", "items", "item", "key"])
        try:
            after = asked(f"rename {name} to renamed_", source)
        except SeedError:
            continue
        changed += 1
        assert "renamed_" in after
        for _ in range(4):
            arguments = programs.collections(rng) if "items" in source else programs.values(rng, source)
            assert programs.shown(after, arguments) == programs.shown(source, arguments), f"{source}\n{after}"
    assert changed >= 10
