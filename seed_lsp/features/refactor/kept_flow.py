"""When a statement with an effect is carried out: a simplification may not change that.

Whether two programs do the same cannot be seen from their syntax in general. So a statement that
acts on something outside (a call, an assignment to an attribute or an element, a raise, a deletion)
has to stay as it is, in its order, and within the same branches.
"""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from seed_lsp.features.refactor.change import Change, Side, code_key, header, shown
from seed_lsp.source.syntax import is_docstring, is_sequence, is_text, text_of

_EFFECTS = frozenset({"expression_statement", "raise_statement", "delete_statement", "throw_statement", "assert_statement"})
_ASSIGNMENTS = frozenset({"assignment", "assignment_expression", "augmented_assignment", "augmented_assignment_expression"})
_EXITS = ("return", "raise", "throw", "break", "continue")
_BRANCHES = ("if", "elif", "else", "for", "while", "do_", "try", "except", "finally", "catch", "with", "match", "case", "switch", "loop")
_PURE = frozenset(dir(builtins)) - {"next", "print", "open", "input", "exec", "eval", "setattr", "delattr"}
"""Functions that only compute; of others nobody knows."""


@dataclass(frozen=True)
class _Effect:
    """A statement with an effect, and the branches around it: the kind and the header of each."""

    key: str
    branches: tuple[tuple[str, str], ...]


def moved_effect(change: Change) -> str:
    """A statement with an effect that the answer leaves out, adds, or moves into or out of a
    branch.
    """
    if change.before is None or change.after is None:
        return ""
    if lost := min((_calls(change.before) - _calls(change.after)), default=""):
        return f"the model left out a call of {lost}"
    before, after = _effects(change.before), _effects(change.after)
    known = {text for one in before for _, text in one.branches} & {text for one in after for _, text in one.branches}
    for one, other in zip(before, after, strict=False):
        if one.key != other.key:
            return f"the model changed when or whether this is done: {shown(one.key)}"
        if _shape(one, known) != _shape(other, known):
            return f"the model moved this into or out of a branch: {shown(one.key)}"
    if len(before) != len(after):
        # One of them has more than the other has.
        odd = (before if len(before) > len(after) else after)[min(len(before), len(after))]
        return f"the model changed when or whether this is done: {shown(odd.key)}"
    return ""


def _calls(side: Side) -> Counter[str]:
    """How often each function is called that may do more than compute."""
    called = [node.child_by_field_name("function") for node in side.nodes if node.type in {"call", "call_expression"}]
    names = Counter(code_key(text_of(node)) for node in called if node is not None)
    return Counter({name: count for name, count in names.items() if name not in _PURE})


def _shape(effect: _Effect, known: set[str]) -> list[tuple[str, str]]:
    """The branches around it; of one whose header was changed, the kind alone."""
    return [(kind, text if text in known else "") for kind, text in effect.branches]


def _effects(side: Side) -> list[_Effect]:
    return [_Effect(code_key(text_of(node)), _branches(node, side)) for node in side.statements if _has_effect(node)]


def _has_effect(node: Node) -> bool:
    if node.type not in _EFFECTS:
        return False
    inner = node.named_children[0] if node.named_children else node
    if node.type == "expression_statement" and inner.type in _ASSIGNMENTS:
        left = inner.child_by_field_name("left")
        return left is None or left.type != "identifier"
    return not (is_text(inner) and is_docstring(inner))


def _branches(node: Node, side: Side) -> tuple[tuple[str, str], ...]:
    """From the innermost to the outermost within the region."""
    found = []
    child, parent = node, node.parent
    while parent is not None and side.within(parent):
        kind = parent.type
        if kind.startswith(_BRANCHES) and not _is_transparent(child, parent):
            found.append((kind, code_key(header(parent))))
        child, parent = parent, parent.parent
    return tuple(found)


def _is_transparent(child: Node, parent: Node) -> bool:
    """Whether what stands in an `else` could as well stand behind it: what is before it leaves."""
    statement = parent if parent.type == "if_statement" else parent.parent
    if statement is None or statement.type != "if_statement":
        return False
    branches = [statement.child_by_field_name("consequence")]
    alternatives = [one for one in statement.children if one.type in ("elif_clause", "else_clause")]
    inside = next((one for one in alternatives if one.start_byte <= child.start_byte and child.end_byte <= one.end_byte), None)
    if inside is None or inside.type != "else_clause":
        return False
    branches += [one.child_by_field_name("consequence") for one in alternatives if one.type == "elif_clause"]
    return all(_leaves(one) for one in branches)


def _leaves(branch: Node | None) -> bool:
    inside: Sequence[Node] = (
        [one for one in branch.named_children if not is_text(one)] if branch is not None and is_sequence(branch) else []
    )
    return bool(inside) and inside[-1].type.startswith(_EXITS)
