"""Random programs of one function, and what they do: the proof that moved code does the same."""

from __future__ import annotations

import random
from typing import Any

NAMES = "abcde"
PARAMETERS = "abx"
_LIMIT = 400


class StoppedError(Exception):
    """A program ran too long."""


class Writer:
    """Writes statements with names that may be bound or not, and all kinds of ways out."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.functions = 0
        self.fresh: list[str] = []
        self.is_generator = self.random.random() < 0.12
        self.is_method = self.random.random() < 0.3
        self.has_outer = not self.is_method and self.random.random() < 0.2

    def program(self) -> str:
        """A module whose `run` calls the function."""
        depth = 0
        if self.is_method:
            self.lines.append("class Owner:")
            depth = 1
        if self.has_outer:
            self.lines += ["def outer(o):", "    p = o + 1"]
            depth = 1
        first = "self, " if self.is_method else ""
        self.line(depth, f"def target({first}a, b, x):")
        if self.is_method:
            self.line(depth + 1, "self.t = a")
        if self.random.random() < 0.7:
            self.line(depth + 1, "c, d, e = 1, 0, [2]")
        self.block(depth + 1, 3 + self.random.randrange(5), in_loop=False)
        self.line(depth + 1, f"return {self.value()}")
        if self.has_outer:
            self.lines.append("    return target")
        return "\n".join(self.lines) + "\n"

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def name(self) -> str:
        return self.random.choice(NAMES)

    def value(self, deep: int = 0) -> str:
        pick, name = self.random.randrange(15), self.name
        if deep > 2 or pick < 4:
            choices = [name(), name(), str(self.random.randrange(5)), "x"]
            choices += ["p"] if self.has_outer else []
            choices += self.fresh[-1:] * 3
            choices += ["self.t"] if self.is_method else []
            return self.random.choice(choices)
        inner = [self.value(deep + 1) for _ in range(2)]
        return [
            f"call({inner[0]})",
            f"({inner[0]} + {inner[1]})",
            f"({inner[0]} if {inner[1]} else {name()})",
            f"({inner[0]} and {inner[1]})",
            f"sum({name()} for {name()} in range({self.random.randrange(4)}))",
            f"[{name()} for {name()} in [1, 2]][0]",
            f"(lambda: {name()})()",
            f"({name()} := {inner[0]})",
            f"keep(lambda: {name()})",
            f"kept({inner[0]})",
            f"fail({inner[0]})",
        ][pick - 4]

    def block(self, depth: int, size: int, *, in_loop: bool) -> None:
        for _ in range(max(1, size)):
            self.statement(depth, in_loop=in_loop)

    def statement(self, depth: int, *, in_loop: bool) -> None:
        pick = self.random.randrange(26)
        name, value = self.name, self.value
        small = self.random.randrange(1, 3)
        if pick < 3:
            value_now = self.random.choice([value(), value(), name(), "4"])
            self.fresh.append(f"v{len(self.fresh)}")
            self.line(depth, f"{self.fresh[-1]} = {value_now}")
        elif depth > 4 or pick < 8:
            self.line(depth, f"{name()} = {value()}")
        elif pick < 10:
            self.line(depth, f"{name()} += {value()}")
        elif pick < 12:
            self.line(depth, f"log({value()}, {name()})")
        elif pick == 12:
            self.line(depth, f"{name()}, {name()} = {value()}, {value()}")
        elif pick < 15:
            self.line(depth, f"if {value()}:")
            self.block(depth + 1, small, in_loop=in_loop)
            if self.random.random() < 0.5:
                self.line(depth, "else:")
                self.block(depth + 1, small, in_loop=in_loop)
        elif pick < 17:
            self.line(depth, f"for {name()} in range({self.random.randrange(4)}):")
            self.block(depth + 1, small + 1, in_loop=True)
        elif pick == 17:
            self.line(depth, f"while tick() and {value()}:")
            self.block(depth + 1, small, in_loop=True)
        elif pick == 18:
            self.attempt(depth, small, in_loop=in_loop)
        elif pick == 19:
            self.line(depth, f"with {self.random.choice(['swallow()', 'nullcontext(3)'])} as {name()}:")
            self.block(depth + 1, small + 1, in_loop=in_loop)
        elif pick == 20:
            self.define(depth)
        elif pick == 21:
            self.line(depth, f"return {value()}" if self.random.random() < 0.5 else f"if {value()}: return {value()}")
        elif pick == 22 and in_loop:
            self.line(depth, f"if {value()}:")
            self.line(depth + 1, self.random.choice(["break", "continue"]))
        elif pick == 23:
            self.line(depth, f"del {name()}" if self.random.random() < 0.4 else f"{name()} = [{value()}]")
        elif pick == 24:
            self.line(depth, f"match {value()}:")
            self.line(depth + 1, f"case [{name()}]:")
            self.block(depth + 2, 1, in_loop=in_loop)
            self.line(depth + 1, f"case {name()}x if {value()}:" if self.random.random() < 0.5 else "case _:")
            self.block(depth + 2, 1, in_loop=in_loop)
        else:
            self.line(depth, f"{name()} = yield {value()}" if self.is_generator else f"{name()} = call({value()})")

    def attempt(self, depth: int, small: int, *, in_loop: bool) -> None:
        self.line(depth, "try:")
        self.block(depth + 1, small + 1, in_loop=in_loop)
        caught = self.random.random() < 0.8
        if caught:
            self.line(depth, f"except (TypeError, ValueError) as {self.name()}:" if self.random.random() < 0.3 else "except Exception:")
            self.block(depth + 1, small, in_loop=in_loop)
        if not caught or self.random.random() < 0.3:
            self.line(depth, "finally:")
            self.block(depth + 1, 1, in_loop=in_loop)

    def define(self, depth: int) -> None:
        self.functions += 1
        inner = f"g{self.functions}"
        self.line(depth, f"def {inner}():")
        if self.random.random() < 0.4:
            self.line(depth + 1, f"nonlocal {'a'}")
            self.line(depth + 1, f"a = {self.random.randrange(9)}")
        self.line(depth + 1, f"return {self.name()}")
        self.line(depth, f"{self.name()} = {inner}() if {self.value()} else {inner}")


def outcome(text: str, seed: int) -> list[Any]:
    """What a program logs, returns or raises, for some arguments."""
    return [_one_outcome(text, arguments, seed) for arguments in [(0, 1, 2), (3, 0, 1), (2, [1], 0)]]


def _one_outcome(text: str, arguments: tuple[Any, ...], seed: int) -> Any:
    log: list[Any] = []
    steps = [0]
    kept: list[Any] = []
    random_ = random.Random(seed)

    def tick() -> bool:
        steps[0] += 1
        if steps[0] > _LIMIT:
            raise StoppedError
        return True

    def call(value: Any) -> Any:
        tick()
        log.append(("call", shown(value)))
        return value

    def fail(value: Any) -> Any:
        tick()
        log.append(("fail", shown(value)))
        if random_.random() < 0.4:
            raise ValueError
        return value

    def keep(function: Any) -> int:
        kept.append(function)
        return len(kept)

    def run_kept(value: Any) -> Any:
        tick()
        for function in kept[-3:]:
            try:
                log.append(("kept", shown(function())))
            except NameError:
                log.append("unbound")
        return value

    class Swallow:
        def __enter__(self) -> int:
            return 7

        def __exit__(self, *error: object) -> bool:
            return error[0] is not StoppedError

    from contextlib import nullcontext

    space: dict[str, Any] = {"call": call, "fail": fail, "keep": keep, "kept": run_kept, "tick": tick, "swallow": Swallow}
    space |= {"log": lambda *values: log.append([shown(value) for value in values]), "nullcontext": nullcontext}
    # A name that is not the function's is the module's: one that is nowhere is a broken program.
    space |= dict.fromkeys(NAMES, 9)
    exec(compile(text, "program", "exec"), space)  # the test's own program
    try:
        if "Owner" in space:
            result = space["Owner"]().target(*arguments)
        elif "outer" in space:
            result = space["outer"](5)(*arguments)
        else:
            result = space["target"](*arguments)
        if hasattr(result, "send"):
            result = [shown(next(result, "end")), *(shown(one) for one in result)]
        ended = ("returned", shown(result))
    except StoppedError:
        ended = ("stopped", "")
    except Exception as error:  # noqa: BLE001  # whatever it is, it has to be the same
        ended = ("raised", "NameError" if isinstance(error, NameError) else type(error).__name__)
    for function in kept:
        try:
            log.append(shown(function()))
        except NameError:
            log.append("unbound")
    return log, ended


def shown(value: Any) -> str:
    """A value without addresses and names of functions."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(shown(one) for one in value)}]"
    if callable(value):
        return "function"
    return repr(value)
