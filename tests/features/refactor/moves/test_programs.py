"""Random programs do the same before and after code of them was moved."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator

import pytest

from seed_lsp.errors import SeedError
from seed_lsp.features.refactor.moves.extract_function import plan_extraction, require_same_code
from seed_lsp.features.refactor.moves.extract_variable import plan_variable, require_same_value
from seed_lsp.features.refactor.moves.inline_variable import plan_inline_variable
from seed_lsp.source.document import Document
from seed_lsp.source.patch import apply_edits
from seed_lsp.source.python_scopes import scope_of
from seed_lsp.source.python_tree import FUNCTIONS, PythonTree, blocks
from tests.features.refactor.moves.programs import Writer, outcome


def programs(first: int, count: int) -> Iterator[tuple[int, PythonTree]]:
    """Random programs that Python takes."""
    for seed in range(first, first + count):
        text = Writer(seed).program()
        try:
            compile(text, "program", "exec")
        except SyntaxError:
            continue
        yield seed, PythonTree(Document("file:///a.py", text, language="python"))


def extracted_functions(tree: PythonTree, chosen: random.Random) -> Iterator[str]:
    """The text with each of some random runs of statements extracted, where that is not refused."""
    lists = [block for node in ast.walk(tree.root) for block in blocks(node) if block]
    for _ in range(6):
        block = chosen.choice(lists)
        first = chosen.randrange(len(block))
        last = chosen.randrange(first, len(block))
        try:
            made = plan_extraction(tree, tree.start(block[first]), tree.end(block[last]))
            require_same_code(made, "new")
        except SeedError:
            continue
        yield apply_edits(tree.document.text, made.edits("new"))


def extracted_variables(tree: PythonTree, chosen: random.Random) -> Iterator[str]:
    expressions = [node for node in ast.walk(tree.root) if isinstance(node, ast.expr)]
    for node in chosen.sample(expressions, min(8, len(expressions))):
        try:
            made = plan_variable(tree, tree.start(node), tree.end(node))
            require_same_value(made, "new")
        except SeedError:
            continue
        yield apply_edits(tree.document.text, made.edits("new"))


def inlined_variables(tree: PythonTree, _chosen: random.Random) -> Iterator[str]:
    for function in (node for node in ast.walk(tree.root) if isinstance(node, FUNCTIONS)):
        for name in sorted(scope_of(function).local_names):
            try:
                made = plan_inline_variable(tree, function, name)
                made.require_same_program(tree)
            except SeedError:
                continue
            yield apply_edits(tree.document.text, made.edits)


Moves = Callable[[PythonTree, random.Random], Iterator[str]]


def check(moves: Moves, first: int, count: int) -> int:
    """How many moves were made; each gives a program that does the same."""
    made = 0
    for seed, tree in programs(first, count):
        before = None
        for after in moves(tree, random.Random(seed)):
            before = before or outcome(tree.document.text, seed)
            assert outcome(after, seed) == before, f"seed {seed}\n{tree.document.text}\n----\n{after}"
            made += 1
    return made


@pytest.mark.parametrize(("moves", "least"), [(extracted_functions, 20), (extracted_variables, 50), (inlined_variables, 3)])
def test_a_program_does_the_same_after_a_move(moves: Moves, least: int):
    """What is offered is right: nothing that a program logs, returns or raises is another then."""
    assert check(moves, 0, 20) >= least


@pytest.mark.slow
@pytest.mark.parametrize(("moves", "least"), [(extracted_functions, 400), (extracted_variables, 1000), (inlined_variables, 60)])
def test_hundreds_of_programs_do_the_same(moves: Moves, least: int):
    """The same, over more programs."""
    assert check(moves, 10_000, 400) >= least
