"""Instructions that give the branches of a function another form: held out, see the package."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.instructions.held_out.choosing import pick, said
from benchmarks.refactorings.instructions.instruction import Instruction, own_blocks, own_nodes
from benchmarks.refactorings.instructions.shapes import normal
from benchmarks.refactorings.judges.same import Target, dump


def _opposite(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def _mark(test: ast.expr, *, negated: bool = False) -> ast.expr:
    """A condition in the one form that all conditions of the same meaning have here."""
    return ast.Constant(normal(test, negated=negated))


def _ifs(node: Definition) -> list[ast.If]:
    return sorted((one for one in own_nodes(node) if isinstance(one, ast.If)), key=lambda one: (one.lineno, one.col_offset))


def _with_else(node: Definition) -> list[ast.If]:
    """Each `if` with an `else` that belongs to no chain of `elif`."""
    found = [one for one in _ifs(node) if one.orelse]
    chained = {id(below) for one in found for below in (one, *one.orelse) if isinstance(one.orelse[0], ast.If) and len(one.orelse) == 1}
    return [one for one in found if id(one) not in chained]


def _swapped(node: Definition) -> Definition:
    one = copy.deepcopy(node)
    (found,) = _with_else(one)
    found.test, found.body, found.orelse = _opposite(found.test), found.orelse, found.body
    return one


def _judge_swapped(old: Target, new: Target) -> str:
    wanted = copy.deepcopy(old.node)
    (found,) = _with_else(wanted)
    found.test = _mark(found.test)
    for i, one in enumerate(_ifs(new.node)):
        if one.orelse:
            undone = copy.deepcopy(new.node)
            back = _ifs(undone)[i]
            back.test, back.body, back.orelse = _mark(back.test, negated=True), back.orelse, back.body
            if dump(undone, docstring=False) == dump(wanted, docstring=False):
                return ""
    return "the branches are not the same ones, swapped"


def condition_name(target: Target) -> str:
    """The variable of the first condition."""
    return pick("condition", target, ("is_special", "condition", "needs_care"))


def _has_condition(target: Target) -> bool:
    found = _ifs(target.node)
    walrus = bool(found) and any(isinstance(one, ast.NamedExpr) for one in ast.walk(found[0].test))
    return (
        bool(found) and not isinstance(found[0].test, ast.Name | ast.Constant) and not walrus and condition_name(target) not in target.text
    )


def _with_condition(node: Definition, name: str) -> Definition:
    one = copy.deepcopy(node)
    first = _ifs(one)[0]
    for block in own_blocks(one):
        if first in block:
            at = block.index(first)
            block.insert(at, ast.Assign([ast.Name(name, ast.Store())], first.test, lineno=0))
            first.test = ast.Name(name, ast.Load())
            break
    return one


def _judge_condition(old: Target, new: Target) -> str:
    name, undone = condition_name(old), copy.deepcopy(new.node)
    for block in own_blocks(undone):
        for i in range(len(block) - 1):
            value, then = _given(block[i], name), block[i + 1]
            if value is None or not isinstance(then, ast.If):
                continue
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "bool" and len(value.args) == 1:
                value = value.args[0]
            if ast.dump(then.test) == ast.dump(ast.Name(name, ast.Load())):
                then.test = value
            elif ast.dump(then.test) == ast.dump(ast.UnaryOp(ast.Not(), ast.Name(name, ast.Load()))):
                then.test = ast.UnaryOp(ast.Not(), value)
            else:
                continue
            del block[i]
            return "" if dump(undone, docstring=False) == dump(old.node, docstring=False) else "more than that changed"
    return f"no condition is {name}"


def _given(statement: ast.stmt, name: str) -> ast.expr | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return None
    return statement.value if isinstance(target, ast.Name) and target.id == name else None


def _nested_loops(node: Definition) -> list[ast.For]:
    """Each loop whose body is one `if` without an `else`."""
    loops = [one for one in own_nodes(node) if isinstance(one, ast.For) and len(one.body) == 1]
    return [one for one in loops if isinstance(one.body[0], ast.If) and not one.body[0].orelse]


def _with_continue(node: Definition) -> Definition:
    one = copy.deepcopy(node)
    (loop,) = _nested_loops(one)
    (inner,) = loop.body
    assert isinstance(inner, ast.If), "as it was chosen"
    loop.body = [ast.If(_opposite(inner.test), [ast.Continue()], []), *inner.body]
    return one


def _judge_continue(old: Target, new: Target) -> str:
    wanted = copy.deepcopy(old.node)
    (loop,) = _nested_loops(wanted)
    assert isinstance(loop.body[0], ast.If), "as it was chosen"
    loop.body[0].test = _mark(loop.body[0].test)
    for i, one in enumerate(own_nodes(new.node)):
        guards = list(_guards(one.body)) if isinstance(one, ast.For) else []
        for count in range(1, len(guards) + 1):
            undone = copy.deepcopy(new.node)
            back = list(own_nodes(undone))[i]
            assert isinstance(back, ast.For), "the copy is the same"
            test = guards[0] if count == 1 else ast.BoolOp(ast.Or(), guards[:count])
            back.body = [ast.If(_mark(test, negated=True), back.body[count:] or [ast.Pass()], [])]
            if dump(undone, docstring=False) == dump(wanted, docstring=False):
                return ""
    return "no continue does the same"


def _guards(block: list[ast.stmt]) -> Iterator[ast.expr]:
    """The conditions of the statements at a loop's head that only go on to the next round."""
    for one in block:
        if not isinstance(one, ast.If) or len(one.body) != 1 or not isinstance(one.body[0], ast.Continue) or one.orelse:
            return
        yield one.test


