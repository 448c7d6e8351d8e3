"""A parameter that is put into a function, and taken out again to see that all else stayed."""

from __future__ import annotations

import ast
import copy

from benchmarks.refactorings.functions import Definition

Constant = str | bool | int | float | None


def with_keyword(node: Definition, name: str, value: Constant) -> Definition:
    """A copy with a keyword parameter that has a constant by default, the last one."""
    one = copy.deepcopy(node)
    one.args.kwonlyargs.append(ast.arg(name))
    one.args.kw_defaults.append(ast.Constant(value))
    return one


def without_keyword(node: Definition, name: str, value: Constant) -> tuple[Definition, str]:
    """A copy without that parameter, and what is wrong with it.

    It is keyword-only or the last one that may be given by its place: any other place, and one
    before `*args`, changes what callers give.
    """
    one = copy.deepcopy(node)
    listed = one.args
    for i, parameter in enumerate(listed.kwonlyargs):
        if parameter.arg == name:
            default = listed.kw_defaults.pop(i)
            listed.kwonlyargs.pop(i)
            return one, "" if _is(default, value) else f"{name} is not {value} by default"
    if not listed.args or listed.args[-1].arg != name or listed.vararg:
        is_there = any(parameter.arg == name for parameter in listed.args)
        return one, f"{name} stands before other parameters" if is_there else f"there is no parameter {name}"
    if not listed.defaults or not _is(listed.defaults[-1], value):
        return one, f"{name} is not {value} by default"
    listed.args.pop()
    listed.defaults.pop()
    return one, ""


def _is(node: ast.expr | None, value: Constant) -> bool:
    return node is not None and ast.dump(node) == ast.dump(ast.Constant(value))
