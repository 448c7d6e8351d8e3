"""What evaluating an argument does, and which arguments may be reordered unnoticed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

from tree_sitter import Node

from seed_lsp.features.rename.python.names import PythonFile, walk
from seed_lsp.source.document import Document

SIMPLE = frozenset({"identifier", "integer", "float", "string", "true", "false", "none", "attribute", "unary_operator", "ellipsis"})
"""Expressions without an effect, as long as every node within them is of these types, too."""
_PLAIN = SIMPLE | {
    "interpolation",
    "string_start",
    "string_content",
    "string_end",
    "escape_sequence",
    "escape_interpolation",
    "type_conversion",
}
_LITERALS = frozenset({"integer", "float", "true", "false", "none", "ellipsis", "lambda"})
_DISPLAYS = frozenset({"tuple", "list", "set", "dictionary", "pair", "parenthesized_expression", "concatenated_string", "keyword_argument"})
_STRINGS = frozenset({"string", "string_start", "string_content", "string_end", "escape_sequence", "concatenated_string"})
_ANYWHERE = (_LITERALS - {"lambda"}) | _STRINGS | {"module", "expression_statement", "parenthesized_expression", "tuple", "unary_operator"}
_STATE = frozenset(
    {
        "attribute",
        "unary_operator",
        "binary_operator",
        "boolean_operator",
        "not_operator",
        "comparison_operator",
        "conditional_expression",
        "interpolation",
        "format_specifier",
        "format_expression",
    }
)
"""Nodes that look into objects, which an effect may have changed."""
_DECLARED = re.compile(r"^[ \t]*(?:global|nonlocal)[ \t]+(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Evaluation:
    """What evaluating an expression does, and what its value depends on.

    `acts`: it may have an effect. `depends`: its value may be different after an effect. `reads`
    and `binds`: the names that it needs, and those that ``:=`` gives a value.
    """

    acts: bool = False
    depends: bool = False
    reads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()

    def __or__(self, other: Evaluation) -> Evaluation:
        return Evaluation(self.acts or other.acts, self.depends or other.depends, self.reads | other.reads, self.binds | other.binds)

    def may_pass(self, other: Evaluation) -> bool:
        """Whether the two expressions may be evaluated in the other order."""
        if (self.acts and (other.acts or other.depends)) or (other.acts and self.depends):
            return False
        return not self.binds & (other.reads | other.binds) and not other.binds & self.reads


Ask = Callable[[Node], "Evaluation | None"]
"""Tells what a call does besides evaluating its arguments, or what reading an attribute does.

None if this is unknown.
"""


def is_simple(node: Node) -> bool:
    """Whether the form of an expression tells that evaluating it has no effect."""
    return all(one.type in _PLAIN for one in walk(node) if one.is_named)


def is_literal_text(text: str) -> bool:
    """Whether an expression means the same wherever it stands.

    It may be a number, a string, or a constant of Python, with a sign or round brackets around.
    """
    root = PythonFile(Document("", f"({text})\n", language="python")).tree.root_node
    return not root.has_error and all(one.type in _ANYWHERE for one in walk(root) if one.is_named)


def evaluation_of(file: PythonFile, node: Node, of_call: Ask = lambda _call: None) -> Evaluation:
    """What evaluating an expression does, by its form.

    Calls have effects, unless `of_call` knows better.
    """
    return _evaluation(file, node, of_call, _declared(file))


def evaluation_of_text(text: str) -> Evaluation:
    """What evaluating an expression does that was given for a new argument.

    The expression is new: no call had a value for it that an effect could have changed.
    """
    file = PythonFile(Document("", f"({text})\n", language="python"))
    found = _evaluation(file, file.tree.root_node, lambda _call: None, frozenset())
    return Evaluation(found.acts, depends=False, reads=found.reads, binds=found.binds)


def _declared(file: PythonFile) -> frozenset[str]:
    """The names that some function assigns outside of itself, so that a call may change them."""
    found = _DECLARED.findall(file.document.text)
    return frozenset(name.strip() for names in found for name in re.split(r"[,#;]", names))


def _evaluation(file: PythonFile, node: Node, of_call: Ask, declared: frozenset[str]) -> Evaluation:
    if node.type == "identifier":
        name = file.text_of(node)
        return Evaluation(depends=name in declared, reads=frozenset({name}))
    if node.type in _LITERALS:
        return Evaluation()
    if node.type == "attribute":
        inner = node.child_by_field_name("object")
        of_property = of_call(node) or Evaluation()
        return Evaluation(depends=True) | of_property | _all(file, [inner] if inner is not None else [], of_call, declared)
    if node.type == "call":
        known = of_call(node)
        arguments = node.child_by_field_name("arguments")
        if known is not None and arguments is not None and arguments.type == "argument_list":
            return known | _all(file, arguments.named_children, of_call, declared)
        return Evaluation(acts=True, depends=True) | _all(file, node.named_children, of_call, declared)
    if node.type == "keyword_argument":
        value = node.child_by_field_name("value")
        return _all(file, [value] if value is not None else [], of_call, declared)
    inside = _all(file, node.named_children, of_call, declared)
    if node.type == "named_expression":
        target = node.child_by_field_name("name")
        return Evaluation(acts=True, binds=frozenset({file.text_of(target)} if target is not None else ())) | inside
    if node.type in _STATE:
        return Evaluation(depends=True) | inside
    if node.type in _DISPLAYS or node.type in _PLAIN or node.type in {"module", "expression_statement", "comment"}:
        return inside
    # These are subscripts, comprehensions, await, yield, stars, and whatever newer versions add.
    return Evaluation(acts=True, depends=True) | inside


def _all(file: PythonFile, nodes: Iterable[Node], of_call: Ask, declared: frozenset[str]) -> Evaluation:
    found = (_evaluation(file, node, of_call, declared) for node in nodes)
    return reduce(lambda one, other: one | other, found, Evaluation())


def in_order(order: Iterable[tuple[float, Callable[[], Evaluation]]]) -> bool:
    """Whether expressions may be evaluated in this order; the numbers tell their old order."""
    before: list[tuple[float, Callable[[], Evaluation]]] = []
    for number, evaluation in order:
        if any(other > number and not passed().may_pass(evaluation()) for other, passed in before):
            return False
        before.append((number, evaluation))
    return True
