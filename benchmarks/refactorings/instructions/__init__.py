"""Instructions in a user's words, whose results a program can judge, by groups."""

from benchmarks.refactorings.instructions import guards, held_out, returns, shapes, words
from benchmarks.refactorings.instructions.instruction import Instruction

GROUPS: dict[str, dict[str, Instruction]] = {
    "fixed": {one.key: one for one in (*guards.ALL, *returns.ALL, *shapes.ALL, *words.ALL)},
    "held-out": {one.key: one for one in held_out.ALL},
}
"""The instructions of each group, by their keys, which no two groups share."""
INSTRUCTIONS: dict[str, Instruction] = {key: one for group in GROUPS.values() for key, one in group.items()}
FIXED, ALL = "fixed", "all"


def keys_of(group: str) -> list[str]:
    """The keys of a group's instructions; of each instruction for `ALL`."""
    return list(INSTRUCTIONS if group == ALL else GROUPS[group])


def group_of(key: str) -> str:
    return next(name for name, group in GROUPS.items() if key in group)
