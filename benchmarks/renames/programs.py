"""Small random programs with scopes within scopes, in every way that Python has.

They have few names, so that most names mean several things. Every binding gets a value of its own,
and what is read is printed: if a name's meaning changes, so does the output. `generate` keeps some
account of what is bound, which makes most programs run; whether one does has to be tried.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

NAMES = ("a", "b", "c", "d", "e", "__p", "__q")
DEPTH = 2
"""Blocks within blocks."""
INT, LIST, FUNCTION, CLASS, OTHER = "int", "list", "function", "class", "other"


@dataclass
class Scope:
    """A scope of the program.

    `bound` is what is bound at this point of the program, and to what kind of value. `locals_` is
    what is ever bound, and `outer` are the names that were read and come from further out.
    """

    kind: str
    parent: Scope | None = None
    bound: dict[str, str] = field(default_factory=dict)
    locals_: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    globals_: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    members: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def is_function(self) -> bool:
        return self.kind in {"function", "lambda", "comprehension"}


def generate(seed: int, *, generic: bool) -> list[tuple[str, str]]:
    """The modules of a program, as pairs of name and source, in the order in which they have to be
    run.

    `generic` programs have type parameters and ``type`` statements.
    """
    return _Generator(random.Random(seed), generic=generic).program()


class _Generator:
    def __init__(self, rng: random.Random, *, generic: bool) -> None:
        self.rng, self.generic = rng, generic
        self.names = rng.sample(NAMES, rng.randint(3, 5))
        self.lines: list[str] = []
        self.number = 0
        self.exported: dict[str, str] = {}

    def program(self) -> list[tuple[str, str]]:
        library = self._module(1, depth=DEPTH - 1)
        self.exported = {name: kind for name, kind in self.library.bound.items() if not name.startswith("__")}
        main = self._module(self.rng.randint(1, 3), depth=0)
        return [("lib", library), ("main", main)]

    def _module(self, statements: int, depth: int) -> str:
        self.lines = []
        self.library = module = Scope("module")
        self._block(module, depth, "", statements)
        return "\n".join(self.lines) + "\n"

    # Values and names

    def value(self) -> int:
        self.number += 1
        return self.number

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def visible(self, scope: Scope) -> dict[str, str]:
        """The names that can be read in a scope now, with their kinds of values."""
        found: dict[str, str] = {}
        hidden: set[str] = set()
        at: Scope | None = scope
        in_class = True
        while at is not None:
            if at.kind != "class" or in_class:
                found |= {name: kind for name, kind in at.bound.items() if name not in hidden and name not in found}
                hidden |= at.locals_ if at.kind != "class" else set()
                if at.globals_:
                    module = _module_of(at)
                    found |= {name: module.bound[name] for name in at.globals_ - hidden if name in module.bound}
                    hidden |= at.globals_
            in_class = in_class and at.kind == "types"
            at = at.parent
        return found

    def read(self, scope: Scope, *kinds: str) -> str | None:
        """A name to read, if there is one."""
        found = sorted(name for name, kind in self.visible(scope).items() if not kinds or kind in kinds)
        if not found:
            return None
        name = self.rng.choice(found)
        at: Scope | None = scope
        while at is not None and name not in at.bound:
            at.outer.add(name)
            at = at.parent
        return name

    def free(self, scope: Scope) -> str | None:
        """A name that may be bound in a scope."""
        taken = scope.outer - scope.globals_ - scope.nonlocals if scope.is_function else set()
        names = [name for name in self.names if name not in taken]
        return self.rng.choice(names) if names else None

    def bind(self, scope: Scope, name: str, kind: str) -> None:
        if name in scope.globals_:
            _module_of(scope).bound[name] = kind
        elif name in scope.nonlocals:
            owner = scope.parent
            while owner is not None and not (owner.is_function and name in owner.locals_ and name not in owner.globals_ | owner.nonlocals):
                owner = owner.parent
            if owner is not None:
                owner.bound[name] = kind
        else:
            scope.bound[name] = kind
            scope.locals_.add(name)

    def unbind(self, scope: Scope, name: str) -> None:
        if name in scope.globals_:
            _module_of(scope).bound.pop(name, None)
        scope.bound.pop(name, None)

    # Expressions

    def expression(self, scope: Scope, depth: int = 0) -> str:
        """Something that can be printed."""
        choices: list[Callable[[Scope, int], str]] = [self._name, self._name, self._name, self._number]
        if depth < 2:
            choices += [self._comprehension, self._comprehension, self._lambda, self._list, self._choice, self._walrus, self._formatted]
        return self.rng.choice(choices)(scope, depth + 1)

    def _number(self, _scope: Scope, _depth: int) -> str:
        return str(self.value())

    def _name(self, scope: Scope, _depth: int) -> str:
        return self.read(scope) or str(self.value())

    def _list(self, scope: Scope, depth: int) -> str:
        return f"[{self.expression(scope, depth)}, {self.expression(scope, depth)}]"

    def _choice(self, scope: Scope, depth: int) -> str:
        return f"({self.expression(scope, depth)} if {self.rng.randrange(2)} else {self.expression(scope, depth)})"

    def _formatted(self, scope: Scope, _depth: int) -> str:
        name = self.read(scope, INT)
        return f'f"{{{name}}} {{{name}!r:>5}}"' if name else str(self.value())

    def _walrus(self, scope: Scope, depth: int) -> str:
        """``(name := …)``, which in a comprehension binds in the function or module around it."""
        target = scope
        inner: set[str] = set()
        while target.kind == "comprehension" and target.parent is not None:
            inner |= target.locals_ | target.outer
            target = target.parent
        name = self.free(target)
        if name is None or name in inner or target.kind in {"class", "types"} or scope.kind == "iterable":
            return str(self.value())
        value = self.expression(scope, depth)
        if name in (target.outer if target.is_function else ()) and name not in target.globals_ | target.nonlocals:
            return value
        self.bind(target, name, OTHER)
        target.bound.pop(name, None) if target is not scope and name not in target.globals_ | target.nonlocals else None
        return f"({name} := {value})"

    def iterable(self, scope: Scope, depth: int) -> str:
        """A list to go through; no ``:=`` can stand there in a comprehension."""
        name = self.read(scope, LIST)
        if name and self.chance(60):
            return name
        number = self.read(scope, INT)
        return f"[{number or self.value()}, {self.value()}]" if depth else f"[{self.value()}]"

    def _comprehension(self, scope: Scope, depth: int) -> str:
        inner = Scope("comprehension", scope)
        clauses = []
        first = self.iterable(scope, depth)
        for i in range(1 if self.chance(75) else 2):
            name: str | None = self.rng.choice(self.names)
            around = scope
            while around.kind == "comprehension" and around.parent is not None:
                around = around.parent
            if name in inner.outer:
                name = next((one for one in self.names if one not in inner.outer), None)
            if name is None:
                break
            over = first if i == 0 else self.iterable(inner, depth)
            if name in inner.outer:
                break
            self.bind(inner, name, INT if over.startswith("[") else OTHER)
            condition = f" if {self._condition(inner)}" if self.chance(30) else ""
            clauses.append(f"for {name} in {over}{condition}")
        if not clauses:
            return str(self.value())
        element, clause = self.expression(inner, depth), " ".join(clauses)
        shape = self.rng.randrange(4)
        if shape == 0:
            return f"list({element} {clause})" if not element.startswith("[") else f"[*({element} {clause})]"
        if shape == 1:
            return f"{{{self.value()}: {element} {clause}}}"
        return f"[{element} {clause}]"

    def _condition(self, scope: Scope) -> str:
        return f"{self._name(scope, 0)} is not {self.rng.choice(['None', 'print'])}"

    def _lambda(self, scope: Scope, depth: int) -> str:
        inner = Scope("lambda", scope)
        name, default = self.rng.choice(self.names), self.expression(scope, depth)
        self.bind(inner, name, OTHER)
        return f"(lambda {name}={default}: {self.expression(inner, depth)})()"

    # Statements

    def _block(self, scope: Scope, depth: int, indent: str, statements: int) -> None:
        for _ in range(statements):
            self._statement(scope, depth, indent)
        self._print(scope, depth, indent)

    def _line(self, indent: str, text: str) -> None:
        self.lines.append(indent + text)

    def _statement(self, scope: Scope, depth: int, indent: str) -> None:
        choices: list[Callable[[Scope, int, str], None]] = [
            self._assign,
            self._assign,
            self._print,
            self._print,
            self._import,
            self._delete,
        ]
        if depth < DEPTH:
            choices += [self._function, self._function, self._function, self._class, self._class]
            choices += [self._for, self._with, self._try, self._match, self._if]
        if self.generic:
            choices += [self._type, self._type]
        self.rng.choice(choices)(scope, depth, indent)

    def _print(self, scope: Scope, _depth: int, indent: str) -> None:
        self._line(
            indent, f"print({', '.join(map(str, [self.value(), *(self.expression(scope) for _ in range(self.rng.randint(1, 2)))]))})"
        )

    def _assign(self, scope: Scope, _depth: int, indent: str) -> None:
        shape = self.rng.randrange(6)
        if shape == 0 and (name := self.read(scope, INT)) is not None and (name in scope.bound or name in scope.globals_ | scope.nonlocals):
            self._line(indent, f"{name} += {self.value()}")
            return
        if shape == 1:
            value, kind = f"[{self.expression(scope, 1)}, {self.value()}]", LIST
        elif shape == 2:
            value, kind = self.expression(scope), OTHER
        else:
            value, kind = str(self.value()), INT
        name = self.free(scope)
        if name is None:
            return
        if shape == 3 and name not in scope.globals_ | scope.nonlocals:
            annotation = self.read(scope) or "int"
            if name in scope.outer and scope.is_function:
                return
            self._line(indent, f"{name}: {annotation} = {value}")
        elif shape == 4 and (other := self.free(scope)) is not None:
            self._line(indent, f"{name}, *{other} = {value}, {self.value()}")
            self.bind(scope, name, kind)
            name, kind = other, LIST
        else:
            self._line(indent, f"{name} = {value}")
        self.bind(scope, name, kind)

    def _delete(self, scope: Scope, _depth: int, indent: str) -> None:
        own = sorted(name for name in scope.bound if name not in scope.globals_)
        if own and self.chance(40):
            name = self.rng.choice(own)
            self._line(indent, f"del {name}")
            self.unbind(scope, name)

    def _import(self, scope: Scope, _depth: int, indent: str) -> None:
        if not self.exported:
            return
        name, kind = self.rng.choice(sorted(self.exported.items()))
        alias = self.free(scope)
        shape = self.rng.randrange(5)
        usable = alias is not None and (not scope.is_function or name not in scope.outer or name in scope.globals_ | scope.nonlocals)
        if not usable or alias is None:
            return
        if shape == 0:
            self._line(indent, f"from lib import {name}")
            self.bind(scope, name, kind)
        elif shape == 1:
            self._line(indent, f"from lib import {name} as {alias}")
            self.bind(scope, alias, kind)
        elif shape == 2:
            self._line(indent, "import lib")
            self._line(indent, f"print({self.value()}, lib.{name})")
        elif shape == 3 and scope.kind == "module":
            self._line(indent, "from lib import *")
            for one, its in self.exported.items():
                self.bind(scope, one, its)
        else:
            self._line(indent, f"import lib as {alias}")
            self._line(indent, f"print({self.value()}, {alias}.{name})")
            self.bind(scope, alias, OTHER)

    def _for(self, scope: Scope, depth: int, indent: str) -> None:
        over = self.iterable(scope, 1)
        name = self.free(scope)
        if name is None:
            return
        self._line(indent, f"for {name} in {over}:")
        self.bind(scope, name, OTHER)
        self._block(scope, depth + 1, indent + "    ", 1)

    def _with(self, scope: Scope, depth: int, indent: str) -> None:
        value = self.expression(scope)
        name = self.free(scope)
        if name is None:
            return
        self._line(indent, f"with __import__('contextlib').nullcontext({value}) as {name}:")
        self.bind(scope, name, OTHER)
        self._block(scope, depth + 1, indent + "    ", 1)

    def _if(self, scope: Scope, depth: int, indent: str) -> None:
        self._line(indent, f"if {self.rng.randrange(2)}:")
        before = dict(scope.bound)
        self._block(scope, depth + 1, indent + "    ", 1)
        scope.bound = {name: OTHER for name in scope.bound if name in before}
        self._line(indent, "else:")
        self._block(scope, depth + 1, indent + "    ", 1)
        scope.bound = {name: OTHER for name in scope.bound if name in before}

    def _try(self, scope: Scope, depth: int, indent: str) -> None:
        name = self.free(scope)
        if name is None:
            return
        self._line(indent, "try:")
        self._line(indent, f"    raise ValueError({self.value()})")
        self._line(indent, f"except ValueError as {name}:")
        self.bind(scope, name, OTHER)
        self._line(indent, f"    print({self.value()}, {name}.args)")
        self._print(scope, depth, indent + "    ")
        self.unbind(scope, name)

    def _match(self, scope: Scope, depth: int, indent: str) -> None:
        one, other = self.free(scope), self.free(scope)
        if one is None or other is None or one == other:
            return
        value = self.expression(scope)
        if {one, other} & scope.outer and scope.is_function and not {one, other} <= scope.globals_ | scope.nonlocals:
            return
        self._line(indent, f"match {self.value()}, {value}, {self.value()}:")
        shape = self.rng.choice(
            [f"[{one}, *{other}]", f"[_, {one}, int({other})]", f"[{one}, {other}, int(real=_)]", f"[_, *{one}] as {other}"]
        )
        self._line(indent, f"    case {shape}:")
        self.bind(scope, one, OTHER)
        self.bind(scope, other, OTHER)
        self._block(scope, depth + 1, indent + "        ", 1)

    def _type(self, scope: Scope, _depth: int, indent: str) -> None:
        name = self.free(scope)
        if name is None:
            return
        inner = Scope("types", scope)
        listed = self._type_parameters(inner) if self.chance(60) else ""
        value = self.read(inner) or "int"
        if name in scope.outer and scope.is_function:
            return
        self._line(indent, f"type {name}{listed} = {value}")
        self.bind(scope, name, OTHER)
        self._line(indent, f"print({self.value()}, {name}.__value__)")

    def _type_parameters(self, inner: Scope) -> str:
        names = self.rng.sample(self.names, self.rng.randint(1, 2))
        for name in names:
            self.bind(inner, name, OTHER)
        return f"[{', '.join(names)}]"

    def _function(self, scope: Scope, depth: int, indent: str, first: str = "") -> None:
        """A function, or with a `first` parameter a method, and a call."""
        name = self.free(scope)
        if name is None:
            return
        types = Scope("types", scope)
        listed = self._type_parameters(types) if self.generic and self.chance(30) else ""
        inner = Scope("function", types if listed else scope)
        parameters = [first] if first else []
        arguments: list[str] = []
        for one in self.rng.sample(self.names, self.rng.randint(0, 2)):
            annotation = f": {self.read(types) or 'int'}" if self.chance(30) else ""
            default = f" = {self.expression(scope)}" if self.chance(50) or any("=" in p for p in parameters) else ""
            parameters.append(one + annotation + default)
            self.bind(inner, one, OTHER)
            if not default or self.chance(40):
                by_name = not one.startswith("__") and (
                    self.chance(50) or any("=" in a for a in arguments) or len(arguments) + bool(first) + 1 < len(parameters)
                )
                arguments.append(f"{one}={self.value()}" if by_name else str(self.value()))
        returns = f" -> {self.read(types) or 'int'}" if self.chance(20) else ""
        if name in scope.outer and scope.is_function and name not in scope.globals_ | scope.nonlocals:
            return
        if self.chance(10):
            one, other = self.rng.sample(self.names, 2)
            self._line(indent, f"@(lambda {one}, {other}={self.read(scope) or 0}: {one})")
        self._line(indent, f"def {name}{listed}({', '.join(parameters)}){returns}:")
        self._declare(inner, indent + "    ")
        self._block(inner, depth + 1, indent + "    ", self.rng.randint(1, 2))
        self._line(indent + "    ", f"return {self.expression(inner)}")
        self.bind(scope, name, FUNCTION)
        if not first:
            self._line(indent, f"print({self.value()}, {name}({', '.join(arguments)}))")
        else:
            self.called = f"{name}({', '.join(arguments)})"

    def _declare(self, inner: Scope, indent: str) -> None:
        """``global`` and ``nonlocal`` statements."""
        for word, own in (("global", inner.globals_), ("nonlocal", inner.nonlocals)):
            if not self.chance(25):
                continue
            around, candidates = inner.parent, set(self.names) if word == "global" else set()
            while word == "nonlocal" and around is not None:
                if around.kind == "function":
                    candidates |= around.locals_ - around.globals_ - around.nonlocals
                around = around.parent
            candidates -= inner.locals_ | inner.globals_ | inner.nonlocals
            if word == "nonlocal":
                candidates -= self._type_names(inner)
            if candidates:
                name = self.rng.choice(sorted(candidates))
                self._line(indent, f"{word} {name}")
                own.add(name)

    def _type_names(self, inner: Scope) -> set[str]:
        found: set[str] = set()
        at = inner.parent
        while at is not None:
            found |= at.bound.keys() if at.kind == "types" else set()
            at = at.parent
        return found

    def _class(self, scope: Scope, depth: int, indent: str) -> None:
        name = self.free(scope)
        if name is None:
            return
        types = Scope("types", scope)
        listed = self._type_parameters(types) if self.generic and self.chance(30) else ""
        base = self.read(scope, CLASS) if self.chance(50) else None
        inner = Scope("class", types if listed else scope)
        if name in scope.outer and scope.is_function and name not in scope.globals_ | scope.nonlocals:
            return
        self._line(indent, f"class {name}{listed}{f'({base})' if base else ''}:")
        inside = indent + "    "
        attribute = self.rng.choice(self.names)
        if self.chance(60):
            self._line(inside, "def __init__(self):")
            self._line(inside, f"    self.{attribute} = {self.value()}")
        calls = []
        for _ in range(self.rng.randint(1, 3)):
            if self.chance(50):
                self._method(inner, depth + 1, inside, attribute)
                calls.append(self.called)
            else:
                self._statement(inner, depth + 1, inside)
        self._print(inner, depth, inside)
        self.bind(scope, name, CLASS)
        for call in calls:
            if call and not call.startswith("__"):
                self._line(indent, f"print({self.value()}, {name}().{call})")
        for one in sorted(inner.bound):
            if not one.startswith("__") and self.chance(60):
                self._line(indent, f"print({self.value()}, {name}.{one})")

    def _method(self, inner: Scope, depth: int, indent: str, attribute: str) -> None:
        self.called = ""
        if self.chance(40):
            name = self.free(inner)
            assert name is not None, "any name can be bound in a class"
            self._line(indent, f"def {name}(self):")
            self._line(indent, f"    return [{self.value()}, self.{attribute}]")
            self.bind(inner, name, FUNCTION)
            self.called = f"{name}()"
        else:
            self._function(inner, depth, indent, first="self")


def _module_of(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope
