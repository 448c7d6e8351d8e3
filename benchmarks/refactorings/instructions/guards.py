"""Instructions that put a parameter or a guard into a function."""

from __future__ import annotations

import ast
import copy

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.instructions.instruction import (
    Instruction,
    is_generator,
    names_in,
    own_nodes,
    statements,
    with_statements,
)
from benchmarks.refactorings.judges.same import Target, dump
from benchmarks.refactorings.prepared import with_defaults


def _first(target: Target) -> str:
    name = target.first_argument()
    assert name is not None, "functions without arguments do not fit"
    return name


def _where(target: Target) -> str:
    return "the first argument after self" if target.in_class else "the first argument"


def _can_be_called(target: Target) -> bool:
    """Whether callers may give it another argument: it is no property and no operator."""
    named = {ast.unparse(one).split("(")[0] for one in target.node.decorator_list}
    special = target.node.name.startswith("__") and target.node.name != "__init__"
    return not special and all("property" not in one and "setter" not in one and "overload" not in one for one in named)


def _with_keyword(node: Definition, name: str) -> Definition:
    """A copy with a keyword parameter that is False by default, the last one."""
    one = copy.deepcopy(node)
    one.args.kwonlyargs.append(ast.arg(name))
    one.args.kw_defaults.append(ast.Constant(False))
    return one


def _without_keyword(node: Definition, name: str) -> tuple[Definition, str]:
    """A copy without that parameter, and what is wrong with it."""
    one = copy.deepcopy(node)
    listed = one.args
    for i, parameter in enumerate(listed.kwonlyargs):
        if parameter.arg == name:
            default = listed.kw_defaults.pop(i)
            listed.kwonlyargs.pop(i)
            return one, "" if _is_false(default) else f"{name} is not False by default"
    if not listed.args or listed.args[-1].arg != name:
        is_there = any(parameter.arg == name for parameter in listed.args)
        return one, f"{name} stands before other parameters" if is_there else f"there is no parameter {name}"
    if not listed.defaults or not _is_false(listed.defaults[-1]):
        return one, f"{name} is not False by default"
    listed.args.pop()
    listed.defaults.pop()
    return one, ""


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_true_of(test: ast.expr, name: str) -> bool:
    """Whether a test says that a flag is set: `name`, `name is True` or `name == True`."""
    if isinstance(test, ast.Name):
        return test.id == name
    return _compares(test, name, True)


def _compares(test: ast.expr, name: str, value: object) -> bool:
    if not isinstance(test, ast.Compare) or not isinstance(test.left, ast.Name) or test.left.id != name or len(test.ops) != 1:
        return False
    other = test.comparators[0]
    return isinstance(test.ops[0], ast.Is | ast.Eq) and isinstance(other, ast.Constant) and other.value is value


def _raises(body: list[ast.stmt], error: str) -> bool:
    if len(body) != 1 or not isinstance(body[0], ast.Raise) or body[0].exc is None:
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    return isinstance(raised, ast.Name) and raised.id == error


def _raise(test: str) -> ast.stmt:
    return ast.parse(f"if {test}:\n    raise ValueError('it is None')").body[0]


def _without_guard(node: Definition, guards: list[ast.stmt], before: set[str]) -> tuple[Definition, str]:
    """A copy without the guard, and what is wrong with its place.

    It must stand before anything ends the function or reads what it guards, which `before` names.
    """
    if len(guards) != 1:
        return node, "the guard is there twice" if guards else "there is no such guard at the function's level"
    body = statements(node)
    at = body.index(guards[0])
    for statement in body[:at]:
        ends = any(isinstance(one, ast.Return | ast.Raise | ast.Yield | ast.YieldFrom) for one in ast.walk(statement))
        if ends or before & names_in(statement):
            return node, "the guard comes too late"
    return with_statements(node, [*body[:at], *body[at + 1 :]]), ""


def _judged(old: Target, node: Definition, guards: list[ast.stmt], before: set[str]) -> str:
    undone, wrong = _without_guard(node, guards, before)
    if wrong:
        return wrong
    same = dump(undone, docstring=False) == dump(old.node, docstring=False)
    return "" if same else "more than that changed"


