"""Which module imports which, read from the syntax of our modules.

``python -m tests.imports`` prints how many arrows there are, and which of them make a circle.

A room is a folder of modules, or a module that stands beside such folders. An arrow goes from a
module to one that it imports, at its top, in a function, or for types alone.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOPS = ("seed_lsp", "engine", "benchmarks")

Arrow = tuple[str, str]


@cache
def modules() -> dict[str, Path]:
    """Our modules by their dotted names."""
    files = [path for top in TOPS for path in (ROOT / top).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


@cache
def arrows() -> frozenset[Arrow]:
    """Pairs of modules: the first imports the second."""
    return frozenset((name, other) for name, path in modules().items() for other in _imported(path) if other != name)


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # In ``from package import name``, the name may be a module, too.
            found |= {f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in modules() else node.module for alias in node.names}
    return found & modules().keys()


def room_of(module: str, rooms: Iterable[str]) -> str | None:
    """The innermost room that a module lies in; None if it lies in none of them."""
    around = [room for room in rooms if module == room or module.startswith(f"{room}.")]
    return max(around, key=len, default=None)


def between(rooms: Iterable[str]) -> dict[Arrow, list[Arrow]]:
    """The arrows between rooms, each with the arrows between modules that make it."""
    found: dict[Arrow, list[Arrow]] = defaultdict(list)
    for source, target in sorted(arrows()):
        pair = room_of(source, rooms), room_of(target, rooms)
        if None not in pair and pair[0] != pair[1]:
            found[pair].append((source, target))
    return found


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The groups of two or more nodes that import one another in a loop.

    These are Tarjan's strongly connected components.
    """
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = lowest[node] = len(order)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in order:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], order[other])
        if lowest[node] == order[node]:
            members = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(members) > 1:
                found.append(sorted(members))

    for node in graph:
        if node not in order:
            visit(node)
    return found


def graph_of(pairs: Iterable[Arrow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for source, target in sorted(pairs):
        found[source].append(target)
    return found


def rooms() -> set[str]:
    """The folders that hold modules alone, and each module that stands beside such folders."""
    return {name if _stands_beside_folders(name, path) else name.rpartition(".")[0] or name for name, path in modules().items()}


def _stands_beside_folders(name: str, path: Path) -> bool:
    return path.name == "__init__.py" or any(folder.joinpath("__init__.py").exists() for folder in path.parent.iterdir())


def main() -> None:
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in modules().values())
    crossing = between(rooms())
    print(f"{len(modules())} modules with {lines} lines; {len(arrows())} imports of one another")
    print(f"{len(rooms())} rooms with {len(crossing)} arrows between them")
    for circle in circles(graph_of(arrows())):
        print(f"modules in a circle: {', '.join(circle)}")
    for circle in circles(graph_of(crossing)):
        print(f"rooms in a circle: {', '.join(circle)}")


if __name__ == "__main__":
    main()
