"""What is asked of each action: a text, a selection in it, and how often."""

from __future__ import annotations

import ast
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.refactorings.functions import Function, find
from benchmarks.refactorings.instructions import ALL, INSTRUCTIONS, keys_of
from benchmarks.refactorings.judges.hints import annotations_of
from benchmarks.refactorings.judges.same import Target, docstring_text
from benchmarks.refactorings.packages import root_of
from benchmarks.refactorings.prepared import Places, without_annotations, without_docstring
from seed_lsp.source.document import CharOffset, Document

OWN = "edit"
HINTS, DOCSTRING, SIMPLIFY = "type-hints", "docstring", "simplify"
TRIES = 2
"""Random selections of each function, for actions on a part of one."""


@dataclass(frozen=True)
class Case:
    """An action on characters `start` to `end` of `text`, which stands in the function's file.

    `detail` tells apart what is asked of the same function: an instruction, or a selection's
    number. `instruction` is its words.
    """

    function: Function
    action: str
    detail: str
    text: str
    start: int
    end: int
    instruction: str = ""

    @property
    def id(self) -> str:
        return f"{self.function.id} {self.action} {self.detail}".strip()

    @property
    def lines(self) -> int:
        return self.text.count("\n", self.start, self.end - 1) + 1

    def document(self, root: Path) -> Document:
        return Document((root / self.function.path).as_uri(), self.text, 1, "python")

    def target(self) -> Target:
        return Target(self.text, self.function.name)


def cases_of(folder: Path, action: str, functions: Sequence[Function], most: int | None, group: str = ALL) -> Iterator[Case]:
    """The cases of an action in the functions' order, at most so many; of a group's instructions
    each.
    """
    kinds = [_own(folder, functions, key) for key in keys_of(group)] if action == OWN else [_plain(folder, functions, action)]
    for cases in kinds:
        for count, case in enumerate(cases):
            if count == most:
                break
            yield case


def original_text(folder: Path, function: Function) -> str:
    return (root_of(folder, function.package) / function.path).read_text(encoding="utf-8")


def _own(folder: Path, functions: Sequence[Function], key: str) -> Iterator[Case]:
    instruction = INSTRUCTIONS[key]
    for function in _in_turn(functions, key):
        target = Target(original_text(folder, function), function.name)
        if instruction.fits(target):
            yield _whole(function, OWN, key, target.text, instruction.words(target))


def _in_turn(functions: Sequence[Function], key: str) -> Sequence[Function]:
    """The functions from another one on for each instruction, so that few are asked twice."""
    start = random.Random(key).randrange(len(functions)) if functions else 0
    return [*functions[start:], *functions[:start]]


def _plain(folder: Path, functions: Sequence[Function], action: str) -> Iterator[Case]:
    for function in functions:
        text = original_text(folder, function)
        if action == HINTS:
            target = Target(text, function.name)
            if annotations_of(target.node):
                yield _whole(function, action, "", without_annotations(text, function.name))
        elif action == DOCSTRING:
            if docstring_text(Target(text, function.name).node):
                yield _whole(function, action, "", without_docstring(text, function.name))
        elif action.startswith(("extract", "inline")):
            yield from _parts(function, action, text)
        else:
            yield _whole(function, action, "", text)


def _whole(function: Function, action: str, detail: str, text: str, instruction: str = "") -> Case:
    """All lines of the function are selected."""
    tree = ast.parse(text)
    node = find(tree, function.name)
    assert node is not None, "the functions were chosen so that they are found"
    at = Places(text)
    return Case(function, action, detail, text, at.line(function.start), at.line((node.end_lineno or 0) + 1), instruction)


def _parts(function: Function, action: str, text: str) -> Iterator[Case]:
    """Random selections: statements that follow one another, an expression, or a name."""
    target, rng = Target(text, function.name), random.Random(f"{function.id} {action}")
    choose = _statements if action.startswith("extract") and "variable" not in action else _expressions
    found = _names(target) if action.startswith("inline") else choose(target)
    rng.shuffle(found)
    for number, (start, end) in enumerate(found[:TRIES]):
        yield Case(function, action, str(number), text, start, end)


Ranges = list[tuple[int, int]]


def _statements(target: Target) -> Ranges:
    """Runs of one to six statements, not the whole body, whole lines or from the first to the last
    character.
    """
    at, found = Places(target.text), []
    for owner in ast.walk(target.node):
        for field in ("body", "orelse"):
            block = getattr(owner, field, None)
            if not isinstance(block, list) or not block or not isinstance(block[0], ast.stmt):
                continue
            for first in range(len(block)):
                # The whole body would be the function itself.
                most = 6 if owner is not target.node else min(6, len(block) - 1)
                found += [(at.start(block[first]), at.end(last)) for last in block[first : first + most]]
    return sorted(set(found))


def _expressions(target: Target) -> Ranges:
    """Expressions of eight characters or more in the body."""
    at, found = Places(target.text), set()
    for statement in target.node.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.expr) and not isinstance(node, ast.Constant | ast.JoinedStr | ast.FormattedValue | ast.Starred):
                found.add((at.start(node), at.end(node)))
    return sorted((start, end) for start, end in found if end - start >= 8)


def _names(target: Target) -> Ranges:
    """Local variables where they are bound, once and plainly, and calls of the file's functions."""
    at, found = Places(target.text), set()
    bound = Counter(one.id for one in ast.walk(target.node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
    functions = {one.name for one in target.tree.body if isinstance(one, ast.FunctionDef)}
    for node in ast.walk(target.node):
        name = node.targets[0] if isinstance(node, ast.Assign) else node.func if isinstance(node, ast.Call) else None
        if isinstance(name, ast.Name) and (bound[name.id] == 1 if isinstance(node, ast.Assign) else name.id in functions):
            found.add((at.start(name), at.end(name)))
    return sorted(found)


def selection_range(case: Case) -> tuple[CharOffset, CharOffset]:
    return CharOffset(case.start), CharOffset(case.end)
