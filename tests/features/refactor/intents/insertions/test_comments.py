"""Instructions that ask for comments."""

from __future__ import annotations

import pytest

from seed_lsp.errors import NoChangeError, RejectedResultError
from tests.features.refactor.acting import select
from tests.features.refactor.intents.insertions.understanding import done, proposed, understood
from tests.features.refactor.tools import ScriptedTools, fills, says

TEXT = '''\
def best(rows, key):
    """The best."""
    if not rows: return None
    top = rows[0]
    last = rows[-1]

    # They are in order.
    for row in rows:
        if key(row) > key(top):
            top = row
        elif row is last:
            return (
                last
            )
    return top
'''
_SEEN = fills(lambda request: " What is done here." if request.start.endswith("#") else "")
"""A model that has words where it is left alone."""


def commented(*lines: str) -> str:
    """The text with a comment above the first line that begins so, after the one before."""
    rows, at = TEXT.split("\n"), 0
    for line in lines:
        at = next(number for number in range(at, len(rows)) if rows[number].strip().startswith(line))
        indent = rows[at][: len(rows[at]) - len(rows[at].lstrip())]
        rows.insert(at, f"{indent}# What is done here.")
        at += 2
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("instruction", "lines"),
    [
        ("Please add a short comment above every return statement", ["if not", "return (", "return top"]),
        ("every return should have a comment right above it", ["if not", "return (", "return top"]),
        ("explain each return with a comment", ["if not", "return (", "return top"]),
        ("add one-line comments before the if statements that say why", ["if not", "if key"]),
        ("comment every branch and every return", ["if not", "if key", "return (", "return top"]),
        ("put a comment over each assignment", ["top = ", "last =", "top = row"]),
        ("comment each step", ["if not", "top = ", "return top"]),
        ("add comments that explain what the code does", ["if not", "top = ", "return top"]),
        ("Add inline comments to this function.", ["if not", "top = ", "return top"]),
    ],
)
def test_each_place_gets_a_line(instruction: str, lines: list[str]):
    """Comments stand above what is named, indented alike, and not where there is one already."""
    assert done(TEXT, instruction, _SEEN) == commented(*lines)


@pytest.mark.parametrize(
    "instruction",
    [
        "comment out the loop",
        "remove the comments",
        "add a comment",
        "add a TODO comment above each return",
        "add a comment to the function",
        "add a comment about the algorithm",
        "add a comment above each return that says it is None for missing rows",
        "write a comment saying that this is slow",
        "explain the function",
        "add a comment above each return and log the result",
        "translate the comments to German",
    ],
)
def test_words_that_say_more_are_left_to_the_model(instruction: str):
    """What is not understood to its last word is not done in part."""
    assert not understood(TEXT, instruction)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        " ok",
        " TODO: explain",
        " return top",
        " noqa: F401 here",
        " for row in rows:",
        " if not rows: return None",
        " \u202ehidden words",
    ],
)
def test_code_and_orders_are_no_comments(answer: str):
    """A comment is words: no code, no order to a tool, nothing that nobody sees."""
    with pytest.raises(RejectedResultError):
        done("def f(rows):\n    while rows:\n        rows.pop()\n", "add a comment above the loop", says(answer))


def test_a_comment_begins_with_a_word_that_fits():
    """That keeps the model to its statement; where it leads nowhere, the model begins itself."""
    text = "def f(rows):\n    for row in rows:\n        row()\n"
    made = done(text, "add a comment above each loop", says(" the rows and call each of them."))
    assert made == text.replace("    for", "    # Loop over the rows and call each of them.\n    for")
    made = done(text, "add a comment above each loop", says("", " Call all rows."))
    assert made == text.replace("    for", "    # Call all rows.\n    for")


def test_long_comments_are_cut_where_words_end():
    """A comment is one line that fits, of one sentence."""
    text = "def f(rows):\n    return rows\n"
    long = " the rows, which are those that were given before, in the order in which they were given, and unchanged. More."
    made = done(text, "add a comment above each return", says(long))
    assert made == text.replace("    return", "    # Return the rows, which are those that were given before\n    return")


def test_what_cannot_be_done_is_said():
    """No such place, or comments everywhere; and what is left open is noted."""
    with pytest.raises(NoChangeError, match="no loop"):
        done("def f(a):\n    return a\n", "comment each loop", _SEEN)
    with pytest.raises(NoChangeError, match="already"):
        done("def f(a):\n    # It is a.\n    return a\n", "add a comment above each return", _SEEN)
    made = proposed(select(TEXT), "add a comment above each assignment", ScriptedTools(says(" The first.", "", "", "", " The last.")))
    assert made is not None
    assert "1 of 3" in made.note
