"""Whether a test can pass at all, as far as the syntax of the function that it calls tells."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from seed_lsp.features.refactor.generate_tests.frame import Target
from seed_lsp.source.python_tree import DEFINITIONS, Function
from seed_lsp.source.syntax import UNREADABLE, parse_python

RAISES = frozenset({"raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns"})
_BINDING = {"staticmethod": 0, "classmethod": 1}
_RUN = frozenset({"run", "run_until_complete"})
_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Constant, ast.JoinedStr)


def makes_sense(test: ast.AST, target: Target) -> bool:
    """False for a test that compares something with itself, or takes a coroutine or a generator for
    its result, or whose calls the function's parameters do not allow.
    """
    function = function_of(target)
    if any(_is_vain(node) for node in ast.walk(test)):
        return False
    if function is None:
        return True
    expected = {id(node) for block in _expecting(test, "TypeError") for node in ast.walk(block)}
    if not all(id(call) in expected or _fits(call, function, target) for call in calls_of(test, target)):
        return False
    if isinstance(function, ast.AsyncFunctionDef):
        # A test that is a coroutine itself would need a plugin.
        run = {
            id(one) for node in ast.walk(test) if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _RUN for one in node.args
        }
        return not isinstance(test, ast.AsyncFunctionDef) and all(id(call) in run for call in calls_of(test, target))
    return not (is_generator(function) and any(_is_compared(node, target) for node in ast.walk(test)))


def function_of(target: Target) -> Function | None:
    try:
        [node] = parse_python(textwrap.dedent(target.own)).body
    except (*UNREADABLE, IndexError):
        return None
    return node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None


def is_generator(function: Function) -> bool:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, (*DEFINITIONS, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return False


def calls_of(test: ast.AST, target: Target) -> Iterator[ast.Call]:
    """The calls of the target within a test."""
    for node in ast.walk(test):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name == (target.owner if target.name == "__init__" else target.name):
                if target.name == "__init__" or not target.owner:
                    yield node
            case ast.Call(func=ast.Attribute(attr=name)) if name == target.name:
                yield node
            case _:
                pass


def expects(check: ast.Call, test: ast.AST, target: Target) -> bool:
    """Whether the error that is expected is one that the target names, or that a call brings which
    its parameters do not allow: a model likes to expect others, which do not come.
    """
    function = function_of(target)
    named = {getattr(one, "id", getattr(one, "attr", "")) for argument in check.args[:1] for one in ast.walk(argument)}
    fits = function is None or all(_fits(call, function, target) for call in calls_of(test, target))
    if fits and not named & set(re.findall(r"\w+", target.own)):
        return False
    bodies = [
        one
        for node in ast.walk(test)
        if isinstance(node, ast.With | ast.AsyncWith) and any(check is part for item in node.items for part in ast.walk(item))
        for one in node.body
    ]
    if bodies:
        return any(_names_target(part, target) for one in bodies for part in ast.walk(one))
    return any(_names_target(part, target) for argument in check.args[1:] for part in ast.walk(argument))


def _names_target(node: ast.AST, target: Target) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == target.name
    return isinstance(node, ast.Name) and node.id == (target.owner if target.name == "__init__" else target.name)


def _is_vain(node: ast.AST) -> bool:
    """Whether something is compared with itself, or a constant is asserted."""
    match node:
        case ast.Compare(left=left, ops=[_], comparators=[right]):
            return ast.dump(left) == ast.dump(right)
        case ast.Assert(test=ast.Constant()):
            return True
        case ast.Call(func=ast.Attribute(attr="assertEqual" | "assertIs"), args=[left, right, *_]):
            return ast.dump(left) == ast.dump(right)
        case _:
            return False


def _expecting(test: ast.AST, error: str) -> Iterator[ast.AST]:
    """The blocks, and the calls, in which a test expects that error."""
    for node in ast.walk(test):
        if isinstance(node, ast.With | ast.AsyncWith):
            opened = [one for item in node.items for one in ast.walk(item.context_expr)]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in RAISES:
            opened = list(ast.walk(node))
        else:
            continue
        if any(isinstance(one, ast.Name) and one.id in {error, "Exception"} for one in opened):
            yield node


def _fits(call: ast.Call, function: Function, target: Target) -> bool:
    """Whether a function's parameters take what a call passes."""
    given = function.args
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        return True
    decorators = [getattr(one, "id", "") for one in function.decorator_list]
    if not all(name in _BINDING for name in decorators):
        return True
    first = _BINDING[decorators[0]] if decorators else int(bool(target.owner))
    if not decorators and isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == target.owner:
        # By its class's name a method takes its object like any other argument.
        first = 0
    places = [one.arg for one in (*given.posonlyargs, *given.args)]
    required = places[first : len(places) - len(given.defaults)]
    free = places[first:]
    named = {one.arg for one in call.keywords}
    if len(call.args) > len(free) and given.vararg is None:
        return False
    by_place = set(free[: len(call.args)])
    keywords = {one.arg for one in given.kwonlyargs}
    needed = {one.arg for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None}
    allowed = {one.arg for one in given.args} | keywords
    known = given.kwarg is not None or named <= allowed
    return known and not (by_place & named) and (set(required) - by_place) | needed <= named


def _is_compared(node: ast.AST, target: Target) -> bool:
    """Whether what the target returns is compared with a value as it is."""
    match node:
        case ast.Compare(left=ast.Call() as call, ops=[ast.Eq() | ast.Is()], comparators=[value]):
            pass
        case ast.Call(func=ast.Attribute(attr="assertEqual"), args=[ast.Call() as call, value]):
            pass
        case _:
            return False
    return isinstance(value, _DISPLAYS) and any(one is call for one in calls_of(call, target))
