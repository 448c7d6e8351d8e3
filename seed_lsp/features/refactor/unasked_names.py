"""Names by which other code knows the selection, and that an answer takes away unasked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from seed_lsp.source.document import Document
from seed_lsp.source.syntax import Span, identifiers, text_of, tree_of

_PAIR = re.compile(r"(\w+)\W+(?:to|into|as|in|zu|nach|en|por)\W+(?=(\w+))|(\w+)\W*(?:->|=>|→)\W*(?=(\w+))")
"""One name to become another, as people write it."""


@dataclass(frozen=True)
class _Interface:
    """What code defines: functions, classes, the members of its classes, and parameters."""

    outer: frozenset[str]
    members: frozenset[str]
    parameters: frozenset[str]


def lost_name(document: Document, span: Span, new: str, instruction: str, *, is_own: bool) -> str:
    """A name that `new`, which is to replace `span`, lacks though it was not to go; empty if none.

    None of ours asks for that. The user's own words may; a name that they leave out may go too,
    unless code around uses it, or they say which other name is to become which.
    """
    text = document.text[: span.start] + new + document.text[span.end :]
    interface = _interface(document, span)
    left = identifiers(text, document.language, span.start, span.start + len(new))
    defined = interface.outer | interface.members
    if not is_own:
        return min(defined - left, default="")
    words = frozenset(re.findall(r"\w+", instruction))
    before = identifiers(document.text, document.language, span.start, span.end)
    gone = (defined | interface.parameters) - left - words
    asked = {one for match in _PAIR.finditer(instruction) for one in (match.group(1), match.group(3)) if one in before}
    # Who names one of several that change, and for the others what they become, asked for all.
    answered = bool(asked - left) and len((before - left) & (defined | interface.parameters)) <= len((left - before) & words)
    if gone and asked and not answered:
        return min(gone)
    return min(gone & interface.outer & _used_around(document, span), default="")


def _interface(document: Document, span: Span) -> _Interface:
    outer: set[str] = set()
    members: set[str] = set()
    parameters: set[str] = set()
    tree = tree_of(document)
    start, stop = document.byte_at(span.start), document.byte_at(span.end)
    stack = [(tree.root_node, False)] if tree is not None else []
    while stack:
        node, within = stack.pop()
        if node.end_byte <= start or node.start_byte >= stop:
            continue
        name, listed = node.child_by_field_name("name") or node.child_by_field_name("declarator"), node.child_by_field_name("parameters")
        if node.start_byte >= start and (name is not None and (listed is not None or "class" in node.type)):
            (members if within else outer).add(text_of(name))
            parameters.update(_parameters(listed) if listed is not None else ())
            if listed is not None:
                # What a function defines within itself is its own.
                continue
        stack += [(child, within or "class" in node.type) for child in node.children]
    return _Interface(frozenset(outer), frozenset(members), frozenset(parameters))


def _parameters(node: Node) -> Iterator[str]:
    """The name of each parameter, which is its first identifier."""
    for parameter in node.named_children:
        stack = [parameter]
        while stack:
            one = stack.pop()
            if one.type == "identifier":
                yield text_of(one)
                break
            stack += reversed(one.children)


def _used_around(document: Document, span: Span) -> frozenset[str]:
    """The names in the document outside of the span, but for attributes."""
    tree = tree_of(document)
    start, stop = document.byte_at(span.start), document.byte_at(span.end)
    names, stack = set(), [tree.root_node] if tree is not None else []
    while stack:
        node = stack.pop()
        if node.type.endswith("identifier") and (node.end_byte <= start or node.start_byte >= stop):
            before = node.prev_sibling
            if before is None or before.type != ".":
                names.add(text_of(node))
        stack += [child for child in node.children if not (child.start_byte >= start and child.end_byte <= stop)]
    return frozenset(names)
