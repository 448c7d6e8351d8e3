"""Which parameters of a function an argument still reaches through its decorators."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.inference import Inference

KEEPS_SIGNATURE = frozenset(
    {
        "staticmethod",
        "classmethod",
        "abstractmethod",
        "override",
        "overload",
        "final",
        "cache",
        "lru_cache",
        "contextmanager",
        "asynccontextmanager",
    }
)
"""Decorators that leave a function's parameters as they are."""
KEEPS_CONSTRUCTOR = frozenset({"dataclass", "total_ordering", "final", "runtime_checkable", "deprecated", "unique"})
"""Decorators that leave the parameters of a class's constructor as they are."""


def keep_parameter(inference: Inference, place: FileOccurrences, function: Node) -> bool:
    """Whether an argument with the inference's name reaches the function's own parameter.

    Each of the function's decorators has to let it pass.
    """
    outer = names.with_decorators(function)
    return all(_keeps_parameter(inference, place, one) for one in outer.children if one.type == "decorator")


def _keeps_parameter(inference: Inference, place: FileOccurrences, decorator: Node) -> bool:
    called = decorator.named_children[0] if decorator.named_children else None
    if called is not None and called.type == "call":
        called = called.child_by_field_name("function")
    if called is None:
        return False
    if place.file.text_of(called).rpartition(".")[2] in KEEPS_SIGNATURE:
        return True
    wrappers = []
    for scope in inference.functions(inference.values_of(place, called)):
        assert scope.path is not None, "functions of the workspace"
        there = inference.place(scope.path)
        wrappers += [(there, node) for node in _wrappers(there, there.node_of(scope))]
    return bool(wrappers) and all(takes_any(node) and there.scope(node) not in there.bindings for there, node in wrappers)


def _wrappers(place: FileOccurrences, decorator: Node) -> Iterator[Node]:
    """The functions in a decorator that replace the decorated one, marked by `functools.wraps`."""
    for node in names.walk(decorator):
        if node.type == "function_definition" and "wraps" in names.decorators_of(place.file, node):
            yield node


def takes_any(function: Node) -> bool:
    """Whether a function takes arguments of any name."""
    return keywords_of(function) is not None


def keywords_of(function: Node) -> Node | None:
    """The identifier behind the two stars among a function's parameters; None without it."""
    parameters = function.child_by_field_name("parameters")
    for child in parameters.named_children if parameters is not None else []:
        starred = child.named_children[0] if child.type == "typed_parameter" and child.named_children else child
        if starred.type == "dictionary_splat_pattern" and starred.named_children:
            return starred.named_children[0]
    return None
