"""Imports that a model's code needs, or brings along: they go to the import block of the file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tree_sitter import Node

from seed_lsp.features.refactor.change import Change
from seed_lsp.features.refactor.imports import add_imports, import_block
from seed_lsp.features.refactor.kept_names import unknown_names
from seed_lsp.source.document import Document
from seed_lsp.source.patch import Edit
from seed_lsp.source.syntax import Span, parse, text_of

_IMPORTS = frozenset({"import_statement", "import_from_statement"})
_DEFINITIONS = frozenset({"function_definition", "class_definition", "decorated_definition"})


@dataclass(frozen=True)
class Lifted:
    """New code without the imports at its head, and what these import: names by module, none for
    the module itself.
    """

    code: str
    names: dict[str, tuple[str, ...]]

    @property
    def bound(self) -> frozenset[str]:
        """The names that the code gets by them."""
        plain = {module.split(".", maxsplit=1)[0] for module, names in self.names.items() if not names}
        return frozenset(plain | {name.split()[-1] for names in self.names.values() for name in names})


def with_imports(change: Change) -> tuple[Change, tuple[Edit, ...]]:
    """The change without the imports at its head, and the edits that make those of the file, with
    the modules of the standard library that it uses and nothing imports.
    """
    block = import_block(change.document)
    if change.document.language != "python" or change.span.start < block.end:
        return change, ()
    lifted = lift_imports(change.document, change.span, change.new, block)
    modules = {module: () for module in unknown_names(change).modules if module not in lifted.bound}
    lifted = replace(lifted, names={**modules, **lifted.names})
    edits = tuple(add_imports(change.document, lifted.names)) if lifted.names else ()
    return replace(change, new=lifted.code, imported=lifted.bound), edits


def lift_imports(document: Document, span: Span, new: str, block: Span) -> Lifted:
    """Take imports away from the head of `new`, which is to replace `span`, where they belong to
    the import block.

    They stay where the region has imports itself, or stands right below them without being a
    definition; and so do those that bind a module under another name.
    """
    unchanged = Lifted(new, {})
    if document.language != "python" or span.start < block.end:
        return unchanged
    region = document.text[span.start : span.end]
    old, text = _first_nodes(document.text, span.start, span.end), document.text[: span.start] + new + document.text[span.end :]
    if not old or any(node.type in _IMPORTS for node in old):
        return unchanged
    nested = region[:1].isspace()
    if old[0].type not in _DEFINITIONS and not nested and not document.text[block.end : span.start].strip():
        return unchanged
    names: dict[str, tuple[str, ...]] = {}
    end = 0
    first = len(text[: span.start].encode("utf-8", "surrogatepass"))
    for node in _first_nodes(text, span.start, span.start + len(new)):
        imported = _imported(node)
        if not imported:
            break
        for module, found in imported.items():
            if bool(names.get(module, found)) != bool(found):
                # The module is imported itself, and names of it as well.
                return unchanged
            names[module] = (*names.get(module, ()), *found)
        end = node.end_byte - first
    code = new.encode("utf-8", "surrogatepass")[end:].decode("utf-8", "surrogatepass")
    return Lifted(_from_next_line(code), names) if end and code.strip() else unchanged


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


def _imported(node: Node) -> dict[str, tuple[str, ...]]:
    """What a statement imports, by module; nothing for what is no plain import."""
    named = node.children_by_field_name("name")
    if node.type == "import_statement" and all(one.type == "dotted_name" for one in named):
        return {text_of(one): () for one in named}
    module = node.child_by_field_name("module_name")
    if node.type == "import_from_statement" and module is not None and named:
        return {text_of(module): tuple(text_of(one) for one in named)}
    return {}
