"""Random small programs that have something to convert, and what running them shows."""

from __future__ import annotations

import contextlib
import copy
import enum
import random
import re
import textwrap
from collections.abc import Callable
from typing import Any


class Colour(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Named:
    """It shows itself in three ways."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"str {self.name}"

    def __repr__(self) -> str:
        return f"repr {self.name}"

    def __format__(self, spec: str) -> str:
        return f"format {self.name} {spec}"


_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
VALUES: list[Any] = [0, 1, -7, 2.5, True, None, "red", "", "é😀", (1,), (), [1, 2], {"k": 3}, Colour.RED, Level.LOW, Named("n"), b"b"]


def shown(source: str, arguments: list[Any]) -> tuple[Any, ...]:
    """What a call of `f` gives or raises, and what it did on the way."""
    log: list[Any] = []

    def note(value: Any) -> Any:
        log.append(copy.copy(value))
        return value

    scope: dict[str, Any] = {"note": note, "suppress": contextlib.suppress, "Colour": Colour}
    exec(compile(source, "program", "exec"), scope)
    given = copy.deepcopy(arguments)
    try:
        result = scope["f"](*given)
        called = [one() for one in result if callable(one)] if isinstance(result, list | set) else []
        found = ("gives", _ADDRESS.sub("", repr(result)), called)
    except Exception as error:  # noqa: BLE001 - which one is what is compared
        found = ("raises", type(error).__name__, [])
    return (*found, _ADDRESS.sub("", repr(log)), repr(given))


def _element(rng: random.Random) -> str:
    plain = ["x", "x + 1", "str(x)", "10 // x", "other[x]", "note(x)", "(x, 1)", "y", "len(out)", "note(other)"]
    nested = ["[x for y in range(2)]", "sum(x for y in other)", "x if x else 5", "lambda: x", "{x: 1}", "f'{x}'"]
    return rng.choice([*plain, *nested])


def _test(rng: random.Random) -> str:
    return rng.choice(["x", "not x", "x in other", "x not in other", "x is None", "x > 1", "note(x) == 2", "x or y", "out", "10 // x > 2"])


def _statement(rng: random.Random, kind: str, element: str) -> str:
    if kind == "{}":
        return f"out[{rng.choice(['x', 'str(x)', 'note(x)'])}] = {element}"
    return f"out.{'append' if kind in {'[]', 'list()'} else 'add'}({element})"


def loop(rng: random.Random) -> str:
    """A function with a loop that may be a comprehension."""
    kind = rng.choice(["[]", "[]", "list()", "set()", "{}"])
    lines = [f"out = {kind}", f"for x in {rng.choice(['items', 'items', 'items or other', 'note(items)', '1, 2, 3', 'x', 'iter(items)'])}:"]
    depth = 1
    if rng.random() < 0.2:
        lines.append("    " * depth + f"for y in {rng.choice(['other', 'range(2)', '[x]', 'y'])}:")
        depth += 1
    for _ in range(rng.choice([0, 0, 1, 2])):
        test = _test(rng)
        if rng.random() < 0.5:
            lines.append("    " * depth + f"if {test}:")
            depth += 1
        else:
            lines += ["    " * depth + f"if {test}:", "    " * depth + "    continue"]
    added = _statement(rng, kind, _element(rng))
    if rng.random() < 0.15:
        lines += ["    " * depth + f"if {_test(rng)}:", "    " * depth + f"    {added}"]
        lines += ["    " * depth + "else:", "    " * depth + f"    {_statement(rng, kind, _element(rng))}"]
    else:
        lines.append("    " * depth + added)
    return _around(rng, lines)


def comprehension(rng: random.Random) -> str:
    """A function with a comprehension that may be a loop."""
    opened, closed = rng.choice(["[]", "[]", "{}"])
    element = _element(rng)
    if opened == "{" and rng.random() < 0.5:
        element = f"{rng.choice(['x', 'str(x)', 'note(x)'])}: {element}"
    parts = [element, f"for x in {rng.choice(['items', 'note(items)', 'x', '(items or other)'])}"]
    if rng.random() < 0.25:
        parts.append(f"for y in {rng.choice(['other', 'range(2)', '[x]', 'y'])}")
    parts += [f"if {_test(rng)}" for _ in range(rng.choice([0, 1, 2]))]
    value = f"{opened}{' '.join(parts)}{closed}"
    return _around(rng, [rng.choice(["out = ", "out = ", "return "]) + value])


def _around(rng: random.Random, lines: list[str]) -> str:
    """The lines in a function, with code around them that may see what they do."""
    before = rng.choice([[], [], [], ["x = 7"], ["y = 2"], ["out = [9]"], ["read = lambda: out"], ["for x in other:", "    note(x)"]])
    around = rng.choice([None] * 6 + ["try:", "with suppress(Exception):", "for z in (1, 2):", "if items:"])
    if around is not None:
        lines = [around, *(f"    {line}" for line in lines)]
    if around == "try:":
        lines += rng.choice(
            [["except ZeroDivisionError:", "    return 5"], ["except Exception:", "    note('caught')"], ["finally:", "    note(out)"]]
        )
    if around == "for z in (1, 2):" and rng.random() < 0.5:
        lines.append("    note(" + rng.choice(["x", "out", "z"]) + ")")
    end = rng.choice(["return out", "return out", "return out", "return out, x", "return [x for x in out]", "return x"])
    rest = rng.choice([[], [], ["for x in other:", "    note(x)"]])
    return "def f(items, other, y=3):\n" + textwrap.indent("\n".join([*before, *lines, *rest, end]) + "\n", "    ")


def collections(rng: random.Random) -> list[Any]:
    """Arguments for these functions."""
    numbers = [rng.choice([0, 1, 2, 3, None, "a"] if rng.random() < 0.3 else [0, 1, 2, 3, 4]) for _ in range(rng.randrange(5))]
    return [numbers, rng.choice([[1, 2], [0], [5, 6, 7, 8, 9], []])]


def format_(rng: random.Random) -> str:
    """A function that formats a string."""
    by_percent = rng.random() < 0.6
    count = rng.randrange(1, 4)
    values = [
        rng.choice(
            ["a", "b", "c", "a", "len(b)", "note(a)", "str(c)", "[a][0]", "{'k': b}['k']", "1.5", "'lit'", "a if b else c", "-3", "repr(b)"]
        )
        for _ in range(count)
    ]
    quote = rng.choice(['"', "'", '"""'])
    texts = [
        rng.choice(["", " ", "x", "{", "}", "é", "\\n", "\\\\", "\\N{BULLET}", "%%" if by_percent else "{{"]) for _ in range(count + 1)
    ]
    if not by_percent:
        texts = [text if text not in {"{", "}"} else "-" for text in texts]
    fields = [_percent(rng) if by_percent else _braces(rng, number) for number in range(count)]
    text = "".join(piece for pair in zip(texts, fields, strict=False) for piece in pair) + texts[-1]
    literal = f"{quote}{text}{quote}"
    if by_percent:
        shape = rng.random()
        right = values[0] if count == 1 and shape < 0.5 else f"({', '.join(values)},)"
        code = f"{literal} % {right}"
    else:
        code = f"{literal}.format({', '.join(values)})"
    annotated = rng.choice(["a", "a: str", "a: int", "a: float"])
    return f"def f({annotated}, b, c):\n    return {code}\n"


def _percent(rng: random.Random) -> str:
    flags = rng.choice(["", "", "", "-", "0", "+", " ", "#", "-0"])
    width, precision = rng.choice(["", "", "6", "12"]), rng.choice(["", "", ".2", ".", ".0"])
    return f"%{flags}{width}{precision}{rng.choice('sssrrdddifgexa')}"


def _braces(rng: random.Random, number: int) -> str:
    name = rng.choice(["", "", "", str(number), "0"])
    conversion = rng.choice(["", "", "!r", "!s", "!a"])
    spec = rng.choice(["", "", ":>6", ":<4", ":10"])
    return f"{{{name}{conversion}{spec}}}"


def chain(rng: random.Random) -> str:
    """A function with a chain of comparisons."""
    literals = rng.sample(["1", "2", "-7", "'red'", "'a'", "2.5", "b'b'", "None", "True", "Colour.RED", "0"], rng.randrange(2, 5))
    assigns = rng.random() < 0.4
    lines = []
    for number, literal in enumerate(literals):
        test = f"a is {literal}" if literal in {"None", "True"} else f"a == {literal}"
        if rng.random() < 0.2 and literal not in {"None", "True", "Colour.RED"}:
            test = rng.choice([f"a in ({literal}, 5)", f"a == {literal} or a == 6"])
        result = rng.choice([str(number), f"'{number}'", f"({number}, 2)", "note(b)" if rng.random() < 0.2 else "None"])
        lines += [f"{'el' if number else ''}if {test}:", f"    {'out =' if assigns else 'return'} {result}"]
    if rng.random() < 0.7:
        lines += ["else:", f"    {'out =' if assigns else 'return'} 'else'"]
    lines.append("return out" if assigns else "return 'after'")
    annotated = rng.choice(["a", "a: str", "a: int"])
    return f"def f({annotated}, b, c):\n" + textwrap.indent("\n".join(lines) + "\n", "    ")


def values(rng: random.Random, source: str) -> list[Any]:
    """Arguments for these functions; a parameter gets what its annotation says."""
    fitting: dict[str, Callable[[Any], bool]] = {
        "a: str": lambda one: isinstance(one, str),
        "a: int": lambda one: isinstance(one, int),
        "a: float": lambda one: isinstance(one, int | float),
    }
    fits = next((test for name, test in fitting.items() if f"f({name}," in source), lambda _one: True)
    return [rng.choice([one for one in VALUES if fits(one)]), rng.choice(VALUES), rng.choice(VALUES)]
