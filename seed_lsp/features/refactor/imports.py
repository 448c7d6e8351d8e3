"""The import block of a file, which an action may add to."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from tree_sitter import Node

from seed_lsp.source.document import ByteOffset, CharOffset, Document, split_lines
from seed_lsp.source.patch import Edit, minimal_edits
from seed_lsp.source.syntax import Span, is_docstring_statement, is_text, line_start, next_line, parse, text_of, tree_of

_IMPORTS = ("import", "preproc_include", "use_declaration", "package", "using_declaration")
_HOLD_IMPORTS = frozenset({"if_statement", "try_statement", "with_statement"})
# What has to stand in the first two lines (PEP 263).
_FIRST_COMMENT = re.compile(r"#!|#.*coding[:=]")


def import_block(document: Document) -> Span:
    """Where imports stand at the head of a file: from its start to the end of the last import's
    line, before the first other statement. It ends behind a docstring and the comments at the head
    where there are no imports, and is empty for a language without a grammar.
    """
    tree = tree_of(document)
    end = 0
    for node in tree.root_node.children if tree is not None else ():
        if not (_is_import(node) or is_text(node) or is_docstring_statement(node)):
            break
        end = node.end_byte
    stop = document.char_at(ByteOffset(end))
    return Span(CharOffset(0), document.next_line(stop) if end else stop)


def _is_import(node: Node) -> bool:
    if any(word in node.type for word in _IMPORTS):
        return True
    if node.type in _HOLD_IMPORTS:
        inside = [child for block in node.children if "block" in block.type for child in block.named_children]
        return any(_is_import(child) for child in inside)
    return False


@dataclass(frozen=True)
class _Import:
    """An import at the head of a Python file: the bytes of its statement, and the nodes of what it
    names, alias and all.

    `is_open`: it imports all names (``*``).
    """

    module: str
    start: int
    end: int
    is_from: bool
    names: tuple[Node, ...]
    is_open: bool = False

    def has(self, name: str) -> bool:
        """Whether it gives that name under no other."""
        return self.is_open or any(text_of(node) == name for node in self.names)


def add_imports(document: Document, names: Mapping[str, Iterable[str]]) -> list[Edit]:
    """Edits by which a Python file imports `names` of each module when it runs; a module for which
    there are no names is imported itself.

    The edits lie within `import_block`. What is imported there already is left out, and a line that
    imports other names of the module gets the new ones. Imports for type checkers alone, under a
    condition, do not count.
    """
    end = import_block(document).end
    head, rest = document.text[:end], document.text[end:]
    new = head
    for module in sorted(names):
        for name in sorted(names[module]) or [""]:
            new = _with_import(new, rest, module, name, document.newline)
    return minimal_edits(head, new)


def _with_import(head: str, rest: str, module: str, name: str, newline: str) -> str:
    """The head of a file with one import more, if it has not got that."""
    source = head.encode("utf-8", "surrogatepass")
    tree = parse(head, "python")
    assert tree is not None, "the grammar of Python is there"
    found = [one for node in tree.root_node.children for one in _read_import(node)]
    same = [one for one in found if one.module == module and one.is_from == bool(name)]
    if any(one.has(name or module) for one in same):
        return head
    if name and same:
        at, text = _beside(source, same[0], name, newline)
    else:
        line = f"from {module} import {name}" if name else f"import {module}"
        at, text = _line_among(source, found, (bool(name), module), line, newline) if found else _first_line(head, rest, line, newline)
    before = source[:at]
    if at == len(source) and before and text.endswith(newline) and not before.endswith((b"\n", b"\r")):
        # The last line of the file has no break, and gets none.
        text = newline + text.removesuffix(newline)
    return (before + text.encode() + source[at:]).decode("utf-8", "surrogatepass")


def _read_import(node: Node) -> list[_Import]:
    """What a statement imports when the file runs."""
    start, end, named = node.start_byte, node.end_byte, node.children_by_field_name("name")
    if node.type == "import_statement":
        return [_Import(text_of(one.child_by_field_name("name") or one), start, end, is_from=False, names=(one,)) for one in named]
    if node.type == "future_import_statement":
        return [_Import("__future__", start, end, is_from=True, names=tuple(named))]
    module = node.child_by_field_name("module_name")
    if node.type != "import_from_statement" or module is None:
        return []
    is_open = any(child.type == "wildcard_import" for child in node.children)
    return [_Import(text_of(module), start, end, is_from=True, names=tuple(named), is_open=is_open)]


def _beside(source: bytes, line: _Import, name: str, newline: str) -> tuple[int, str]:
    """Where in an import of other names one more stands, and how it is written there."""
    later = next((node for node in line.names if _rank(text_of(node)) > _rank(name)), None)
    node = later or line.names[-1]
    indent = source[line_start(source, node.start_byte) : node.start_byte].decode("utf-8", "surrogatepass")
    gap = " " if indent.strip() else newline + indent
    return (node.start_byte, f"{name},{gap}") if later is not None else (node.end_byte, f",{gap}{name}")


def _rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then all else, as isort and ruff sort names."""
    name = name.split(maxsplit=1)[0]
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name.lower()


def _section(module: str) -> int:
    """Python's own library, other packages, and the file's own package are imported in turn."""
    if module == "__future__":
        return 0
    if module.startswith("."):
        return 3
    return 1 if module.split(".", maxsplit=1)[0] in sys.stdlib_module_names else 2


def _line_among(source: bytes, found: list[_Import], wanted: tuple[bool, str], line: str, newline: str) -> tuple[int, str]:
    """Where a new line stands among other imports, and the blank line that a new section needs."""
    is_from, module = wanted
    section = [one for one in found if _section(one.module) == _section(module)]
    keys = [(one.is_from, one.module.lower()) for one in section]
    if keys != sorted(keys) and [key[1] for key in keys] == sorted(key[1] for key in keys):
        # Some sort by the module alone.
        keys, is_from = [(False, key[1]) for key in keys], False
    lesser = [one.end for one, key in zip(section, keys, strict=True) if key <= (is_from, module.lower())]
    if lesser:
        return next_line(source, max(lesser)), line + newline
    if section:
        return section[0].start, line + newline
    earlier = [one.end for one in found if _section(one.module) < _section(module)]
    if earlier:
        return next_line(source, max(earlier)), newline + line + newline
    return found[0].start, line + newline + newline


def _first_line(head: str, rest: str, line: str, newline: str) -> tuple[int, str]:
    """Where the first import of a file stands: behind its docstring or the comments at its head."""
    tree = parse(head, "python")
    assert tree is not None, "the grammar of Python is there"
    source = head.encode("utf-8", "surrogatepass")
    first = next((node for node in tree.root_node.children if not is_text(node)), None)
    if first is not None and is_docstring_statement(first):
        at = next_line(source, first.end_byte)
    else:
        at = len(_comments_at_head(head + rest).encode("utf-8", "surrogatepass"))
    following = source[at:].decode("utf-8", "surrogatepass") + rest
    text = (newline if at else "") + line + newline
    if following.strip() and not following.startswith(("\n", "\r")):
        text += newline * (2 if re.match(r"@|class\b|def\b|async\b", following) else 1)
    return at, text


def _comments_at_head(text: str) -> str:
    """The lines of comments that a file begins with, but for those that belong to what follows."""
    lines = split_lines(text)
    size = next((number for number, row in enumerate(lines) if not row.startswith("#")), len(lines))
    if size == len(lines) or not lines[size].strip():
        return "".join(lines[:size])
    return "".join(takewhile(_FIRST_COMMENT.match, lines[:2]))
