"""The names that a rename leaves as they are: each has to be bound where it was before, also where it has the new name, and those that change their name, too."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from itertools import accumulate

from seed_lsp.errors import RejectedResultError
from seed_lsp.features.rename.python.comprehensions import require_apart, require_no_double_binding
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import Occurrence
from seed_lsp.source.patch import Edit

Bound = tuple[tuple[int, str] | None, ...]
"""The scopes that a name may be bound in, by the characters where they start and their kinds."""


def require_same_scopes(before: FileOccurrences, after: FileOccurrences, edits: Sequence[Edit], left: Collection[int] = ()) -> None:
    """`RejectedResultError` where a plain name of a Python file would be bound elsewhere with the `edits` of a rename. `before` has the places of the old name, `after`, with
    the edits done, those of the new one; `left`: places that the user is told of.
    """
    places = [
        (before, FileOccurrences(before.path, after.file, before.name)),
        (FileOccurrences(before.path, before.file, after.name), after),
    ]
    plain = {edit.start for edit in edits if edit.text == after.name}
    edited = {edit.start for edit in edits}

    starts = [int(edit.start) for edit in edits]
    shifts = [0, *accumulate(len(edit.text) - (edit.end - edit.start) for edit in edits)]

    def moved(at: int) -> int:
        return at + shifts[bisect_left(starts, at)]

    changed = {moved(at) for at in edited}
    require_no_double_binding(after)
    require_apart(after, lambda occurrence: occurrence.start in changed)
    for mine, its in places:
        for occurrence in mine.occurrences:
            at = int(occurrence.start)
            if at in left or (at in edited and at not in plain) or not mine.is_plain(occurrence):
                continue
            there = after if at in plain else its
            if _bound(mine, occurrence, moved) != _bound(there, there.starting_at(moved(at)), int):
                line = before.file.document.line_of(occurrence.start) + 1
                raise RejectedResultError(
                    f"on line {line} of {before.path.name} {there.name} would mean something else; nothing was changed"
                )


def _bound(place: FileOccurrences, occurrence: Occurrence | None, moved: Callable[[int], int]) -> Bound | None:
    if occurrence is None or occurrence.role != "name":
        return None
    own = place.container(occurrence)
    scopes = (own,) if own is not None and not place.is_read_too(occurrence) else (own, *place.meanings(occurrence.node))
    return tuple(None if one is None else (moved(int(place.file.char_of(one.start))), one.node_type) for one in scopes)
