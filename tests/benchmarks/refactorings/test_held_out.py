"""The judges of the instructions that are held out: right in each usual form, and nothing else.

Nothing of this may become a test or an example of the actions themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.refactorings.instructions import GROUPS, INSTRUCTIONS
from benchmarks.refactorings.instructions.guards import none_check, strict, verbose
from benchmarks.refactorings.instructions.held_out import branches, parameters, values
from benchmarks.refactorings.instructions.instruction import Instruction, problem, reference_text
from benchmarks.refactorings.instructions.returns import log
from benchmarks.refactorings.instructions.shapes import in_try
from benchmarks.refactorings.instructions.words import rename
from benchmarks.refactorings.judges.same import Target
from tests.benchmarks.refactorings.held_out_cases import CALL, RIGHT, WRONG, put


def named(text: str, target: Target) -> str:
    """What stands for the names that were chosen for the function."""
    name, kind = parameters.optional(target)
    for word, chosen in (("NEW_PARAMETER", name), ("NEW_TYPE", kind), ("NEW_NAME", parameters.new_parameter(target))):
        text = text.replace(word, chosen)
    text = text.replace("CONDITION", branches.condition_name(target)).replace("NUMBER", values.number_name(target))
    if target.node.name == "check":
        text = text.replace("NEW_ERROR", values.other_error(target)[1]).replace("ALSO", values.also(target)[1])
    return text


def verdict(instruction: Instruction, function: str, result: str) -> str:
    name = function.partition("def ")[2].partition("(")[0]
    old = Target(function, name)
    assert instruction.fits(old), "the instruction is for such functions"
    return problem(instruction, old, Target(named(result, old), name))


@pytest.mark.parametrize(("key", "function", "results"), RIGHT)
def test_what_was_asked_for_is_right(key: str, function: str, results: Sequence[str]):
    """The share of right results is not lowered by a form that the judge does not know."""
    assert [verdict(INSTRUCTIONS[key], function, result) for result in results] == [""] * len(results)


@pytest.mark.parametrize(("key", "function", "results"), WRONG)
def test_anything_else_is_wrong(key: str, function: str, results: Sequence[str]):
    """A result that misses a part, or does more, is never counted as right."""
    assert all(verdict(INSTRUCTIONS[key], function, result) for result in [*results, function])


def test_each_kind_has_its_tests():
    """No judge counts anything before it was tried on right and wrong results."""
    kinds = {key for key in GROUPS["held-out"] if not key.startswith("reworded ")}
    assert len(kinds) == 12
    assert {key for key, _, _ in RIGHT} == {key for key, _, _ in WRONG} == kinds


@pytest.mark.parametrize(("key", "function"), [(key, function) for key, function, _ in RIGHT])
def test_each_judge_finds_its_own_reference_right(key: str, function: str):
    """What tests are compared with is what was asked for."""
    text = "\n".join(line for line in function.split("\n") if "#" not in line or key == "delete-comments")
    old = Target(text, function.partition("def ")[2].partition("(")[0])
    new = Target(reference_text(INSTRUCTIONS[key], old), old.name)
    assert not problem(INSTRUCTIONS[key], old, new)


GUARDED = "    # At once."
MANY = {
    "debug": (
        verbose(lambda _one: "", "debug"),
        put(CALL, ("check=True", "check=True, debug=False"), (GUARDED, "    if debug:\n        print('call')\n" + GUARDED)),
    ),
    "pedantic": (
        strict(lambda _one: "", "pedantic", "TypeError"),
        put(
            CALL,
            ("check=True", "check=True, pedantic=False"),
            (GUARDED, "    if pedantic and host is None:\n        raise TypeError\n" + GUARDED),
        ),
    ),
    "TypeError": (
        none_check(lambda _one: "", "TypeError"),
        put(CALL, (GUARDED, "    if host is None:\n        raise TypeError('no host')\n" + GUARDED)),
    ),
    "info": (
        log(lambda _one: "", "info", of_module=False),
        put(
            CALL,
            ("            return", "            logging.info('it is %s', one)\n            return"),
            ("    return port", "    logging.info(port)\n    return port"),
            (GUARDED, "    import logging\n\n" + GUARDED),
        ),
    ),
    "the_one": (rename(lambda _one: "", lambda name: f"the_{name}"), put(CALL, ("one", "the_one"))),
    "LookupError": (
        in_try(lambda _one: "", "LookupError", "ValueError"),
        'def call(host, port=80, *, check=True):\n    """Call a host."""\n    try:\n'
        + "".join(f"    {line}\n" for line in CALL.split("\n")[2:-1])
        + "    except LookupError as error:\n        raise ValueError(error) from error\n",
    ),
}


@pytest.mark.parametrize("word", MANY)
def test_names_that_are_asked_for_are_the_ones_that_have_to_come(word: str):
    """A judge of other words looks for the names in them, and for no others."""
    instruction, right = MANY[word]
    assert not verdict(instruction, CALL, right)
    assert verdict(instruction, CALL, right.replace(word, word[:-1] if word.islower() else "OSError"))


@pytest.mark.parametrize("key", [key for key in GROUPS["held-out"] if key.startswith("reworded ")])
def test_each_fixed_instruction_is_said_in_three_other_ways(key: str):
    """All wordings are asked, a function always gets the same one, and its judge belongs to it."""
    function = 'def call{0}(host, port, rest):\n    """Call.\n\n    More.\n\n    End.\n    """\n    size = "%s" % port\n    if host:\n        return size\n    else:\n        return rest\n'
    said = set()
    for number in range(40):
        old = Target(function.format(number), f"call{number}")
        assert INSTRUCTIONS[key].fits(old)
        words = INSTRUCTIONS[key].words(old)
        assert words == INSTRUCTIONS[key].words(old) != INSTRUCTIONS[key.removeprefix("reworded ")].words(old)
        said.add(words.replace(f"call{number}", ""))
        if not key.endswith("comment"):
            assert not problem(INSTRUCTIONS[key], old, Target(reference_text(INSTRUCTIONS[key], old), old.name))
        assert problem(INSTRUCTIONS[key], old, old)
    assert len(said) == 3
