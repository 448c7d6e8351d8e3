"""The order in which Python looks for members in classes, and which constructor an object gets."""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.decorators import KEEPS_CONSTRUCTOR
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import CONSTRUCTORS
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.sites import Scope
from seed_lsp.source.resolve import Definition

_TAKES_ANYTHING = frozenset({"object", "ABC", "Generic", "Protocol"})
"""Classes of libraries whose constructor is that of `object`."""
_OWN_NEW = frozenset(
    {"int", "float", "complex", "bool", "str", "bytes", "tuple", "frozenset", "NamedTuple"}
    | {"TypedDict", "date", "datetime", "time", "timedelta", "Decimal", "Fraction", "type"}
)
"""Classes of libraries whose ``__new__`` gets the arguments of a subclass's call as well."""
_ENUMERATIONS = frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "ReprEnum"})
_METACLASSES = frozenset({"ABCMeta"})


class Lineage:
    """Answers questions about the classes of one workspace.

    None stands for a class that is unknown, or not in the workspace.
    """

    def __init__(self, resolution: Resolution) -> None:
        self.resolution = resolution
        self._orders: dict[Scope, list[Scope | None]] = {}

    def place_of(self, scope: Scope) -> tuple[FileOccurrences, Node]:
        assert scope.path is not None, "a class of the workspace"
        place = self.resolution.place(scope.path)
        return place, place.node_of(scope)

    def title(self, scope: Scope | None) -> str:
        """The name of a class."""
        if scope is None:
            return "a base that is not known"
        place, node = self.place_of(scope)
        name = node.child_by_field_name("name")
        return place.file.text_of(name) if name is not None else ""

    def order(self, scope: Scope) -> list[Scope | None]:
        """The class and its ancestors in Python's method resolution order (C3).

        The order ends with None where the classes cannot be put in order.
        """
        if scope not in self._orders:
            # The recursion ends here for a class that inherits from itself, as an unfinished text
            # may say.
            self._orders[scope] = [scope]
            bases = self._bases(scope)
            tails: list[list[Scope | None]] = [self.order(base) if base is not None else [None] for base in bases]
            self._orders[scope] = [scope, *_merged([*tails, list(bases)])]
        return self._orders[scope]

    def constructor(self, scope: Scope, method: str, *, behind: Scope | None = None) -> Scope | None:
        """The class whose ``__init__`` or ``__new__`` an object of `scope` gets.

        With `behind`, it is the next such class after that one in the order. None if it is unknown,
        or not in the workspace.
        """
        order = self.order(scope)
        for one in order if behind is None else order[order.index(behind) + 1 :]:
            if one is None or self.has_constructor(one, method):
                return one
        return None

    def has_constructor(self, scope: Scope, method: str) -> bool:
        """Whether the class itself has the method; its fields give a dataclass an ``__init__``."""
        return method in self.defined(scope) or (method == "__init__" and self.is_dataclass(scope))

    def defined(self, scope: Scope) -> set[str]:
        """Which of ``__init__`` and ``__new__`` the body of a class defines."""
        place, node = self.place_of(scope)
        return {name for name in CONSTRUCTORS if any(names.methods_of(place.file, node, name))}

    def has_fields(self, scope: Scope) -> bool:
        """Whether the class is a dataclass."""
        place, node = self.place_of(scope)
        return "dataclass" in names.decorators_of(place.file, node)

    def is_dataclass(self, scope: Scope) -> bool:
        """Whether the class gets a constructor that is made of its fields."""
        place, node = self.place_of(scope)
        return self.has_fields(scope) and "__init__" not in self.defined(scope) and not has_option(place, node, "init", "False")

    def is_enumeration(self, scope: Scope) -> bool:
        """Whether the class is an enumeration: its body gives the values that make its members."""
        bases = [
            (place, base)
            for one in self.order(scope)
            if one is not None
            for place, node in [self.place_of(one)]
            for base in named_bases(node)
        ]
        return any(place.file.text_of(base) in _ENUMERATIONS for place, base in bases)

    def doubt(self, scope: Scope, method: str) -> str:
        """Why a call of the class may not reach its constructor as it is written; "" if it does."""
        for one in self.order(scope):
            if one is None:
                continue
            place, node = self.place_of(one)
            unknown = sorted(set(names.decorators_of(place.file, node)) - KEEPS_CONSTRUCTOR)
            if unknown and one == scope:
                return f"the decorator {unknown[0]} may change what the class takes"
            for base in named_bases(node):
                if method == "__init__" and place.file.text_of(base) in _OWN_NEW:
                    return f"{place.file.text_of(base)} is given the arguments, too"
            metaclass = _metaclass(place, node)
            if metaclass is not None and metaclass.rpartition(".")[2] not in _METACLASSES:
                return f"the metaclass {metaclass} may change what the class takes"
        return ""

    def scopes_of(self, values: Iterable[Definition]) -> list[Scope]:
        """The classes of the workspace that the values are, or are objects of."""
        found = (self.resolution.class_at(value, {"class", "instance"}) for value in values)
        return [scope for scope in found if scope is not None]

    def _bases(self, scope: Scope) -> list[Scope | None]:
        place, node = self.place_of(scope)
        found: list[Scope | None] = []
        for base in named_bases(node):
            values = self.resolution.values_of(place, base)
            classes = self.scopes_of(values)
            if classes:
                found.append(classes[0] if len(set(classes)) == 1 else None)
            elif place.file.text_of(base) not in _TAKES_ANYTHING:
                found.append(None)
        return found


def named_bases(node: Node) -> list[Node]:
    """The nodes that name the bases of a class: ``Base`` for ``Base[int]``.

    A base that is no name is given as its expression.
    """
    return [names.without_arguments(base) for base in names.bases_of(node)]


def has_option(place: FileOccurrences, node: Node, name: str, value: str = "True") -> bool:
    """Whether a decorator of a class is given the option ``name=value``."""
    written = [place.file.text_of(child).replace(" ", "") for child in names.with_decorators(node).children if child.type == "decorator"]
    return any(f"{name}={value}" in text for text in written)


def _metaclass(place: FileOccurrences, node: Node) -> str | None:
    listed = node.child_by_field_name("superclasses")
    for child in listed.named_children if listed is not None else []:
        name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
        if child.type == "keyword_argument" and name is not None and value is not None and place.file.text_of(name) == "metaclass":
            return place.file.text_of(value)
    return None


def _merged(sequences: list[list[Scope | None]]) -> list[Scope | None]:
    """Merge the orders of the bases as Python does; None at the end if there is no such order."""
    found: list[Scope | None] = []
    left = [list(sequence) for sequence in sequences if sequence]
    while left:
        for sequence in left:
            head = sequence[0]
            if head is None or not any(head in other[1:] for other in left):
                break
        else:
            return [*found, None]
        found.append(head)
        if head is None:
            # None may stand for a different class each time, so that only this one is taken.
            sequence.pop(0)
            left = [other for other in left if other]
            continue
        left = [other for sequence in left if (other := [one for one in sequence if one != head])]
    return found
