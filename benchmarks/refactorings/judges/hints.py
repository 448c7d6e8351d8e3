"""Annotations, compared with those that stood there."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.judges.same import Target, change_around, dump
from benchmarks.refactorings.prepared import parameters

RETURN = "return"
_ALIASES = {name: name.lower() for name in ("List", "Dict", "Set", "FrozenSet", "Tuple", "Type", "Deque")} | {
    "DefaultDict": "defaultdict",
    "AbstractSet": "Set of collections",
    "Text": "str",
}
_ANYTHING = {"list": 1, "set": 1, "frozenset": 1, "type": 1, "dict": 2, "Iterable": 1, "Sequence": 1, "Iterator": 1, "Mapping": 2}
"""Generic classes that mean any element where none is given, and how many parameters they have."""


@dataclass(frozen=True)
class Holes:
    """The places of a function from which an annotation was taken, and what is there now.

    `equal` counts annotations that are those which stood there, up to notation.
    """

    holes: int
    filled: int
    equal: int
    problem: str = ""


def compare(original: Target, stripped: Target, new: Target) -> Holes:
    """What became of the annotations of `original`, which `stripped` lacks."""
    wanted, found = annotations_of(original.node), annotations_of(new.node)
    shown = {place for place in wanted if place in found}
    equal = {place for place in shown if notation(found[place]) == notation(wanted[place])}
    return Holes(len(wanted), len(shown), len(equal), problem(stripped, new))


def problem(old: Target, new: Target) -> str:
    """What changed beside annotations and imports, in words; empty where nothing did."""
    if dump(old.node, annotations=False) != dump(new.node, annotations=False):
        return "more than annotations changed"
    before, after = annotations_of(old.node), annotations_of(new.node)
    if any(after.get(place) is None or ast.dump(after[place]) != ast.dump(one) for place, one in before.items()):
        return "an annotation that was there changed"
    return change_around(old, new)


def annotations_of(node: Definition) -> dict[str, ast.expr]:
    """Annotations by the name of the parameter, and `RETURN`."""
    found = {one.arg: one.annotation for one in parameters(node) if one.annotation is not None}
    return {**found, RETURN: node.returns} if node.returns is not None else found


def notation(node: ast.expr) -> str:
    """An annotation in one notation: without quotes and modules, unions in order, built-in names
    in place of those of `typing`.
    """
    if isinstance(node, ast.Constant):
        return _of_constant(node)
    if isinstance(node, ast.Attribute):
        return _ALIASES.get(node.attr, node.attr)
    if isinstance(node, ast.Name):
        return _ALIASES.get(node.id, node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        return _of_subscript(node)
    if isinstance(node, ast.List):
        return f"[{', '.join(map(notation, node.elts))}]"
    return ast.unparse(node)


def _of_constant(node: ast.Constant) -> str:
    if isinstance(node.value, str):
        try:
            return notation(ast.parse(node.value.strip(), mode="eval").body)
        except SyntaxError:
            return repr(node.value)
    return "..." if node.value is ... else repr(node.value)


def _of_subscript(node: ast.Subscript) -> str:
    name = notation(node.value)
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Optional":
        return _union([*inner, ast.Constant(None)])
    if name == "Union":
        return _union(inner)
    if name in {"Literal", "Annotated"}:
        return f"{name}[{', '.join(map(ast.unparse, inner))}]"
    parts = [notation(one) for one in inner]
    if parts == ["Any"] * _ANYTHING.get(name, 0) or (name == "tuple" and parts == ["Any", "..."]):
        return name
    return f"{name}[{', '.join(parts)}]"


def _union(members: Sequence[ast.expr]) -> str:
    flat: set[str] = set()
    for member in members:
        flat |= set(_split(notation(member)))
    return " | ".join(sorted(flat))


def _split(text: str) -> list[str]:
    """The members of a union that stands in one notation already."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char in "[(") - (char in "])")
        if depth == 0 and text.startswith(" | ", i):
            parts.append(text[start:i])
            start = i + 3
    return [*parts, text[start:]]
