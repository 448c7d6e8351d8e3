"""Faults that a model's code often has, whatever was asked for: code that is never reached, a call
of itself, a parameter that nothing reads, and what a checker reports.

For Python alone. Each check gives its refusal in the user's words, or nothing.
"""

from __future__ import annotations

import ast
import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

from seed_lsp.features.refactor import purpose
from seed_lsp.features.refactor.change import Change
from seed_lsp.features.refactor.embedding import stored_names
from seed_lsp.features.refactor.kept_flow import moved_effect
from seed_lsp.features.refactor.kept_names import parsed
from seed_lsp.features.refactor.paths import conditions, same_paths
from seed_lsp.features.refactor.ruff_program import run_ruff
from seed_lsp.source.python_tree import leaves
from seed_lsp.source.syntax import UNREADABLE

RUFF_LIMIT_S = 5.0
_RULES = ("F50", "F52", "F6", "F7", "F821", "F822", "F823", "F841", "PLE", "B015", "B018", "PLW0127", "PLW0129")
"""Names without a meaning, formats that do not fit, and statements without an effect."""
_UNDEFINED, _UNUSED = "F821", "F841"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try)
_ABOUT_RAISING = re.compile(
    r"rais|throw|error|exception|except|fail|check|valid|reject|ensure|requir|must|guard|handl|assert|refus|forbid|prevent|protect|disallow|limit|strict|unknown|wrap|match",
    re.IGNORECASE,
)
_FURTHER = re.compile(r"\b(?:and|then|to|when|if|which|that|for)\b|[;,]")
_BUILTIN_ATTRIBUTES = frozenset(
    name
    for one in (str, bytes, list, dict, set, frozenset, tuple, int, float, deque, BaseException, type, io.TextIOWrapper, Path)
    for name in dir(one)
)
_VERBS = frozenset({"log", "print", "count", "check", "warn"})
"""Of an instruction, which names no attribute by them."""
_RECURSION = re.compile(r"\b(?:recurs\w*|retr(?:y|ies)|itself|again|nested|deep\w*)\b", re.IGNORECASE)


def invalid_code(change: Change) -> str:
    """What the grammar takes and Python does not: two parameters of one name, `await` in a plain
    function.
    """
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or _compiles(old) == _compiles(new) or _compiles(new):
        return ""
    return "the model's code is not valid Python; try again with another selection or instruction"


def enclosed_definition(change: Change) -> str:
    """A function that was defined in any case is not defined under a condition or in a `try`."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None:
        return ""
    before, after = dict(_definitions_in(old)), dict(_definitions_in(new))
    odd = min((name for name, around in before.items() if name in after and set(after[name]) - set(around)), default="")
    return (
        f"the model put the definition of {odd} into another statement; select what is in it, or try again with other words" if odd else ""
    )


def _definitions_in(tree: ast.AST, around: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The definitions with their names, and the kinds of the statements that they stand in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.name, around
        inside = (*around, type(node).__name__) if isinstance(node, _BLOCKS) else around
        yield from _definitions_in(node, inside)


def unreachable_code(change: Change) -> str:
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None:
        return ""
    for code in _unreachable(new):
        if code not in set(_unreachable(old)):
            return f"the model's code is never reached from {code[:60]} on; try again with other words"
    return ""


def unasked_raise(change: Change) -> str:
    """A new exception, which nobody spoke of."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or not change.asked.is_brief or _ABOUT_RAISING.search(change.asked.instruction):
        return ""
    odd = [*(Counter(_raised(new)) - Counter(_raised(old)))]
    count = sum(isinstance(node, ast.Raise) for node in ast.walk(new)) - sum(isinstance(node, ast.Raise) for node in ast.walk(old))
    return f"the model has it raise an exception ({odd[0][:60]}), of which the instruction says nothing" if odd and count > 0 else ""


def _raised(tree: ast.AST) -> list[str]:
    return [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Raise)]


def new_recursion(change: Change) -> str:
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or _RECURSION.search(change.asked.instruction):
        return ""
    if not change.asked.is_brief or purpose.widens(change.asked):
        return ""
    odd = (Counter(_own_calls(new)) - Counter(_own_calls(old))).keys()
    return f"the model has {min(odd)} call itself, of which the instruction says nothing; try again with other words" if odd else ""


