"""The names that a rename leaves as they are: each has to be bound where it was before, also where it has the new name, and those that change their name, too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from seed_lsp.errors import RejectedResultError
from seed_lsp.features.rename.names import Occurrence, PythonFile, is_same
from seed_lsp.features.rename.resolution import Place
from seed_lsp.features.rename.scoping import COMPREHENSIONS, outer_scope, scope_of
from seed_lsp.source.document import Document
from seed_lsp.source.patch import Edit

Bound = tuple[tuple[int, str] | None, ...]
"""The scopes that a name may be bound in, by the characters where they start and their kinds."""


def require_same_scopes(
    path: Path, texts: tuple[Document, Document], edits: Sequence[Edit], names: tuple[str, str], left: Collection[int] = ()
) -> None:
    """`RejectedResultError` where a plain name of a Python file would be bound elsewhere with the `edits` of a rename. `texts`: before and after; `names`: the old and the
    new one; `left`: places that the user is told of.
    """
    before = texts[0]
    files = tuple(PythonFile(text) for text in texts)
    places = {name: [Place(path, file, name) for file in files] for name in names}
    plain = {edit.start for edit in edits if edit.text == names[1]}
    edited = {edit.start for edit in edits}

    def moved(at: int) -> int:
        return at + sum(len(edit.text) - (edit.end - edit.start) for edit in edits if edit.start < at)

    _require_no_walrus(places[names[1]][1])
    for name in names:
        mine, its = places[name]
        for occurrence in mine.occurrences:
            at = int(occurrence.start)
            if at in left or (at in edited and at not in plain) or not mine.is_plain(occurrence):
                continue
            there = places[names[1]][1] if at in plain else its
            if _bound(mine, occurrence, moved) != _bound(there, there.starting_at(moved(at)), int):
                line = before.line_of(occurrence.start) + 1
                word = names[1] if at in plain else name
                raise RejectedResultError(f"on line {line} of {path.name} {word} would mean something else; nothing was changed")


def _require_no_walrus(place: Place) -> None:
    """Python refuses ``[(x := x) for x in y]``: what ``:=`` binds around a comprehension may not be what the comprehension goes through."""
    for occurrence in place.occurrences:
        parent = occurrence.node.parent
        if parent is None or parent.type != "named_expression" or not is_same(parent.child_by_field_name("name"), occurrence.node):
            continue
        scope = scope_of(parent)
        while scope.type in COMPREHENSIONS:
            if place.scope(scope) in place.bindings:
                line = place.file.document.line_of(occurrence.start) + 1
                raise RejectedResultError(
                    f"on line {line} of {place.path.name} {place.name} would be bound twice in a comprehension; nothing was changed"
                )
            scope = outer_scope(scope)


def _bound(place: Place, occurrence: Occurrence | None, moved: Callable[[int], int]) -> Bound | None:
    if occurrence is None or occurrence.role != "name":
        return None
    own = place.container(occurrence)
    scopes = (own,) if own is not None and not place.is_read_too(occurrence) else (own, *place.meanings(occurrence.node))
    return tuple(None if one is None else (moved(int(place.file.char_of(one.start))), one.node_type) for one in scopes)
