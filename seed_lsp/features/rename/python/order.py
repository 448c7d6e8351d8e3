"""Whether a name in the body of a class reads what the class binds.

A name that the body binds only further down is the module's until then (language reference, 4.2.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from tree_sitter import Node

from seed_lsp.features.rename.python.names import enclosing, lies_in

Certainty = Literal["always", "maybe", "never"]

_LOOPS = frozenset({"for_statement", "while_statement"})
_BLOCKS = frozenset({"block", "module"})
# Statements and expressions that bind a name when they end.
_BINDERS = frozenset(
    {"assignment", "augmented_assignment", "named_expression", "function_definition", "class_definition", "import_statement"}
    | {
        "import_from_statement",
        "future_import_statement",
        "type_alias_statement",
        "for_statement",
        "with_item",
        "except_clause",
        "case_clause",
    }
    | {"delete_statement"}
)
# Nodes that may skip a part of an expression, or of the head of a statement.
_CONDITIONAL = frozenset(
    {"boolean_operator", "conditional_expression", "comparison_operator", "elif_clause", "if_clause", "assert_statement"}
)
_LATER = frozenset({"type", "type_parameter", "type_alias_statement"})


def reads(scope: Node, bindings: Iterable[Node], node: Node) -> Certainty:
    """Whether the name at `node` finds one of the `bindings` in the body of the class `scope`.

    The name has to be one that sees the names of the class.
    """
    made, lost = [], []
    for binding in bindings:
        holder = enclosing(binding, _BINDERS)
        if holder is None:
            continue
        if holder.type == "delete_statement":
            lost.append(holder.start_byte)
        else:
            made.append((binding, holder))
            if holder.type == "except_clause":
                lost.append(holder.end_byte)
    later = _is_later(scope, node)
    looped = _loop_around(scope, node)
    if later and lost:
        return "maybe"
    for binding, holder in made:
        effect, home = _effect(binding, holder), _home(binding, holder)
        before = effect <= node.start_byte and home is not None and lies_in(node, home)
        if before and not any(
            effect <= at <= node.start_byte or (looped is not None and looped.start_byte < at <= looped.end_byte) for at in lost
        ):
            return "always"
    possible = (_effect(*one) <= node.start_byte or (looped is not None and lies_in(one[0], looped)) for one in made)
    return "maybe" if later or any(possible) else "never"


def _effect(binding: Node, holder: Node) -> int:
    """The offset in bytes from which on the name is bound."""
    if holder.type == "for_statement":
        iterable = holder.child_by_field_name("right")
        return iterable.end_byte if iterable is not None else holder.end_byte
    if holder.type in {"except_clause", "case_clause", "with_item"}:
        return binding.end_byte
    return holder.end_byte


def _home(binding: Node, holder: Node) -> Node | None:
    """The node in which the name is certainly bound, behind the binding.

    None if this depends on a condition.
    """
    if holder.type == "for_statement":
        return holder.child_by_field_name("body")
    if holder.type in {"except_clause", "case_clause"}:
        return holder
    node: Node | None = binding
    while node is not None and node.type not in _BLOCKS:
        if node.type in _CONDITIONAL:
            return None
        node = node.parent
    return node


def _loop_around(scope: Node, node: Node) -> Node | None:
    """The outermost loop around a node in the class's body; None if there is none."""
    found = None
    around = node.parent
    while around is not None and around.id != scope.id:
        found = around if around.type in _LOOPS else found
        around = around.parent
    return found


def _is_later(scope: Node, node: Node) -> bool:
    """Whether an expression may be evaluated later, when its value is asked for.

    This holds for annotations (PEP 649), type parameters and ``type`` statements.
    """
    around = node.parent
    while around is not None and around.id != scope.id:
        if around.type in _LATER:
            return True
        around = around.parent
    return False
