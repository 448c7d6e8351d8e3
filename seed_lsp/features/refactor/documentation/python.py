"""The definitions of Python code, and where their docstrings go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tree_sitter import Node, Tree

from seed_lsp.features.refactor.documentation.definition import Definition, Parameter, Place, once, own_nodes
from seed_lsp.source.syntax import field_text, line_end, line_start, next_line, text_of

_KINDS = frozenset({"function_definition", "class_definition"})
_NESTED = frozenset({*_KINDS, "lambda"})
_SPLATS = frozenset({"list_splat_pattern", "dictionary_splat_pattern"})
_NOTHING = re.compile(r"(?:typing\.|t\.)?(?:None|NoReturn|Never)")
_ATTRIBUTE = re.compile(r"@.*(?:\bproperty|\bcached_property|\.setter|\.deleter|\.getter)\b")
_EXCEPTION = re.compile(r"(?:\w+\.)*[A-Z]\w*")
_CATCHES_ALL = frozenset({"Exception", "BaseException"})
_USUAL_UNIT = "    "


def definitions(tree: Tree, source: bytes, start: int = 0, stop: int | None = None) -> list[Definition]:
    """The functions and classes that touch the bytes `start` to `stop`, in order."""
    found: list[Definition] = []
    stack: list[tuple[Node, tuple[tuple[int, int], ...], bool]] = [(tree.root_node, (), False)]
    while stack:
        node, around, in_class = stack.pop()
        if node.end_byte < start or (stop is not None and _outer(node).start_byte > stop):
            continue
        if node.type in _KINDS:
            one = _definition(node, source, around, in_class=in_class)
            found.append(one)
            around, in_class = (*around, (one.start, one.header_end)), node.type == "class_definition"
        stack += [(child, around, in_class) for child in reversed(node.named_children) if _may_hold(child)]
    return found


def _may_hold(node: Node) -> bool:
    """Whether definitions may stand below a node: not in expressions, of which there are many."""
    kind = node.type
    return kind != "expression_statement" and kind.endswith(("definition", "block", "_statement", "_clause", "ERROR"))


def _outer(node: Node) -> Node:
    """A definition with its decorators."""
    return node.parent if node.parent is not None and node.parent.type == "decorated_definition" else node


def _definition(node: Node, source: bytes, around: tuple[tuple[int, int], ...], *, in_class: bool) -> Definition:
    body = node.child_by_field_name("body")
    colon = next((child for child in reversed(node.children) if child.type == ":"), None)
    outer = _outer(node)
    decorators = [text_of(child) for child in outer.children if child.type == "decorator"] if outer != node else []
    statements = [child for child in body.named_children if child.type != "comment"] if body is not None else []
    is_class = node.type == "class_definition"
    obstacle, documentation, place = _obstacle(statements if colon is not None else [], decorators, is_class=is_class), None, None
    if colon is not None and not obstacle and (documentation := _docstring(statements[0])) is None:
        place = _place(node, colon, statements[0], source)
        obstacle = "" if place is not None else "has its body on the header's line in a way that leaves no place"
    made = Definition(
        kind="class" if is_class else "function",
        name=field_text(node, "name"),
        start=outer.start_byte,
        header_end=colon.end_byte if colon is not None else node.end_byte,
        end=node.end_byte,
        documentation=documentation,
        place=place,
        obstacle=obstacle,
        is_attribute=any(_ATTRIBUTE.match(one) for one in decorators),
        has_blank_below=_is_blank(source, next_line(source, statements[0].end_byte)) if len(statements) > 1 else None,
        around=around,
    )
    takes_first = in_class and not any("staticmethod" in one for one in decorators)
    return made if is_class else _with_signature(made, node, body, takes_first=takes_first)


def _obstacle(statements: Sequence[Node], decorators: Sequence[str], *, is_class: bool) -> str:
    """Why no documentation is to stand in a body of these statements; empty if it may."""
    if not statements:
        return "has no body yet"
    if any(decorator.endswith("overload") for decorator in decorators):
        return "is an overload, whose documentation stands at the implementation"
    if is_class and any(one.type == "expression_statement" and "__doc__" in text_of(one) for one in statements):
        return "sets its __doc__ by itself"
    return ""


def _with_signature(made: Definition, node: Node, body: Node | None, *, takes_first: bool) -> Definition:
    """A function with what it takes, gives back, and raises."""
    return replace(
        made,
        parameters=_parameters(node, takes_first=takes_first),
        returns=_returned(node, body) if body is not None else None,
        yields=body is not None and any(one.type == "yield" for one in own_nodes(body, _NESTED)),
        raises=once(_raised(body)) if body is not None else (),
    )


def _docstring(statement: Node) -> str | None:
    """The source of a body's first statement where that is a string."""
    if statement.type == "expression_statement" and statement.named_child_count == 1:
        only = statement.named_children[0]
        if only.type in {"string", "concatenated_string"}:
            return text_of(only)
    return None