def _choices(node: Definition) -> list[tuple[list[ast.stmt], int]]:
    """Where a statement gives a variable, or returns, one of two values."""
    blocks = list(own_blocks(node))
    return [(block, i) for block in blocks for i, one in enumerate(block) if isinstance(_value(one), ast.IfExp)]


def _value(statement: ast.stmt) -> ast.expr | None:
    return statement.value if isinstance(statement, ast.Assign | ast.Return) else None


def _can_be_spread(target: Target) -> bool:
    return len(_choices(target.node)) == 1 == sum(isinstance(one, ast.IfExp) for one in ast.walk(target.node))


def _with(statement: ast.stmt, value: ast.expr) -> ast.stmt:
    one = copy.deepcopy(statement)
    assert isinstance(one, ast.Assign | ast.Return), "as it was chosen"
    one.value = value
    return one


def _spread(node: Definition) -> Definition:
    one = copy.deepcopy(node)
    ((block, i),) = _choices(one)
    value = _value(block[i])
    assert isinstance(value, ast.IfExp), "as it was chosen"
    block[i] = ast.If(value.test, [_with(block[i], value.body)], [_with(block[i], value.orelse)])
    return one


def _judge_spread(old: Target, new: Target) -> str:
    if any(isinstance(one, ast.IfExp) for one in ast.walk(new.node)):
        return "the conditional expression is still there"
    wanted = copy.deepcopy(old.node)
    ((block, i),) = _choices(wanted)
    statement, value = block[i], _value(block[i])
    assert isinstance(value, ast.IfExp), "as it was chosen"
    forms = []
    for negated, (then, other) in ((False, (value.body, value.orelse)), (True, (value.orelse, value.body))):
        block[i] = ast.If(_mark(value.test, negated=negated), [_with(statement, then)], [_with(statement, other)])
        forms.append(dump(wanted, docstring=False))
    return "" if any(form in forms for form in _folded(new.node)) else "the if and else do not give the same"


def _folded(node: Definition) -> Iterator[str]:
    """The function with one `if` in the form of an if and else that give or return a value.

    The other value may be given before, or returned behind it.
    """
    for number, found in enumerate(own_blocks(node)):
        for i, one in enumerate(found):
            if not isinstance(one, ast.If) or len(one.body) != 1:
                continue
            for first, last, other in _others(found, i, one):
                undone = copy.deepcopy(node)
                block = list(own_blocks(undone))[number]
                block[first : last + 1] = [ast.If(_mark(one.test), one.body, [other])]
                yield dump(undone, docstring=False)


def _others(block: list[ast.stmt], i: int, one: ast.If) -> Iterator[tuple[int, int, ast.stmt]]:
    """From where to where the two values are given, and the statement that gives the other one."""
    if len(one.orelse) == 1:
        yield i, i, one.orelse[0]
    elif not one.orelse and isinstance(one.body[0], ast.Return) and i + 1 < len(block):
        yield i, i + 1, block[i + 1]
    elif not one.orelse and isinstance(one.body[0], ast.Assign) and i and isinstance(block[i - 1], ast.Assign):
        before = block[i - 1]
        assert isinstance(before, ast.Assign), "as it was looked at"
        read = {below.id for below in ast.walk(one) if isinstance(below, ast.Name) and isinstance(below.ctx, ast.Load)}
        given = {below.id for target in before.targets for below in ast.walk(target) if isinstance(below, ast.Name)}
        if not read & given and not any(isinstance(below, ast.Call) for below in ast.walk(before.value)):
            yield i - 1, i, before


ALL = (
    Instruction(
        "swap-branches",
        said(
            "swap-branches",
            lambda _one: "negate the condition of the if/else and swap both branches",
            lambda _one: "Invert the `if` that has a plain `else`: the else branch should come first.",
        ),
        lambda one: len(_with_else(one.node)) == 1,
        lambda one: _swapped(one.node),
        _judge_swapped,
    ),
    Instruction(
        "name-condition",
        said(
            "name-condition",
            lambda one: f"extract the condition of the first if into a variable named {condition_name(one)}",
            lambda one: f"Please assign the first `if` condition to a local `{condition_name(one)}` and test that instead.",
        ),
        _has_condition,
        lambda one: _with_condition(one.node, condition_name(one)),
        _judge_condition,
    ),
    Instruction(
        "continue",
        said(
            "continue",
            lambda _one: "use continue in the loop instead of nesting its body in an if",
            lambda _one: "Reduce the nesting: the for loop whose body is a single `if` should `continue` early.",
        ),
        lambda one: len(_nested_loops(one.node)) == 1,
        lambda one: _with_continue(one.node),
        _judge_continue,
    ),
    Instruction(
        "if-statement",
        said(
            "if-statement",
            lambda _one: "replace the ternary by a normal if/else statement",
            lambda _one: "Please write the conditional expression out as an `if` statement.",
        ),
        _can_be_spread,
        lambda one: _spread(one.node),
        _judge_spread,
    ),
)
