"""Whether an answer does what the instruction says exactly; no engine here."""

from __future__ import annotations

import pytest

from seed_lsp.errors import RejectedResultError
from tests.features.refactor.answers import rewritten

TEXT = '''import os


def load(path, size=None):
    """Load it."""
    mode = options.get("mode")
    if mode == "all":
        return os.fspath(path)
    # In that mode there is less.
    return mode
'''
REGION = TEXT[TEXT.index("def") :]


@pytest.mark.parametrize(
    ("instruction", "changes", "words"),
    [
        (
            "Have a keyword parameter `deep=False`. Leave the body as it is.",
            [("None)", "None, deep=False)"), ("return mode", "return deep")],
            "body",
        ),
        (
            "Have a keyword parameter `deep=False`. Keep all other lines.",
            [("None)", "None, deep=False)"), ("# In", "print(1)\n    # In")],
            "body",
        ),
        ("Add a keyword parameter `deep=False`.", [("return mode", "deep = mode\n    return deep")], "did not add deep=False"),
        ("Add a keyword parameter `deep=False`.", [("None)", "None, deep=True)")], "did not add deep=False"),
        ("Rename the local variable `mode` to `kind`.", [("mode", "kind")], "more than names"),
        ("Rename mode to kind.", [("mode =", "kind ="), ("if mode", "if kind"), ("return mode", "return kind or 1")], "more than names"),
        ("Rename the variable `mode` to `kind`.", [("mode =", "kind =")], "gave mode two names"),
        (
            "Raise a ValueError if `size` is None.",
            [("    mode =", "    if path is None:\n        raise ValueError(path)\n    mode =")],
            "look at size",
        ),
        (
            "Raise a ValueError if `mode` is None.",
            [("        return os", "        if mode is None:\n            raise ValueError(mode)\n        return os")],
            "older condition",
        ),
        ("Add a keyword parameter deep=False and print the size if it is true.", [("None)", "None, deep=False)")], "does nothing with it"),
        ("Print the function's name.", [("    mode =", "    print('It was called.')\n    mode =")], "does not tell the name load"),
        (
            "Raise a ValueError if the first argument is None.",
            [("    mode =", "    if size is None:\n        raise ValueError(size)\n    mode =")],
            "look at path",
        ),
        ("Print the result before each return.", [("return mode", "print(path)\n    return mode, path")], "before it is returned"),
        ("Print the result before each return.", [("return mode", "print(1)\n    return mode")], "before it is returned"),
        (
            "Raise a ValueError if `size` is None.",
            [("    mode =", "    if size is None:\n        return None\n    mode =")],
            "raises ValueError",
        ),
    ],
)
def test_what_was_not_asked_for_is_refused(instruction: str, changes: list[tuple[str, str]], words: str):
    """An answer that visibly does something else than the instruction says is never applied."""
    answer = REGION
    for change in changes:
        answer = answer.replace(*change)
    with pytest.raises(RejectedResultError, match=words):
        rewritten(TEXT, answer, REGION, instruction)


@pytest.mark.parametrize(
    ("instruction", "changes"),
    [
        (
            "Add a keyword parameter `deep=False`. Leave the body as it is.",
            [("None)", "None, deep=False)"), ("Load it.", "Load it, or not.")],
        ),
        ("Add a parameter deep='a', and return it.", [("None)", 'None, deep="a")'), ("return mode", "return deep")]),
        (
            "Rename the local variable `mode` to `kind`.",
            [("mode =", "kind ="), ("if mode", "if kind"), ("return mode", "return kind"), ("that mode", "that kind")],
        ),
        ("Rename mode to kind, and return it twice.", [("mode =", "kind ="), ("if mode", "if kind"), ("return mode", "return kind, kind")]),
        ("Raise a ValueError if `size` is None.", [("    mode =", "    if size is None:\n        raise ValueError(size)\n    mode =")]),
        (
            "Log the mode before returning it.",
            [
                ("return mode", "logging.info(mode)\n    return mode"),
                ("return os.fspath(path)", "logging.info(os.fspath(path))\n        return os.fspath(path)"),
            ],
        ),
        (
            "Assert that it is not None before returning it.",
            [
                ("return mode", "assert mode is not None\n    return mode"),
                ("return os.fspath(path)", "assert os.fspath(path) is not None\n        return os.fspath(path)"),
            ],
        ),
        ("Print the function's name.", [("    mode =", "    print('load')\n    mode =")]),
        (
            "Raise a ValueError if the first argument is None.",
            [("    mode =", "    if path is None:\n        raise ValueError(path)\n    mode =")],
        ),
        (
            "Add a keyword parameter deep=False and print the size if it is true.",
            [("None)", "None, deep=False)"), ("    mode =", "    if deep:\n        print(size)\n    mode =")],
        ),
        ("Call it with size=1.", [("fspath(path)", "fspath(path, size=1)")]),
    ],
)
def test_what_was_asked_for_is_taken(instruction: str, changes: list[tuple[str, str]]):
    """An answer that does as it was told is applied."""
    answer = REGION
    for change in changes:
        answer = answer.replace(*change)
    assert rewritten(TEXT, answer, REGION, instruction).replace("import logging\n", "") == TEXT.replace(REGION, answer)
