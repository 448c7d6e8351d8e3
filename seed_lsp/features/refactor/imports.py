"""The import block of a file, which an action may add to."""

from __future__ import annotations

from tree_sitter import Node

from seed_lsp.source.document import ByteOffset, CharOffset, Document
from seed_lsp.source.syntax import Span, is_text, parse

_IMPORTS = ("import", "preproc_include", "use_declaration", "package", "using_declaration")
_HOLD_IMPORTS = frozenset({"if_statement", "try_statement", "with_statement"})


def import_block(document: Document) -> Span:
    """Where imports stand at the head of a file: from its start to the end of the last import's
    line, before the first other statement. It ends behind a docstring and the comments at the head
    where there are no imports, and is empty for a language without a grammar.
    """
    tree = parse(document.text, document.language)
    end = 0
    for node in tree.root_node.children if tree is not None else ():
        if not (_is_import(node) or is_text(node) or _is_docstring(node)):
            break
        end = node.end_byte
    stop = document.char_at(ByteOffset(end))
    return Span(CharOffset(0), document.line_range(document.line_of(stop))[1] if end else stop)


def _is_import(node: Node) -> bool:
    if any(word in node.type for word in _IMPORTS):
        return True
    if node.type in _HOLD_IMPORTS:
        inside = [child for block in node.children if "block" in block.type for child in block.named_children]
        return any(_is_import(child) for child in inside)
    return False


def _is_docstring(node: Node) -> bool:
    return node.type == "expression_statement" and node.named_child_count == 1 and is_text(node.named_children[0])