def unused_parameter(change: Change) -> str:
    """A new parameter is there to be read, unless nothing else is asked for."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or not _FURTHER.search(change.asked.spoken):
        return ""
    before = [argument.arg for node in ast.walk(old) for argument in _arguments(node)]
    if len(before) >= sum(len(_arguments(node)) for node in ast.walk(new)):
        return ""
    for node in ast.walk(new):
        if not isinstance(node, _FUNCTIONS) or _is_stub(node):
            continue
        read = {one.id for inner in node.body for one in ast.walk(inner) if isinstance(one, ast.Name)}
        if odd := [one.arg for one in _arguments(node) if one.arg not in {*before, *read} and not one.arg.startswith("_")]:
            return f"the model added {odd[0]} and does nothing with it; try again with other words"
    return ""


def passed_by_place(change: Change) -> str:
    """A new parameter that is passed by its place to a function that the file does not have: what
    stands in that place there, nobody knows.
    """
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None:
        return ""
    added = {one.arg for node in ast.walk(new) for one in _arguments(node)} - {
        one.arg for node in ast.walk(old) for one in _arguments(node)
    }
    before = [(ast.unparse(node.func), [ast.unparse(one) for one in node.args]) for node in ast.walk(old) if isinstance(node, ast.Call)]
    for node in ast.walk(new):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(last := node.args[-1], ast.Name) or last.id not in added:
            continue
        called, fewer = ast.unparse(node.func), [ast.unparse(one) for one in node.args[:-1]]
        name = called.rsplit(".", maxsplit=1)[-1]
        if fewer and (called, fewer) in before and not re.search(rf"\b(?:def|class)\s+{name}\b", change.document.text):
            return f"the model passes {last.id} to {name} by its place, of which the file says nothing; name the parameter that it is"
    return ""


def compared_with_none(change: Change) -> str:
    """A new parameter that is None by default has no order, which no call without it survives."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None:
        return ""
    added = {one.arg for node in ast.walk(new) for one in _arguments(node)} - {
        one.arg for node in ast.walk(old) for one in _arguments(node)
    }
    for node in ast.walk(new):
        if isinstance(node, ast.Compare) and any(isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) for op in node.ops):
            for name in sorted({one.id for one in (node.left, *node.comparators) if isinstance(one, ast.Name)} & added):
                known = rf"\b{name} is (?:not )?None\b|\bnot {name}\b|\b(?:if|and|or|while) {name}\b(?! [<>])|\b{name} or\b"
                if re.search(rf"\b{name}\b[^,()]*=\s*None\b", change.new) and not re.search(known, change.new):
                    return f"the model compares {name}, which is None by default, with a number; try again with other words"
    return ""


def formatted_twice(change: Change) -> str:
    """An f-string has its values already."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or len([*_formatted_twice(new)]) <= len([*_formatted_twice(old)]):
        return ""
    return f"the model formats an f-string once more ({next(_formatted_twice(new))[:60]}); try again with other words"


def awaited_at_random(change: Change) -> str:
    """A call that was not awaited may well give no awaitable."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or change.asked.names("await"):
        return ""
    plain = {ast.unparse(node.func) for node in ast.walk(old) if isinstance(node, ast.Call)}
    awaited = {ast.unparse(node.value.func) for node in ast.walk(new) if isinstance(node, ast.Await) and isinstance(node.value, ast.Call)}
    before = {ast.unparse(node.value.func) for node in ast.walk(old) if isinstance(node, ast.Await) and isinstance(node.value, ast.Call)}
    odd = sorted(name for name in awaited & plain - before if not change.asked.names(name))
    return f"the model awaits {odd[0]}, of which nobody knows that it can be awaited; say in the instruction what to await" if odd else ""


