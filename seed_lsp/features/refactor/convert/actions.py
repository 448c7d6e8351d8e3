"""The conversions, in the order of the menu."""

from __future__ import annotations

from seed_lsp.features.refactor.convert import branches, comprehension_to_loop, f_strings, loop_to_comprehension
from seed_lsp.features.refactor.convert.conversion import action_of

ACTIONS = tuple(
    action_of(one)
    for one in (loop_to_comprehension.CONVERSION, comprehension_to_loop.CONVERSION, f_strings.CONVERSION, branches.MATCH, branches.LOOK_UP)
)
