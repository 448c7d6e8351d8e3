"""What an instruction is, and what its judge has in common with the others'."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.refactorings.functions import Definition, docstring_of
from benchmarks.refactorings.judges.same import Target, change_around, docstring_text, lost_comment

Scope = Definition | ast.ClassDef | ast.Lambda
Words = Callable[[Target], str]
"""Says an instruction for a function."""


@dataclass(frozen=True)
class Instruction:
    """An instruction, the functions that it fits, and the judge of what came of it.

    `words` says it for a function. `reference` is the function as it should become, which tests
    that break by the instruction itself break as well. `judge` is given the function before and
    after, and says in words what is wrong, nothing where it is right. `keeps_docstring`: it may get
    more lines and lose none; `keeps_comments` likewise. `may_come`: statements that may come to the
    module. `said_before` is a comment or docstring of the result as it was said before: a name may
    be changed there, too.
    """

    key: str
    words: Words
    fits: Callable[[Target], bool]
    reference: Callable[[Target], Definition]
    judge: Callable[[Target, Target], str]
    keeps_docstring: bool = True
    keeps_comments: bool = True
    may_come: Callable[[ast.stmt], bool] = lambda _one: False
    said_before: Callable[[Target, str], str] = lambda _old, text: text


def problem(instruction: Instruction, old: Target, new: Target) -> str:
    """What is wrong with the function as it became, in words; empty where it is right."""
    if around := change_around(old, new, instruction.may_come):
        return around
    if instruction.keeps_docstring and (docstring := _docstring_problem(instruction, old, new)):
        return docstring
    if wrong := instruction.judge(old, new):
        return wrong
    lost = lost_comment(old, new, lambda text: instruction.said_before(old, text)) if instruction.keeps_comments else ""
    return f"the comment {lost!r} is gone" if lost else ""


def reference_text(instruction: Instruction, target: Target) -> str:
    """The whole file with the function as it should become; layout and comments are lost."""
    fresh = Target(target.text, target.name)
    wanted = instruction.reference(fresh)
    for owner in ast.walk(fresh.tree):
        for block in blocks_of(owner):
            if fresh.node in block:
                block[block.index(fresh.node)] = wanted
    return ast.unparse(ast.fix_missing_locations(fresh.tree))


def blocks_of(owner: ast.AST) -> Iterator[list[ast.stmt]]:
    """The runs of statements that a node holds itself."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(owner, field, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A function's nodes but for those of functions and classes that it defines within."""
    stack = list(ast.iter_child_nodes(node))
    while stack:
        one = stack.pop()
        yield one
        if not isinstance(one, Scope):
            stack += ast.iter_child_nodes(one)


def own_blocks(node: Definition) -> Iterator[list[ast.stmt]]:
    """The runs of statements of a function, the outermost first."""
    yield node.body
    for one in own_nodes(node):
        if not isinstance(one, Scope):
            yield from blocks_of(one)


def names_in(node: ast.AST) -> set[str]:
    """All names that are read, bound or are parameters below a node."""
    nodes = list(ast.walk(node))
    return {one.id for one in nodes if isinstance(one, ast.Name)} | {one.arg for one in nodes if isinstance(one, ast.arg)}


def is_generator(node: Definition) -> bool:
    return any(isinstance(one, ast.Yield | ast.YieldFrom) for one in own_nodes(node))


def statements(node: Definition) -> list[ast.stmt]:
    """The body behind the docstring."""
    return node.body[1:] if docstring_of(node) is not None else node.body


def with_statements(node: Definition, body: Sequence[ast.stmt]) -> Definition:
    """A copy of the function with another body behind its docstring."""
    one = copy.copy(node)
    docstring = docstring_of(node)
    one.body = [*([docstring] if docstring is not None else []), *body] or [ast.Pass()]
    return one


def _docstring_problem(instruction: Instruction, old: Target, new: Target) -> str:
    before, after = docstring_text(old.node), docstring_text(new.node)
    if bool(before) != bool(after):
        return "the docstring is gone" if before else "a docstring came that nobody asked for"
    kept = {line.strip() for line in after.split("\n")}
    kept |= {instruction.said_before(old, line) for line in kept}
    return "" if all(line.strip() in kept for line in before.split("\n")) else "the docstring changed"
