"""Early returns and guard clauses: the same statements, run in the same cases."""

from __future__ import annotations

import random

import pytest

from seed_lsp.errors import NoChangeError
from tests.features.refactor.convert import programs
from tests.features.refactor.intents.asking import asked, body, proposed

EARLY = [
    (body("if a:", "    return 1", "else:", "    return 2"), body("if a:", "    return 1", "return 2")),
    (
        body("if a:", "    return 1", "elif b:", "    raise E", "else:", "    c()", "return 2"),
        body("if a:", "    return 1", "if b:", "    raise E", "c()", "return 2"),
    ),
    (
        body("for x in a:", "    if x:", "        continue", "    else:", "        b(x)", "    c(x)"),
        body("for x in a:", "    if x:", "        continue", "    b(x)", "    c(x)"),
    ),
    (
        body("while a:", "    if b:", "        break", "    elif c:", "        d()", "    else:", "        e()"),
        body("while a:", "    if b:", "        break", "    if c:", "        d()", "    else:", "        e()"),
    ),
    (
        body("if a:", "    if b:", "        return 1", "    else:", "        return 2", "else:", "    return 3"),
        body("if a:", "    if b:", "        return 1", "    return 2", "return 3"),
    ),
    (
        body("if a:", "    b()", "elif c:", "    return 1", "else:", "    if d:", "        return 2", "    else:", "        e()"),
        body("if a:", "    b()", "elif c:", "    return 1", "else:", "    if d:", "        return 2", "    e()"),
    ),
    (
        body("if a:", "    return 1", "    # no", "else:  # why", "    # here", "    b(", "  1)", "    # end", "return 2"),
        body("if a:", "    return 1", "    # no", "# why", "# here", "b(", "  1)", "# end", "return 2"),
    ),
    (
        body("if a:", "    return 1", "else:", '    b = """', "    as it is", '    """', "    return b"),
        body("if a:", "    return 1", 'b = """', "    as it is", '    """', "return b"),
    ),
    (
        body("if a:", "    return 1", "else:", '    b = f"""', "    {a", '    } é"""', "    return b"),
        body("if a:", "    return 1", 'b = f"""', "    {a", '    } é"""', "return b"),
    ),
    (body("if a: return 1", "else: b(); c()", "return 2"), body("if a: return 1", "b(); c()", "return 2")),
    (
        body("if a:", "    return 1", "else:", "    @d(1 if a else 2)", "    def g():", "        pass", "    return g"),
        body("if a:", "    return 1", "@d(1 if a else 2)", "def g():", "    pass", "return g"),
    ),
    ("def f():\r\n\tif a:\r\n\t\treturn 1\r\n\telse:\r\n\t\treturn 2\r\n", "def f():\r\n\tif a:\r\n\t\treturn 1\r\n\treturn 2\r\n"),
    ("def f():\n    if a:\n        return 1\n    else:\n        return 2", "def f():\n    if a:\n        return 1\n    return 2"),
]


@pytest.mark.parametrize(("before", "after"), EARLY)
def test_an_else_behind_a_branch_that_ends_is_taken_out(before: str, after: str):
    """What stood in the else follows, with its comments, and nothing in strings moves."""
    assert asked("use early returns", before) == after
    assert asked("remove needless else", before) == after


FIRST = [
    (body("if a:", "    b()", "else:", "    return 1"), body("if not a:", "    return 1", "", "b()")),
    (
        body("if a is None:  # a", "    b()", "    # b", "else:  # c", "    # d", "    raise E", "    # e", "f()"),
        body("if a is not None:  # a", "    # c", "    # d", "    raise E", "    # e", "", "b()", "# b", "f()"),
    ),
    (
        body("for x in a:", "    if x:", "        b()", "    else:", "        continue", "    c()"),
        body("for x in a:", "    if not x:", "        continue", "", "    b()", "    c()"),
    ),
]


@pytest.mark.parametrize(("before", "after"), FIRST)
def test_an_else_that_ends_comes_first(before: str, after: str):
    """The branch that ends early stands in front of the other one, with its comments."""
    assert asked("use early returns", before) == after
    with pytest.raises(NoChangeError, match="no else here follows"):
        asked("remove needless else", before)


KEPT = [
    body("for x in a:", "    if x:", "        return 1", "else:", "    return 2"),
    body("try:", "    return 1", "except E:", "    return 2", "else:", "    return 3"),
    body("return 1 if a else 2"),
    body("if a:", "    b()", "elif c:", "    return 1", "else:", "    d()"),
]


@pytest.mark.parametrize("text", KEPT)
def test_an_else_that_is_needed_stays(text: str):
    """An else that is also reached, or belongs to a loop or a try, is no needless one."""
    with pytest.raises(NoChangeError, match="no if here has an else and a branch that ends"):
        asked("use early returns", text)


