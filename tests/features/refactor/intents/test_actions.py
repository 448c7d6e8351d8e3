"""What is asked for in words and done by an action of the menu."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from seed_lsp.errors import NoChangeError, SeedError
from seed_lsp.features.refactor import registry
from tests.features.refactor.acting import select
from tests.features.refactor.intents.asking import asked, body, proposed, understood
from tests.features.refactor.tools import ScriptedTools, says

LOOP = ("out = []", "for x in items:", "    out.append(x + 1)")
DONE = [
    ("use f-strings", body("a = '%s' % (b.c,)", "return '{} {!r}'.format(a, b)"), body("a = f'{b.c}'", "return f'{a} {b!r}'")),
    ("convert the loop to a comprehension", body(*LOOP), body("out = [x + 1 for x in items]")),
    (
        "convert the loops to comprehensions",
        body(*LOOP, "more = []", "for y in out:", "    more.append(y)"),
        body("out = [x + 1 for x in items]", "more = [y for y in out]"),
    ),
    ("convert the comprehension to a loop", body("out = [x + 1 for x in items]"), body(*LOOP)),
    (
        "convert the if chain to match",
        "match 1:\n    case _: pass\n" + body("if a == 1:", "    b()", "elif a == 2:", "    c()", header="def f(a: int):"),
        "match 1:\n    case _: pass\n"
        + body("match a:", "    case 1:", "        b()", "    case 2:", "        c()", header="def f(a: int):"),
    ),
    ("inline x", body("x = items", "return [x]"), body("return [items]")),
    ("modernise this", body("if a:", "    return 1", "else:", "    return 2"), body("if a:", "    return 1", "return 2")),
    ("remove all comments", body("# a", "b()  # c", "d = '# e'", "return d  # noqa: E1"), body("b()", "d = '# e'", "return d  # noqa: E1")),
    ("remove the docstring", body('"""Do it."""', "", "return 1"), body("return 1")),
    ("remove the docstring", body('"""Do it."""'), body("pass")),
    ("remove unused imports", "import a\nfrom b import (\n    c,\n    d,\n)\n\nc()\n", "from b import (\n    c,\n)\n\nc()\n"),
]


@pytest.mark.parametrize(("words", "before", "after"), DONE)
def test_what_is_asked_for_is_done(words: str, before: str, after: str):
    """The words lead to the result of the action, and the model is not asked."""
    assert asked(words, before) == after


def test_prints_leave_no_empty_block():
    """A block that had nothing else gets a pass, and a call that is lost is told of."""
    before = body("print(1)", "if a:", "    print(g(a))  # b", "    print(2)", "c(); print(2)", "return print")
    proposal, after = proposed("remove the print statements", before)
    assert after == body("if a:", "    pass", "c(); pass", "return print").replace("    pass\n    c", "    pass  # b\n    c")
    assert "g at line 4" in proposal.note


def test_f_strings_that_are_asked_for_may_take_something_for_granted():
    """Who asks for f-strings gets them where that is likely right, and reads what must hold."""
    text = body("return '%s' % items, '%5d|%.2f' % (a, b)")
    proposal, after = proposed("use f-strings", text)
    assert after == body("return f'{items}', f'{a:5d}|{b:.2f}'")
    assert "`items` is no tuple" in proposal.note
    assert "`a` is a whole number, `b` is a number" in proposal.note


NOTHING = [
    "use f-strings",
    "convert the loop to a comprehension",
    "use a loop instead of the comprehension",
    "use match instead of if/elif",
    "remove all comments",
    "remove the prints",
    "remove the docstring",
    "remove unused imports",
    "inline absent",
    "use early returns",
    "shorten the docstring to one line",
]


@pytest.mark.parametrize("words", NOTHING)
def test_where_there_is_nothing_of_the_kind_nothing_changes(words: str):
    """The user reads that there is nothing to do, and no model makes something up."""
    with pytest.raises(NoChangeError):
        asked(words, body("return items"))


def test_a_package_may_import_for_others():
    """What an ``__init__.py`` imports and does not use is what others import from it."""
    text = "from a import b\n"
    assert "other files" in proposed("remove unused imports", text, path=Path("/p/a.py"))[0].note
    with pytest.raises(SeedError, match="imports for others"):
        proposed("remove unused imports", text, path=Path("/p/__init__.py"))


def test_a_name_that_the_user_gives_is_used():
    """The function or variable is called as the user says, and no model is asked for a name."""
    text = body("x = 1", "y = x + 2", "return y")
    assert "def load(x):" in asked("extract this into a function called load", text, "    y = x + 2\n")
    assert "load = x + 2" in asked("extract this into a variable called load", text, "x + 2")
    with pytest.raises(SeedError, match="the name items is used already"):
        asked("extract this into a function called items", text, "    y = x + 2\n")


def test_simplify_is_left_to_the_model_where_no_rule_fits():
    """What ruff knows is done at once, and all else is not refused."""
    assert understood("simplify this", body("if a:", "    return 1", "else:", "    return 2"))
    assert not understood("simplify this", body("return items"))


HEADER = "def f(path, num=1):"


@pytest.mark.parametrize(
    ("words", "header"),
    [
        ("annotate the parameters", "def f(path: str, num: int = 1):"),
        ("add a return type", "def f(path, num=1) -> str:"),
        ("add type hints", "def f(path: str, num: int = 1) -> str:"),
    ],
)
def test_types_are_added_where_they_are_asked_for(words: str, header: str):
    """Parameters alone, the result alone, or both, as the words say."""
    text = body("return g(path, num)", header=HEADER)
    selection, tools = select(text), ScriptedTools(says(" str"))
    proposal = asyncio.run(registry.run(registry.OWN, selection, words, tools))
    assert proposal.new_text(selection.document) == text.replace(HEADER, header)


def test_a_docstring_of_one_line_has_no_sections(tmp_path: Path):
    """Who asks for one line gets one, whatever the project's docstrings look like."""
    documented = body('"""', "Do it.", "", "Args:", "    a: It.", '"""', header="def {}(a):")
    text = "".join(documented.format(name) for name in "ghi") + body("return a", header="def f(a):")
    for words, count in (("add a one-line docstring", 1), ("add a docstring", 6)):
        selection = select(text, body("return a", header="def f(a):"), path=tmp_path / "a.py")
        tools = ScriptedTools(says("Return the given value."))
        proposal = asyncio.run(registry.run(registry.OWN, selection, words, tools))
        assert len("".join(edit.text for edit in proposal.edits).splitlines()) == count
