"""A kind of instruction that is understood by its words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from seed_lsp.features.refactor.action import Proposal, Selection, Tools

Propose = Callable[[], Awaitable[Proposal]]
"""Makes the proposal; a `SeedError` says why there is none, and the model is not asked instead."""


@dataclass(frozen=True)
class Intent:
    """`understand` answers None unless every word of the instruction is accounted for, and the
    selection holds what they speak of.
    """

    name: str
    understand: Callable[[Selection, str, Tools], Awaitable[Propose | None]]
