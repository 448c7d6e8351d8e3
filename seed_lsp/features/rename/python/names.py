"""Where a name stands in a Python file, and its role there, as far as the syntax tells it."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

from tree_sitter import Node, Tree

from seed_lsp.features.rename.sites import goes_on, word_pattern
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.syntax import parse

Role = Literal["name", "attribute", "keyword", "field", "string", "comment"]
"""What an occurrence is by the syntax.

``keyword`` is the name of an argument in a call. ``field`` is the name of an attribute in the
pattern of a class.
"""

FUNCTIONS = frozenset({"function_definition", "lambda"})
CONSTRUCTORS = {"__init__": "__new__", "__new__": "__init__"}
"""The two methods that get the arguments of a class's call, each mapped to the other."""
# Nodes with letters that are no name: string prefixes, ``!r``, ``:x``, ``\\n``, ``1.e5``.
_NO_NAMES = frozenset({"string_start", "type_conversion", "format_specifier", "escape_sequence", "integer", "float"})
# A run of characters that may be an identifier, in any alphabet.
_RUNS = re.compile(r"[0-9A-Za-z_\u0080-\U0010ffff]*[\u0080-\U0010ffff][0-9A-Za-z_\u0080-\U0010ffff]*|[A-Za-z_][0-9A-Za-z_]*")
# The nodes in a ``case`` that may hold a dotted name.
_CASES = frozenset({"case_pattern", "class_pattern", "keyword_pattern"})
_PARAMETERS = frozenset({"parameters", "lambda_parameters"})

_AROUND_TARGETS = frozenset(
    {"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern", "parenthesized_expression", "tuple", "list", "expression_list"}
)


@dataclass(frozen=True)
class Occurrence:
    """A place in a document where the name stands: the characters `start` to `end`.

    `node` is the syntax node there.
    """

    start: CharOffset
    end: CharOffset
    role: Role
    node: Node = field(compare=False, repr=False)


class PythonFile:
    """A Python document with its syntax tree."""

    def __init__(self, document: Document, *, rows: bool = True) -> None:
        """Parse the document; `parse` explains `rows`."""
        self.document = document
        tree = parse(document.text, "python", rows=rows)
        assert tree is not None, "Python has a grammar"
        self.tree: Tree = tree
        self._bytes = document.text.encode("utf-8", "surrogatepass")
        self._ascii = len(self._bytes) == len(document.text)
        # A cache: the nodes that bind a name in a scope, by the scope's node and the name.
        self.bound: dict[tuple[int, str], list[Node]] = {}

    def occurrences(self, name: str) -> list[Occurrence]:
        """Every place where the name stands as a word, in order.

        In code this includes other spellings that Python reads as the same name.
        """
        found = []
        for start, end in self._words(name):
            node = self.node_at(start)
            if (
                (node.is_named or keyword.iskeyword(name))
                and node.type not in _NO_NAMES
                and (self.text(start, end) == name or node.type == "identifier")
            ):
                found.append(Occurrence(start, end, role_of(node), node))
        return found

    def text(self, start: int, end: int) -> str:
        """The text between two offsets in characters."""
        return self.document.text[start:end]

    def _words(self, name: str) -> list[tuple[CharOffset, CharOffset]]:
        text = self.document.text
        if self._ascii and name not in text:
            return []
        found = {match.span() for match in word_pattern(name).finditer(text)}
        if not self._ascii:
            wanted = normalised(name)
            found = {(start, end) for start, end in found if end == len(text) or not goes_on(text[end])}
            found |= {span for word, span in self._other_words if word == wanted}
        return [(CharOffset(start), CharOffset(end)) for start, end in sorted(found)]

    @cached_property
    def _other_words(self) -> list[tuple[str, tuple[int, int]]]:
        """The words that are not pure ASCII, as Python reads them, with their start and end."""
        runs = _RUNS.finditer(self.document.text)
        return [(normalised(run[0]), run.span()) for run in runs if not run[0].isascii()]

    def node_at(self, offset: CharOffset) -> Node:
        """The smallest syntax node at a character."""
        at = self.byte_of(offset)
        node = self.tree.root_node.descendant_for_byte_range(at, min(at + 1, len(self._bytes)))
        return node if node is not None else self.tree.root_node

    def byte_of(self, offset: CharOffset) -> int:
        return offset if self._ascii else self.document.byte_at(offset)

    def char_of(self, byte: int) -> CharOffset:
        return CharOffset(byte if self._ascii else len(self._bytes[:byte].decode("utf-8", "replace")))

    def text_of(self, node: Node) -> str:
        return self.between(node.start_byte, node.end_byte)

    def between(self, start: int, end: int) -> str:
        """The text between two offsets in bytes."""
        return self._bytes[start:end].decode("utf-8", "replace")

    def qualified_name(self, scope: Node) -> tuple[str, ...]:
        """The names of the classes and functions around a scope, and its own; none for a module."""
        found = []
        node: Node | None = scope
        while node is not None:
            name = node.child_by_field_name("name") if node.type in {"function_definition", "class_definition"} else None
            if name is not None:
                found.append(self.text_of(name))
            node = node.parent
        return tuple(reversed(found))

    def scopes_named(self, qualified: tuple[str, ...]) -> list[Node]:
        """The scopes with this qualified name; a function with overloads has several."""
        if not qualified:
            return [self.tree.root_node]
        return self._definitions.get(qualified, [])

    @cached_property
    def _definitions(self) -> dict[tuple[str, ...], list[Node]]:
        """The functions and classes by their qualified names."""
        found: dict[tuple[str, ...], list[Node]] = {}
        for node in walk(self.tree.root_node):
            if node.type in {"function_definition", "class_definition"}:
                found.setdefault(self.qualified_name(node), []).append(node)
        return found

    @cached_property
    def has_star_import(self) -> bool:
        return bool(self.star_imports)

    @cached_property
    def star_imports(self) -> list[Node]:
        """The names of the modules that the file imports ``*`` from."""
        stars = (self.node_at(CharOffset(match.end() - 1)) for match in STAR_IMPORT.finditer(self.document.text))
        statements = (enclosing(star, {"import_from_statement"}) for star in stars if star.type in {"*", "wildcard_import"})
        modules = [statement.child_by_field_name("module_name") for statement in statements if statement is not None]
        return [module for module in modules if module is not None]


