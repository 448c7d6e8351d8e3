"""Whether every name is bound in the same scope before a rename and after it.

This holds for the names that change, and for others that are spelled like the old or new one.
"""

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
"""The scopes that may bind a name, each by its first character and the type of its node.

None stands for a scope outside of the file.
"""


def require_same_scopes(before: FileOccurrences, after: FileOccurrences, edits: Sequence[Edit], left: Collection[int] = ()) -> None:
    """`RejectedResultError` if a plain name would be bound elsewhere after the `edits`.

    `before` has the occurrences of the old name, `after` those of the new one in the new text.
    `left` has the offsets of sites that keep the old name, which the user is told of.
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
