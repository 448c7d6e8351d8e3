"""Of a partly wrong answer the right part is taken; the model is scripted."""

from __future__ import annotations

import asyncio

import pytest

from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Selection
from seed_lsp.features.refactor.parts import parts
from seed_lsp.source.document import CharOffset, Document
from tests.features.refactor.answers import rewritten
from tests.features.refactor.tools import ScriptedTools, in_turn

LOADER = '''class Loader:
    def run(self, module, mode=1):
        """Run it."""
        found = self.load(module.name)
        # Show the file.
        try:
            module.file = found.file
        except AttributeError:
            pass

        for key, value in found.items():
            module.set(key, value)
        return found + mode
'''
METHOD = LOADER.split("\n", 1)[1]
TRY = """        try:
            module.file = found.file
        except AttributeError:
            pass
"""
VERBOSE = "        if verbose:\n            print('run')\n"


@pytest.mark.parametrize(
    ("instruction", "answered", "taken"),
    [
        (
            "Add a keyword parameter verbose=False and print the function's name when it is true.",
            [("mode=1)", "mode=1, verbose=False)"), (TRY, VERBOSE)],
            [("mode=1)", "mode=1, verbose=False)"), (TRY, VERBOSE + TRY)],
        ),
        (
            "Add a comment above each return.",
            [("        return found + mode\n", "        # Both.\n        return mode + found\n")],
            [("        return found", "        # Both.\n        return found")],
        ),
        (
            "Add a keyword parameter `deep=False`. Leave the body as it is.",
            [("mode=1)", "mode=1, deep=False)"), ("return found + mode", "return found")],
            [("mode=1)", "mode=1, deep=False)")],
        ),
        (
            "Log the module.",
            [
                ("mode=1)", "mode=2)"),
                ("        found =", "        log(module)\n        found ="),
                ("            module.set", "            self.set"),
            ],
            [("        found =", "        log(module)\n        found =")],
        ),
        (
            "Raise a ValueError if the module is None.",
            [
                ("        found =", "        if module is None:\n            raise ValueError(module)\n        found ="),
                ("        # Show the file.\n", ""),
            ],
            [("        found =", "        if module is None:\n            raise ValueError(module)\n        found =")],
        ),
    ],
)
def test_the_right_part_is_taken(instruction: str, answered: list[tuple[str, str]], taken: list[tuple[str, str]]):
    """What was asked for comes, and what was changed besides stays as it was."""
    header = "log = print\n\n\n"
    assert rewritten(header + LOADER, _with(METHOD, answered), METHOD, instruction) == header + LOADER.replace(METHOD, _with(METHOD, taken))


def test_what_was_left_out_is_told():
    """Nobody has to guess what became of the rest of an answer."""
    start = LOADER.index(METHOD)
    selection = Selection(Document("u", LOADER, 1, "python"), CharOffset(start), CharOffset(start + len(METHOD)))
    answer = _with(METHOD, [("        found =", "        print(module)\n        found ="), ("found + mode", "mode + found")])
    made = asyncio.run(registry.run(registry.OWN, selection, "Print the module.", ScriptedTools(in_turn([answer]))))
    assert "print(module)" in made.new_text(selection.document)
    assert made.note == "1 changed line that the instruction says nothing of was left as it was"
    whole = _with(METHOD, [("        found =", "        print(module)\n        found =")])
    assert not asyncio.run(registry.run(registry.OWN, selection, "Print the module.", ScriptedTools(in_turn([whole])))).note


def test_parts_lie_between_the_old_text_and_the_new_one():
    """Each line of a part is one of the two texts, and those with most changes are first."""
    old, new = "a\nb\nc\nd\n", "a\nx\nc\nd\ne\n"
    found = parts(old, new)
    assert {line for one in found for line in one.text.split()} == set("abcdex")
    assert [one.left_out for one in found] == sorted(one.left_out for one in found)
    assert "a\nx\nb\nc\nd\ne\n" in [one.text for one in found]
    assert not {old, new} & {one.text for one in found}


def test_parts_are_few_however_many_changes_there_are():
    """A large answer is not looked at for ever."""
    old = "".join(f"line {i}\nsame {i}\n" for i in range(60))
    assert 0 < len(parts(old, old.replace("line", "other"))) <= 24


def _with(text: str, changes: list[tuple[str, str]]) -> str:
    for change in changes:
        assert change[0] in text
        text = text.replace(*change)
    return text
