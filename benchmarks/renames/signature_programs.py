"""Random small programs around one signature, and random changes of it.

What has a signature prints its parameters under numbers of their own, in one order, so that a right
change prints the same. Each statement stands on a line of its own.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["positional_only", "either", "args", "keyword_only", "kwargs"]
Subject = Literal["function", "method", "static", "class", "constructor", "new", "dataclass", "object"]
SUBJECTS: tuple[Subject, ...] = ("function", "method", "static", "class", "constructor", "new", "dataclass", "object")
_ORDER: tuple[Kind, ...] = ("positional_only", "either", "args", "keyword_only", "kwargs")
ADDED = 61
"""What a new argument prints that has an effect."""
_PRELUDE = """\
from dataclasses import dataclass, KW_ONLY
from functools import partial
xs = list(range(100))
d = {"a": 1, "b": 2}
def e(k):
    print("e", k)
    return k
def pure(a, b): return (a, b)
class Box:
    n = 7
    def __repr__(self): return "box"
box = Box()
state = 0
def bump():
    global state
    state += 1
    return state
"""


@dataclass(frozen=True)
class Param:
    """`number` is what it is printed under; `used`: whether it is."""

    name: str
    kind: Kind
    number: int
    default: str | None = None
    used: bool = True

    def text(self, *, typed: bool = False) -> str:
        star = {"args": "*", "kwargs": "**"}.get(self.kind, "")
        annotation = ": int" if typed else ""
        return f"{star}{self.name}{annotation}" + ("" if self.default is None else f"={self.default}")


@dataclass
class Program:
    """A program and a change of its signature.

    `files` are its files by name. `anchor` is the function or, `by_class`, the class of ``m.py``
    that changes, as it is named where it is defined. `signature`, `was` and `arguments` are what is
    asked for.
    """

    files: dict[str, str]
    anchor: str
    by_class: bool
    signature: str
    was: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)


def written(params: Sequence[Param], first: str = "", *, typed: bool = False) -> str:
    """A signature; `first` is the object."""
    pieces = [first] if first else []
    for i, param in enumerate(params):
        if param.kind == "keyword_only" and not any(one.kind in {"args", "keyword_only"} for one in params[:i]):
            pieces.append("*")
        pieces.append(param.text(typed=typed))
        if param.kind == "positional_only" and (i + 1 == len(params) or params[i + 1].kind != "positional_only"):
            pieces.append("/")
    return f"({', '.join(pieces)})"


class Generator:
    """Makes one program after another from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._fresh = 0

    def program(self) -> Program:
        """A program, and a change of its signature."""
        subject = self._random.choice(SUBJECTS)
        params = self._params(plain=subject == "dataclass")
        lines, calls = self._subject(subject, params)
        main = [f"print({self._wrapped(calls, params, handed_on=subject != 'object')})" for _ in range(self._random.randint(2, 4))]
        main += ["def inside(x=1, y=2):", f"    print({self._call(self._random.choice(calls), params, 1)})", "inside()"]
        by_class = subject == "dataclass" or (subject == "constructor" and self._random.random() < 0.3)
        bound, named = _IMPORTED.get(subject, ("", ()))
        imported = f"from m import {bound}, xs, e, d, box, pure, bump" if bound else ""
        use = [f"print({self._call(name, params, 1)})" for name in named]
        files = {"m.py": _PRELUDE + "\n".join([*lines, *main]) + "\n", "use.py": "\n".join(["import m", imported, *use]) + "\n"}
        new, was, arguments = self._change(params, subject)
        first = {"static": "", "function": "", "class": "cls", "new": "cls"}.get(subject, "self")
        return Program(
            files,
            "A" if by_class else _NAMES.get(subject, "f"),
            by_class,
            written(new, first, typed=subject == "dataclass"),
            was,
            arguments,
        )

    def _params(self, *, plain: bool) -> list[Param]:
        kinds: list[Kind] = []
        for kind in _ORDER:
            many = self._random.choice(
                {"either": (1, 2, 3), "positional_only": (0, 0, 1, 2), "keyword_only": (0, 0, 1, 2)}.get(kind, (0, 0, 0, 1))
            )
            if not plain or kind in {"either", "keyword_only"}:
                kinds += [kind] * many
        found, late = [], False
        for number, kind in enumerate(kinds):
            wanted = self._random.random() < 0.3
            late = late or (wanted and kind in {"positional_only", "either"})
            default = str(self._random.randint(20, 29)) if (late if kind in {"positional_only", "either"} else wanted) else None
            splat = kind in {"args", "kwargs"}
            used = splat or self._random.random() < 0.75
            found.append(Param(self._name(), kind, number, None if splat else default, used))
        return found

    def _name(self) -> str:
        self._fresh += 1
        return f"p{self._fresh}"

    def _shown(self, params: Sequence[Param], prefix: str = "") -> str:
        return ", ".join(f'"#{param.number}", {prefix}{param.name}' for param in params if param.used) or '"#"'

    def _subject(self, subject: Subject, params: list[Param]) -> tuple[list[str], list[str]]:
        """The lines that define it, and what it is called by."""
        shown = f"print({self._shown(params)})"
        if subject == "function":
            if self._random.random() < 0.3:
                return [f"def f{written(params)}: return ({self._shown(params)})", "other = f"], ["f", "f", "other"]
            return [f"def f{written(params)}:", f"    {shown}", "    return 1", "other = f"], ["f", "f", "other"]
        if subject == "dataclass":
            return self._dataclass(params), ["A", "A", "B", "A.made"]
        if subject in {"constructor", "new"}:
            return self._constructor(subject, params, shown), ["A", "A", "B", "C", "A.made", "type(A.made())"]
        return self._method(subject, params, shown)

    def _dataclass(self, params: list[Param]) -> list[str]:
        lines = ["@dataclass", "class A:"]
        for i, param in enumerate(params):
            if param.kind == "keyword_only" and not any(one.kind == "keyword_only" for one in params[:i]):
                lines.append("    _: KW_ONLY")
            lines.append("    " + param.text(typed=True))
        lines += ["    def __post_init__(self):", f"        print({self._shown(params, 'self.')})"]
        lines += ["    def __repr__(self): return 'A'"]
        lines += ["    @classmethod", "    def made(cls, *ignored, **more):", f"        return cls{self._arguments(params, 0)}"]
        return [*lines, "@dataclass", "class B(A):", "    last: int = 5", "    def __repr__(self): return 'B'"]

    def _constructor(self, subject: Subject, params: list[Param], shown: str) -> list[str]:
        method, first, end = (
            ("__init__", "self", "self.v = 1") if subject == "constructor" else ("__new__", "cls", "return object.__new__(cls)")
        )
        lines = ["class A:", f"    def {method}{written(params, first)}:", f"        {shown}", f"        {end}"]
        lines += ["    def __repr__(self): return 'A'", "    @classmethod", "    def made(cls, *ignored, **more):"]
        lines += [f"        return cls{self._arguments(params, 0)}", "class B(A):", "    pass"]
        given = self._arguments(params, 0)
        given = given if subject == "constructor" else given.replace("(", "(cls, ", 1)
        called = self._random.choice(("super()", f"super(C, {first})"))
        if subject == "constructor" and self._random.random() < 0.3:
            called, given = "A", self._arguments(params, 0).replace("(", "(self, ", 1)
        own = f"    def {method}({first}, *ignored, **more):"
        if subject == "constructor" and self._random.random() < 0.3:
            lines += ["class M(A):", "    def __init__(self, *ignored, **more):", f"        super().__init__{self._arguments(params, 0)}"]
            lines += ["class K(A):", "    def __init__(self, *rest, **more):", "        print('K', rest, sorted(more))"]
            lines += ["class D(M, K):", "    pass", "D()", "M()"]
        return [*lines, "class C(A):", own, f"        {'return ' if subject == 'new' else ''}{called}.{method}{given}"]

    def _method(self, subject: Subject, params: list[Param], shown: str) -> tuple[list[str], list[str]]:
        name = "__call__" if subject == "object" else "f"
        decorator, first = {"static": (["    @staticmethod"], ""), "class": (["    @classmethod"], "cls")}.get(subject, ([], "self"))
        lines = ["class A:", *decorator, f"    def {name}{written(params, first)}:", f"        {shown}", "        return 1"]
        if first == "self" and subject != "object":
            lines += ["    def again(self, *ignored, **more):", f"        return self.f{self._arguments(params, 0)}"]
        own = self._random.choice(("none", "same", "other"))
        lines += ["class B(A):"]
        if own == "none":
            lines += ["    pass"]
        else:
            of_own = written(params, first) if own == "same" else f"({', '.join([*([first] if first else []), '*rest', '**more'])})"
            said = shown if own == "same" else "print('B', rest, sorted(more.items()))"
            lines += [*decorator, f"    def {name}{of_own}:", "        print('B')", f"        {said}", "        return 2"]
        if subject == "method" and self._random.random() < 0.3:
            passed = self._arguments(params, 0)
            lines += ["class M(A):", f"    def f{written(params, first)}:", "        print('M')", f"        return super().f{passed}"]
            lines += ["class K(A):", "    def f(self, *rest, **more):", "        print('K', rest, sorted(more))"]
            lines += ["class D(M, K):", "    pass", f"D().f{self._arguments(params, 0)}", f"M().f{self._arguments(params, 0)}"]
        lines += ["class C(B):", "    pass", "a = A()", "b = B()", "c: A = C()"]
        if subject == "object":
            return [
                *lines,
                "class Holder:",
                "    held = A()",
                "def of(some: A):",
                f"    return some{self._arguments(params, 0)}",
                "of(b)",
            ], [
                "a",
                "b",
                "A()",
                "C()",
                "Holder.held",
            ]
        lines += ["def of(some: A):", f"    return some.f{self._arguments(params, 0)}", "of(a)", "of(b)"]
        lines += ["for one in [a, b]:", f"    one.f{self._arguments(params, 0)}"]
        extra = ["A.f", "B.f"] if subject != "method" else ["a.again", "c.again"]
        return lines, ["a.f", "b.f", "c.f", "A().f", "B().f", "C().f", *extra]

    def _call(self, name: str, params: Sequence[Param], depth: int) -> str:
        return name + self._arguments(params, depth, name)

    def _wrapped(self, calls: list[str], params: Sequence[Param], *, handed_on: bool) -> str:
        """A call, as part of something else.

        With `handed_on` it may be what is called, given to something that calls it.
        """
        one, other = (self._call(self._random.choice(calls), params, self._random.choice((0, 1, 1, 2))) for _ in range(2))
        if self._random.random() < 0.6:
            return one
        name = self._random.choice(calls)
        some = [f"[{one} for i in (1, 2)]", f"(lambda: {one})()", f"({one} if e(1) else {other})", f"{{'k': {one}, 'l': {other}}}"]
        some += [f"(z := {one})", f"max([{one}, {one}], key=repr)", f"(lambda x={one}: x)()"]
        if handed_on:
            some += [f"partial({name}){self._arguments(params, 1, name)}", f"[{name}][0]{self._arguments(params, 0, name)}"]
        return self._random.choice(some)

    def _arguments(self, params: Sequence[Param], depth: int, name: str = "") -> str:
        """Arguments that fit; some are left to their defaults, and some are named."""
        by_place: list[str] = []
        by_name: list[str] = []
        named = False
        for param in params:
            value = self._value(params, depth, name)
            if param.kind == "args":
                by_place += [self._value(params, depth, name) for _ in range(0 if named else self._random.randint(0, 2))]
            elif param.kind == "kwargs":
                by_name += [f"k{i}={self._value(params, depth, name)}" for i in range(self._random.randint(0, 2))]
            elif param.default is not None and self._random.random() < 0.4:
                named = True
            elif param.kind == "keyword_only" or (param.kind == "either" and (named or self._random.random() < 0.3)):
                named = True
                by_name.append(f"{param.name}={value}")
            elif not named:
                by_place.append(value)
            elif param.default is None:
                raise AssertionError("a required place stands behind one that is left out")
        self._random.shuffle(by_name)
        return f"({', '.join([*by_place, *by_name])})"

    def _value(self, params: Sequence[Param], depth: int, name: str) -> str:
        if depth > 0 and name and self._random.random() < 0.25:
            return self._call(name, params, depth - 1)
        k = self._random.randint(1, 9)
        effects = [
            f"e({k})",
            "xs.pop()",
            f"(w := {k})",
            f"-e({k})",
            'd["a"]',
            f"pure(e({k}), {k})",
            "bump()",
            f'f"{{e({k})}}"',
            "[e(1), 2]",
        ]
        calm = [
            str(k),
            f'"{k}"',
            "box",
            "box.n",
            f"pure({k}, 2)",
            f"{k} + 1",
            "(1, 2)",
            "None",
            "len(xs)",
            f'"f({k}, 2)"',
        ]
        return self._random.choice(effects if self._random.random() < 0.35 else calm)

    def _change(self, params: list[Param], subject: Subject) -> tuple[list[Param], dict[str, str], dict[str, str]]:
        """New parameters in an order that Python takes."""
        plain = subject == "dataclass"
        new = [param for param in params if param.used or self._random.random() < 0.5]
        was, arguments = {}, {}
        for i, param in enumerate(new):
            if not plain and param.kind not in {"args", "kwargs"} and self._random.random() < 0.2:
                new[i] = Param(self._name(), param.kind, param.number, param.default, param.used)
                was[new[i].name] = param.name
            if not plain and param.kind in {"either", "positional_only"} and self._random.random() < 0.2:
                kind: Kind = self._random.choice(("keyword_only", "either", "positional_only"))
                new[i] = Param(new[i].name, kind, param.number, param.default, param.used)
            if param.default is not None and self._random.random() < 0.15:
                new[i] = Param(new[i].name, new[i].kind, param.number, None, param.used)
        for _ in range(self._random.choice((0, 0, 1, 1, 2))):
            of: Kind = self._random.choice(("either", "either", "keyword_only"))
            added = Param(self._name(), of, 99, self._random.choice((None, "50")), used=False)
            if added.default is None or self._random.random() < 0.3:
                arguments[added.name] = self._random.choice(("60", f"e({ADDED})", "box", "61 + 1"))
            new.append(added)
        if self._random.random() < 0.7:
            self._random.shuffle(new)
        return self._in_order(new), was, arguments

    @staticmethod
    def _in_order(params: list[Param]) -> list[Param]:
        """Kinds one behind the other, and no place without a default behind one with it."""
        found: list[Param] = []
        for kind in _ORDER:
            found += [param for param in params if param.kind == kind]
        places = [param for param in found if param.kind in {"positional_only", "either"}]
        late = False
        for param in places:
            late = late or param.default is not None
            if late and param.default is None:
                found[found.index(param)] = Param(param.name, "keyword_only", param.number, None, param.used)
        # What became keyword-only stands behind the star.
        return sorted(found, key=lambda param: _ORDER.index(param.kind))


_NAMES: dict[Subject, str] = {"constructor": "__init__", "new": "__new__", "object": "__call__"}
_IMPORTED: dict[Subject, tuple[str, tuple[str, ...]]] = {
    "function": ("f as g, f", ("f", "g", "m.f")),
    "method": ("A as G, B, a as held", ("G().f", "B().f", "held.f", "m.A().f")),
    "constructor": ("A as G, A, B", ("A", "G", "B", "m.A")),
    "dataclass": ("A as G, A, B", ("A", "G", "B", "m.A")),
}
"""What another file has of it, and calls."""
