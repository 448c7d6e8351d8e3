"""Imports that a model's code needs, or brings along: they go to the import block of the file."""

from __future__ import annotations

import typing
from dataclasses import dataclass, replace

from tree_sitter import Node

from seed_lsp.features.refactor.change import Change
from seed_lsp.features.refactor.imports import add_imports, import_block
from seed_lsp.features.refactor.kept_names import new_names, unknown_names
from seed_lsp.source.document import Document
from seed_lsp.source.patch import Edit
from seed_lsp.source.syntax import Span, parse, text_of

_IMPORTS = frozenset({"import_statement", "import_from_statement"})
_DEFINITIONS = frozenset({"function_definition", "class_definition", "decorated_definition"})


Names = dict[str, tuple[str, ...]]
"""What is imported, by module; no names stand for the module itself."""


@dataclass(frozen=True)
class Lifted:
    """New code without the imports at its head, and what these import."""

    code: str
    names: Names


def lift_imports(document: Document, span: Span, new: str) -> Lifted:
    """Take imports away from the head of `new`, which is to replace `span`, where they belong to
    the import block.

    They stay where the region has imports itself, or stands right below them without being a
    definition; and so do those that bind a module under another name.
    """
    unchanged, block = Lifted(new, {}), import_block(document)
    if document.language != "python" or span.start < block.end:
        return unchanged
    old = _first_nodes(document.text, span.start, span.end)
    beside = not document.text[block.end : span.start].strip() and not document.text[span.start].isspace()
    if not old or any(node.type in _IMPORTS for node in old) or (beside and old[0].type not in _DEFINITIONS):
        return unchanged
    text = document.text[: span.start] + new + document.text[span.end :]
    first = len(text[: span.start].encode("utf-8", "surrogatepass"))
    names: Names = {}
    end = 0
    for node in _first_nodes(text, span.start, span.start + len(new)):
        imported = _imported(node)
        if imported is None or any(bool(names.get(module, found)) != bool(found) for module, found in imported.items()):
            break
        for module, found in imported.items():
            names[module] = (*names.get(module, ()), *found)
        end = node.end_byte - first
    code = new.encode("utf-8", "surrogatepass")[end:].decode("utf-8", "surrogatepass")
    return Lifted(_from_next_line(code), names) if end and code.strip() else unchanged


def with_imports(change: Change, lifted: Names) -> tuple[Change, tuple[Edit, ...]]:
    """The change with what it imports, and the edits to the import block: of the imports that were
    `lifted` those that the code needs, and what it uses of typing and of the modules of the
    standard library.
    """
    if change.document.language != "python" or change.span.start < import_block(change.document).end:
        return change, ()
    needed = new_names(change)
    names: Names = {}
    for module, found in lifted.items():
        wanted = tuple(one for one in found if one.split()[-1] in needed)
        if wanted or (not found and _bound(module) in needed):
            names[module] = wanted
    imported = {one.split()[-1] for found in names.values() for one in found} | {
        _bound(module) for module, found in names.items() if not found
    }
    unknown = unknown_names(change)
    for module in unknown.modules:
        if module not in imported:
            names[module] = ()
            imported.add(module)
    types = tuple(name for name in unknown.names if name in typing.__all__ and name not in imported)
    if types and names.get("typing", types):
        names["typing"] = (*names.get("typing", ()), *types)
        imported.update(types)
    return replace(change, imported=frozenset(imported)), tuple(add_imports(change.document, names)) if names else ()


def _bound(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def _from_next_line(code: str) -> str:
    """Code behind a statement, from the next line that has any."""
    stripped = code.lstrip()
    return code[code.rfind("\n", 0, len(code) - len(stripped)) + 1 :]


def _first_nodes(text: str, start: int, end: int) -> list[Node]:
    """The outermost statements between two characters of a text."""
    tree = parse(text, "python")
    assert tree is not None, "the grammar of Python is there"
    first, last = (len(text[:at].encode("utf-8", "surrogatepass")) for at in (start, end))
    found, stack = [], [tree.root_node]
    while stack:
        node = stack.pop()
        if node.type in {"module", "block"} or node.end_byte > last or node.start_byte < first:
            stack += [child for child in reversed(node.children) if child.end_byte > first and child.start_byte < last]
        elif node.is_named and "comment" not in node.type:
            found.append(node)
    return found


def _imported(node: Node) -> Names | None:
    """What a statement imports; None for what is no plain import."""
    named = node.children_by_field_name("name")
    if node.type == "import_statement" and all(one.type == "dotted_name" for one in named):
        return {text_of(one): () for one in named}
    module = node.child_by_field_name("module_name")
    if node.type == "import_from_statement" and module is not None:
        # All names of a module are more than any code needs.
        return {text_of(module): tuple(text_of(one) for one in named)} if named else {}
    return None
