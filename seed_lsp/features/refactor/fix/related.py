"""Definitions of the file that a report speaks of."""

from __future__ import annotations

import re

from tree_sitter import Node

from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import Document
from seed_lsp.source.syntax import Span, field_text, text_of, tree_of

MOST_LINES = 15
MOST_DEFINITIONS = 5
_NAME = re.compile(r"[^\W\d]\w*")
_HOLDERS = frozenset({"module", "program", "block", "class_definition", "class_body", "class_declaration", "decorated_definition"})


def definitions_of(document: Document, span: Span, report: Diagnostic) -> str:
    """The heads of the definitions outside of `span` that have names of the report: of a function
    its signature, of a class its attributes and signatures, of a variable its assignment. Empty
    where there are none.
    """
    tree = tree_of(document)
    if tree is None:
        return ""
    names = {*_NAME.findall(" ".join(report.quoted)), *_NAME.findall(document.text[report.start : report.end])}
    first, last = document.byte_at(span.start), document.byte_at(span.end)
    found: list[str] = []
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        stack += [child for child in reversed(node.children) if child.type in _HOLDERS or node.type in _HOLDERS]
        if _name_of(node) in names and not (first <= node.start_byte < last):
            found.append(_head(node))
    return "\n".join("\n".join(found[:MOST_DEFINITIONS]).split("\n")[:MOST_LINES])


def _name_of(node: Node) -> str:
    """What a node defines; empty for one that defines nothing."""
    if node.type == "expression_statement" and node.named_child_count == 1 and node.named_children[0].type == "assignment":
        return field_text(node.named_children[0], "left")
    if "definition" not in node.type and "declaration" not in node.type and "declarator" not in node.type:
        return ""
    return field_text(node, "name")


def _head(node: Node) -> str:
    """The first lines of a definition, up to its body; of a class, those of its members too."""
    body = node.child_by_field_name("body")
    if body is None:
        return text_of(node).split("\n", maxsplit=1)[0]
    head = _before(node, body)
    if "class" not in node.type:
        return head
    members = (child.child_by_field_name("definition") or child for child in body.named_children)
    return "\n".join([head, *(f"    {_member(one)}" for one in members if _name_of(one))])


def _member(node: Node) -> str:
    body = node.child_by_field_name("body")
    return " ".join(_before(node, body).split()) if body is not None else text_of(node).split("\n", maxsplit=1)[0]


def _before(node: Node, body: Node) -> str:
    return text_of(node).encode()[: body.start_byte - node.start_byte].decode("utf-8", "replace").rstrip(" \t\n{")
