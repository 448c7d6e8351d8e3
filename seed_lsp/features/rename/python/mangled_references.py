"""Private names that are written as Python keeps them.

This is ``_Class__name`` for the ``__name`` of a class (language reference, 6.2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from seed_lsp.errors import UnknownDocumentError
from seed_lsp.features.rename.python import mangling
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import Occurrence
from seed_lsp.features.rename.python.references import IN_NAMING_STRING
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.sites import References, Scope, Site, Symbol, Tier, is_private, mentions
from seed_lsp.source.document import CharOffset, Document


@dataclass(frozen=True)
class _Word:
    """A private name behind the prefix of its class, and the classes that it is a member of."""

    text: str
    owner: str
    classes: frozenset[Scope]


def with_private_names(resolution: Resolution, references: References) -> References:
    """The references, with the sites where a private name is written with its prefix.

    The symbol is the private member, or the class whose name stands in the prefix.
    """
    sites, documents = list(references.sites), dict(references.documents)
    for word in _words(resolution, references.symbol):
        for path, document, found in _places(resolution, word):
            fresh = [replace(_site(references.symbol, word, path, start), tier=tier, reason=reason) for start, tier, reason in found]
            if fresh:
                sites += fresh
                documents[path] = document
    if len(sites) == len(references.sites):
        return references
    return replace(references, sites=tuple(sorted(sites, key=lambda site: (site.path, site.start))), documents=documents)


def _words(resolution: Resolution, symbol: Symbol) -> Iterator[_Word]:
    if is_private(symbol.name):
        for scope in symbol.scopes | symbol.overrides:
            if scope.is_class and scope.path is not None and (owner := resolution.prefix_of(scope)):
                yield _Word(mangling.mangled(symbol.name, owner), owner, frozenset({scope}))
    owner = symbol.name.lstrip("_")
    if symbol.kind == "class" and owner:
        classes = resolution.hierarchy.classes_named(symbol.name)
        own = frozenset(scope for scope in classes if _is_bound_in(resolution, scope, symbol))
        for word in sorted(resolution.files.mangled_with(owner)):
            if any(one == owner for one, _ in mangling.unmangled(word)):
                yield _Word(word, owner, own)


def _is_bound_in(resolution: Resolution, scope: Scope, symbol: Symbol) -> bool:
    assert scope.path is not None, "a class of the workspace"
    place = resolution.place(scope.path)
    node = place.node_of(scope)
    return any(binding.node.parent == node for one in symbol.scopes for binding in place.bindings.get(one, []))


def _places(resolution: Resolution, word: _Word) -> Iterator[tuple[Path, Document, list[tuple[CharOffset, Tier, str]]]]:
    others = resolution.for_name(word.text)
    for path in resolution.files.containing(word.text):
        try:
            document = resolution.files.document(path)
        except UnknownDocumentError:
            continue
        if document.language != "python":
            yield path, document, [(site.start, site.tier, site.reason) for site in mentions(path, document, word.text)]
            continue
        place, found = others.place(path), []
        for occurrence in place.occurrences:
            verdict = _verdict(others, word, place, occurrence)
            if verdict is not None:
                found.append((occurrence.start, *verdict))
        yield path, document, found


def _verdict(others: Resolution, word: _Word, place: FileOccurrences, occurrence: Occurrence) -> tuple[Tier, str] | None:
    if occurrence.role == "comment":
        return "mention", "in a comment"
    if occurrence.role == "string":
        return "mention", IN_NAMING_STRING
    of_class = _is_member(others, word.classes, place, occurrence)
    if of_class is None:
        return "possible", "a private name with its class's in front"
    return ("exact", "a private name with its class's in front") if of_class else None


def _is_member(others: Resolution, classes: frozenset[Scope], place: FileOccurrences, occurrence: Occurrence) -> bool | None:
    """Whether an attribute is a member of one of the classes; None if that is unknown."""
    if occurrence.role != "attribute":
        return None
    own = place.class_of_self(occurrence)
    values = others.receivers(place, occurrence) if own is None else []
    known = {scope for value in values if (scope := others.class_at(value, {"class", "instance"})) is not None}
    found = {own} if own is not None else known
    if any(classes & set(others.line_of(scope)) for scope in found):
        return True
    unsure = any(others.hierarchy.unknown_bases(scope) for scope in found)
    return None if unsure or not (found or values) else False


def _site(symbol: Symbol, word: _Word, path: Path, start: CharOffset) -> Site:
    """The site of a word: a class is only named in its prefix, a member by the whole word.

    A new name of the member that is not private gets no prefix.
    """
    if symbol.kind == "class":
        return Site(path, CharOffset(start + 1), CharOffset(start + 1 + len(word.owner)), "exact", "", "owner")
    return Site(path, start, CharOffset(start + len(word.text)), "exact", "", "private", f"_{word.owner}")