def test_nothing_outside_the_selection_is_taken_out():
    """The rest of the file is the user's."""
    text = body("if a:", "    return 1", "else:", "    return 2") * 2
    proposal, after = proposed("use early returns", text, text[: len(text) // 2])
    assert after == body("if a:", "    return 1", "return 2") + text[len(text) // 2 :]
    assert proposal.span.end == len(text) // 2


def test_comments_around_a_function_may_be_selected():
    """What is selected with the function stays, and so does what stands around."""
    text = "import a\n\n# before\n" + EARLY[0][0] + "    # behind\n\nb = 1\n"
    assert asked("use early returns", text, text[text.index("# before") : text.index("b = 1")]) == text.replace(*EARLY[0])


GUARDS = [
    (body("if a:", "    b()", "    c()"), body("if not a:", "    return", "", "b()", "c()")),
    (body("if a is None:", "    b()", "    c()"), body("if a is not None:", "    return", "", "b()", "c()")),
    (body("if not a.b:", "    b()", "    c()"), body("if a.b:", "    return", "", "b()", "c()")),
    (body("if not a in b:", "    b()", "    c()"), body("if a in b:", "    return", "", "b()", "c()")),
    (body("if (a or b) in (c, d):", "    b()", "    c()"), body("if (a or b) not in (c, d):", "    return", "", "b()", "c()")),
    (body("if (a and b):  # why", "    b()", "    c()"), body("if not (a and b):  # why", "    return", "", "b()", "c()")),
    (body("if len(a) > 1:", "    b()", "    c()"), body("if len(a) <= 1:", "    return", "", "b()", "c()")),
    (body("if a < b:", "    b()", "    c()"), body("if not a < b:", "    return", "", "b()", "c()")),
    (
        body("for x in a:", "    if x:", "        b(x)", "        # end", "        c(x)"),
        body("for x in a:", "    if not x:", "        continue", "", "    b(x)", "    # end", "    c(x)"),
    ),
    (
        body("if a:", "    if b:", "        c()", "        d()"),
        body("if not a:", "    return", "", "if not b:", "    return", "", "c()", "d()"),
    ),
    (body("if a:", "    return 1", "else:", "    return 2"), body("if a:", "    return 1", "return 2")),
]


@pytest.mark.parametrize(("before", "after"), GUARDS)
def test_a_condition_that_holds_the_rest_is_turned_around(before: str, after: str):
    """What a condition held stands behind a guard with its opposite."""
    assert asked("use guard clauses", before) == after


@pytest.mark.parametrize(
    "text",
    [
        body("if a:", "    b()"),
        body("if a:", "    b()", "    c()", "d()"),
        "if a:\n    b()\n    c()\n",
        body("if a:", "    b()", "    raise E"),
    ],
)
def test_what_no_guard_would_make_flatter_stays(text: str):
    """A condition with more behind it, or with one statement, is no guard."""
    with pytest.raises(NoChangeError, match="no condition here holds the rest"):
        asked("use guard clauses", text)


@pytest.mark.parametrize("words", ["use early returns", "use guard clauses"])
def test_random_programs_do_the_same(words: str):
    """Branches of any shape run the same statements in the same order."""
    rng, changed = random.Random(5), 0
    for _ in range(30):
        source = branching(rng)
        try:
            after = asked(words, source)
        except NoChangeError:
            continue
        changed += 1
        for _ in range(4):
            arguments = [rng.choice([0, 1, 2, None, "red"]) for _ in range(3)]
            assert programs.shown(after, arguments) == programs.shown(source, arguments), f"{source}\n{after}"
    assert changed >= 8


def branching(rng: random.Random) -> str:
    """A function of nested branches and loops, each of which may end early."""

    def block(indent: str, depth: int, *, in_loop: bool) -> list[str]:
        lines: list[str] = []
        for _ in range(rng.randint(1, 3)):
            lines += statement(indent, depth, in_loop=in_loop)
        if rng.random() < 0.5:
            endings = [f"return {rng.randint(0, 9)}", "raise KeyError(a)", *(["continue", "break"] if in_loop else [])]
            lines.append(indent + rng.choice(endings))
        return lines

    def statement(indent: str, depth: int, *, in_loop: bool) -> list[str]:
        kind = rng.random()
        if depth == 0 or kind < 0.3:
            return [f"{indent}note({rng.randint(0, 99)})"]
        if kind < 0.45:
            return [f"{indent}for i{depth} in range(2):", *block(indent + "    ", depth - 1, in_loop=True)]
        lines = [f"{indent}if {test()}:", *block(indent + "    ", depth - 1, in_loop=in_loop)]
        while rng.random() < 0.4:
            lines += [f"{indent}elif {test()}:", *block(indent + "    ", depth - 1, in_loop=in_loop)]
        if rng.random() < 0.7:
            lines += [f"{indent}else:  # {depth}", *block(indent + "    ", depth - 1, in_loop=in_loop)]
        return lines

    def test() -> str:
        return rng.choice(
            ["a", "not b", "a == 1", "b is None", "c in (1, 2)", "a and not c", "a == b or c", "(a)", "not (a or b)", "a != c"]
        )

    return "\n".join(["def f(a, b, c):", *block("    ", 2, in_loop=False), ""])
