"""Other names for a function or a class: ``from m import f as g``, and ``g = f``."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.references import find_references
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.signature.class_uses import class_use
from seed_lsp.features.rename.sites import APPLIED, References, Scope, Symbol
from seed_lsp.source.document import CharOffset

STEPS = 4
"""How many names are followed one after the other, if a name is given to another name."""


def with_aliases(resolution: Resolution, references: References, steps: int = STEPS) -> Iterator[tuple[Resolution, References]]:
    """The references, and those of the other names that are given at their sites.

    Each comes with the resolution for its name.
    """
    yield resolution, references
    for site in references.sites:
        if site.tier not in APPLIED or references.documents[site.path].language != "python" or steps == 0:
            continue
        place = resolution.place(site.path)
        use = class_use(place, place.file.node_at(site.start))
        if use.kind == "alias" and (found := _alias(resolution, place, use.node)) is not None:
            yield from with_aliases(*found, steps - 1)


def is_followed(resolution: Resolution, place: FileOccurrences, bound: Node) -> bool:
    """Whether the name `bound` is given only once, so that `with_aliases` follows it."""
    return _bound_once(_of(resolution, place, bound), place, bound) is not None


def _alias(resolution: Resolution, place: FileOccurrences, bound: Node) -> tuple[Resolution, References] | None:
    """The references of the name `bound`; None unless it is bound once, and to nothing else."""
    own = _of(resolution, place, bound)
    scope = _bound_once(own, place, bound)
    return None if scope is None else (own, find_references(own, Symbol(own.name, "variable", frozenset({scope})), place.path))


def _of(resolution: Resolution, place: FileOccurrences, bound: Node) -> Resolution:
    return resolution.for_name(place.file.text_of(bound))


def _bound_once(own: Resolution, place: FileOccurrences, bound: Node) -> Scope | None:
    there = own.place(place.path)
    occurrence = there.at(CharOffset(place.file.char_of(bound.start_byte)))
    scope = there.container(occurrence) if occurrence is not None else None
    # The attribute of a class may be something else in a class below.
    return scope if scope is not None and not scope.is_class and len(there.bindings.get(scope, [])) == 1 else None
