"""Names that are private to a class.

Python reads ``__name`` as ``_Class__name`` there (language reference, 6.2.1).
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from seed_lsp.features.rename.python.scoping import TYPE_PARAMETERS
from seed_lsp.features.rename.sites import is_private


def class_of_private(node: Node) -> str:
    """The class's name in the prefix that Python puts before a private name at `node`.

    It has no leading underscores. It is empty outside of classes.
    """
    around = class_around(node)
    return prefix_of(around) if around is not None else ""


def class_around(node: Node) -> Node | None:
    """The class whose body, or whose list of type parameters, `node` lies in."""
    child, parent = node, node.parent
    while parent is not None:
        if parent.type == "class_definition" and child.type in {"block", TYPE_PARAMETERS}:
            return parent
        child, parent = parent, parent.parent
    return None


def prefix_of(class_node: Node) -> str:
    """A class's name without leading underscores, as Python puts it before private names."""
    name = class_node.child_by_field_name("name")
    return name.text.decode("utf-8", "replace").lstrip("_") if name is not None and name.text is not None else ""


def mangled(name: str, owner: str) -> str:
    """A private name as Python keeps it in a class; any other name unchanged."""
    return f"_{owner}{name}" if owner and is_private(name) else name


def unmangled(name: str) -> Iterator[tuple[str, str]]:
    """The ways to read `name` as the private name of a class, as Python keeps it.

    Each way is a pair: the name of the class, as `prefix_of` returns it, and the private name.
    """
    for at in range(2, len(name)):
        owner, private = name[1:at], name[at:]
        if name.startswith("_") and not owner.startswith("_") and is_private(private):
            yield owner, private
