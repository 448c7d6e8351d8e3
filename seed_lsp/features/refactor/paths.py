"""What code does, as a tree of its conditions: two functions with the same tree do the same,
whichever way their branches are written.

For Python alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from seed_lsp.source.python_tree import is_text_statement

_MOST_NODES = 3000
"""Branches that follow each other double the tree; a larger one is not made."""
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.NotEq: ast.Eq,
    ast.IsNot: ast.Is,
    ast.NotIn: ast.In,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
}
Steps = tuple[object, ...]


class _TooLargeError(Exception):
    """The tree has more nodes than are looked at."""


def same_paths(old: ast.Module, new: ast.Module) -> bool | None:
    """Whether both do the same under the same conditions; None where that cannot be said."""
    try:
        return _Paths().of(old.body, ("end",)) == _Paths().of(new.body, ("end",))
    except (_TooLargeError, RecursionError):
        return None


@dataclass
class _Paths:
    """Makes the tree of one program."""

    nodes: int = 0

    def of(self, block: Sequence[ast.stmt], end: Steps) -> Steps:
        """What a block does, and then `end`."""
        self.nodes += 1
        if self.nodes > _MOST_NODES:
            raise _TooLargeError
        if not block:
            return end
        first, rest = block[0], block[1:]
        if isinstance(first, ast.Pass) or is_text_statement(first):
            return self.of(rest, end)
        if isinstance(first, ast.If):
            return self.choice(first.test, lambda: self.of([*first.body, *rest], end), lambda: self.of([*first.orelse, *rest], end))
        if isinstance(first, ast.Return):
            return self.returned(first.value)
        if isinstance(first, (ast.Raise, ast.Break)):
            return (ast.unparse(first),)
        if isinstance(first, ast.Continue):
            return ("continue",)
        if isinstance(first, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and isinstance(first.value, ast.IfExp):
            return self.assigned(first, rest, end)
        return (self.step(first), *self.of(rest, end))

    def returned(self, value: ast.expr | None) -> Steps:
        if isinstance(value, ast.IfExp):
            return self.choice(value.test, lambda: self.returned(value.body), lambda: self.returned(value.orelse))
        return ("return", ast.unparse(value) if value is not None else "None")

    def assigned(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, rest: Sequence[ast.stmt], end: Steps) -> Steps:
        chosen = node.value
        assert isinstance(chosen, ast.IfExp), "only a choice comes here"
        one, other = (_with_value(node, value) for value in (chosen.body, chosen.orelse))
        return self.choice(chosen.test, lambda: self.of([one, *rest], end), lambda: self.of([other, *rest], end))

    def choice(self, test: ast.expr, then: Callable[[], Steps], other: Callable[[], Steps]) -> Steps:
        """A condition and what is done if it holds and if not, with its negations taken away."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self.choice(test.operand, other, then)
        if isinstance(test, ast.BoolOp):
            first, rest = test.values[0], test.values[1:]
            more = rest[0] if len(rest) == 1 else ast.BoolOp(test.op, rest)
            if isinstance(test.op, ast.And):
                return self.choice(first, lambda: self.choice(more, then, other), other)
            return self.choice(first, then, lambda: self.choice(more, then, other))
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITES:
            opposite = _OPPOSITES[type(test.ops[0])]()
            return self.choice(ast.Compare(test.left, [opposite], test.comparators), other, then)
        return (("if", ast.unparse(test), then(), other()),)

    def step(self, node: ast.stmt) -> object:
        """A statement that is neither a branch nor a way out."""
        if isinstance(node, _DEFINITIONS):
            head = [ast.dump(one) for one in node.decorator_list], ast.dump(node.args) if not isinstance(node, ast.ClassDef) else ""
            return (node.name, str(head), self.of(node.body, ("end",) if isinstance(node, ast.ClassDef) else ("return", "None")))
        if isinstance(node, _LOOPS):
            asked = ast.unparse(node.test) if isinstance(node, ast.While) else f"{ast.unparse(node.target)} in {ast.unparse(node.iter)}"
            return (type(node).__name__, asked, self.of(node.body, ("continue",)), self.of(node.orelse, ("end",)))
        if isinstance(node, (ast.With, ast.AsyncWith)):
            return (type(node).__name__, [ast.unparse(one) for one in node.items], self.of(node.body, ("end",)))
        if isinstance(node, ast.Try):
            handlers = [(ast.dump(one.type) if one.type else "", one.name, self.of(one.body, ("end",))) for one in node.handlers]
            return ("try", self.of(node.body, ("end",)), handlers, self.of(node.orelse, ("end",)), self.of(node.finalbody, ("end",)))
        return ast.unparse(node)


def conditions(tree: ast.AST) -> Iterator[str]:
    """What a program asks for, each piece of a condition alone and without its negation."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.While, ast.IfExp)):
            yield from _pieces(node.test)
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield from _pieces(test)


def _pieces(test: ast.expr) -> Iterator[str]:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _pieces(test.operand)
    elif isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _pieces(value)
    elif isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITES:
        yield ast.unparse(ast.Compare(test.left, [_OPPOSITES[type(test.ops[0])]()], test.comparators))
    else:
        yield ast.unparse(test)


def _with_value(node: ast.Assign | ast.AnnAssign | ast.AugAssign, value: ast.expr) -> ast.stmt:
    if isinstance(node, ast.Assign):
        return ast.copy_location(ast.Assign(node.targets, value), node)
    if isinstance(node, ast.AugAssign):
        return ast.copy_location(ast.AugAssign(node.target, node.op, value), node)
    return ast.copy_location(ast.AnnAssign(node.target, node.annotation, value, node.simple), node)