STAR_IMPORT = re.compile(r"\bimport[\s\\]*\*")
"""Matches where a file may import ``*``."""


def normalised(name: str) -> str:
    """An identifier as Python reads it: in Unicode's form NFKC (language reference, 2.3)."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


@lru_cache(maxsize=16)
def role_of(node: Node) -> Role:
    if node.type == "comment":
        return "comment"
    if node.type != "identifier":
        # The text of a string, or something between its quotes and braces.
        return "string"
    parent = node.parent
    if parent is None:
        return "name"
    if parent.type == "attribute" and is_same(parent.child_by_field_name("attribute"), node):
        return "attribute"
    if parent.type == "keyword_argument" and is_same(parent.child_by_field_name("name"), node):
        return "keyword"
    if parent.type == "keyword_pattern" and is_same(parent.named_children[0], node):
        return "field"
    if parent.type == "dotted_name" and parent.parent is not None and parent.parent.type in _CASES:
        return "name" if is_same(parent.named_children[0], node) else "attribute"
    return "name"


def is_imported(node: Node) -> bool:
    """Whether the identifier stands in an import statement, as what it binds or reads."""
    return enclosing(node, {"import_statement", "import_from_statement"}) is not None


def takes_keyword(node: Node) -> bool:
    """Whether an argument may name the parameter that the identifier `node` defines.

    It may not if the parameter stands behind a star or before a slash.
    """
    parameter = node
    while parameter.parent is not None and parameter.parent.type not in _PARAMETERS:
        parameter = parameter.parent
        if parameter.type in {"list_splat_pattern", "dictionary_splat_pattern"}:
            return False
    listed = parameter.parent.children if parameter.parent is not None else []
    return not any(other.type == "positional_separator" and other.start_byte > node.start_byte for other in listed)


def is_alias_of_import(node: Node) -> bool:
    """Whether the identifier is the name behind ``as`` in an import, and differs from the first.

    ``name as name`` is no renaming: it says that the module hands the name on (PEP 484).
    """
    parent = node.parent
    if parent is None or parent.type != "aliased_import" or not is_same(parent.child_by_field_name("alias"), node):
        return False
    imported = parent.child_by_field_name("name")
    return imported is None or imported.text != node.text


def is_alias_as_it_was(node: Node) -> bool:
    """Whether the identifier is the second name of ``import name as name``."""
    parent = node.parent
    if parent is None or parent.type != "aliased_import" or not is_same(parent.child_by_field_name("alias"), node):
        return False
    return not is_alias_of_import(node)


def enclosing(node: Node, kinds: frozenset[str] | set[str]) -> Node | None:
    """The nearest node around `node` of one of these kinds."""
    found = node.parent
    while found is not None and found.type not in kinds:
        found = found.parent
    return found


def bases_of(class_node: Node) -> list[Node]:
    """The expressions in a class's list of bases."""
    listed = class_node.child_by_field_name("superclasses")
    children = listed.named_children if listed is not None else []
    return [child for child in children if child.type not in {"keyword_argument", "comment"}]


