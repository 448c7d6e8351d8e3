"""Instructions that change the shape of a function: early returns, and a `try` around its body."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.instructions.guards import raises
from benchmarks.refactorings.instructions.instruction import (
    Instruction,
    Words,
    blocks_of,
    own_nodes,
    statements,
    with_statements,
)
from benchmarks.refactorings.judges.same import Target, dump

MOST_ELSES = 4
_ALIASES = {"OSError": {"OSError", "IOError", "EnvironmentError"}}
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
    # A branch may end by a return only when it has been flattened itself.
    while needless_elses(one):
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


def _plain_elses(node: Definition) -> list[ast.If]:
    """Those elses of `needless_elses` that are written as such: an `elif` is none."""
    return [one for one in needless_elses(node) if not (isinstance(one.orelse[0], ast.If) and one.orelse[0].col_offset == one.col_offset)]


def _judge_early(old: Target, new: Target) -> str:
    # Where there is an else to replace, what is left of the chain may stay one of `elif`.
    left = _plain_elses(new.node) if _plain_elses(old.node) else needless_elses(new.node)
    if left:
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
            yield f"if {min(normal(one.test, negated=negated) for negated in (False, True))}"
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


def normal(node: ast.expr, *, negated: bool) -> str:
    """A condition, or its opposite, with no `not` that could be pushed further in."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return normal(node.operand, negated=not negated)
    if isinstance(node, ast.BoolOp):
        is_and = isinstance(node.op, ast.And) is not negated
        return f"{'and' if is_and else 'or'}({', '.join(normal(one, negated=negated) for one in node.values)})"
    if negated and isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITES:
        return ast.dump(ast.Compare(node.left, [_OPPOSITES[type(node.ops[0])]()], node.comparators))
    return f"not {ast.dump(node)}" if negated else ast.dump(node)


def _in_try(node: Definition, caught: str, raised: str) -> Definition:
    text = f"try:\n    pass\nexcept {caught} as error:\n    raise {raised}(str(error)) from error"
    handler = ast.parse(text).body[0]
    assert isinstance(handler, ast.Try), "as it is written"
    handler.body = statements(node)
    return with_statements(node, [handler])


def _catches(node: ast.expr | None, caught: str) -> bool:
    """Whether it is one exception that is caught, by any of its names, or a tuple of it alone."""
    if isinstance(node, ast.Tuple) and len(node.elts) == 1:
        node = node.elts[0]
    return isinstance(node, ast.Name) and node.id in _ALIASES.get(caught, {caught})


def early_return(words: Words, *, key: str = "early-return") -> Instruction:
    """No else is left behind a return or raise."""
    return Instruction(
        key, words, lambda one: 1 <= len(needless_elses(one.node)) <= MOST_ELSES, lambda one: flattened(one.node), _judge_early
    )


def in_try(words: Words, caught: str = "OSError", raised: str = "RuntimeError", *, key: str = "try") -> Instruction:
    """The whole body stands in a `try`, and one error becomes another."""

    def judge(old: Target, new: Target) -> str:
        body = [one for one in statements(new.node) if not isinstance(one, ast.Global | ast.Nonlocal)]
        if len(body) != 1 or not isinstance(body[0], ast.Try) or body[0].orelse or body[0].finalbody or len(body[0].handlers) != 1:
            return "the body is not one try with one except"
        (handler,) = body[0].handlers
        if not _catches(handler.type, caught):
            return f"it is not {caught} that is caught"
        if not raises(handler.body, raised):
            return f"it is not re-raised as {raised}"
        kept = [one for one in statements(new.node) if isinstance(one, ast.Global | ast.Nonlocal)]
        undone = with_statements(new.node, [*kept, *body[0].body])
        return "" if dump(undone, docstring=False) == dump(old.node, docstring=False) else "more than that changed"

    return Instruction(
        key,
        words,
        lambda one: caught not in one.own_text() and not isinstance(statements(one.node)[0], ast.Try),
        lambda one: _in_try(one.node, caught, raised),
        judge,
    )


ALL = (
    early_return(lambda _one: "Use early returns instead of else."),
    in_try(lambda _one: "Wrap the body in try/except OSError and re-raise it as RuntimeError."),
)
