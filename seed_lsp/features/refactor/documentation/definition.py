"""A definition that may be documented, as the syntax tells of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

Kind = Literal["function", "class"]


@dataclass(frozen=True)
class Parameter:
    """A parameter by its name, with the stars before it, and its type as written; empty if none."""

    name: str
    type: str = ""


@dataclass(frozen=True)
class Place:
    """Where documentation goes: at a byte of the file, between `before` and `after`, which are
    written with it. `indent` is that of its lines, and `unit` one step of indentation.
    """

    byte: int
    indent: str
    unit: str
    before: str = ""
    after: str = "\n"


@dataclass(frozen=True)
class Definition:
    """A function or class: its bytes `start` to `end`, of which those up to `header_end` are its
    decorators and signature.

    `documentation` is the source of the one that it has, None where it has none. Where it has no
    `place` for one, `obstacle` says why. `returns` is None where nothing is returned, otherwise the
    type as written, or empty. `raises` are the exceptions that its own body raises.
    `is_attribute`: it is used as one. `has_blank_below`: an empty line follows its documentation;
    None where nothing else does.
    `around` are the bytes of the headers of the definitions around it, the outermost first.
    """

    kind: Kind
    name: str
    start: int
    header_end: int
    end: int
    documentation: str | None = None
    place: Place | None = None
    obstacle: str = ""
    parameters: tuple[Parameter, ...] = ()
    returns: str | None = None
    yields: bool = False
    raises: tuple[str, ...] = ()
    is_attribute: bool = False
    has_blank_below: bool | None = None
    around: tuple[tuple[int, int], ...] = ()


def own_nodes(body: Node, nested: frozenset[str]) -> Iterator[Node]:
    """The nodes of a body, in order, without those of functions and classes within it."""
    stack = [body]
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in reversed(node.named_children) if child.type not in nested]


def once(texts: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def first_named(node: Node, is_it: Callable[[Node], bool]) -> Node | None:
    """The first node that is meant, at or below `node`, in the order of the text."""
    stack = [node]
    while stack:
        node = stack.pop()
        if is_it(node):
            return node
        stack += reversed(node.named_children)
    return None
