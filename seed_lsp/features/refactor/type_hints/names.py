"""What names mean where a function's annotations stand."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tree_sitter import Node

from seed_lsp.features.refactor.type_hints.headers import Function
from seed_lsp.source.syntax import text_of
from seed_lsp.source.target_version import Version

_NO_TYPES = frozenset({"super", "classmethod", "staticmethod", "property", "map", "filter", "zip", "enumerate", "reversed"})
BUILTINS = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type)) - _NO_TYPES
ABSTRACT = frozenset(
    {
        *("AsyncGenerator", "AsyncIterable", "AsyncIterator", "Awaitable", "Callable", "Collection", "Container", "Coroutine"),
        *("Generator", "Hashable", "ItemsView", "Iterable", "Iterator", "KeysView", "Mapping", "MutableMapping", "MutableSequence"),
        *("MutableSet", "Reversible", "Sequence", "Sized", "ValuesView"),
    }
)
_MODULES = {
    **dict.fromkeys(ABSTRACT, "collections.abc"),
    **dict.fromkeys(("Any", "BinaryIO", "IO", "Literal", "NoReturn", "TextIO", "Optional", "Union"), "typing"),
    **dict.fromkeys(("TracebackType", "ModuleType", "FrameType", "CodeType"), "types"),
}
"""The names that an annotation may bring into the file, and where they are imported from."""

_ABOUT_TYPES = frozenset({"typing", "typing_extensions", "collections.abc"})
_BARS_SINCE: Version = (3, 10)
_CLASSES_IN_LOWER_CASE = frozenset(
    {*("date", "datetime", "time", "timedelta", "timezone", "tzinfo"), *("deque", "defaultdict", "array", "partial", "ndarray", "dtype")}
)
_MAKES_A_TYPE = frozenset({"TypeVar", "NewType", "ParamSpec", "TypedDict", "NamedTuple", "namedtuple", "Enum"})


@dataclass(frozen=True)
class Binding:
    """What kind of statement binds a name (class, module, import, function or value), the module it
    is imported from, and the byte behind which it is there when the file runs; None if only
    checkers see it.
    """

    kind: str
    since: int | None
    module: str = ""


Bindings = Mapping[str, Binding]


@dataclass(frozen=True)
class FileNames:
    """The names that a module binds, and those that its annotations use.

    `is_lazy`: its annotations are not evaluated when it runs.
    """

    bound: Bindings
    used: frozenset[str]
    is_lazy: bool


def file_names(root: Node) -> FileNames:
    used: set[str] = set()
    is_lazy = False
    stack = [(root, False)]
    while stack:
        node, is_annotation = stack.pop()
        if node.type == "identifier" and is_annotation:
            used.add(text_of(node))
        is_lazy |= node.type == "future_import_statement" and "annotations" in text_of(node)
        stack += [(child, is_annotation or node.type == "type") for child in node.children]
    return FileNames(_merged(_bindings(root)), frozenset(used), is_lazy)


def _merged(found: Iterable[tuple[str, Binding]]) -> Bindings:
    """The first binding of each name, which is there as soon as any is when the file runs."""
    bound: dict[str, Binding] = {}
    for name, binding in found:
        first = bound.setdefault(name, binding)
        if first.since is None and binding.since is not None:
            bound[name] = replace(first, since=binding.since)
    return bound


def _bindings(block: Node, *, for_checkers: bool = False) -> Iterator[tuple[str, Binding]]:
    """The names that the statements of a block bind, and those of blocks within them."""
    for child in block.children:
        statement = child.child_by_field_name("definition") or child
        since = None if for_checkers else statement.end_byte
        if statement.type in {"class_definition", "function_definition"}:
            name = statement.child_by_field_name("name")
            yield text_of(name) if name else "", Binding(statement.type.partition("_")[0], since)
        elif statement.type in {"import_statement", "import_from_statement"}:
            yield from _imported(statement, since)
        elif statement.type == "expression_statement":
            for one in statement.named_children:
                yield from _assigned(one, since)
        elif statement.type == "type_alias_statement":
            yield text_of(statement.named_children[0]).partition("[")[0], Binding("class", 0)
        else:
            condition = statement.child_by_field_name("condition")
            checked = condition is not None and text_of(condition).endswith("TYPE_CHECKING")
            for part in statement.children:
                # The block of a condition itself stands beside the clauses of its alternatives.
                blocks = [part] if part.type == "block" else part.children if part.type.endswith("_clause") else []
                inner = for_checkers or (checked and part.type == "block")
                for one in blocks:
                    yield from _bindings(one, for_checkers=inner) if one.type == "block" else ()


def _imported(statement: Node, since: int | None) -> Iterator[tuple[str, Binding]]:
    module = statement.child_by_field_name("module_name")
    for one in statement.children_by_field_name("name"):
        alias = one.child_by_field_name("alias")
        name = text_of(alias) if alias else text_of(one).partition(".")[0]
        yield name, Binding("import" if module else "module", since, text_of(module or one.child_by_field_name("name") or one))


def _assigned(node: Node, since: int | None) -> Iterator[tuple[str, Binding]]:
    left, right, kind = (node.child_by_field_name(name) for name in ("left", "right", "type"))
    if node.type == "assignment" and left is not None and left.type == "identifier":
        is_alias = (kind is not None and text_of(kind).endswith("TypeAlias")) or (right is not None and _makes_a_type(right))
        yield text_of(left), Binding("class" if is_alias else "value", since)


def _makes_a_type(value: Node) -> bool:
    """Whether a value that is assigned to a name is a type as well, such as a union of others."""
    part = {"call": "function", "subscript": "value", "binary_operator": "left"}.get(value.type)
    if part is not None:
        inside = value.child_by_field_name(part)
        if inside is None:
            return False
        return text_of(inside).rpartition(".")[2] in _MAKES_A_TYPE if value.type == "call" else _makes_a_type(inside)
    name = text_of(value).rpartition(".")[2]
    return value.type in {"identifier", "attribute"} and (name in BUILTINS or (name[:1].isupper() and not name.isupper()))


@dataclass(frozen=True)
class Scope:
    """The names that the annotations of a function may use, which are evaluated at the byte
    `position` unless that is never done (`is_lazy`). `has_bars`: they may hold `X | Y`.
    """

    bound: Bindings
    used: frozenset[str]
    is_lazy: bool
    position: int
    owner: str = ""
    has_bars: bool = True

    def is_type(self, name: str, attribute: str = "") -> bool:
        """Whether a name, or an attribute of it, is a type as far as the file tells."""
        found = self.bound.get(name)
        if found is None:
            return name in BUILTINS and not attribute
        if found.kind == "module":
            return attribute[:1].isupper() or attribute in _CLASSES_IN_LOWER_CASE or attribute in self.used
        if name in self.used:
            return True
        if found.kind == "import":
            return (name[:1].isupper() and not (name.isupper() and "_" in name)) or name in _CLASSES_IN_LOWER_CASE
        return found.kind == "class"

    def is_own(self, name: str) -> bool:
        """Whether the file itself defines or imports a name, but for Python's words about types."""
        return name in self.bound and self.bound[name].module not in _ABOUT_TYPES

    def is_there(self, name: str) -> bool:
        """Whether a name has its value by when the header runs."""
        found = self.bound.get(name)
        return found is None or (found.since is not None and found.since <= self.position)

    def module_of(self, name: str) -> str:
        """The module from which a name that the file does not know can be imported, if any."""
        if name in self.bound or name not in _MODULES:
            return ""
        modules = {self.bound[other].module for other in ABSTRACT if other in self.bound}
        return "typing" if name in ABSTRACT and modules == {"typing"} else _MODULES[name]


