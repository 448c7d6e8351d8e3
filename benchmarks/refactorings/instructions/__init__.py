"""Twelve instructions in a user's words, whose results a program can judge."""

from benchmarks.refactorings.instructions import guards, returns, shapes, words
from benchmarks.refactorings.instructions.instruction import Instruction

INSTRUCTIONS: dict[str, Instruction] = {one.key: one for one in (*guards.ALL, *returns.ALL, *shapes.ALL, *words.ALL)}
