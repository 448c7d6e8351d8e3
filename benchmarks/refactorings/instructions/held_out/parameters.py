"""Instructions that concern one parameter: held out, see the package."""

from __future__ import annotations

import ast
import copy
import re

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.instructions.guards import can_be_called, first
from benchmarks.refactorings.instructions.held_out.choosing import pick, said
from benchmarks.refactorings.instructions.instruction import Instruction, Scope, names_in
from benchmarks.refactorings.instructions.keyword import with_keyword, without_keyword
from benchmarks.refactorings.judges.hints import notation
from benchmarks.refactorings.judges.same import Target, dump
from benchmarks.refactorings.prepared import parameters

_Taken = tuple[ast.arg, ast.expr | None]


def _last(target: Target) -> str:
    return target.node.args.args[-1].arg


def _can_become_keyword(target: Target) -> bool:
    listed = target.node.args
    given = listed.args[1:] if target.in_class else listed.args
    return can_be_called(target) and not listed.vararg and not listed.posonlyargs and len(given) >= 2


def _take_keyword(listed: ast.arguments, name: str) -> _Taken | None:
    for i, one in enumerate(listed.kwonlyargs):
        if one.arg == name:
            return listed.kwonlyargs.pop(i), listed.kw_defaults.pop(i)
    return None


def _keyword_only(node: Definition) -> Definition:
    one = copy.deepcopy(node)
    one.args.kwonlyargs.insert(0, one.args.args.pop())
    one.args.kw_defaults.insert(0, one.args.defaults.pop() if one.args.defaults else None)
    return one


def _judge_keyword_only(old: Target, new: Target) -> str:
    name, node = _last(old), copy.deepcopy(new.node)
    taken = _take_keyword(node.args, name)
    if taken is None:
        return f"{name} is not keyword-only"
    node.args.args.append(taken[0])
    node.args.defaults += [taken[1]] if taken[1] is not None else []
    return "" if dump(node, docstring=False) == dump(old.node, docstring=False) else "more than that changed"


def _defaulted(target: Target) -> tuple[ast.arg, ast.Constant] | None:
    """The first parameter with a constant by default."""
    positional = [*target.node.args.posonlyargs, *target.node.args.args]
    defaults = target.node.args.defaults
    for parameter, default in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
        if isinstance(default, ast.Constant) and not isinstance(default.value, bytes):
            return parameter, default
    return None


def _other_value(value: object) -> str | bool | float | None:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 5
    return "auto" if isinstance(value, str) else False


def change(target: Target) -> tuple[str, str, str]:
    """Whose default changes, from what, and to what."""
    found = _defaulted(target)
    assert found is not None, "functions without a default do not fit"
    return found[0].arg, ast.unparse(found[1]), repr(_other_value(found[1].value))


def _with_other_default(target: Target) -> Definition:
    one = Target(target.text, target.name)
    found = _defaulted(one)
    assert found is not None, "functions without a default do not fit"
    found[1].value = _other_value(found[1].value)
    return one.node


def _judge_default(old: Target, new: Target) -> str:
    same = dump(_with_other_default(old), docstring=False) == dump(new.node, docstring=False)
    return "" if same else f"{change(old)[0]} alone has another default: it is not so"


_OPTIONAL = (("timeout", "float"), ("encoding", "str"), ("max_items", "int"))


def optional(target: Target) -> tuple[str, str]:
    """The parameter that shall come, and its type beside None."""
    return pick("optional", target, _OPTIONAL)


def _judge_optional(old: Target, new: Target) -> str:
    name, kind = optional(old)
    there = [one.annotation for one in parameters(new.node) if one.arg == name]
    wanted = notation(ast.parse(f"{kind} | None", mode="eval").body)
    if there and (there[0] is None or notation(there[0]) != wanted):
        return f"{name} has another type"
    node, wrong = without_keyword(new.node, name, None)
    return wrong or ("" if dump(node, docstring=False) == dump(old.node, docstring=False) else "more than that changed")


def _with_optional(target: Target) -> Definition:
    name, kind = optional(target)
    one = with_keyword(target.node, name, None)
    one.args.kwonlyargs[-1].annotation = ast.parse(f"{kind} | None", mode="eval").body
    return one


def new_parameter(target: Target) -> str:
    """What the first argument shall be called."""
    return pick("parameter", target, ("{}_arg", "given_{}", "in_{}")).format(first(target))


def _can_be_renamed(target: Target) -> bool:
    """Whether a name stands for the first argument alone, and no caller in the file writes it."""
    name = target.first_argument()
    if name is None or new_parameter(target) in target.text or name.startswith("_"):
        return False
    for one in ast.walk(target.tree):
        if isinstance(one, ast.keyword) and one.arg == name:
            return False
    inner = [one for one in ast.walk(target.node) if one is not target.node and isinstance(one, Scope | ast.comprehension)]
    return name not in {bound for scope in inner for one in ast.walk(scope) for bound in _bound(one)}


def _bound(one: ast.AST) -> list[str]:
    if isinstance(one, ast.arg):
        return [one.arg]
    return [one.id] if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) else []


def _renamed(node: Definition, old: str, new: str) -> Definition:
    one = copy.deepcopy(node)
    for below in ast.walk(one):
        if isinstance(below, ast.Name) and below.id == old:
            below.id = new
        elif isinstance(below, ast.arg) and below.arg == old:
            below.arg = new
    return one


def _judge_parameter(old: Target, new: Target) -> str:
    name = first(old)
    if name in names_in(new.node):
        return f"{name} is still there"
    undone = _renamed(new.node, new_parameter(old), name)
    return "" if dump(undone, docstring=False) == dump(old.node, docstring=False) else "more than the name changed"


ALL = (
    Instruction(
        "keyword-only",
        said(
            "keyword-only",
            lambda one: f"make {_last(one)} keyword-only",
            lambda one: f"The parameter `{_last(one)}` should only be accepted by keyword.",
        ),
        _can_become_keyword,
        lambda one: _keyword_only(one.node),
        _judge_keyword_only,
    ),
    Instruction(
        "default",
        said(
            "default",
            lambda one: "Change the default of {} from {} to {}.".format(*change(one)),
            lambda one: "{0} should default to {2}".format(*change(one)),
        ),
        lambda one: can_be_called(one) and _defaulted(one) is not None and change(one)[1] != change(one)[2],
        _with_other_default,
        _judge_default,
        said_before=lambda old, text: text.replace(change(old)[2], change(old)[1]),
    ),
    Instruction(
        "optional-parameter",
        said(
            "optional-parameter",
            lambda one: "add an unused optional parameter `{}: {} | None = None` at the end".format(*optional(one)),
            lambda one: "Please add {} (an optional {}, None by default) to the signature, annotated. It isn't used yet.".format(
                *optional(one)
            ),
        ),
        lambda one: can_be_called(one) and optional(one)[0] not in one.own_text(),
        _with_optional,
        _judge_optional,
    ),
    Instruction(
        "rename-parameter",
        said(
            "rename-parameter",
            lambda one: f"rename the argument {first(one)} to {new_parameter(one)}",
            lambda one: f"Please call the parameter `{new_parameter(one)}` rather than `{first(one)}`.",
        ),
        _can_be_renamed,
        lambda one: _renamed(one.node, first(one), new_parameter(one)),
        _judge_parameter,
        said_before=lambda old, text: re.sub(rf"\b{re.escape(new_parameter(old))}\b", first(old), text),
    ),
)
