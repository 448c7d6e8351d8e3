"""Names in languages other than Python, by the scopes of the syntax tree alone.

What the scopes of a file do not bind is not resolved: a place with the same name is *possible*.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError, UnknownDocumentError
from seed_lsp.features.rename.other_languages.grammars import FAMILIES, Grammar, Where, grammar_of
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.sites import References, Scope, Site, Symbol, mentions, name_at, word_pattern
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.syntax import parse

_FUNCTION = re.compile("function|method|constructor|closure|lambda|func_literal|catch")
_FORMAT_ARGUMENT = re.compile(r"\{(\w+)[:}]")


@dataclass(frozen=True)
class Binding:
    """What a name is bound to: a scope, and the byte from which on the binding counts.

    The byte differs from 0 if a later definition hides an earlier one, as Rust's ``let`` does.
    """

    scope: Scope
    since: int = 0


@dataclass(frozen=True)
class _Definition:
    """A binding, the type of the node that makes it, and the bytes where its name is seen."""

    binding: Binding
    holder_type: str
    seen_from: int = 0
    seen_to: int = sys.maxsize


class LexicalFile:
    """A document, its occurrences of one name, and the scopes that bind the name."""

    def __init__(self, path: Path, document: Document, name: str) -> None:
        self.path, self.document, self.name = path, document, name
        self.grammar: Grammar = grammar_of(document.language)
        tree = parse(document.text, document.language, rows=True)
        assert tree is not None, "a language with scopes has a grammar"
        self.root = tree.root_node
        self.leaves = self._find_leaves()
        self.bindings: dict[Scope, list[_Definition]] = defaultdict(list)
        for _, leaf in self.leaves:
            if (found := self.definition(leaf)) is not None:
                self.bindings[found.binding.scope].append(found)

    def start_at(self, offset: CharOffset) -> CharOffset:
        """Where the identifier at a place begins; `RenameRefusedError` if there is none."""
        for start, leaf in self.leaves:
            if start <= offset <= start + len(self.name) and self.is_name(leaf):
                return start
        raise RenameRefusedError("there is no name of the code at the cursor")

    def definition(self, leaf: Node) -> _Definition | None:
        """The binding that the identifier makes where it stands; None if it is only used."""
        if not self.is_name(leaf) or self.is_member(leaf):
            return None
        holder, top = self._holder(leaf)
        where = self.grammar.binds(holder, top, leaf)
        if where is None:
            return None
        scope = self._scope_for(holder, leaf, where)
        if where == "itself":
            return _Definition(Binding(self._scope(scope), -1), holder.type, -1)
        if where not in {"after", "within"} or scope.parent is None:
            return _Definition(Binding(self._scope(scope)), holder.type)
        value = holder.child_by_field_name("right") or holder.child_by_field_name("value")
        since = holder.end_byte if where == "after" or value is None else value.end_byte
        # The branch for the failure of a condition does not see what the condition binds.
        branch = scope.child_by_field_name("consequence") if self.grammar.hides_earlier else None
        binding = Binding(self._scope(scope), since if self.grammar.hides_earlier else 0)
        return _Definition(binding, holder.type, since, sys.maxsize if branch is None else branch.end_byte)

    def lookup(self, leaf: Node) -> Binding | None:
        """The binding that a use of the name means; None if no scope around it binds the name."""
        if (own := self.definition(leaf)) is not None:
            return own.binding
        for scope in self._scopes_around(leaf):
            bound = self.bindings.get(self._scope(scope), [])
            in_sight = [found for found in bound if found.seen_from <= leaf.start_byte < found.seen_to]
            seen = [found for found in in_sight if self.grammar.sees(leaf, found.holder_type)]
            if seen:
                return max(seen, key=lambda found: found.seen_from).binding
        return None

    def is_name(self, leaf: Node) -> bool:
        """Whether the leaf is an identifier, and no text in a string, a comment or a macro."""
        return "identifier" in leaf.type and leaf.text == self.name.encode()

    def is_member(self, leaf: Node) -> bool:
        """Whether the leaf is a field, a method, or a name in another module."""
        return self.grammar.is_member(leaf)

    def is_of_file(self, scope: Scope) -> bool:
        """Whether other files may see the names of the scope."""
        return (scope.start == self.root.start_byte and scope.node_type == self.root.type) or scope.node_type in self.grammar.open_scopes

    def alias(self, leaf: Node) -> Literal["", "old", "new", "shorthand"]:
        """What a place needs besides the new name, if it names something else as well."""
        parent = leaf.parent
        if leaf.type.startswith("shorthand") or (parent is not None and parent.type == "shorthand_field_initializer"):
            return "shorthand"
        if parent is None or parent.child_by_field_name("alias") is not None:
            return ""
        if parent.type == "export_specifier":
            return "old"
        return "new" if parent.type == "import_specifier" else ""

    def _find_leaves(self) -> list[tuple[CharOffset, Node]]:
        found = []
        for match in word_pattern(self.name).finditer(self.document.text):
            at = self.document.byte_at(CharOffset(match.start()))
            leaf = self.root.descendant_for_byte_range(at, at + 1)
            if leaf is not None:
                found.append((CharOffset(match.start()), leaf))
        return found

    def _holder(self, leaf: Node) -> tuple[Node, Node]:
        """The definition that an identifier belongs to, and the definition's child that holds it.

        Patterns between the two are passed over.
        """
        top, holder = leaf, leaf.parent or leaf
        while holder.parent is not None and self.grammar.is_pattern(holder, top):
            top, holder = holder, holder.parent
        return holder, top

    def _scope_for(self, holder: Node, leaf: Node, where: Where) -> Node:
        if where in {"outer", "after"}:
            return next(scope for scope in self._scopes_around(holder) if scope.type not in self.grammar.transparent)
        scopes = self._scopes_around(leaf)
        if where == "hoisted":
            return next(scope for scope in scopes if scope.parent is None or _FUNCTION.search(scope.type))
        return next(scopes)

    def _scopes_around(self, node: Node) -> Iterator[Node]:
        """The scopes around a node, from the inside out, without the node itself.

        A function and the block that is its body are one scope.
        """
        last = None
        around = node.parent
        while around is not None:
            if around.type in self.grammar.scopes or around.parent is None:
                scope = _whole(around)
                if scope.id != last:
                    yield scope
                last = scope.id
            around = around.parent
        if last is None:
            yield self.root

    def _scope(self, node: Node) -> Scope:
        return Scope(self.path, node.start_byte, node.type)


def find_lexical_references(query: Query) -> References:
    """All sites of the name that is meant; `RenameRefusedError` if no name stands there."""
    files, path, document = query.files, query.path, query.document
    name = name_at(document, query.offset)
    file = LexicalFile(path, document, name)
    leaf = dict(file.leaves)[file.start_at(query.offset)]
    binding = None if file.is_member(leaf) else file.lookup(leaf)
    sites = own_sites(file, binding)
    documents = {path: document}
    if binding is None or file.is_of_file(binding.scope):
        for other in files.containing(name):
            query.check()
            found = _sites_elsewhere(files, other, name, document.language) if other != path else None
            if found is not None:
                documents[other], fresh = found
                sites += fresh
    scopes = frozenset() if binding is None else frozenset({binding.scope})
    return References(Symbol(name, "variable", scopes), tuple(sorted(sites, key=lambda site: (site.path, site.start))), documents)


def own_sites(file: LexicalFile, binding: Binding | None) -> list[Site]:
    """The sites in the file in which the symbol was found."""
    local = binding is not None and not file.is_of_file(binding.scope)
    sites = []
    for start, leaf in file.leaves:
        verdict = _verdict(file, leaf, binding, local=local)
        if verdict is not None:
            tier, reason = verdict
            alias = file.alias(leaf) if tier == "exact" else ""
            sites.append(Site(file.path, start, CharOffset(start + len(file.name)), tier, reason, alias))
    return sites


def _verdict(
    file: LexicalFile, leaf: Node, binding: Binding | None, *, local: bool
) -> tuple[Literal["exact", "possible", "mention"], str] | None:
    if not file.is_name(leaf):
        if local and binding is not None and not _lies_in_scope(leaf, binding.scope):
            return None
        formatted = (
            file.document.language == "rust" and _in_string(leaf) and file.name in _FORMAT_ARGUMENT.findall((leaf.text or b"").decode())
        )
        return ("possible", "may be an argument of a format string") if formatted else _of_text(leaf)
    if file.is_member(leaf):
        return None if local else ("possible", "part of an object whose type is not resolved in this language")
    if file.grammar.may_be_field(leaf):
        return "possible", "a field's name or a variable"
    found = file.lookup(leaf)
    if binding is None:
        return ("possible", "not bound in this file, and other files are not resolved in this language") if found is None else None
    if found == binding:
        return "exact", "defined here" if file.definition(leaf) is not None else "bound by a scope of this file"
    return None


def _sites_elsewhere(files: WorkspaceFiles, path: Path, name: str, language: str) -> tuple[Document, list[Site]] | None:
    try:
        document = files.document(path)
    except UnknownDocumentError:
        return None
    if FAMILIES.get(document.language) != FAMILIES[language]:
        return document, mentions(path, document, name)
    file, sites = LexicalFile(path, document, name), []
    for start, leaf in file.leaves:
        end = CharOffset(start + len(name))
        if not file.is_name(leaf):
            sites.append(Site(path, start, end, *_of_text(leaf)))
            continue
        found = None if file.is_member(leaf) else file.lookup(leaf)
        if found is None or file.is_of_file(found.scope):
            sites.append(Site(path, start, end, "possible", "in another file, which is not resolved in this language"))
    return document, sites


def _of_text(leaf: Node) -> tuple[Literal["possible", "mention"], str]:
    """The tier and the reason of a place that is no identifier."""
    if "comment" in leaf.type:
        return "mention", "in a comment"
    return ("mention", "in a string") if _in_string(leaf) else ("possible", "in text that is not parsed, such as a macro's")


def _lies_in_scope(leaf: Node, scope: Scope) -> bool:
    around: Node | None = leaf
    while around is not None and (around.start_byte, around.type) != (scope.start, scope.node_type):
        around = around.parent
    return around is not None


def _in_string(leaf: Node) -> bool:
    return any(part in leaf.type for part in ("string", "char", "template"))


def _whole(scope: Node) -> Node:
    """The whole function, for its body or its declarator; for another node the node itself."""
    node = scope
    while node.parent is not None:
        parent = node.parent
        body = parent.child_by_field_name("body")
        is_body = _FUNCTION.search(parent.type) is not None and body is not None and body.id == node.id
        is_declarator = node.type.endswith("declarator") and (
            parent.type.endswith("declarator") or _FUNCTION.search(parent.type) is not None
        )
        if not (is_body or is_declarator):
            break
        node = parent
    return scope if node.type.endswith("declarator") else node
