"""In which order an expression's parts are evaluated, and whether two of them may change places."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from enum import IntEnum

from seed_lsp.features.refactor.moves.known_calls import PURE
from seed_lsp.source.python_tree import COMPREHENSIONS, DEFINITIONS


class Effect(IntEnum):
    """What evaluating something may do, or may notice."""

    NONE = 0
    """A constant."""
    STABLE = 1
    """It gives an object by its name, which nothing else here rebinds."""
    READS = 2
    """It reads what may change, such as an attribute, and may fail."""
    CHANGES = 3
    """It may change something."""


def may_swap(one: Effect, other: Effect) -> bool:
    """Whether two things may be evaluated in the other order, and give the same."""
    if Effect.NONE in {one, other}:
        return True
    if Effect.CHANGES in {one, other}:
        return min(one, other) <= Effect.STABLE
    return True


def effect_of(nodes: Iterable[ast.AST], unstable: frozenset[str]) -> Effect:
    """The strongest effect of evaluating some expressions.

    `unstable` has the names that what is called could rebind.
    """
    return max((_effect(node, unstable) for node in nodes), default=Effect.NONE)


def _effect(node: ast.AST, unstable: frozenset[str]) -> Effect:
    if isinstance(node, ast.Constant):
        return Effect.NONE
    if isinstance(node, ast.Name):
        return Effect.READS if node.id in unstable else Effect.STABLE
    if isinstance(node, ast.Lambda):
        return effect_of((*node.args.defaults, *(one for one in node.args.kw_defaults if one)), unstable)
    if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.keyword | ast.expr_context):
        return effect_of(ast.iter_child_nodes(node), unstable)
    if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Starred, *COMPREHENSIONS)):
        return Effect.CHANGES
    if isinstance(node, ast.Call):
        is_pure = isinstance(node.func, ast.Name) and node.func.id in PURE
        inner = effect_of((*node.args, *(one.value for one in node.keywords)), unstable)
        return max(inner, Effect.READS if is_pure else Effect.CHANGES)
    return max(Effect.READS, effect_of(ast.iter_child_nodes(node), unstable))


def _callee_effect(function: ast.expr, unstable: frozenset[str]) -> Effect:
    """That of looking up what is called: the methods of an object stay what they are."""
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return effect_of((function.value,), unstable)
    return effect_of((function,), unstable)


class ConditionalError(Exception):
    """A part of an expression that is not evaluated exactly once; its text says why."""


def effect_before(node: ast.AST, path: Sequence[ast.AST], unstable: frozenset[str]) -> Effect:
    """The strongest effect of what is evaluated within a statement before one expression.

    `path` leads from `node`, the statement, to the expression, without `node` itself.
    `ConditionalError` where the expression is not evaluated exactly once.
    """
    found = Effect.NONE
    for parent, child in zip([node, *path[:-1]], path, strict=True):
        found = max(found, _before(parent, child, unstable))
    return found


def _before(parent: ast.AST, child: ast.AST, unstable: frozenset[str]) -> Effect:
    """The effect of what is evaluated in `parent` before its part `child`."""
    if isinstance(parent, ast.stmt):
        return _before_in_statement(parent, child, unstable)
    if isinstance(parent, ast.BoolOp) and child is not parent.values[0]:
        raise ConditionalError("it stands behind `and` or `or`, which may skip it")
    if isinstance(parent, ast.IfExp) and child is not parent.test:
        raise ConditionalError("it stands in a conditional expression, which may skip it")
    if isinstance(parent, ast.Compare) and child in parent.comparators[1:]:
        raise ConditionalError("it stands in a chain of comparisons, which may skip it")
    if isinstance(parent, ast.Lambda):
        raise ConditionalError("it stands in a lambda, which runs later, or never")
    if isinstance(parent, ast.comprehension):
        if child is not parent.iter:
            raise ConditionalError("it stands in a comprehension, which evaluates it many times")
        return Effect.NONE
    if isinstance(parent, COMPREHENSIONS):
        if child is not parent.generators[0]:
            raise ConditionalError("it stands in a comprehension, which evaluates it many times")
        return Effect.NONE
    if isinstance(parent, ast.JoinedStr | ast.FormattedValue):
        raise ConditionalError("it stands in an f-string")
    if isinstance(parent, ast.withitem):
        return Effect.NONE if child is parent.context_expr else Effect.CHANGES
    if isinstance(parent, ast.Call):
        return Effect.NONE if child is parent.func else max(_callee_effect(parent.func, unstable), _earlier(parent, child, unstable))
    if isinstance(parent, ast.Dict):
        return _before_in_dict(parent, child, unstable)
    return _earlier(parent, child, unstable)


def _earlier(parent: ast.AST, child: ast.AST, unstable: frozenset[str]) -> Effect:
    skipped = {parent.func} if isinstance(parent, ast.Call) else set()
    earlier: list[ast.AST] = []
    for one in ast.iter_child_nodes(parent):
        if one is child:
            break
        if one not in skipped and isinstance(one, ast.expr | ast.keyword | ast.Slice):
            earlier.append(one)
    return effect_of(earlier, unstable)


def _before_in_dict(parent: ast.Dict, child: ast.AST, unstable: frozenset[str]) -> Effect:
    items = [part for pair in zip(parent.keys, parent.values, strict=True) for part in pair if part is not None]
    return effect_of(items[: items.index(child)], unstable) if child in items else Effect.CHANGES


def _before_in_statement(parent: ast.stmt, child: ast.AST, unstable: frozenset[str]) -> Effect:
    if isinstance(parent, ast.Assign):
        if child is parent.value:
            return Effect.NONE
        return Effect.CHANGES if child is not parent.targets[0] else effect_of((parent.value,), unstable)
    if isinstance(parent, ast.AugAssign):
        return Effect.NONE if child is parent.target else effect_of((parent.target,), unstable)
    if isinstance(parent, ast.AnnAssign) and child is parent.value:
        return Effect.NONE
    if isinstance(parent, ast.While):
        raise ConditionalError("it stands in the condition of a loop, which is evaluated at each turn")
    if isinstance(parent, ast.Assert) and child is parent.msg:
        raise ConditionalError("it is the message of an assertion, which is evaluated when that fails")
    if isinstance(parent, DEFINITIONS):
        raise ConditionalError("it stands in the head of a definition")
    first = _first_part(parent)
    if first is None:
        raise ConditionalError("it is no value that is computed there")
    if child is first:
        return Effect.NONE
    if isinstance(parent, ast.Raise):
        return effect_of((first,), unstable)
    raise ConditionalError("it stands where something else is done before it")


def _first_part(statement: ast.stmt) -> ast.AST | None:
    """What a statement evaluates first, and once."""
    if isinstance(statement, ast.Expr | ast.Return):
        return statement.value
    if isinstance(statement, ast.For | ast.AsyncFor):
        return statement.iter
    if isinstance(statement, ast.If | ast.Assert):
        return statement.test
    if isinstance(statement, ast.With | ast.AsyncWith):
        return statement.items[0]
    if isinstance(statement, ast.Match):
        return statement.subject
    if isinstance(statement, ast.Raise):
        return statement.exc
    return statement.targets[0] if isinstance(statement, ast.Delete) else None
