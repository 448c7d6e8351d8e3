"""Runs small programs, many in one process, and tells what each of them prints.

It stands alone, so that any CPython of 3.10 or newer can be its interpreter. Each line of standard
input is a list of programs as JSON. A program is a list of pairs (module's name, source), in the
order in which they are run, the last one as ``__main__``. The answer is a line with a list: what
each program printed, and the type of the exception that ended it. Before the list of programs
stands whether they are run with generators instead of their comprehensions.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import signal
import sys
import types
from typing import Any

SECONDS = 5
"""What a program may take; none should take a hundredth of it."""


def shown(value: Any, serials: dict[type, int]) -> str:
    """A value in words that hold no names, since names are what changes."""
    if isinstance(value, str):
        # What stands for an object in an f-string has its name and address.
        return re.sub(r"<.*>", "<>", value)
    if isinstance(value, bool | int | type(None)):
        return repr(value)
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ",".join(shown(one, serials) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(shown(one, serials) for one in value.values()) + "}"
    if isinstance(value, types.FunctionType):
        return f"function of line {value.__code__.co_firstlineno}"
    if isinstance(value, types.MethodType):
        return "method " + shown(value.__func__, serials)
    if isinstance(value, type):
        return f"class {serials.get(value, value.__name__)}"
    kind = type(value).__name__
    if kind == "TypeAliasType":
        return f"alias {shown(value.__value__, serials)}"
    return f"object {serials[type(value)]}" if type(value) in serials else kind


class Generators(ast.NodeTransformer):
    """Makes lists, sets and dictionaries from generators instead of comprehensions.

    They are the same by the language reference; CPython gives scopes of their own to generators
    alone.
    """

    def visit_ListComp(self, node: ast.ListComp) -> ast.List:
        return ast.List([ast.Starred(self._generator(node, node.elt), ast.Load())], ast.Load())

    def visit_SetComp(self, node: ast.SetComp) -> ast.Set:
        return ast.Set([ast.Starred(self._generator(node, node.elt), ast.Load())])

    def visit_DictComp(self, node: ast.DictComp) -> ast.Call:
        pair = ast.Tuple([node.key, node.value], ast.Load())
        return ast.Call(ast.Name("dict", ast.Load()), [self._generator(node, pair)], [])

    def _generator(self, node: ast.ListComp | ast.SetComp | ast.DictComp, element: ast.expr) -> ast.GeneratorExp:
        made = ast.GeneratorExp(element, node.generators)
        self.generic_visit(made)
        return made


def outcome(program: list[tuple[str, str]], *, generators: bool) -> list[str]:
    """What a program prints, a line each, and the type of the exception that ended it."""
    lines: list[str] = []
    serials: dict[type, int] = {}

    def build_class(*args: Any, **more: Any) -> type:
        found: type = builtins.__build_class__(*args, **more)
        serials[found] = len(serials)
        return found

    def out(*values: object) -> None:
        lines.append(" ".join(shown(value, serials) for value in values))

    inside = {**vars(builtins), "print": out, "__build_class__": build_class}
    signal.alarm(SECONDS)
    try:
        for i, (name, source) in enumerate(program):
            module = types.ModuleType("__main__" if i == len(program) - 1 else name)
            module.__dict__["__builtins__"] = inside
            sys.modules[name] = module
            tree = ast.parse(source)
            code: ast.Module = ast.fix_missing_locations(Generators().visit(tree)) if generators else tree
            exec(compile(code, name, "exec", dont_inherit=True), module.__dict__)
    except Exception as error:  # noqa: BLE001 - whatever ends a program is a part of what it does
        lines.append(f"!{type(error).__name__}")
    finally:
        signal.alarm(0)
        for name, _ in program:
            sys.modules.pop(name, None)
    return lines


def on_alarm(_number: int, _frame: types.FrameType | None) -> None:
    raise TimeoutError


def main() -> None:
    sys.setrecursionlimit(400)
    signal.signal(signal.SIGALRM, on_alarm)
    for line in sys.stdin:
        generators, programs = json.loads(line)
        sys.stdout.write(json.dumps([outcome(program, generators=generators) for program in programs]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
