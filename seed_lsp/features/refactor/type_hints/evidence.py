"""Types that follow from the code itself, for which no model is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from tree_sitter import Node

from seed_lsp.features.refactor.type_hints.headers import RETURN, Function, Hole, decorators_of, written_types
from seed_lsp.features.refactor.type_hints.names import root_of
from seed_lsp.features.refactor.type_hints.results import result_of, type_of
from seed_lsp.source.syntax import text_of

# What Python's data model says of special methods.
_RESULTS = {
    **dict.fromkeys(("__init__", "__post_init__", "__init_subclass__", "__set_name__", "__del__"), "None"),
    **dict.fromkeys(("__setattr__", "__delattr__", "__setitem__", "__delitem__", "__set__", "__delete__"), "None"),
    **dict.fromkeys(("__str__", "__repr__", "__format__"), "str"),
    **dict.fromkeys(("__len__", "__hash__", "__int__", "__index__", "__sizeof__"), "int"),
    **dict.fromkeys(("__bool__", "__contains__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"), "bool"),
    "__bytes__": "bytes",
    "__float__": "float",
}
_EXCEPTION = ("type[BaseException] | None", "BaseException | None", "TracebackType | None")
_PARAMETERS = {
    **dict.fromkeys(("__eq__", "__ne__"), ("object",)),
    **dict.fromkeys(("__exit__", "__aexit__"), _EXCEPTION),
    **dict.fromkeys(("__getattr__", "__getattribute__", "__delattr__", "__format__", "__setattr__"), ("str",)),
}
_USUAL, _MOST = 3, 0.9
"""So many other functions of a file settle the type of a parameter's name, if so large a share of
those with that name are of one mind.
"""
_HALF = 0.5
_PLAIN = frozenset({"str", "bytes", "int", "float", "bool", "list", "dict", "tuple", "set"})
_CONTAINERS = frozenset({"list", "dict", "set", "frozenset", "tuple", "type", "object"})


Habits = Mapping[str, Counter[str]]
"""How often a file gives each parameter's name which types, and the results of the functions of a
name, which is then followed by brackets.
"""


def habits_of(root: Node) -> Habits:
    habits: defaultdict[str, Counter[str]] = defaultdict(Counter)
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "function_definition" and (name := node.child_by_field_name("name")):
            for parameter, kind in written_types(node).items():
                habits[f"{text_of(name)}()" if parameter == RETURN else parameter][kind.strip("\"'")] += 1
        stack += node.children
    return habits


def computed_types(function: Function, habits: Habits) -> dict[str, str]:
    """The types that are known, by the names of their holes."""
    plain = {hole.name: kind for hole in function.holes if (kind := type_of_default(hole)) in {"bool", "float"}}
    counted = {hole.name: _usual(function, hole, habits, share=_MOST) for hole in function.holes}
    usual = {name: kind for name, (kind, count) in counted.items() if count >= _USUAL}
    known = {**plain, **usual, **_of_data_model(function), **_of_siblings(function), **_asserted(function)}
    result = result_of(function)
    if result and (RETURN not in known or result == "None"):
        known[RETURN] = result
    return {hole.name: known[hole.name] for hole in function.holes if hole.name in known}


def backed_types(function: Function, hole: Hole, habits: Habits) -> frozenset[str]:
    """Types for which something in the file speaks: a model that names one of them is right."""
    usual, _ = _usual(function, hole, habits, share=_HALF)
    return frozenset({usual, type_of_default(hole)} - {"", "None"})


def contradicts(hole: Hole, kind: str) -> bool:
    """Whether a parameter's default is of another plain type than `kind`."""
    default = type_of_default(hole)
    fits = {"int": {"int", "float"}, "bool": {"bool", "int"}}.get(default, {default})
    return default not in {"", "None"} and kind in _PLAIN and kind not in fits


def may_be_none(hole: Hole) -> bool:
    """Whether a parameter's default is None."""
    return type_of_default(hole) == "None"


