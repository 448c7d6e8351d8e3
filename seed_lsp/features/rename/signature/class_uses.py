"""What is done with a class at an occurrence: it is called, inherited from, given away, …"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences

Kind = Literal["call", "method", "base", "alias", "given", "pattern", "other"]
"""What is done with a class.

``call``: ``C(…)``. ``method``: ``C.__init__(…)``. ``base``: another class inherits from it.
``alias``: it gets another name. ``given``: somebody gets it who may call it. ``pattern``: a pattern
takes its fields by their positions. ``other``: none of these, such as in an annotation.
"""

_LOOKED_AT = frozenset(
    {
        "isinstance",
        "issubclass",
        "super",
        "cast",
        "TypeVar",
        "NewType",
        "assert_type",
        "type",
        "id",
        "hash",
        "repr",
        "getattr",
        "hasattr",
        "setattr",
        "vars",
        "dir",
    }
)
_WITHOUT_CALL = frozenset(
    {
        "expression_statement",
        "comparison_operator",
        "except_clause",
        "as_pattern",
        "interpolation",
        "subscript",
        "binary_operator",
        "type",
        "class_pattern",
        "dotted_name",
        "delete_statement",
        "global_statement",
        "nonlocal_statement",
        "typevar",
        "type_parameter",
        "generic_type",
        "union_type",
        "member_type",
    }
)


@dataclass(frozen=True)
class ClassUse:
    """What is done with a class at an occurrence.

    `node` is the call, the class that inherits, or the name that is bound; for other kinds it is
    the class's name. `method` is the name of the method that is called.
    """

    kind: Kind
    node: Node
    method: str = ""


def class_use(place: FileOccurrences, node: Node) -> ClassUse:
    """What is done with the class that the identifier `node` names."""
    if node.type != "identifier":
        return ClassUse("other", node)
    if names.is_imported(node):
        return _import(node)
    if scoping.binding_scope(node) is not None:
        return ClassUse("other", node)
    top = node
    if (parent := node.parent) is not None and parent.type == "attribute" and not names.is_same(parent.child_by_field_name("object"), node):
        top = parent
    if (parent := top.parent) is not None and parent.type == "subscript" and names.is_same(parent.child_by_field_name("value"), top):
        top = parent
    parent = top.parent
    if parent is None:
        return ClassUse("other", node)
    if parent.type == "call" and names.is_same(parent.child_by_field_name("function"), top):
        return ClassUse("call", parent)
    if parent.type == "attribute":
        return _attribute(place, parent)
    if parent.type == "argument_list" and parent.parent is not None and parent.parent.type == "class_definition":
        return ClassUse("base", parent.parent)
    if parent.type == "dotted_name" and parent.parent is not None and parent.parent.type == "class_pattern":
        return ClassUse("pattern" if _takes_places(parent.parent) else "other", node)
    if _is_of_type(place, node):
        return ClassUse("given", node)
    if _in_annotation(node):
        return ClassUse("other", node)
    if parent.type == "assignment" and names.is_same(parent.child_by_field_name("right"), top):
        left = parent.child_by_field_name("left")
        if left is not None and left.type == "identifier":
            return ClassUse("alias", left)
    return ClassUse("other" if _is_looked_at(place, top) else "given", node)


def _import(node: Node) -> ClassUse:
    aliased = names.enclosing(node, {"aliased_import", "import_from_statement", "import_statement"})
    alias = aliased.child_by_field_name("alias") if aliased is not None and aliased.type == "aliased_import" else None
    if alias is None or alias.id == node.id or alias.text == node.text:
        return ClassUse("other", node)
    return ClassUse("alias", alias)


def _attribute(place: FileOccurrences, attribute: Node) -> ClassUse:
    """What is done with ``C.name``, which only matters if the name is that of a constructor."""
    named = attribute.child_by_field_name("attribute")
    method = place.file.text_of(named) if named is not None else ""
    if method not in names.CONSTRUCTORS:
        return ClassUse("other", attribute)
    call = attribute.parent
    if call is not None and call.type == "call" and names.is_same(call.child_by_field_name("function"), attribute):
        return ClassUse("method", call, method)
    return ClassUse("given", attribute)


def _is_looked_at(place: FileOccurrences, top: Node) -> bool:
    """Whether nobody who gets the class here calls it."""
    parent = top.parent
    while parent is not None and parent.type in {"tuple", "parenthesized_expression", "keyword_argument"}:
        top, parent = parent, parent.parent
    if parent is None or parent.type in _WITHOUT_CALL:
        return True
    if parent.type == "argument_list" and parent.parent is not None:
        function = parent.parent.child_by_field_name("function")
        return function is not None and place.file.text_of(function).rpartition(".")[2] in _LOOKED_AT
    return False


def _takes_places(pattern: Node) -> bool:
    inside = [child.named_children[0] for child in pattern.named_children if child.type == "case_pattern" and child.named_children]
    return any(child.type != "keyword_pattern" for child in inside)


def _is_of_type(place: FileOccurrences, node: Node) -> bool:
    """Whether the class stands in ``type[C]``; what is annotated like this may be called."""
    around = names.enclosing(node, {"generic_type", "subscript", "block", "call"})
    if around is None or around.type not in {"generic_type", "subscript"} or around.named_children[0].id == node.id:
        return False
    return place.file.text_of(around.named_children[0]).rpartition(".")[2] in {"type", "Type"}


def _in_annotation(node: Node) -> bool:
    around = names.enclosing(node, {"type", "block", "module", "call"})
    return around is not None and around.type == "type"