def changed_conditions(change: Change) -> str:
    """Who wants the code in another form wants it to do the same."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if not purpose.keeps_behaviour(change.asked) or old is None or new is None:
        return moved_effect(change) if purpose.keeps_behaviour(change.asked) else ""
    same = same_paths(old, new)
    if same:
        return ""
    if purpose.is_about_branches(change.asked) and same is not None:
        return "the model changed what is done under which condition; try again with other words"
    if odd := sorted(set(conditions(new)) - set(conditions(old))):
        return f"the model asks for another condition ({odd[0][:60]}); try again with other words"
    return moved_effect(change)


def unknown_attribute(change: Change) -> str:
    """An attribute that the file has nowhere may be an invention, but for those of modules and of
    Python's own types.
    """
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None:
        return ""
    text = change.document.text
    stored = {node.attr for node in ast.walk(new) if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)}
    stored |= {node.name for node in ast.walk(new) if isinstance(node, (*_FUNCTIONS, ast.ClassDef))} | {*stored_names(new)}
    known = (
        stored
        | _BUILTIN_ATTRIBUTES
        | (change.asked.words - _VERBS)
        | set(re.findall(r"(?:\.|def\s+|class\s+|^\s+)(\w+)", text, re.MULTILINE))
    )
    is_added = purpose.adds(change.asked) or purpose.widens(change.asked)
    bound = {*stored_names(old), *(argument.arg for node in ast.walk(old) for argument in _arguments(node))}
    for node in ast.walk(new):
        if isinstance(node, ast.Attribute) and node.attr not in known and (_root(node) == "self" or (is_added and _root(node) in bound)):
            return f"the model uses {ast.unparse(node)[:60]}, which nothing in the file has; say in the instruction where it comes from"
    return ""


def impossible_case(change: Change) -> str:
    """`self` is never None, and a generator's result is seldom seen."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None:
        return ""
    if any("self is None" in one or one in {"not self", "self"} for one in set(conditions(new)) - set(conditions(old))):
        return "the model asks whether self is there, which it always is; try again with other words"
    if _returning_generators(new) - _returning_generators(old):
        return "the model returns a value from a generator, where nobody sees it; try again with other words"
    return ""


def reported_by_ruff(change: Change) -> str:
    if change.document.language != "python":
        return ""
    run = partial(run_ruff, rules=_RULES, limit_s=RUFF_LIMIT_S)
    after = run(change.text)
    before = run(change.document.text) if after else None
    if after is None or before is None:
        return ""
    known = Counter(str(one["message"]) for one in before)
    # A file whose own names come from elsewhere may have others from there.
    has_all_names = all(one["code"] != _UNDEFINED for one in before)
    for one in after:
        message = str(one["message"])
        if known[message]:
            known[message] -= 1
            continue
        named = set(re.findall(r"`(\w+)`", message))
        if one["code"] == _UNUSED and any(_is_wanted(name, change) for name in named):
            continue
        if one["code"] != _UNDEFINED or (has_all_names and not named & (change.imported | change.asked.words)):
            return f"the model's code has a fault: {message}; try again with other words"
    return ""


def _is_wanted(name: str, change: Change) -> bool:
    """Whether the instruction asks for a variable of that name; who does may have a use for it."""
    given = rf"\b{name}`?\s*=(?!=)|(?:=>|->|\b(?:to|into|called|named|set|variable))\s+`?{name}\b"
    return re.search(given, change.asked.instruction, re.IGNORECASE) is not None


def _compiles(tree: ast.Module) -> bool:
    try:
        compile(tree, "<answer>", "exec", dont_inherit=True)
    except UNREADABLE:
        return False
    return True


def _unreachable(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if not isinstance(block, list):
                continue
            for one, following in pairwise(block):
                if leaves(one):
                    yield ast.unparse(following).split("\n", maxsplit=1)[0]


def _own_calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, _FUNCTIONS):
            continue
        for call in ast.walk(node):
            if not isinstance(call, ast.Call):
                continue
            if _is_called(call.func, node.name):
                yield node.name


def _is_called(called: ast.expr, name: str) -> bool:
    if isinstance(called, ast.Name):
        return called.id == name
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and called.value.id in {"self", "cls"}
        and called.attr == name
    )


def _root(node: ast.expr) -> str:
    """The name that a chain of attributes, calls and elements begins with."""
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _returning_generators(tree: ast.AST) -> set[str]:
    """Generators that return a value."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS):
            inner = [*ast.walk(node)]
            yields = any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in inner)
            if yields and any(isinstance(one, ast.Return) and one.value is not None for one in inner):
                found.add(node.name)
    return found


def _arguments(node: ast.AST) -> list[ast.arg]:
    if not isinstance(node, _FUNCTIONS):
        return []
    named = node.args
    return [*named.posonlyargs, *named.args, *named.kwonlyargs, *(one for one in (named.vararg, named.kwarg) if one is not None)]


def _is_stub(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return all(
        isinstance(one, (ast.Pass, ast.Raise)) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)) for one in node.body
    )


def _formatted_twice(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.JoinedStr):
            yield ast.unparse(node)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "format"
            and isinstance(node.func.value, ast.JoinedStr)
        ):
            yield ast.unparse(node)
