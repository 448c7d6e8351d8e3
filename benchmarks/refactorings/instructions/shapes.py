"""Instructions that change the shape of a function: early returns, and a `try` around its body."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.instructions.instruction import (
    Instruction,
    blocks_of,
    own_nodes,
    statements,
    with_statements,
)
from benchmarks.refactorings.judges.same import Target, dump

MOST_ELSES = 4
_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
}
_OPPOSITES |= {other: one for one, other in _OPPOSITES.items()}


def needless_elses(node: Definition) -> list[ast.If]:
    """Each `if` that has an `else` though its branch ends by a return or raise."""
    return [one for one in own_nodes(node) if isinstance(one, ast.If) and one.orelse and _leaves(one.body)]


def _leaves(block: list[ast.stmt]) -> bool:
    return isinstance(block[-1], ast.Return | ast.Raise)


def flattened(node: Definition) -> Definition:
    """A copy without needless elses: what stood in them follows the `if`."""
    one = copy.deepcopy(node)
    for owner in [one, *own_nodes(one)]:
        for block in blocks_of(owner):
            _flatten(block)
    return one


def _flatten(block: list[ast.stmt]) -> None:
    i = 0
    while i < len(block):
        statement = block[i]
        if isinstance(statement, ast.If) and statement.orelse and _leaves(statement.body):
            block[i + 1 : i + 1] = statement.orelse
            statement.orelse = []
        i += 1


def _judge_early(old: Target, new: Target) -> str:
    if needless_elses(new.node):
        return "an else is left behind a return"
    if ast.dump(old.node.args) != ast.dump(new.node.args):
        return "the parameters changed"
    if dump(flattened(old.node), docstring=False) == dump(flattened(new.node), docstring=False):
        return ""
    before, after = Counter(_parts(old.node)), Counter(_parts(new.node))
    lost, brought = before - after, after - before
    for returned in list(brought):
        # `x = 1` in a branch and `return x` behind it may become `return 1`.
        lost -= Counter([f"assigns {returned.removeprefix('returns ')}"])
    may_come = {"returns ", "returns Constant(value=None)"} | {part for part in before if part.startswith("returns ")}
    may_come |= {f"returns {part.removeprefix('assigns ')}" for part in before if part.startswith("assigns ")}
    may_go = {part for part in lost if part.startswith("returns ") and "Name(" in part}
    if set(lost) - may_go or set(brought) - may_come:
        return "more than the order of the branches changed"
    return ""


def _parts(node: Definition) -> Iterator[str]:
    """The function's single statements and conditions, the latter up to a `not`."""
    for one in own_nodes(node):
        if isinstance(one, ast.If | ast.While):
            yield f"if {min(_normal(one.test, negated=negated) for negated in (False, True))}"
        elif isinstance(one, ast.Return):
            yield f"returns {ast.dump(one.value) if one.value is not None else ''}"
        elif isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name):
            yield f"assigns {ast.dump(one.value)}"
        elif isinstance(one, ast.For | ast.AsyncFor):
            yield f"for {ast.dump(one.target)} {ast.dump(one.iter)}"
        elif isinstance(one, ast.With | ast.AsyncWith):
            yield f"with {[ast.dump(item) for item in one.items]}"
        elif isinstance(one, ast.ExceptHandler):
            yield f"except {one.type and ast.dump(one.type)} {one.name}"
        elif isinstance(one, ast.stmt) and not isinstance(one, ast.Try | ast.Pass):
            yield ast.dump(one)


def _normal(node: ast.expr, *, negated: bool) -> str:
    """A condition, or its opposite, with no `not` that could be pushed further in."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _normal(node.operand, negated=not negated)
    if isinstance(node, ast.BoolOp):
        is_and = isinstance(node.op, ast.And) is not negated
        return f"{'and' if is_and else 'or'}({', '.join(_normal(one, negated=negated) for one in node.values)})"
    if negated and isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITES:
        return ast.dump(ast.Compare(node.left, [_OPPOSITES[type(node.ops[0])]()], node.comparators))
    return f"not {ast.dump(node)}" if negated else ast.dump(node)


def _in_try(node: Definition) -> Definition:
    handler = ast.parse("try:\n    pass\nexcept OSError as error:\n    raise RuntimeError(str(error)) from error").body[0]
    assert isinstance(handler, ast.Try), "as it is written"
    handler.body = statements(node)
    return with_statements(node, [handler])


def _judge_try(old: Target, new: Target) -> str:
    body = statements(new.node)
    if len(body) != 1 or not isinstance(body[0], ast.Try) or body[0].orelse or body[0].finalbody or len(body[0].handlers) != 1:
        return "the body is not one try with one except"
    (handler,) = body[0].handlers
    if not isinstance(handler.type, ast.Name) or handler.type.id not in {"OSError", "IOError", "EnvironmentError"}:
        return "it is not OSError that is caught"
    raised = handler.body[0]
    error = raised.exc if isinstance(raised, ast.Raise) and len(handler.body) == 1 else None
    if not isinstance(error, ast.Call | ast.Name) or ast.unparse(error.func if isinstance(error, ast.Call) else error) != "RuntimeError":
        return "it is not re-raised as RuntimeError"
    undone = with_statements(new.node, body[0].body)
    return "" if dump(undone, docstring=False) == dump(old.node, docstring=False) else "more than that changed"


ALL = (
    Instruction(
        "early-return",
        lambda _one: "Use early returns instead of else.",
        lambda one: 1 <= len(needless_elses(one.node)) <= MOST_ELSES,
        lambda one: flattened(one.node),
        _judge_early,
    ),
    Instruction(
        "try",
        lambda _one: "Wrap the body in try/except OSError and re-raise it as RuntimeError.",
        lambda one: "OSError" not in one.own_text() and not isinstance(statements(one.node)[0], ast.Try),
        lambda one: _in_try(one.node),
        _judge_try,
    ),
)
