"""The definitions of languages in which documentation is a comment above, and where that goes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node, Tree

from seed_lsp.features.refactor.documentation.definition import Definition, Parameter, Place, first_named, once, own_nodes
from seed_lsp.features.refactor.documentation.grammars import Grammar
from seed_lsp.source.syntax import field_text, line_end, line_start, text_of

_NO_DOCUMENTATION = re.compile(
    r"//go:|//\s*(?:\+build|nolint|NOLINT|clang-format|eslint|prettier|tslint|biome|@ts-|region\b|#region|istanbul|c8|v8|noinspection|CHECKSTYLE)"
    r"|/\*+\s*(?:eslint|istanbul|c8|v8|@ts-|prettier|biome|jshint|global\b|NOLINT|@__PURE__|#__PURE__)"
)
"""Comments that are orders to a tool; they say nothing about the code."""
_DECLARATORS = re.compile(r"identifier|destructor_name|operator_name|operator_cast")
_NAMES = frozenset({"identifier", "field_identifier"})
_NOTHING = frozenset({"void", ": void", ": never", ": Promise<void>", ": undefined"})


def definitions(tree: Tree, source: bytes, grammar: Grammar, start: int = 0, stop: int | None = None) -> list[Definition]:
    """The functions and types whose lines, comment included, touch the bytes `start` to `stop`."""
    found: list[Definition] = []
    stack: list[tuple[Node, tuple[tuple[int, int], ...]]] = [(tree.root_node, ())]
    while stack:
        node, around = stack.pop()
        if node.end_byte < start or (stop is not None and node.start_byte > stop):
            continue
        function = _function(node, grammar)
        if function is not None or _is_type(node, grammar):
            one = _definition(node, function, source, grammar, around)
            found.append(one)
            around = (*around, (one.start, one.header_end))
        stack += [(child, around) for child in reversed(node.named_children)]
    return found


def _function(node: Node, grammar: Grammar) -> Node | None:
    """The node that has the parameters of the function that `node` defines; None if it is none."""
    if node.type in grammar.holders:
        holders = [child for child in node.named_children if child.type == "variable_declarator"] or [node]
        value = holders[0].child_by_field_name("value")
        return value if len(holders) == 1 and value is not None and value.type in grammar.values else None
    if node.type not in grammar.functions:
        return None
    declarator = node.child_by_field_name("declarator")
    if declarator is None:
        return None if node.type in {"declaration", "field_declaration"} else node
    # A declaration of C is one of a function where the innermost declarator has parameters.
    while declarator is not None and declarator.type in {"pointer_declarator", "reference_declarator"}:
        declarator = declarator.child_by_field_name("declarator") or next(iter(declarator.named_children), None)
    if declarator is None or declarator.type != "function_declarator":
        return None
    inner = declarator.child_by_field_name("declarator")
    return declarator if inner is not None and inner.type != "parenthesized_declarator" else None


def _is_type(node: Node, grammar: Grammar) -> bool:
    if node.type not in grammar.classes:
        return False
    if not node.type.endswith("_specifier"):
        return node.type != "type_declaration" or len(node.named_children) == 1
    return node.child_by_field_name("body") is not None and node.child_by_field_name("name") is not None


def _definition(node: Node, function: Node | None, source: bytes, grammar: Grammar, around: tuple[tuple[int, int], ...]) -> Definition:
    outer = node
    while outer.parent is not None and outer.parent.type in grammar.wrappers:
        outer = outer.parent
    first, documentation = _above(outer, source, grammar)
    owner = function if function is not None and node.type in grammar.holders else node
    body = owner.child_by_field_name("body")
    header_end = body.start_byte if body is not None else min(outer.end_byte, line_end(source, outer.start_byte))
    place, obstacle = None, ""
    if documentation is None:
        line = line_start(source, first)
        indent = source[line:first]
        if indent.strip(b" \t"):
            obstacle = "does not begin a line of its own"
        else:
            place = Place(line, indent.decode(), "  ", before=indent.decode())
    return Definition(
        kind="function" if function is not None else "class",
        name=_name(node, function),
        start=first,
        header_end=header_end,
        end=outer.end_byte,
        documentation=documentation,
        place=place,
        obstacle=obstacle,
        parameters=_parameters(function) if function is not None else (),
        returns=_returned(node, body, grammar) if function is not None else None,
        raises=once(_thrown(node, body, grammar)) if function is not None else (),
        around=around,
    )


def _above(outer: Node, source: bytes, grammar: Grammar) -> tuple[int, str | None]:
    """Where a definition starts with what is attached to it, and the comment directly above that;
    None where there is none.
    """
    first = outer.start_byte
    comments: list[str] = []
    node = outer.prev_sibling
    while node is not None and _is_next_to(node, first, source):
        text = text_of(node)
        if "comment" in node.type:
            if source[line_start(source, node.start_byte) : node.start_byte].strip():
                break
            if not _NO_DOCUMENTATION.match(text):
                comments.insert(0, text)
        elif node.type not in grammar.attached:
            break
        elif "doc" in text.partition("=")[0]:
            comments.insert(0, text)
        first = node.start_byte
        node = node.prev_sibling
    return first, "".join(text if text.endswith("\n") else text + "\n" for text in comments) if comments else None


def _is_next_to(node: Node, start: int, source: bytes) -> bool:
    """Whether no empty line and no code stands between a node and the byte `start`."""
    gap = source[node.end_byte : start]
    breaks = gap.count(b"\n") + source[node.end_byte - 1 : node.end_byte].count(b"\n")
    return not gap.strip() and breaks <= 1


def _name(node: Node, function: Node | None) -> str:
    named = node
    if node.type == "type_declaration":
        named = node.named_children[0]
    found = named.child_by_field_name("name") or named.child_by_field_name("property")
    if found is None and function is not None:
        found = function.child_by_field_name("declarator") or function.child_by_field_name("name")
    if found is None:
        found = first_named(named, lambda one: _DECLARATORS.search(one.type) is not None)
    return text_of(found) if found is not None else ""


def _parameters(function: Node) -> tuple[Parameter, ...]:
    """The parameters that have a name; what is taken apart at once has none."""
    single = function.child_by_field_name("parameter")
    listed = function.child_by_field_name("parameters")
    nodes = [single] if single is not None else listed.named_children if listed is not None else []
    found = []
    for node in nodes:
        part = node.child_by_field_name("pattern") or node.child_by_field_name("declarator") or node.child_by_field_name("left")
        part = part or node.child_by_field_name("name")
        if part is None and node.type == "spread_parameter":
            part = node.named_children[-1]
        if part is None and (node.type in _NAMES or node.type == "rest_pattern"):
            part = node
        if part is None or part.type in {"object_pattern", "array_pattern", "this"}:
            continue
        name = first_named(part, lambda one: one.type in _NAMES)
        if name is not None:
            found.append(Parameter(text_of(name)))
    return tuple(found)


def _returned(node: Node, body: Node | None, grammar: Grammar) -> str | None:
    written = field_text(node, "type") if body is None or node.type == "method_declaration" else ""
    written = written or field_text(node, "return_type")
    if written in _NOTHING:
        return None
    if body is None:
        return written or None
    if body.parent is not None and body.parent.type == "arrow_function" and body.type != "statement_block":
        return written
    values = [one for one in own_nodes(body, grammar.nested) if one.type == "return_statement" and one.named_children]
    return written if values else None


def _thrown(node: Node, body: Node | None, grammar: Grammar) -> Iterator[str]:
    """The exceptions that a function declares or throws by their names."""
    for child in node.named_children:
        if child.type == "throws":
            yield from (text_of(one) for one in child.named_children)
    for one in own_nodes(body, grammar.nested) if body is not None else ():
        if one.type == "throw_statement" and one.named_children and not _is_tried(one, body):
            thrown = one.named_children[0]
            made = thrown.child_by_field_name("constructor") or thrown.child_by_field_name("type") or thrown.child_by_field_name("function")
            if made is not None:
                yield text_of(made)


def _is_tried(node: Node, body: Node | None) -> bool:
    """Whether a statement stands in a ``try``, whose clauses may catch what it throws."""
    while node.parent is not None and node != body:
        if node.parent.type.startswith("try") and node.parent.child_by_field_name("body") == node:
            return True
        node = node.parent
    return False
