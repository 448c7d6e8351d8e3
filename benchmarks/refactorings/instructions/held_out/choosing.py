"""One of several wordings for each function, always the same one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

from benchmarks.refactorings.instructions.instruction import Instruction, Words
from benchmarks.refactorings.judges.same import Target

Option = TypeVar("Option")
SEED = 1


def pick(key: str, target: Target, options: Sequence[Option]) -> Option:
    return options[zlib.crc32(f"{SEED} {key} {target.name}".encode()) % len(options)]


def said(key: str, *wordings: Words) -> Words:
    """One of these wordings of the same thing."""
    return lambda target: pick(f"{key} words", target, wordings)(target)


def one_of(key: str, *variants: Instruction) -> Instruction:
    """An instruction that is one of these, which may differ in their names, for each function."""

    def chosen(target: Target) -> Instruction:
        return pick(key, target, variants)

    return Instruction(
        key,
        lambda one: chosen(one).words(one),
        lambda one: chosen(one).fits(one),
        lambda one: chosen(one).reference(one),
        lambda old, new: chosen(old).judge(old, new),
        keeps_docstring=variants[0].keeps_docstring,
        may_come=lambda statement: any(one.may_come(statement) for one in variants),
        said_before=lambda old, text: chosen(old).said_before(old, text),
    )
