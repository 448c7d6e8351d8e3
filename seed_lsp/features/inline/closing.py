"""Quotes and brackets behind the cursor that the editor has closed stay what they are."""

from __future__ import annotations

import re

from tree_sitter import Node, Tree

from seed_lsp.features.inline.plan import Plan
from seed_lsp.source.syntax import count_errors, is_text, parse

MOST_CUTS = 6
_QUOTES = re.compile(r"\\.|\"\"\"|'''|[\"'`]", re.DOTALL)


def with_closed_quotes(plan: Plan, text: str) -> str:
    """The longest beginning of `text` after which what stands behind the cursor is what it was.

    Within a string the quote is the string's end: the text stays within the string, or opens
    another one that takes this end. Elsewhere the quote must be code.
    """
    if not plan.rest_of_line.strip() and not plan.within_text:
        return text
    if plan.tree is None:
        return _by_line(plan, text)
    place = plan.document.byte_at(plan.cursor)
    string = _around(plan.tree, place)
    if string is None:
        return _closing_what_it_opens(plan, text, place)
    end = string.end_byte
    errors = count_errors(plan.tree)
    cuts = [match.start() for match in _QUOTES.finditer(text) if not match.group(0).startswith("\\")]
    cuts += [len(line) for line in text.split("\n")[:1] if len(line) < len(text)]
    for cut in [len(text), *sorted(cuts, reverse=True)[:MOST_CUTS]]:
        tree, size = _with(plan, text[:cut])
        if tree is not None and (_ends_at(tree, end + size) if (now := count_errors(tree)) == errors else now < errors):
            return text[:cut]
    return ""


def _around(tree: Tree, place: int) -> Node | None:
    """The innermost string whose end is behind `place`."""
    node = tree.root_node.descendant_for_byte_range(place - 1, place) if place else None
    while node is not None and not (is_text(node) and "comment" not in node.type):
        node = node.parent
    closes = node is not None and node.children and not node.children[-1].is_missing and not node.has_error
    return node if closes and node is not None and node.start_byte < place < node.end_byte else None


def _ends_at(tree: Tree, place: int) -> bool:
    """Whether a string ends at `place`."""
    node: Node | None = tree.root_node.descendant_for_byte_range(place - 1, place)
    while node is not None:
        if is_text(node) and node.end_byte == place and "comment" not in node.type:
            return True
        node = node.parent
    return False


def _closing_what_it_opens(plan: Plan, text: str, place: int) -> str:
    """Up to a string or comment of its own that would take up what stands behind the cursor."""
    tree, size = _with(plan, text)
    if tree is None or plan.tree is None:
        return text
    node = tree.root_node.descendant_for_byte_range(place + size, place + size)
    while node is not None:
        if is_text(node) and place <= node.start_byte < place + size < node.end_byte:
            return text.encode("utf-8", "surrogatepass")[: node.start_byte - place].decode("utf-8", "surrogatepass")
        node = node.parent
    # A string that the line ends before its quote comes is an error, and no node.
    opened = _open_quote(text)
    return text[: opened.start()] if opened is not None and count_errors(tree) > count_errors(plan.tree) else text


def _open_quote(text: str) -> re.Match[str] | None:
    """The quote that a text opens and does not close."""
    opened: re.Match[str] | None = None
    for match in _QUOTES.finditer(text):
        if opened is None:
            opened = None if match.group(0).startswith("\\") else match
        elif match.group(0) == opened.group(0):
            opened = None
    return opened


def _with(plan: Plan, text: str) -> tuple[Tree | None, int]:
    """The document's tree with `text` at the cursor, and the text's size in bytes."""
    source = plan.document.text[: plan.cursor] + text + plan.document.text[plan.cursor :]
    return parse(source, plan.document.language), len(text.encode("utf-8", "surrogatepass"))


def _by_line(plan: Plan, text: str) -> str:
    """The same by the quotes on the line, for a language without a grammar."""
    opened = _open_quote(plan.left)
    quote = opened.group(0) if opened is not None else ""
    if not quote or quote not in plan.rest_of_line:
        return text
    own = [match.start() for match in _QUOTES.finditer(text) if match.group(0) == quote]
    return text if len(own) % 2 == 0 else text[: own[-1]]
