"""What of a region's text has to stay, unless the instruction speaks of it: comments, licences,
docstrings, strings with lines of their own, fences, and the line around a selection.

Each check gives its refusal in the user's words, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tree_sitter import Node

from seed_lsp.features.refactor import purpose
from seed_lsp.features.refactor.change import Change, Side, code_key, header, shown
from seed_lsp.source.patch import likeness
from seed_lsp.source.syntax import is_docstring, line_start, text_nodes, text_of

_ALIKE = 0.6
"""How alike two texts are of which one is a version of the other."""
_DOC_ALIKE = 0.5
_LICENCE = re.compile(r"licen[cs]ed?\b|copyright|spdx|\(c\)|all rights reserved", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*`{3,}", re.MULTILINE)
_PUNCTUATION = " \t;,)]}"


def lost_licence(change: Change) -> str:
    if change.asked.speaks_of("licences"):
        return ""
    lost = _lost([one for one in _comments(change.before) if _LICENCE.search(one)], _comments(change.after), 1.0)
    return f"the model changed a line of the licence ({shown(lost)}); select the code below it" if lost else ""


def lost_comment(change: Change) -> str:
    """A comment whose code stays."""
    if change.before is None or change.after is None or (change.asked.speaks_of("comments") and not purpose.adds(change.asked)):
        return ""
    left = {header(node) for node in change.after.statements}
    gone = {header(node) for node in change.before.statements} - left
    may_go = gone if change.asked.speaks_of("rewriting") else frozenset()
    own = [text_of(node) for node in change.before.comments if _header_beside(node, change.before) not in may_go]
    lost = _lost(own, _comments(change.after), _ALIKE)
    return f"the model left out a comment ({shown(lost)}), of which the instruction says nothing; say that it should go" if lost else ""


def _header_beside(comment: Node, side: Side) -> str:
    """The statement that a comment stands behind or above."""
    line = line_start(side.source, comment.start_byte)
    behind = next((node for node in reversed(side.statements) if line <= node.start_byte < comment.start_byte), None)
    above = next((node for node in side.statements if node.start_byte >= comment.end_byte), None)
    node = behind or above
    return header(node) if node is not None else ""


def lost_docstring(change: Change) -> str:
    if change.before is None or change.after is None or change.asked.speaks_of("comments", "strings", "rewriting"):
        return ""
    lost = _lost(_docstrings(change.before), _docstrings(change.after), _DOC_ALIKE)
    return f"the model left out a docstring ({shown(lost)}), of which the instruction says nothing; say that it should go" if lost else ""


def lost_text(change: Change) -> str:
    """A string of several lines whose words the answer has not."""
    if change.before is None or change.after is None or change.asked.speaks_of("strings", "comments", "rewriting"):
        return ""
    lost = _lost(_long_strings(change.before), _long_strings(change.after), _ALIKE)
    return f"the model left out a string ({shown(lost)}), of which the instruction says nothing; say what it should become" if lost else ""


def lost_fence(change: Change) -> str:
    """Three backticks end the model's answer, wherever it writes them."""
    before, after = len(_FENCE.findall(change.region)), len(_FENCE.findall(change.new))
    if before == after or change.asked.speaks_of("fences") or (after < before and change.asked.speaks_of("removal")):
        return ""
    if after < before:
        return "the model left out lines that begin with three backticks; select the lines around them"
    return "the model wrote lines that begin with three backticks, which the selection has not"


def changed_line_around(change: Change) -> str:
    """What stands before and behind a selection in its line was not selected."""
    text, span, selected = change.document.text, change.span, change.selected
    head, tail = text[span.start : selected.start], text[selected.end : span.end]
    pieces = [
        (head, code_key(change.new).startswith(code_key(head)), "before"),
        (tail, code_key(change.new).endswith(code_key(tail)), "behind"),
    ]
    for piece, stays, where in pieces:
        alone = piece.strip(_PUNCTUATION + "\r\n")
        if alone and "\n" not in piece.strip("\r\n") and not stays and not any(map(change.asked.names, re.findall(r"\w+", piece))):
            return f"the model changed what stands {where} the selection in its line ({shown(alone)}); select that as well"
    return ""


def _comments(side: Side | None) -> list[str]:
    return [text_of(node) for node in side.comments] if side is not None else []


def _docstrings(side: Side) -> list[str]:
    return [text_of(node) for node in _strings(side) if is_docstring(node)]


def _long_strings(side: Side) -> list[str]:
    return [text for node in _strings(side) if not is_docstring(node) and "\n" in (text := text_of(node))]


def _strings(side: Side) -> list[Node]:
    nodes = text_nodes(side.root, side.first, side.last)
    return [node for node in nodes if side.within(node) and "comment" not in node.type]


def _lost(before: Sequence[str], after: Sequence[str], least: float) -> str:
    """The first of the texts that is not among the others, by its words or by likeness."""
    left = ["".join(one.split()) for one in after]
    rest = []
    for one in before:
        words = "".join(one.split())
        if words in left:
            left.remove(words)
        else:
            rest.append((one, words))
    for one, words in rest:
        nearest = max(left, key=lambda other: likeness(words, other), default="")
        if not nearest or likeness(words, nearest) < least:
            return one
        left.remove(nearest)
    return ""
