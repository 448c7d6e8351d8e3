"""Which statements may change, by what the instruction speaks of; no engine here."""

from __future__ import annotations

import pytest

from seed_lsp.errors import RejectedResultError
from tests.features.refactor.answers import rewritten

TEXT = '''import os


def load(path, size=None):
    """Load it."""
    # There may be none.
    rows = []
    for line in open(path):
        if line:
            rows.append(line)
    count = len(rows) + 1
    os.stat(path)
    return rows
'''
REGION = TEXT[TEXT.index("def") :]


@pytest.mark.parametrize(
    ("instruction", "old", "new", "words"),
    [
        ("Wrap the loop in try/except OSError.", "    count = len(rows) + 1\n", "", "changed or moved code"),
        (
            "Handle an empty path.",
            "        if line:\n            rows.append(line)\n",
            "        rows.append(line)\n",
            "changed or moved code",
        ),
        ("Use a set instead of a list.", "+ 1", "+ 2", "changed or left out count"),
        ("Return a tuple.", "os.stat(path)", "os.lstat(path)", "changed or left out os.stat"),
        ("Rewrite the docstring.", "+ 1", "- 1", "only text"),
        ("Explain it in a docstring.", "def load", '"""Load it."""\ndef load', "no docstring"),
        (
            "Raise an OSError if there is no line.",
            "            rows.append(line)\n",
            "            rows.append(line)\n        raise OSError(path)\n",
            "changed or moved code",
        ),
        ("Add comments.", "path, size=None", "path,  size=None", "added nothing"),
        ("Handle an empty path.", "    os.stat(path)\n", "    if not path:\n        os.stat(path)\n", "changed or moved code"),
        ("Remove the comments.", "+ 1", "- 1", "only text"),
        ("Rewrite the docstring.", "    # There may be none.\n    rows = []\n", "    rows = [0]\n", "only text"),
        ("Give it type hints.", "size=None", "size: int = 0", "only types"),
        ("Give it type hints.", "rows = []", "rows: list = [1]", "only types"),
        ("Give each parameter a type.", "path, size=None):", "path: str, size=None) -> list:", "only parameters"),
    ],
)
def test_what_the_instruction_does_not_speak_of_stays(instruction: str, old: str, new: str, words: str):
    """An instruction is no licence to change the code beside it."""
    assert old in REGION
    with pytest.raises(RejectedResultError, match=words):
        rewritten(TEXT, REGION.replace(old, new), REGION, instruction)


LOOP = "    for line in open(path):\n        if line:\n            rows.append(line)\n"
WRAPPED = "    try:\n" + "".join(f"    {line}\n" for line in LOOP.splitlines()) + "    except OSError:\n        rows = None\n"


@pytest.mark.parametrize(
    ("instruction", "old", "new"),
    [
        ("Wrap the loop in try/except OSError.", LOOP, WRAPPED),
        ("Add a try/except OSError around the loop.", LOOP, WRAPPED),
        ("Handle an empty path.", "    rows = []\n", "    if not path:\n        return []\n    rows = []\n"),
        ("Skip empty lines.", "        if line:\n", "        if line and not line.isspace() or len(line) == 0:\n"),
        ("Log the result before returning it.", "    return rows\n", "    result = rows\n    log(result)\n    return result\n"),
        ("Start counting at 2.", "+ 1", "+ 2"),
        ("Remove the comments.", "    # There may be none.\n", ""),
        ("Rewrite the docstring.", "Load it.", "Read the lines of a file."),
        ("Add comments.", "    rows = []\n", "    # The result.\n    rows = []\n"),
        ("Give it type hints.", "path, size=None):", "path: str, size: int | None = None) -> list:"),
        ("Give each parameter a type.", "path, size=None):", "path: str, size: int | None = None):"),
        ("Use a set instead of a list.", "    rows = []\n", "    rows = set()\n"),
    ],
)
def test_what_the_instruction_speaks_of_may_change(instruction: str, old: str, new: str):
    """The checks do not stand in the way of what was asked for."""
    header = "log = print\n"
    assert old in REGION
    answer = REGION.replace(old, new)
    assert rewritten(header + TEXT, answer, REGION, instruction) == header + TEXT.replace(REGION, answer)


def test_a_definition_is_not_wrapped():
    """The body of a function can stand in a try, the function itself is what other code imports."""
    wrapped = "try:\n" + "".join(f"    {line}\n" if line else "\n" for line in REGION.splitlines()) + "except OSError:\n    load = None\n"
    with pytest.raises(RejectedResultError, match="into another statement"):
        rewritten(TEXT, wrapped, REGION, "Wrap it in try/except OSError.")


def test_an_exception_comes_in_place_of_nothing():
    """Where nothing was returned, an exception may be raised instead."""
    text = "def find(rows, key):\n    for row in rows:\n        if row == key:\n            return row\n    return None\n"
    answer = text.replace("return None", "raise KeyError(key)")
    assert rewritten(text, answer, instruction="Raise a KeyError if there is no such row.") == answer
    with pytest.raises(RejectedResultError, match="changed or moved code"):
        rewritten(text, answer, instruction="Print the key.")


def test_a_docstring_is_something_new():
    """A function that has no docstring gets one by free rewriting, too."""
    bare = REGION.replace('    """Load it."""\n', "")
    text = TEXT.replace(REGION, bare)
    assert rewritten(text, REGION, bare, "Add a docstring.") == TEXT


@pytest.mark.parametrize(
    "instruction",
    [
        "Adapt it to count empty lines as well.",
        "Change the function so that empty lines are counted.",
        "The number of lines is one too low where the last one is empty, since empty ones are left out above. Have it count these as well, as other programs do that read such files.",
    ],
)
def test_who_says_what_code_is_to_do_leaves_open_what_changes(instruction: str):
    """Not every word for code is known, so that a description lets the model find the place."""
    answer = REGION.replace("os.stat(path)", "os.lstat(path)").replace("count = len(rows)", "count = line + len(rows)")
    assert rewritten(TEXT, answer, REGION, instruction) == TEXT.replace(REGION, answer)
    with pytest.raises(RejectedResultError, match="changed or left out"):
        rewritten(TEXT, answer, REGION, "Count empty lines as well.")