def _usual(function: Function, hole: Hole, habits: Habits, *, share: float) -> tuple[str, int]:
    """The type that the file gives a hole's name in such a share of functions, and how often."""
    found = habits.get(f"{function.name}()" if hole.is_return else hole.name, Counter())
    if hole.stars or not found:
        return "", 0
    [(kind, count)] = found.most_common(1)
    return (kind, count) if count >= share * sum(found.values()) else ("", 0)


def type_of_default(hole: Hole) -> str:
    """The type of a parameter's default where it is a literal; empty elsewhere."""
    return type_of(hole.default) if hole.default is not None else ""


def _of_data_model(function: Function) -> dict[str, str]:
    """What Python says of special methods."""
    if function.owner is None:
        return {}
    known = {RETURN: _RESULTS[function.name]} if function.name in _RESULTS else {}
    given = _PARAMETERS.get(function.name, ())
    plain = [hole.name for hole in function.holes if not hole.is_return and not hole.stars]
    if len(plain) == len(function.parameters) - 1 >= len(given):
        known |= dict(zip(plain, given, strict=False))
    return known


def _of_siblings(function: Function) -> dict[str, str]:
    """The types of the method that this one overrides, where its class is in the same file, and of
    the property of which it is the setter.
    """
    if function.owner is None:
        return {}
    known: dict[str, str] = {}
    for owner in reversed(_ancestors(function.owner)):
        for method in _methods(owner, function.name):
            known |= written_types(method)
    if f"{function.name}.setter" in function.decorators:
        getters = [one for one in _methods(function.owner, function.name) if "property" in decorators_of(one)]
        kinds = [written_types(one)[RETURN] for one in getters if RETURN in written_types(one)]
        known |= {hole.name: kind for hole, kind in zip(function.holes, kinds, strict=False) if not hole.is_return}
    return known


def _ancestors(owner: Node) -> list[Node]:
    """The classes of the file from which one inherits, the nearest first."""
    statements = [child.child_by_field_name("definition") or child for child in root_of(owner).children]
    classes = {text_of(name): one for one in statements if one.type == "class_definition" and (name := one.child_by_field_name("name"))}
    found: list[Node] = []
    waiting = [owner]
    while waiting:
        bases = waiting.pop(0).child_by_field_name("superclasses")
        nearer = [classes[text_of(base)] for base in (bases.named_children if bases else ()) if text_of(base) in classes]
        fresh = [one for one in nearer if one not in found and one != owner]
        found += fresh
        waiting += fresh
    return found


def _methods(owner: Node, name: str) -> list[Node]:
    body = owner.child_by_field_name("body")
    members = [child.child_by_field_name("definition") or child for child in (body.children if body else ())]
    return [
        one
        for one in members
        if one.type == "function_definition" and (found := one.child_by_field_name("name")) and text_of(found) == name
    ]


def _asserted(function: Function) -> dict[str, str]:
    """The types that a function insists on before it does anything else."""
    known: dict[str, str] = {}
    for statement in function.statements:
        condition = statement.child_by_field_name("condition")
        if statement.type == "assert_statement":
            known |= _instance(statement.named_children[0])
        elif condition is None or not _only_raises(statement):
            break
        elif condition.type == "not_operator" and (denied := condition.child_by_field_name("argument")):
            known |= _instance(denied)
    return known


def _only_raises(statement: Node) -> bool:
    block = statement.child_by_field_name("consequence")
    raises = block is not None and any(child.type == "raise_statement" for child in block.named_children[-1:])
    return statement.type == "if_statement" and raises and statement.child_by_field_name("alternative") is None


def _instance(condition: Node) -> dict[str, str]:
    """The name and the type of ``isinstance(name, type)``."""
    called, arguments = condition.child_by_field_name("function"), condition.child_by_field_name("arguments")
    if called is None or text_of(called) != "isinstance" or arguments is None or arguments.named_child_count != 2:
        return {}
    name, kind = arguments.named_children
    kinds = kind.named_children if kind.type == "tuple" else [kind]
    plain = all(one.type in {"identifier", "attribute"} and text_of(one) not in _CONTAINERS for one in kinds)
    # A container's type says what is in it, which this does not.
    return {text_of(name): " | ".join(map(text_of, kinds))} if plain and name.type == "identifier" else {}
