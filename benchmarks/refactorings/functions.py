"""The functions that are edited: which they are, and where they stand."""

from __future__ import annotations

import ast
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.refactorings.packages import PACKAGES, reached, root_of
from benchmarks.report import say
from engine.evaluation.records import read_records

Definition = ast.FunctionDef | ast.AsyncFunctionDef
FEWEST_LINES, MOST_LINES = 10, 80
LEAST_CODE = 6
"""Of a function's lines so many are neither its docstring nor empty."""
MOST_TESTS = 30


@dataclass(frozen=True)
class Function:
    """A function or method in a file of a package; `tests` call it and pass.

    `start` and `end` are its first and last line, counted from 1, decorators among them.
    """

    package: str
    path: str
    name: str
    start: int
    end: int
    tests: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{self.package} {self.path} {self.name}"

    @property
    def in_class(self) -> bool:
        return "." in self.name


def definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    """Functions and methods with their dotted names, but for those that others define within."""
    stack: list[tuple[str, ast.AST]] = [("", tree)]
    while stack:
        prefix, owner = stack.pop()
        for node in ast.iter_child_nodes(owner):
            if isinstance(node, Definition):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                stack.append((f"{prefix}{node.name}.", node))
            elif isinstance(node, ast.If | ast.Try):
                stack.append((prefix, node))


def find(tree: ast.Module, name: str) -> Definition | None:
    """The definition of that dotted name; None where there is none or more than one."""
    found = [node for other, node in definitions(tree) if other == name]
    return found[0] if len(found) == 1 else None


def first_line(node: Definition) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def make(folder: Path, each: int, seed: int) -> None:
    """Write ``functions.jsonl``, with up to `each` functions of every package in random order.

    Any beginning of the file is a sample of all packages.
    """
    chosen = []
    for package in PACKAGES:
        some = _of_package(folder, package)
        random.Random(f"{seed} {package}").shuffle(some)
        chosen += some[:each]
        say(f"{package}: {len(some[:each])} of {len(some)} functions")
    random.Random(seed).shuffle(chosen)
    with (folder / "functions.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(function)) + "\n" for function in chosen)


def _of_package(folder: Path, package: str) -> list[Function]:
    _, code, tests = PACKAGES[package]
    root = root_of(folder, package).resolve()
    calls = reached(root, code, tests)
    found = []
    for path in sorted((root / code).rglob("*.py")):
        relative = path.relative_to(root).as_posix()
        if "test" in relative:
            continue
        text = path.read_text(encoding="utf-8")
        named = list(definitions(ast.parse(text)))
        names = Counter(name for name, _ in named)
        for name, node in named:
            called = calls.get(f"{path}:{first_line(node)}", [])
            if names[name] == 1 and called and is_fit(node, text):
                # As many from all over the suite, in its order.
                step = -(-len(called) // MOST_TESTS)
                found.append(Function(package, relative, name, first_line(node), node.end_lineno or 0, tuple(called[::step])))
    return found


def is_fit(node: Definition, text: str) -> bool:
    start, end = first_line(node), node.end_lineno or 0
    lines = text.split("\n")[start - 1 : end]
    docstring = docstring_of(node)
    told = 0 if docstring is None else (docstring.end_lineno or 0) - docstring.lineno + 1
    code = sum(bool(line.strip()) for line in lines) - told
    return FEWEST_LINES <= len(lines) <= MOST_LINES and code >= LEAST_CODE


def docstring_of(node: Definition) -> ast.Expr | None:
    """The statement that is a function's docstring."""
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


def read_functions(folder: Path) -> list[Function]:
    return [Function(**{**record, "tests": tuple(record["tests"])}) for record in read_records(folder / "functions.jsonl")]
