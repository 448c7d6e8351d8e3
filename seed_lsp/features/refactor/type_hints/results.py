"""What a function's body says about its result, and what a plain expression says about its type."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from seed_lsp.features.refactor.type_hints.headers import Function
from seed_lsp.source.syntax import text_of

_LITERALS = {"integer": "int", "float": "float", "true": "bool", "false": "bool", "none": "None", "concatenated_string": "str"}
_CALLS = {
    **{name: name for name in ("str", "int", "float", "bool", "bytes")},
    **dict.fromkeys(("repr", "format", "chr", "hex", "oct", "bin", "ascii"), "str"),
    **dict.fromkeys(("len", "hash", "id", "ord"), "int"),
    **dict.fromkeys(("isinstance", "issubclass", "callable", "hasattr", "any", "all"), "bool"),
}
_TEXT_METHODS = frozenset({"join", "format", "replace", "strip", "lower", "upper"})
_SCOPES = frozenset({"function_definition", "class_definition", "lambda"})
_NO_END_KNOWN = frozenset({"match_statement", "try_statement", "while_statement", "with_statement"})


def type_of(value: Node) -> str:
    """The type of an expression where that is plain to see; empty for others."""
    inside = value.named_children
    if value.type == "string":
        return "bytes" if "b" in text_of(value.children[0]).lower() else "str"
    if value.type == "parenthesized_expression" and len(inside) == 1:
        return type_of(inside[0])
    if value.type == "unary_operator":
        return _LITERALS.get(inside[0].type, "") if inside and inside[0].type in {"integer", "float"} else ""
    if value.type in {"comparison_operator", "not_operator"}:
        return "bool"
    if value.type == "conditional_expression":
        return union_of([type_of(inside[0]), type_of(inside[-1])])
    if value.type == "call":
        return _type_of_call(value)
    return _LITERALS.get(value.type, "")


def _type_of_call(call: Node) -> str:
    called = call.child_by_field_name("function")
    if called is None:
        return ""
    if called.type == "identifier":
        return _CALLS.get(text_of(called), "")
    of, method = called.child_by_field_name("object"), called.child_by_field_name("attribute")
    is_text = of is not None and type_of(of) == "str" and method is not None and text_of(method) in _TEXT_METHODS
    return "str" if is_text else ""


def union_of(types: list[str]) -> str:
    """The union of types that are all known, None last; empty if one is not."""
    if not all(types):
        return ""
    kinds = dict.fromkeys(kind for kind in types if kind != "None")
    return " | ".join([*kinds, *(["None"] if "None" in types else [])])


def result_of(function: Function) -> str:
    """The type of a function's result where the body leaves no doubt; empty elsewhere."""
    returned = [_value(node) for node in _within(function, "return_statement")]
    values = [value for value in returned if value is not None]
    if opening := iterator_of(function):
        items = union_of([_yielded(node) for node in _within(function, "yield")])
        return f"{opening}{items}]" if items else ""
    if yields(function) or is_stub(function):
        return ""
    if not values:
        return "None"
    types = ["None" if value is None else type_of(value) for value in returned]
    if set(types) == {"None"} or not all(types):
        # What only ever returns None on purpose is there to be overridden.
        return ""
    if not _ends(function.statements):
        if function.statements[-1].type in _NO_END_KNOWN:
            return ""
        types.append("None")
    return union_of(types)


def returns_none(function: Function) -> bool:
    """Whether a function returns None, in so many words, beside other values."""
    returned = [_value(node) for node in _within(function, "return_statement")]
    return any(value is None or value.type == "none" for value in returned)


def yields(function: Function) -> bool:
    return any(True for _ in _within(function, "yield"))


def returns_function(function: Function) -> bool:
    """Whether what a function returns is a function that it makes."""
    made = {text_of(name) for node in _within(function, "function_definition") if (name := node.child_by_field_name("name"))}
    values = [value for node in _within(function, "return_statement") if (value := _value(node)) is not None]
    return any(value.type == "lambda" or (value.type == "identifier" and text_of(value) in made) for value in values)


def iterator_of(function: Function) -> str:
    """How the result's type of a generator begins that takes nothing and returns nothing; empty for
    other functions.
    """
    found = list(_within(function, "yield"))
    takes = any(node.parent is None or node.parent.type != "expression_statement" for node in found)
    returns = any(_value(node) is not None for node in _within(function, "return_statement"))
    if not found or takes or returns:
        return ""
    return "AsyncIterator[" if function.is_async else "Iterator["


def _yielded(node: Node) -> str:
    value = _value(node)
    if value is None:
        return "None"
    return type_of(value) if all(child.type != "from" for child in node.children) else ""


def is_stub(function: Function) -> bool:
    """Whether a body only stands for others, or says that it never ends."""
    if any(one.rpartition(".")[2] in {"abstractmethod", "overload"} for one in function.decorators):
        return True
    statements = function.statements
    if statements and statements[-1].type == "raise_statement":
        return not any(True for _ in _within(function, "return_statement"))
    return all(one.type == "pass_statement" or text_of(one) == "..." for one in statements)


def _ends(statements: list[Node]) -> bool:
    """Whether a block never runs past its last statement, as far as that is easy to tell."""
    if not statements:
        return False
    last = statements[-1]
    if last.type in {"return_statement", "raise_statement"}:
        return True
    if last.type == "with_statement":
        return all(_ends(_code(block)) for block in _blocks(last))
    if last.type != "if_statement":
        return False
    branches = [last, *last.children_by_field_name("alternative")]
    return branches[-1].type == "else_clause" and all(_ends(_code(block)) for branch in branches for block in _blocks(branch))


def _blocks(node: Node) -> list[Node]:
    return [child for child in node.children if child.type == "block"]


def _code(block: Node) -> list[Node]:
    return [child for child in block.named_children if child.type != "comment"]


def _value(statement: Node) -> Node | None:
    return next((child for child in statement.named_children if child.type != "comment"), None)


def _within(function: Function, kind: str) -> Iterator[Node]:
    """Nodes of a kind in a function's own body, without those of functions within it."""
    stack = list(reversed(function.statements))
    while stack:
        node = stack.pop()
        if node.type == kind and node.is_named:
            yield node
        if node.type not in _SCOPES:
            stack += reversed(node.children)
