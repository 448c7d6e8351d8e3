"""A region and what is to replace it, as the checks see them: by their syntax."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node, Tree

from seed_lsp.features.refactor.asked import Asked
from seed_lsp.source.document import Document
from seed_lsp.source.syntax import Span, is_sequence, is_text, parse, statements, text_of, tree_of

_TYPES = ("class", "struct", "interface", "enum", "trait", "type_spec")
_AROUND_SIGNS = re.compile(r"\s*([^\w\s])\s*")
_SHOWN_CHARS = 60
_LAST_SIGN = re.compile(r",(?=[)\]}])|;$")


@dataclass(frozen=True)
class Definition:
    """A function, method or class: its names from the outermost on, and its parameters."""

    path: tuple[str, ...]
    node: Node
    parameters: tuple[str, ...] | None
    returns: str

    @property
    def name(self) -> str:
        return self.path[-1]


@dataclass(frozen=True)
class Side:
    """The bytes `first` to `last` of a parsed source."""

    source: bytes
    root: Node
    first: int
    last: int

    def within(self, node: Node) -> bool:
        return self.first <= node.start_byte and node.end_byte <= self.last

    @cached_property
    def statements(self) -> list[Node]:
        return [node for node in statements(self.root, self.first, self.last) if self.within(node)]

    @cached_property
    def nodes(self) -> list[Node]:
        """All nodes within, in order; those in strings and comments apart."""
        found, stack = [], [self.root]
        while stack:
            node = stack.pop()
            if self.within(node):
                found.append(node)
            if not is_text(node):
                stack += [child for child in reversed(node.children) if child.end_byte > self.first and child.start_byte < self.last]
        return found

    @cached_property
    def definitions(self) -> list[Definition]:
        return [one for one in definitions(self.root) if self.within(one.node)]

    @cached_property
    def comments(self) -> list[Node]:
        return [node for node in self.nodes if "comment" in node.type]


@dataclass(frozen=True)
class Change:
    """`new` is to replace `span` of `document`.

    `selected` is what the user marked, which may be a part of it. `asked` is the instruction; by
    `same_behaviour` the answer has to do what the region does. `imported` are names that an import
    brings which the answer needs. `is_own`: the words are the user's.
    """

    document: Document
    span: Span
    new: str
    asked: Asked
    same_behaviour: bool
    selected: Span
    imported: frozenset[str] = frozenset()
    is_own: bool = False

    @property
    def region(self) -> str:
        return self.document.text[self.span.start : self.span.end]

    @cached_property
    def text(self) -> str:
        return self.document.text[: self.span.start] + self.new + self.document.text[self.span.end :]

    @cached_property
    def before(self) -> Side | None:
        return _side(tree_of(self.document), self.document.text, self.span.start, self.span.end)

    @cached_property
    def after(self) -> Side | None:
        return _side(parse(self.text, self.document.language), self.text, self.span.start, self.span.start + len(self.new))


def _side(tree: Tree | None, text: str, start: int, end: int) -> Side | None:
    if tree is None:
        return None
    source = text.encode("utf-8", "surrogatepass")
    first = len(text[:start].encode("utf-8", "surrogatepass"))
    return Side(source, tree.root_node, first, first + len(text[start:end].encode("utf-8", "surrogatepass")))


def definitions(root: Node) -> Iterator[Definition]:
    """The functions, methods and classes below a node, each before those within it."""
    stack: list[tuple[Node, tuple[str, ...]]] = [(root, ())]
    while stack:
        node, outer = stack.pop()
        name = node.child_by_field_name("name") or node.child_by_field_name("declarator")
        parameters = node.child_by_field_name("parameters")
        if (
            name is not None
            and name.type != "function_declarator"
            and (parameters is not None or any(word in node.type for word in _TYPES))
        ):
            outer = (*outer, text_of(name))
            returns = node.child_by_field_name("return_type") or node.child_by_field_name("result")
            yield Definition(
                outer,
                node,
                tuple(code_key(text_of(one)) for one in parameters.named_children if not is_text(one)) if parameters is not None else None,
                code_key(text_of(returns)) if returns is not None else "",
            )
        stack += [(child, outer) for child in reversed(node.children) if child.named_child_count]


def code_key(code: str) -> str:
    """Code without what a formatter would change: white space, the kind of quotes, last commas."""
    return _LAST_SIGN.sub("", _AROUND_SIGNS.sub(r"\1", " ".join(code.split()).replace("'", '"')))


def is_selector(node: Node) -> bool:
    """Whether a name is an attribute's or a keyword argument's in Python."""
    parent = node.parent
    if parent is None or parent.type not in {"attribute", "keyword_argument"}:
        return False
    return parent.child_by_field_name("attribute" if parent.type == "attribute" else "name") == node


def header(node: Node) -> str:
    """The code of a statement without the statements within it."""
    ends = [child.start_byte for child in _sequences(node)]
    source = node.text or b""
    return code_key(source[: min(ends) - node.start_byte if ends else len(source)].decode("utf-8", "surrogatepass"))


def _sequences(node: Node) -> Iterator[Node]:
    for child in node.children:
        if is_sequence(child):
            yield child
        elif not is_text(child):
            yield from _sequences(child)


def shown(text: str) -> str:
    """The first line of a text, as a refusal names it."""
    line = text.strip().split("\n", maxsplit=1)[0]
    return line if len(line) <= _SHOWN_CHARS else f"{line[:_SHOWN_CHARS]} …"