def scope_of(function: Function, names: FileNames, version: Version | None = None) -> Scope:
    """The names of the module, of functions around, of the class around, and type parameters.

    `version`: of the oldest Python that the file has to run on, if that is known.
    """
    found: list[tuple[str, Binding]] = []
    position = function.node.start_byte
    node: Node | None = function.node
    while node is not None:
        if node.type in {"class_definition", "function_definition"}:
            parameters = node.child_by_field_name("type_parameters")
            found += [(text_of(one).partition(":")[0], Binding("class", 0)) for one in (parameters.named_children if parameters else ())]
        if node.type == "function_definition" and node != function.node:
            # It runs when all of the module is there.
            position = max(position, root_of(node).end_byte)
            found += _bindings(_body(node))
        node = node.parent
    members = list(_bindings(_body(function.owner))) if function.owner is not None else []
    owner = function.owner.child_by_field_name("name") if function.owner is not None else None
    bound = {**names.bound, **_merged(found), **_merged(members)}
    has_bars = names.is_lazy or version is None or version >= _BARS_SINCE
    return Scope(bound, names.used, names.is_lazy, position, text_of(owner) if owner else "", has_bars)


def _body(node: Node) -> Node:
    return node.child_by_field_name("body") or node


def root_of(node: Node) -> Node:
    while node.parent is not None:
        node = node.parent
    return node
