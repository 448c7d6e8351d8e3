"""Instructions that put a parameter or a guard into a function."""

from __future__ import annotations

import ast

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.instructions.instruction import (
    Instruction,
    Words,
    is_generator,
    names_in,
    own_nodes,
    statements,
    with_statements,
)
from benchmarks.refactorings.instructions.keyword import with_keyword, without_keyword
from benchmarks.refactorings.judges.same import Target, dump
from benchmarks.refactorings.prepared import with_defaults


def first(target: Target) -> str:
    """The first argument that a caller gives."""
    name = target.first_argument()
    assert name is not None, "functions without arguments do not fit"
    return name


def _where(target: Target) -> str:
    return "the first argument after self" if target.in_class else "the first argument"


def can_be_called(target: Target) -> bool:
    """Whether callers may give it another argument: it is no property and no operator."""
    named = {ast.unparse(one).split("(")[0] for one in target.node.decorator_list}
    special = target.node.name.startswith("__") and target.node.name != "__init__"
    return not special and all("property" not in one and "setter" not in one and "overload" not in one for one in named)


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


def raises(body: list[ast.stmt], error: str) -> bool:
    """Whether a block only raises an error; its text may have got a name before."""
    if len(body) == 2 and isinstance(body[0], ast.Assign) and isinstance(body[0].targets[0], ast.Name):
        body = body[1:] if body[0].targets[0].id in names_in(body[1]) else body
    if len(body) != 1 or not isinstance(body[0], ast.Raise) or body[0].exc is None:
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    return isinstance(raised, ast.Name) and raised.id == error


def _raise(error: str, test: str) -> ast.stmt:
    return ast.parse(f"if {test}:\n    raise {error}('it is None')").body[0]


def _without_guard(node: Definition, guards: list[ast.stmt], before: set[str]) -> tuple[Definition, str]:
    """A copy without the guard, and what is wrong with its place.

    It must stand before anything ends the function or reads what it guards, which `before` names.
    A guard of one parameter may follow those of others.
    """
    if len(guards) != 1:
        return node, "the guard is there twice" if guards else "there is no such guard at the function's level"
    body = statements(node)
    at = body.index(guards[0])
    for statement in body[:at]:
        ends = any(isinstance(one, ast.Return | ast.Raise | ast.Yield | ast.YieldFrom) for one in ast.walk(statement))
        if (ends and not (before and _is_guard(statement))) or before & names_in(statement):
            return node, "the guard comes too late"
    return with_statements(node, [*body[:at], *body[at + 1 :]]), ""


def _is_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and not statement.orelse and isinstance(statement.body[-1], ast.Raise) and len(statement.body) <= 2


def _judged(old: Target, node: Definition, guards: list[ast.stmt], before: set[str]) -> str:
    undone, wrong = _without_guard(node, guards, before)
    if wrong:
        return wrong
    same = dump(undone, docstring=False) == dump(old.node, docstring=False)
    return "" if same else "more than that changed"


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


def _refuses_none(statement: ast.stmt, name: str, error: str, flag: str = "") -> bool:
    if not isinstance(statement, ast.If) or statement.orelse:
        return False
    tests, body = _tests(statement)
    asks_none = [test for test in tests if _compares(test, name, None)]
    asks_flag = [test for test in tests if flag and _is_true_of(test, flag)]
    return len(tests) == 1 + bool(flag) == len(asks_none) + len(asks_flag) and len(asks_none) == 1 and raises(body, error)


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


def _asks_for_none(target: Target) -> bool:
    """Whether a function already looks whether its first argument is None."""
    name = first(target)
    return any(
        isinstance(one, ast.Compare) and isinstance(one.left, ast.Name) and one.left.id == name and ast.unparse(one).endswith("None")
        for one in own_nodes(target.node)
    )


def verbose(words: Words, flag: str = "verbose", *, key: str = "verbose") -> Instruction:
    """A flag that is False by default, and the function's name printed when it is set."""

    def judge(old: Target, new: Target) -> str:
        node, wrong = without_keyword(new.node, flag, False)
        guards = [one for one in statements(node) if _prints_when(one, flag, old.node.name)]
        return wrong or _judged(old, node, guards, set())

    return Instruction(
        key,
        words,
        lambda one: can_be_called(one) and flag not in one.own_text(),
        lambda one: _put_first(with_keyword(one.node, flag, False), ast.parse(f"if {flag}:\n    print({one.node.name!r})").body[0]),
        judge,
    )


def strict(words: Words, flag: str = "strict", error: str = "ValueError", *, key: str = "strict") -> Instruction:
    """A flag that is False by default, with which the first argument must not be None."""

    def judge(old: Target, new: Target) -> str:
        node, wrong = without_keyword(new.node, flag, False)
        guards = [one for one in statements(node) if _refuses_none(one, first(old), error, flag)]
        return wrong or _judged(old, node, guards, {first(old)})

    return Instruction(
        key,
        words,
        lambda one: can_be_called(one) and _has_argument(one) and flag not in one.own_text(),
        lambda one: _put_first(with_keyword(one.node, flag, False), _raise(error, f"{flag} and {first(one)} is None")),
        judge,
    )


def none_check(words: Words, error: str = "ValueError", *, key: str = "none-check") -> Instruction:
    """The first argument must not be None."""

    def judge(old: Target, new: Target) -> str:
        guards = [one for one in statements(new.node) if _refuses_none(one, first(old), error)]
        return _judged(old, new.node, guards, {first(old)})

    return Instruction(
        key,
        words,
        lambda one: _has_argument(one) and first(one) not in with_defaults(one.node) and not _asks_for_none(one),
        lambda one: _put_first(one.node, _raise(error, f"{first(one)} is None")),
        judge,
    )


ALL = (
    verbose(lambda _one: "Add a keyword parameter verbose=False and print the function's name when it is true."),
    strict(lambda one: f"Add a keyword parameter strict=False and raise a ValueError if strict is true and {_where(one)} is None."),
    none_check(lambda one: f"Raise a ValueError if {_where(one)} is None."),
)
