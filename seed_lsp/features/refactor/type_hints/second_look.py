"""Which hints a type checker has something against."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from seed_lsp.features.refactor.type_checker import LIMIT_S, TypeChecker, is_worse


def wrong_hints(checker: TypeChecker, places: Collection[int], text_with: Callable[[Collection[int]], str]) -> set[int]:
    """The hints that bring an error; all of them where it cannot be told which do.

    `text_with` makes the text with the hints at some of the `places`. If the checker says nothing
    in its time, no hint is wrong.
    """
    end = time.monotonic() + LIMIT_S

    def worse(*several: Collection[int]) -> list[bool] | None:
        found = checker.errors([text_with(()), *map(text_with, several)], end - time.monotonic())
        return None if found is None else [is_worse(found[0], one) for one in found[1:]]

    if worse(places) != [True]:
        return set()
    if len(places) == 1:
        return set(places)
    alone = worse(*([place] for place in places))
    wrong = {place for place, is_wrong in zip(places, alone or (), strict=False) if is_wrong}
    rest = set(places) - wrong
    return wrong if wrong and (not rest or worse(rest) == [False]) else set(places)
