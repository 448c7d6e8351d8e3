"""Strings that are annotations: Python code in quotes where a type is meant (PEP 484, 586, 593)."""

from __future__ import annotations

import re

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import Occurrence, PythonFile
from seed_lsp.features.rename.sites import Scope
from seed_lsp.source.document import CharOffset, Document

_VALUES = ("Literal", "Annotated")
"""Generic types that take values: all arguments of the first, all but the first of the second."""
_ARGUMENTS = frozenset({"type_parameter", "subscript"})


def path_in_quotes(file: PythonFile, occurrence: Occurrence) -> tuple[str, ...] | None:
    """The names with dots before a word of a string that is an annotation.

    The tuple is empty for a word without dots before it. None if the string is no annotation, or if
    the word is part of a value in it.
    """
    string = occurrence.node if occurrence.node.type == "string" else names.enclosing(occurrence.node, {"string"})
    content = next((child for child in string.children if child.type == "string_content"), None) if string is not None else None
    if string is None or content is None or not _is_type(file, string):
        return None
    inner = PythonFile(Document("", f"({file.text_of(content)})", None, "python"))
    at = inner.node_at(CharOffset(occurrence.start - file.char_of(content.start_byte) + 1))
    role = names.role_of(at) if at.type == "identifier" else ""
    if role not in {"name", "attribute"} or not _is_type(file, at, inner):
        return None
    before = at.parent.child_by_field_name("object") if role == "attribute" and at.parent is not None else None
    return tuple(inner.text_of(before).split(".")) if before is not None else ()


def class_at(place: FileOccurrences, node: Node, path: tuple[str, ...]) -> Scope | None:
    """The class of the file that a dotted path in an annotation names; None if it is unknown."""
    found: Scope | None = None
    for i, name in enumerate(path):
        there = FileOccurrences(place.path, place.file, name)
        scope = there.lookup(node) if i == 0 else found
        bindings = there.bindings.get(scope, []) if scope is not None else []
        classes = [one.node.parent for one in bindings if one.node.parent is not None and one.node.parent.type == "class_definition"]
        if len(classes) != 1:
            return None
        found = place.scope(classes[0])
    return found


def _is_type(file: PythonFile, node: Node, within: PythonFile | None = None) -> bool:
    """Whether an expression stands where a type is meant.

    `within` is the parsed text of a string that is known to be an annotation.
    """
    own = within or file
    child, parent = node, node.parent
    while parent is not None:
        if parent.type in _ARGUMENTS and _is_value(file, own, parent, child):
            return False
        if parent.type in {"call", "lambda", "string"}:
            return False
        if parent.type == "binary_operator" and own.text_of(parent.children[1]) != "|":
            return False
        if (
            parent.type == "type"
            and parent.parent is not None
            and parent.parent.type not in {"type_parameter", "union_type", "member_type"}
        ):
            return True
        if parent.type in {"block", "expression_statement"}:
            break
        child, parent = parent, parent.parent
    return within is not None


def _is_value(file: PythonFile, own: PythonFile, arguments: Node, child: Node) -> bool:
    """Whether an argument in brackets is a value: ``Literal["a"]``, ``Annotated[int, "a"]``."""
    if arguments.type == "subscript":
        generic, listed = arguments.child_by_field_name("value"), arguments.named_children[1:]
        if names.is_same(generic, child):
            return False
    else:
        generic, listed = arguments.prev_named_sibling, arguments.named_children
    last = own.text_of(generic).rpartition(".")[2] if generic is not None else ""
    kind = next((one for one in _VALUES if last == one or last in _aliases(file, one)), None)
    return kind == "Literal" or (kind == "Annotated" and not names.is_same(listed[0] if listed else None, child))


def _aliases(file: PythonFile, name: str) -> list[str]:
    """The names by which the file imports a name of `typing` under another one."""
    return re.findall(rf"\b{name}\s+as\s+(\w+)", file.document.text)
