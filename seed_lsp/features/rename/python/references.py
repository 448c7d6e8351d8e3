"""Every site of the workspace that refers to a symbol, or may refer to it, with the reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError, UnknownDocumentError
from seed_lsp.features.rename.python import names
from seed_lsp.features.rename.python.annotations import class_at, path_in_quotes
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import Occurrence
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.python.unresolved import why_possible
from seed_lsp.features.rename.sites import References, Scope, Site, Symbol, Tier, mentions, word_pattern
from seed_lsp.source.document import Document

IN_DOCTEST, IN_NAMING_STRING = "in a doctest", "in a string that may name it"
"""The reasons of mentions that run as code: if they keep the old name, a test may fail."""

_LISTED = re.compile(r"\s*-{0,2}[\w-]+(?:\s*[,/]\s*-{0,2}[\w-]+)*\s*")
_SPECIAL_LISTS = {"__all__", "__slots__", "__match_args__"}


def site_of(place: FileOccurrences, node: Node, reason: str, tier: Tier = "exact") -> Site:
    """The site of a node; `reason` may be empty."""
    return Site(place.path, place.file.char_of(node.start_byte), place.file.char_of(node.end_byte), tier, reason)


def find_references(resolution: Resolution, symbol: Symbol, path: Path) -> References:
    """All sites of the symbol that was found in the file at `path`."""
    sites: list[Site] = []
    documents: dict[Path, Document] = {}
    python = {path} if symbol.is_local and symbol.kind != "parameter" else set(resolution.files.containing(symbol.name))
    own = {scope.path for scope in symbol.scopes | symbol.overrides | symbol.alike}
    for found in sorted(python | {scope.path for scope in symbol.scopes if scope.path is not None}):
        try:
            document = resolution.files.document(found)
        except UnknownDocumentError:
            continue
        if document.language == "python":
            fresh = _sites_of(resolution, symbol, resolution.place(found), whole=found in own or not symbol.is_local)
        else:
            fresh = [] if symbol.is_local else mentions(found, document, symbol.name)
        if fresh:
            sites += fresh
            documents[found] = document
    return References(symbol, tuple(sites), documents)


def _sites_of(resolution: Resolution, symbol: Symbol, place: FileOccurrences, *, whole: bool) -> list[Site]:
    """The sites of one Python file.

    Without `whole`, the symbol is local to another file. Here only arguments can name it, if it is
    a parameter.
    """
    sites = []
    for occurrence in place.occurrences:
        if not whole and occurrence.role not in {"keyword", "string"}:
            continue
        if _keeps_alias(resolution, symbol, place, occurrence):
            continue
        aliased = _aliased(resolution, symbol, place, occurrence)
        verdict = _verdict(resolution, symbol, place, occurrence) if aliased is None else aliased
        if verdict is not None:
            _require_same_spelling(symbol, place, occurrence)
            sites.append(Site(place.path, occurrence.start, occurrence.end, *verdict))
    return sites


def _require_same_spelling(symbol: Symbol, place: FileOccurrences, occurrence: Occurrence) -> None:
    spelled = place.file.text(occurrence.start, occurrence.end)
    if spelled != symbol.name:
        line = place.file.document.line_of(occurrence.start) + 1
        raise RenameRefusedError(
            f"line {line} of {place.path.name} spells {symbol.name} as {spelled}, which Python reads as the same name; spell both alike first"
        )


def _keeps_alias(resolution: Resolution, symbol: Symbol, place: FileOccurrences, occurrence: Occurrence) -> bool:
    """Whether an occurrence is the second in ``import name as name``, and keeps its name.

    It does if the name may also be another thing than the one imported.
    """
    if not names.is_alias_as_it_was(occurrence.node) or (scope := place.container(occurrence)) is None:
        return False
    imported, bound = resolution.scopes(place, occurrence), resolution.bound_in(place, scope)
    return bound != imported and bool(imported & symbol.scopes) and not bound & symbol.scopes


def _aliased(
    resolution: Resolution, symbol: Symbol, place: FileOccurrences, occurrence: Occurrence
) -> tuple[Tier, str, Literal["", "old", "new"]] | None:
    """The tier, reason and alias of an import into a name that may also be something else.

    If only one of the two is the symbol, one name changes and the import has to say both. If the
    imported thing is unknown, the name stays. None if the occurrence is no such import.
    """
    if occurrence.role != "name" or (scope := place.container(occurrence)) is None:
        return None
    if not names.is_imported(occurrence.node) or names.is_alias_of_import(occurrence.node):
        return None
    imported, bound = resolution.scopes(place, occurrence), resolution.bound_in(place, scope)
    if bound == imported:
        return None
    if names.is_alias_as_it_was(occurrence.node):
        return ("exact", "another thing, imported into the name", "") if bound & symbol.scopes and not imported & symbol.scopes else None
    if imported & symbol.scopes and not bound & symbol.scopes:
        return "exact", "imported into a name that may also be another thing", "old"
    if bound & symbol.scopes and not imported & symbol.scopes:
        return "exact", "another thing, imported into the name", "new"
    if not imported and bound and (reason := why_possible(resolution, symbol, place, occurrence)):
        return "possible", reason, "old"
    return None


def _verdict(resolution: Resolution, symbol: Symbol, place: FileOccurrences, occurrence: Occurrence) -> tuple[Tier, str] | None:
    """The tier of an occurrence and the reason for it; None if it means something else."""
    if occurrence.role in {"string", "comment"}:
        return _of_text(resolution, symbol, place, occurrence)
    if _cannot_be(symbol, occurrence):
        return None
    scopes = resolution.scopes(place, occurrence)
    if not scopes:
        reason = why_possible(resolution, symbol, place, occurrence)
        return ("possible", reason) if reason else None
    others = scopes - symbol.scopes - symbol.overrides
    if not scopes - others:
        reason = _why_unsure(resolution, symbol, scopes)
        return ("possible", reason) if reason else None
    if others:
        return "possible", f"may also be the one of {', '.join(sorted(resolution.title(other) for other in others))}"
    if scopes & symbol.scopes:
        return "exact", _reason(place, occurrence)
    return "override", f"{symbol.name} of {', '.join(sorted(resolution.title(scope) for scope in scopes))}"


def _why_unsure(resolution: Resolution, symbol: Symbol, scopes: frozenset[Scope]) -> str:
    """Why a member of other classes may be the symbol; empty if it is something else."""
    for found, why in ((symbol.unsure, "related by a base that is unknown"), (symbol.alike, "related by a protocol")):
        titles = ", ".join(sorted(resolution.title(scope) for scope in scopes & found))
        if titles:
            return f"{symbol.name} of {titles}, which may be {why}"
    return ""


def _cannot_be(symbol: Symbol, occurrence: Occurrence) -> bool:
    """Whether the syntax alone rules the symbol out, so that jedi need not be asked."""
    if occurrence.role in {"attribute", "field"}:
        return symbol.is_local
    return occurrence.role == "keyword" and symbol.kind not in {"parameter", "attribute"}


def _of_text(resolution: Resolution, symbol: Symbol, place: FileOccurrences, occurrence: Occurrence) -> tuple[Tier, str] | None:
    own_scopes = [scope for scope in symbol.scopes if scope.path == place.path]
    if symbol.is_local and not any(_spans(place.node_of(scope), place, occurrence) for scope in own_scopes):
        # The string may be the name of an argument, as in ``f(**{"name": 1})``.
        names_it = symbol.called_as and occurrence.role == "string" and _is_listed(place, occurrence)
        text = place.file.document.text if names_it else ""
        return ("mention", IN_NAMING_STRING) if any(word_pattern(one).search(text) for one in symbol.called_as) else None
    if occurrence.role == "comment":
        return "mention", "in a comment"
    text = place.file.text_of(occurrence.node)
    if text == symbol.name:
        listed = _special_list(place, occurrence.node)
        if listed in {"__slots__", "__match_args__"}:
            around = names.enclosing(occurrence.node, {"class_definition"})
            if around is not None and place.scope(around) in symbol.scopes | symbol.overrides:
                return "exact", f"listed in {listed}"
        elif listed == "__all__" and _module_binds(resolution, symbol, place):
            return "exact", "listed in __all__"
    if _is_type_of(resolution, symbol, place, occurrence):
        return "exact", "in an annotation between quotes"
    if _is_docstring(occurrence.node):
        line = place.file.document.line_text(place.file.document.line_of(occurrence.start))
        return ("mention", IN_DOCTEST) if line.strip().startswith((">>> ", "... ")) else ("mention", "in a docstring")
    return ("mention", IN_NAMING_STRING) if _looks_like_code(place, occurrence) else ("mention", "in a string")


def _is_type_of(resolution: Resolution, symbol: Symbol, place: FileOccurrences, occurrence: Occurrence) -> bool:
    """Whether a word in a string is the symbol, named in an annotation."""
    path = path_in_quotes(place.file, occurrence)
    if path is None:
        return False
    if path:
        return class_at(place, occurrence.node, path) in symbol.scopes | symbol.overrides
    scope = place.lookup(occurrence.node)
    return scope is not None and resolution.bound_in(place, scope) <= symbol.scopes


def _looks_like_code(place: FileOccurrences, occurrence: Occurrence) -> bool:
    """Whether a string is the name alone, or holds the name as code would.

    That is behind a dot, before a dot or a bracket, or as in an object's representation:
    ``"package.name"``, ``"name(1)"``, ``"<name at 0>"``.
    """
    text, start, end = place.file.document.text, occurrence.start, occurrence.end
    before, behind = text[start - 1 : start], text[end : end + 1]
    alone = _is_alone(place, occurrence)
    return (
        alone
        or before == "<"
        or (before == "." and text[start - 2 : start - 1].isidentifier())
        or behind == "("
        or (behind == "." and text[end + 1 : end + 2].isidentifier())
    )


def _is_alone(place: FileOccurrences, occurrence: Occurrence) -> bool:
    """Whether a string is the name and nothing else."""
    text = place.file.document.text
    before = text[occurrence.start - 1 : occurrence.start]
    return before in {'"', "'"} and text[occurrence.end : occurrence.end + 1] == before


def _is_listed(place: FileOccurrences, occurrence: Occurrence) -> bool:
    """Whether a string is a list of names, or an option of the command line.

    The names are separated by commas, as pytest's `parametrize` takes them; one alone is a list,
    too.
    """
    text = place.file.document.text
    within_option = (
        re.search(r"\w-+$", text[max(0, occurrence.start - 9) : occurrence.start]) or text[occurrence.end : occurrence.end + 1] == "-"
    )
    return not within_option and _LISTED.fullmatch(place.file.text_of(occurrence.node).strip("\"'")) is not None


def _reason(place: FileOccurrences, occurrence: Occurrence) -> str:
    if occurrence.role == "keyword":
        return "names an argument"
    if occurrence.role in {"attribute", "field"}:
        return "attribute"
    if names.is_imported(occurrence.node):
        return "imported"
    return "defined here" if place.container(occurrence) is not None else "refers to it"


def _special_list(place: FileOccurrences, node: Node) -> str | None:
    """The special variable whose list a string stands in, such as ``__all__``; None if none."""
    around = names.enclosing(node, {"assignment", "augmented_assignment", "call"})
    if around is not None and around.type == "call":
        # The list may be extended by a call: __all__.append("name")
        function = around.child_by_field_name("function")
        left = function.child_by_field_name("object") if function is not None and function.type == "attribute" else None
    else:
        left = around.child_by_field_name("left") if around is not None else None
    text = place.file.text_of(left) if left is not None else ""
    return text if text in _SPECIAL_LISTS else None


def _module_binds(resolution: Resolution, symbol: Symbol, place: FileOccurrences) -> bool:
    """Whether the file's module has the symbol under its name, also by an import of ``*``."""
    module = place.scope(place.file.tree.root_node)
    bound = resolution.bound_in(place, module) if module in place.bindings else resolution.by_star(place)
    return bool(bound & symbol.scopes)


def _is_docstring(node: Node) -> bool:
    string = names.enclosing(node, {"string"}) if node.type != "string" else node
    statement = string.parent if string is not None else None
    return statement is not None and statement.type == "expression_statement"


def _spans(node: Node, place: FileOccurrences, occurrence: Occurrence) -> bool:
    return node.start_byte <= place.file.byte_of(occurrence.start) < node.end_byte
