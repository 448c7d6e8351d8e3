"""Names that are private to a class: Python reads ``__name`` as ``_Class__name`` there (language reference, 6.2.1)."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from seed_lsp.features.rename.python.scoping import TYPE_PARAMETERS
from seed_lsp.features.rename.sites import is_private


def class_of_private(node: Node) -> str:
    """What stands in front of a private name at `node`: the name of the class around, without its first underscores; empty outside of classes."""
    around = class_around(node)
    return prefix_of(around) if around is not None else ""


def class_around(node: Node) -> Node | None:
    """The class whose body, or whose type parameters, `node` lies in."""
    child, parent = node, node.parent
    while parent is not None:
        if parent.type == "class_definition" and child.type in {"block", TYPE_PARAMETERS}:
            return parent
        child, parent = parent, parent.parent
    return None


def prefix_of(class_node: Node) -> str:
    """A class's name, as it stands behind an underscore in front of private names."""
    name = class_node.child_by_field_name("name")
    return name.text.decode("utf-8", "replace").lstrip("_") if name is not None and name.text is not None else ""


def mangled(name: str, owner: str) -> str:
    """A private name as Python keeps it within a class."""
    return f"_{owner}{name}" if owner and is_private(name) else name


def unmangled(name: str) -> Iterator[tuple[str, str]]:
    """What a name may be within a class: each pair of a class's name, as `prefix_of` has it, and a private name that Python keeps as `name`."""
    for at in range(2, len(name)):
        owner, private = name[1:at], name[at:]
        if name.startswith("_") and not owner.startswith("_") and is_private(private):
            yield owner, private