def _judge_verbose(old: Target, new: Target) -> str:
    node, wrong = _without_keyword(new.node, "verbose")
    guards = [one for one in statements(node) if _prints_when(one, "verbose", old.node.name)]
    return wrong or _judged(old, node, guards, set())


def _prints_when(statement: ast.stmt, flag: str, name: str) -> bool:
    if not isinstance(statement, ast.If) or statement.orelse or not _is_true_of(statement.test, flag):
        return False
    calls = [one.value for one in statement.body if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)]
    prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    return len(prints) == len(statement.body) and any(_names(one, name) for call in prints for one in call.args)


def _names(node: ast.expr, name: str) -> bool:
    """Whether an expression tells a function's name: as text, or by an attribute that holds it."""
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    attributes = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return any(name in text for text in texts) or bool(attributes & {"__name__", "__qualname__", "co_name", "function"})


def _judge_strict(old: Target, new: Target) -> str:
    node, wrong = _without_keyword(new.node, "strict")
    guards = [one for one in statements(node) if _refuses_none(one, _first(old), flag="strict")]
    return wrong or _judged(old, node, guards, {_first(old)})


def _judge_none(old: Target, new: Target) -> str:
    guards = [one for one in statements(new.node) if _refuses_none(one, _first(old))]
    return _judged(old, new.node, guards, {_first(old)})


def _refuses_none(statement: ast.stmt, name: str, flag: str = "") -> bool:
    if not isinstance(statement, ast.If) or statement.orelse:
        return False
    tests, body = _tests(statement)
    asks_none = [test for test in tests if _compares(test, name, None)]
    asks_flag = [test for test in tests if flag and _is_true_of(test, flag)]
    return len(tests) == 1 + bool(flag) == len(asks_none) + len(asks_flag) and len(asks_none) == 1 and _raises(body, "ValueError")


def _tests(statement: ast.If) -> tuple[list[ast.expr], list[ast.stmt]]:
    """What must hold for the body, of an `if` with an `and`, or of one within another."""
    tests = statement.test.values if isinstance(statement.test, ast.BoolOp) and isinstance(statement.test.op, ast.And) else [statement.test]
    if len(statement.body) == 1 and isinstance(statement.body[0], ast.If) and not statement.body[0].orelse:
        more, body = _tests(statement.body[0])
        return [*tests, *more], body
    return tests, statement.body


def _put_first(node: Definition, statement: ast.stmt) -> Definition:
    return with_statements(node, [statement, *statements(node)])


def _has_argument(target: Target) -> bool:
    return target.first_argument() is not None and not is_generator(target.node)


ALL = (
    Instruction(
        "verbose",
        lambda _one: "Add a keyword parameter verbose=False and print the function's name when it is true.",
        lambda one: _can_be_called(one) and "verbose" not in one.own_text(),
        lambda one: _put_first(_with_keyword(one.node, "verbose"), ast.parse(f"if verbose:\n    print({one.node.name!r})").body[0]),
        _judge_verbose,
    ),
    Instruction(
        "strict",
        lambda one: f"Add a keyword parameter strict=False and raise a ValueError if strict is true and {_where(one)} is None.",
        lambda one: _can_be_called(one) and _has_argument(one) and "strict" not in one.own_text(),
        lambda one: _put_first(_with_keyword(one.node, "strict"), _raise(f"strict and {_first(one)} is None")),
        _judge_strict,
    ),
    Instruction(
        "none-check",
        lambda one: f"Raise a ValueError if {_where(one)} is None.",
        lambda one: _has_argument(one) and _first(one) not in with_defaults(one.node) and not _asks_for_none(one),
        lambda one: _put_first(one.node, _raise(f"{_first(one)} is None")),
        _judge_none,
    ),
)


def _asks_for_none(target: Target) -> bool:
    """Whether a function already looks whether its first argument is None."""
    name = _first(target)
    return any(
        isinstance(one, ast.Compare) and isinstance(one.left, ast.Name) and one.left.id == name and ast.unparse(one).endswith("None")
        for one in own_nodes(target.node)
    )
