"""The functions that a selection means, and the places in their headers where a type is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node, Tree

from seed_lsp.features.refactor.action import Selection
from seed_lsp.source.document import ByteOffset, CharOffset, Document
from seed_lsp.source.patch import Edit
from seed_lsp.source.syntax import field_text, is_docstring_statement, text_of, tree_of

RETURN = "return"


@dataclass(frozen=True)
class Hole:
    """A place for a type: of the parameter `name`, or of the result, which is called `RETURN`.

    The annotation stands at the character `at`. `default` is the parameter's default, whose sign of
    equality stands at `equals`; `stars` has the stars before its name.
    """

    name: str
    at: CharOffset
    stars: str = ""
    default: Node | None = None
    equals: CharOffset | None = None

    @property
    def is_return(self) -> bool:
        return self.name == RETURN

    @property
    def mark(self) -> str:
        """What stands before the type."""
        return " ->" if self.is_return else ":"

    def edits(self, text: str, hint: str) -> list[Edit]:
        """Insertions that write a type into `text`."""
        return [Edit(self.at, self.at, f"{self.mark} {hint}"), *self.blanks(text)]

    def blanks(self, text: str) -> list[Edit]:
        """Insertions of the blanks that stand around the sign of equality behind a type."""
        if self.equals is None:
            return []
        sides = [(self.equals, text[self.equals - 1]), (CharOffset(self.equals + 1), text[self.equals + 1])]
        return [Edit(at, at, " ") for at, neighbour in sides if not neighbour.isspace()]


@dataclass(frozen=True)
class Function:
    """A function of a document: its node, and the holes of its header in order.

    The header reaches from the character `start` to `end`, behind its colon. `owner` is the class
    that it is a method of.
    """

    node: Node
    start: CharOffset
    end: CharOffset
    holes: tuple[Hole, ...]
    owner: Node | None

    @property
    def name(self) -> str:
        return field_text(self.node, "name")

    @property
    def parameters(self) -> list[Node]:
        """All parameters, typed or not, and the signs between them."""
        listed = self.node.child_by_field_name("parameters")
        return [child for child in listed.named_children if child.type != "comment"] if listed is not None else []

    @property
    def statements(self) -> list[Node]:
        """The statements of the body, without its docstring."""
        body = self.node.child_by_field_name("body")
        found = [child for child in body.named_children if child.type != "comment"] if body is not None else []
        return found[1:] if found and is_docstring_statement(found[0]) else found

    @property
    def decorators(self) -> tuple[str, ...]:
        return decorators_of(self.node)

    @property
    def is_async(self) -> bool:
        return any(child.type == "async" for child in self.node.children)


def functions_of(selection: Selection) -> list[Function]:
    """The functions whose headers the selection touches, in order; if there are none, the innermost
    function around what is selected. A bare cursor means the header in whose lines it is.

    There are none in another language than Python.
    """
    document = selection.document
    if document.language != "python" or (tree := tree_of(document)) is None:
        return []
    start, end = map(document.byte_at, selection.meant)
    nodes = list(_functions(tree, start, end))
    found = [node for node in nodes if node.start_byte < end and start < _colon(node)]
    if not found and selection.text.strip():
        found = [node for node in nodes if node.start_byte <= start and end <= node.end_byte][-1:]
    return [_read(document, node) for node in found]


def _functions(tree: Tree, start: int, end: int) -> Iterator[Node]:
    """Functions that touch the bytes `start` to `end` and whose headers parse, outer ones first."""
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        parameters = node.child_by_field_name("parameters")
        if node.type == "function_definition" and parameters is not None and not parameters.has_error and _colon(node):
            yield node
        stack += [child for child in reversed(node.children) if child.end_byte >= start and child.start_byte <= end]


def _colon(node: Node) -> int:
    """The byte behind the colon of a function's header; 0 if it has none."""
    return next((child.end_byte for child in node.children if child.type == ":" and not child.is_missing), 0)


def _read(document: Document, node: Node) -> Function:
    owner = _class_of(node)
    parameters = node.child_by_field_name("parameters")
    assert parameters is not None, "looked at when the function was found"
    listed = [child for child in parameters.named_children if child.type != "comment"]
    is_bound = owner is not None and "staticmethod" not in decorators_of(node)
    if listed and listed[0].type == "identifier" and (is_bound or text_of(listed[0]) in {"self", "cls"}):
        listed = listed[1:]
    holes = [hole for one in listed if (hole := _hole_of(document, one)) is not None]
    if node.child_by_field_name("return_type") is None:
        holes.append(Hole(RETURN, _char(document, parameters.end_byte)))
    return Function(node, _char(document, node.start_byte), _char(document, _colon(node)), tuple(holes), owner)


def _hole_of(document: Document, parameter: Node) -> Hole | None:
    """The hole of a parameter; None for one that has a type, and for the signs between them."""
    if parameter.type == "identifier":
        return Hole(text_of(parameter), _char(document, parameter.end_byte))
    if parameter.type in {"list_splat_pattern", "dictionary_splat_pattern"}:
        stars = "*" if parameter.type.startswith("list") else "**"
        return Hole(text_of(parameter).lstrip("* "), _char(document, parameter.end_byte), stars)
    name, value = parameter.child_by_field_name("name"), parameter.child_by_field_name("value")
    if parameter.type != "default_parameter" or name is None or value is None or name.type != "identifier":
        return None
    equals = next(child.start_byte for child in parameter.children if child.type == "=")
    at, sign = _char(document, name.end_byte), _char(document, equals)
    return Hole(text_of(name), at, default=value, equals=sign)


def _class_of(function: Node) -> Node | None:
    """The class that a function is a method of."""
    around = function.parent
    if around is not None and around.type == "decorated_definition":
        around = around.parent
    # A method may stand under a condition.
    while around is not None and around.type in {"block", "if_statement", "else_clause", "elif_clause"}:
        around = around.parent
    return around if around is not None and around.type == "class_definition" else None


def decorators_of(node: Node) -> tuple[str, ...]:
    """The decorators of a function or class as they are written, without their signs."""
    around = node.parent
    if around is None or around.type != "decorated_definition":
        return ()
    return tuple(text_of(child).lstrip("@ ") for child in around.children if child.type == "decorator")


def _char(document: Document, byte: int) -> CharOffset:
    return document.char_at(ByteOffset(byte))


def written_types(function: Node) -> dict[str, str]:
    """The types that a function's header has, by the names of its parameters and `RETURN`."""
    listed, result = (function.child_by_field_name(field) for field in ("parameters", "return_type"))
    found = {RETURN: text_of(result)} if result is not None else {}
    for one in listed.named_children if listed is not None else ():
        kind, name = one.child_by_field_name("type"), one.child_by_field_name("name") or next(iter(one.named_children), None)
        if kind is not None and name is not None:
            found[text_of(name).lstrip("* ")] = text_of(kind)
    return found
