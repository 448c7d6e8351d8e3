"""Whether the object of an attribute is the ``self`` or ``cls`` of a method."""

from __future__ import annotations

import re

from tree_sitter import Node

from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.names import PythonFile
from seed_lsp.features.rename.sites import word_pattern
from seed_lsp.source.document import CharOffset

_DESCRIPTORS = frozenset({"property", "cached_property", "classmethod"})
"""Calls that make a method of the lambda that they are given."""


def class_of_self(file: PythonFile, node: Node) -> Node | None:
    """The class around, if `node` is the name of an attribute of a method's first parameter.

    This is the case for ``self.name``. None for any other object.
    """
    function, name = _bound_by(file, node)
    if (
        function is None
        or function.type not in names.FUNCTIONS
        or _first_parameter(file, function) != name
        or _is_rebound(file, function, name)
    ):
        return None
    owner = scoping.scope_of(function)
    return owner if owner.type == "class_definition" and _is_method(file, function, owner) else None


def is_taken_for_self(file: PythonFile, node: Node) -> bool:
    """Whether an attribute's object is a function's first parameter, but the function is no method.

    The function stands in the body of a class. jedi takes it for a method, where the syntax tells
    that it is none.
    """
    function, name = _bound_by(file, node)
    if function is None or function.type not in names.FUNCTIONS:
        return False
    listed, owner = function.child_by_field_name("parameters"), scoping.scope_of(function)
    first = listed.named_children[0] if listed is not None and listed.named_children else None
    if first is None or owner.type != "class_definition" or file.text_of(first).lstrip("* ") != name:
        return False
    # jedi knows decorators, and may know the object of a decorated function from a call.
    decorated = function.type != "lambda" and "staticmethod" in names.decorators_of(file, function)
    return not decorated and (first.type != "identifier" or not _is_method(file, function, owner))


def _bound_by(file: PythonFile, node: Node) -> tuple[Node | None, str]:
    """The scope that binds the object of the attribute `node`, and the object's name.

    The scope is None if the object is no plain name.
    """
    attribute = node.parent
    receiver = attribute.child_by_field_name("object") if attribute is not None else None
    if receiver is None or receiver.type != "identifier":
        return None, ""
    name = file.text_of(receiver)
    scope = scoping.scope_of(receiver)
    while scope.type != "module" and not _binds(file, scope, name):
        scope = scoping.outer_scope(scope)
    return scope, name


def _binds(file: PythonFile, scope: Node, name: str) -> bool:
    """Whether a scope binds a name in such a way that functions within the scope see it."""
    return scope.type != "class_definition" and bool(_bindings(file, scope, name))


def _is_rebound(file: PythonFile, function: Node, name: str) -> bool:
    return len(_bindings(file, function, name)) > 1


def _bindings(file: PythonFile, scope: Node, name: str) -> list[Node]:
    key = (scope.id, name)
    if key not in file.bound:
        start, end = file.char_of(scope.start_byte), file.char_of(scope.end_byte)
        words = (file.node_at(CharOffset(match.start())) for match in word_pattern(name).finditer(file.document.text, start, end))
        file.bound[key] = [node for node in words if node.type == "identifier" and names.is_same(scoping.binding_scope(node), scope)]
    return file.bound[key]


def _first_parameter(file: PythonFile, function: Node) -> str | None:
    listed = function.child_by_field_name("parameters")
    first = listed.named_children[0] if listed is not None and listed.named_children else None
    if first is not None and first.type in {"typed_parameter", "default_parameter", "typed_default_parameter"}:
        first = first.named_children[0]
    return file.text_of(first) if first is not None and first.type == "identifier" else None


def _is_method(file: PythonFile, function: Node, owner: Node) -> bool:
    """Whether the first parameter of a function in a class's body is given the object."""
    if function.type == "lambda":
        return _is_method_by_value(file, function)
    name = function.child_by_field_name("name")
    if name is None or "staticmethod" in names.decorators_of(file, function):
        return False
    again = rf"(?<!\w){re.escape(file.text_of(name))}\s*=\s*(?:\w+\.)?staticmethod\("
    return re.search(again, file.text_of(owner)) is None


def _is_method_by_value(file: PythonFile, function: Node) -> bool:
    """Whether a lambda is the value of a name in the class, or is given to a property."""
    holder = function.parent
    if holder is not None and holder.type == "keyword_argument":
        holder = holder.parent
    if holder is not None and holder.type == "argument_list" and holder.parent is not None:
        called = holder.parent.child_by_field_name("function")
        return called is not None and file.text_of(called).rpartition(".")[2] in _DESCRIPTORS
    return holder is not None and holder.type == "assignment" and names.is_same(holder.child_by_field_name("right"), function)