def _is_blank(source: bytes, line: int) -> bool:
    return line < len(source) and not source[line : line_end(source, line)].strip()


def _place(node: Node, colon: Node, statement: Node, source: bytes) -> Place | None:
    """The line below the header, or between colon and body where both share a line; None where a
    header's line that goes on behind a backslash leaves no place.
    """
    header = source[line_start(source, node.start_byte) : node.start_byte]
    end = line_end(source, colon.end_byte)
    if statement.start_byte <= end:
        return _place_on_line(header, colon, statement, source)
    indent = source[line_start(source, statement.start_byte) : statement.start_byte]
    if indent.strip(b" \t") or source[colon.end_byte : end].endswith(b"\\"):
        return None
    start = next_line(source, colon.end_byte)
    unit = indent[len(header) :] if header.strip(b" \t") == b"" and indent.startswith(header) else b""
    return Place(start, indent.decode(), unit.decode() or _USUAL_UNIT, before=indent.decode())


def _place_on_line(header: bytes, colon: Node, statement: Node, source: bytes) -> Place | None:
    """The body moves to a line of its own, where its blanks are a part of its indentation."""
    blanks = source[colon.end_byte : statement.start_byte].decode()
    if blanks.strip(" \t") or header.strip(b" \t"):
        return None
    has_tabs = b"\t" in header or (b"\n\t" in source and b"\n  " not in source)
    unit = "\t" if has_tabs else _USUAL_UNIT
    indent = header.decode() + unit
    if indent.endswith(blanks):
        return Place(colon.end_byte, indent, unit, before=f"\n{indent}", after="\n" + indent[: len(indent) - len(blanks)])
    return Place(statement.start_byte, indent, unit, before=f"\n{indent}", after=f"\n{indent}")


def _parameters(node: Node, *, takes_first: bool) -> tuple[Parameter, ...]:
    """The parameters, but for the first of a method that is no static one."""
    listed = node.child_by_field_name("parameters")
    found = [one for child in (listed.named_children if listed is not None else ()) if (one := _parameter(child)) is not None]
    if takes_first and found and not found[0].name.startswith("*"):
        del found[0]
    return tuple(found)


def _parameter(node: Node) -> Parameter | None:
    """A parameter; None for the signs between parameters."""
    name = node.child_by_field_name("name") or (node.named_children[0] if node.type == "typed_parameter" else node)
    if name.type != "identifier" and name.type not in _SPLATS:
        return None
    return Parameter(text_of(name), field_text(node, "type"))


def _returned(node: Node, body: Node) -> str | None:
    written = field_text(node, "return_type")
    if written:
        return None if _NOTHING.fullmatch(written.strip("\"'")) else written
    values = [one.named_children[0].type for one in own_nodes(body, _NESTED) if one.type == "return_statement" and one.named_children]
    return "" if any(value != "none" for value in values) else None


def _raised(body: Node) -> Iterator[str]:
    """The exceptions that a body raises by their names, and does not catch itself."""
    for node in own_nodes(body, _NESTED):
        if node.type != "raise_statement" or not node.named_children:
            continue
        value = node.named_children[0]
        callee = value.child_by_field_name("function") if value.type == "call" else value
        name = text_of(callee) if callee is not None else ""
        if _EXCEPTION.fullmatch(name) and name.rpartition(".")[2] != "NotImplementedError" and not _is_caught(node, name, body):
            yield name


def _is_caught(node: Node, name: str, body: Node) -> bool:
    inner, outer = node, node.parent
    while outer is not None and inner != body:
        if outer.type == "try_statement" and outer.child_by_field_name("body") == inner:
            for clause in (child for child in outer.named_children if child.type.startswith("except")):
                words = set(re.findall(r"\w+", text_of(clause).partition(":")[0])) - {"except"}
                if not words or words & {name.rpartition(".")[2], *_CATCHES_ALL}:
                    return True
        inner, outer = outer, outer.parent
    return False
