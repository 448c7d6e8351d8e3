"""Context from other files.

It is what imported names of the workspace are, and pieces of other open files that look like the
text at the cursor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.api import RelatedFile
from seed_lsp.source.address import name_of, path_of
from seed_lsp.source.document import CharOffset, Document, with_line_feeds
from seed_lsp.source.syntax import parse

if TYPE_CHECKING:
    from tree_sitter import Node

    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

BUDGET_CHARS = 1200
"""All pieces together have at most so many characters, some 350 tokens. That is a second of a slow
CPU, which is paid once for a file and not at each key."""
DEFINITION_CHARS = 400
NEAR_LINES = 60
"""Lines before the cursor in which an imported name has to occur."""
CHUNK_LINES = 20
SIMILAR = 0.25
"""The least overlap of words (Jaccard) with a piece that is worth showing."""
TOO_SIMILAR = 0.6
"""The model would write such a piece off."""
_WORD = re.compile(r"[A-Za-z_]\w{2,}")


@dataclass(frozen=True)
class Piece:
    path: str
    text: str
    score: float


def related_pieces(
    document: Document,
    cursor: CharOffset,
    others: Sequence[Document],
    files: WorkspaceFiles,
    resolver: Resolver,
    *,
    allowed: Callable[[Path], bool],
    edited: Sequence[Piece] = (),
) -> tuple[RelatedFile, ...]:
    """The pieces for the cursor, within the budget.

    They are in order of their paths, so that they stay the same while the user types. Definitions
    come from `allowed` files alone.

    `edited`: what was changed lately in other files.
    """
    definitions = list(_imported_definitions(document, cursor, files, resolver, allowed)) if document.language == "python" else []
    chosen: list[Piece] = []
    left = BUDGET_CHARS
    for piece in [*definitions, *edited, *sorted(_similar(document, cursor, others), key=lambda piece: -piece.score)[:2]]:
        if len(piece.text) <= left:
            chosen.append(piece)
            left -= len(piece.text)
    texts: dict[str, list[str]] = {}
    for piece in chosen:
        texts.setdefault(piece.path, []).append(piece.text.rstrip("\n"))
    return tuple(RelatedFile(path, "\n\n".join(pieces)) for path, pieces in sorted(texts.items()))


def _imported_definitions(
    document: Document, cursor: CharOffset, files: WorkspaceFiles, resolver: Resolver, allowed: Callable[[Path], bool]
) -> Iterator[Piece]:
    """The heads of imported functions and classes.

    They are of the workspace, and their names stand near the cursor.
    """
    path = path_of(document.uri)
    if path is None:
        return
    tree = parse(document.text, "python", rows=True)
    if tree is None:
        return
    line = document.line_of(cursor)
    # The import itself is no use of a name.
    imported = [
        node.end_point[0] + 1 for node in tree.root_node.children if node.type == "import_from_statement" and node.end_point[0] < line
    ]
    first = max(0, line - NEAR_LINES, *imported)
    near = set(_WORD.findall(document.text[document.line_starts[first] : cursor]))
    resolved = resolver.file(document, path)
    data = document.text.encode("utf-8", "surrogatepass")
    for name in _imported_names(tree.root_node):
        word = data[name.start_byte : name.end_byte].decode()
        if word not in near:
            continue
        offset = document.char_at(name.start_byte)  # type: ignore[arg-type]
        for definition in resolved.definitions(offset)[:1]:
            if definition.path is None or definition.path == path or not allowed(definition.path):
                continue
            if text := _head_of(files.document(definition.path), definition.line):
                yield Piece(_shown_path(definition.path, files.root), text, 1.0)


def _imported_names(root: Node) -> Iterator[Node]:
    """The names that `from … import` statements of the top level bind."""
    for statement in root.children:
        if statement.type != "import_from_statement":
            continue
        for child in statement.children_by_field_name("name"):
            yield (child.child_by_field_name("alias") or child) if child.type == "aliased_import" else child


def _head_of(document: Document, line: int) -> str:
    """A function's head and its docstring's first line, or a class's head and its methods'."""
    data = document.text.encode("utf-8", "surrogatepass")
    tree = parse(document.text, "python", rows=True)
    if tree is None or line >= len(document.line_starts):
        return ""
    place = document.byte_at(document.line_starts[line] + len(document.line_text(line)) - len(document.line_text(line).lstrip()))  # type: ignore[arg-type]
    node = tree.root_node.descendant_for_byte_range(place, place)
    while node is not None and node.type not in {"function_definition", "class_definition"}:
        node = node.parent
    if node is None or node.start_point[0] != line:
        return with_line_feeds(document.line_text(line))[:DEFINITION_CHARS]
    lines = [_signature(node, data)]
    if node.type == "class_definition":
        body = node.child_by_field_name("body")
        for member in body.children if body else []:
            inner = member.child_by_field_name("definition") if member.type == "decorated_definition" else member
            if inner is not None and inner.type == "function_definition":
                lines.append(f"    {_signature(inner, data)}")
            elif inner is not None and inner.type == "expression_statement" and inner.children[0].type in {"assignment", "type"}:
                lines.append("    " + data[inner.start_byte : inner.end_byte].decode("utf-8", "replace").split("\n")[0])
    text = "\n".join(lines)
    return text if len(text) <= DEFINITION_CHARS else text[: text.rfind("\n", 0, DEFINITION_CHARS)] if "\n" in text else ""


def _signature(node: Node, data: bytes) -> str:
    body = node.child_by_field_name("body")
    end = body.start_byte if body else node.end_byte
    head = " ".join(data[node.start_byte : end].decode("utf-8", "replace").split())
    first = body.children[0] if body and body.children else None
    doc = ""
    if first is not None and first.type == "expression_statement" and first.children[0].type == "string":
        doc = data[first.start_byte : first.end_byte].decode("utf-8", "replace").strip("\"'rRbBuUfF \n").split("\n")[0].strip()
    return f"{head}  # {doc}" if doc and node.type == "function_definition" else head


def _similar(document: Document, cursor: CharOffset, others: Sequence[Document]) -> Iterator[Piece]:
    line = document.line_of(cursor)
    first = max(0, line - CHUNK_LINES)
    here = set(_WORD.findall(document.text[document.line_starts[first] : cursor]))
    if not here:
        return
    for other in others:
        if other.uri == document.uri:
            continue
        best = max(_scored(here, other), key=lambda piece: piece.score, default=None)
        if best is not None and SIMILAR <= best.score <= TOO_SIMILAR:
            yield best


def _scored(here: set[str], other: Document) -> Iterator[Piece]:
    lines = [other.line_text(i) for i in range(len(other.line_starts))]
    for start in range(0, len(lines), CHUNK_LINES // 2):
        chunk = lines[start : start + CHUNK_LINES]
        words = set(_WORD.findall("\n".join(chunk)))
        if words:
            yield Piece(name_of(other.uri), "\n".join(chunk), len(here & words) / len(here | words))


def _shown_path(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def imports_of(document: Document) -> tuple[str, ...]:
    """The file's import lines: while they stay the same, so does what they mean."""
    return tuple(line for line in document.text.split("\n") if line.startswith(("import ", "from ")))