def methods_of(file: PythonFile, class_node: Node, name: str) -> Iterator[Node]:
    """The definitions of the method `name` in the class's own body."""
    body = class_node.child_by_field_name("body")
    for statement in body.named_children if body is not None else []:
        node = statement.child_by_field_name("definition") if statement.type == "decorated_definition" else statement
        found = node.child_by_field_name("name") if node is not None and node.type == "function_definition" else None
        if node is not None and found is not None and file.text_of(found) == name:
            yield node


def without_arguments(base: Node) -> Node:
    """The identifier that names a base class: ``Base`` in ``pkg.Base[int]``.

    If the base is no name, its innermost expression is returned.
    """
    node = base
    while node.type in {"subscript", "attribute"}:
        inner = node.child_by_field_name("value" if node.type == "subscript" else "attribute")
        if inner is None:
            break
        node = inner
    return node


def imported_as(file: PythonFile, node: Node) -> str:
    """The name that an identifier has where it is imported from.

    After ``from m import a as b``, the name of ``b`` is ``a``.
    """
    name = file.text_of(node)
    for found in walk(file.tree.root_node):
        if found.type == "aliased_import" and (alias := found.child_by_field_name("alias")) is not None and file.text_of(alias) == name:
            imported = found.child_by_field_name("name")
            return name if imported is None else file.text_of(imported).rpartition(".")[2]
    return name


def is_assigned(attribute_name: Node) -> bool:
    """Whether the attribute with this identifier is assigned or deleted where it stands."""
    top = attribute_name.parent
    parent = top.parent if top is not None else None
    while parent is not None and parent.type in _AROUND_TARGETS:
        top, parent = parent, parent.parent
    if top is None or parent is None:
        return False
    if parent.type in {"assignment", "augmented_assignment", "for_statement", "for_in_clause"}:
        return is_same(parent.child_by_field_name("left"), top)
    return parent.type in {"as_pattern_target", "delete_statement"}


def with_decorators(definition: Node) -> Node:
    """The statement of a definition with its decorators; the definition itself if it has none."""
    outer = definition.parent
    return outer if outer is not None and outer.type == "decorated_definition" else definition


def decorators_of(file: PythonFile, function: Node) -> list[str]:
    """The last part of each decorator's name: ``lru_cache`` for ``@functools.lru_cache(None)``."""
    return [name.rpartition(".")[2].strip() for name in dotted_decorators_of(file, function)]


def dotted_decorators_of(file: PythonFile, definition: Node) -> list[str]:
    """The dotted name of each decorator of a definition, as it is written."""
    listed = [child for child in with_decorators(definition).children if child.type == "decorator"]
    return [file.text_of(one).lstrip("@ ").split("(")[0] for one in listed]


def lies_in(node: Node, outer: Node) -> bool:
    return outer.start_byte <= node.start_byte < outer.end_byte


def walk(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        found = stack.pop()
        yield found
        stack += found.children


def last_identifier(module: Node) -> Node | None:
    """The last part of a module's name in an import: ``b`` in ``..a.b``; None for dots alone."""
    return max((node for node in walk(module) if node.type == "identifier"), key=lambda node: node.start_byte, default=None)


def is_same(one: Node | None, other: Node | None) -> bool:
    return one is not None and other is not None and one.id == other.id
