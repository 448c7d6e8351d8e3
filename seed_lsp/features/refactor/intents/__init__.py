"""What a user's own instruction asks for, where its words leave no doubt.

An instruction that names what an action computes, or where new code goes, need not be left to a
model that writes the whole selection anew. `rewrite` asks each of `INTENTS` in order whether it
understands the instruction; the first one makes the proposal.
"""

from __future__ import annotations

from seed_lsp.features.refactor.action import Selection, Tools
from seed_lsp.features.refactor.intents import insertions, routes
from seed_lsp.features.refactor.intents.intent import Intent, Propose

INTENTS: tuple[Intent, ...] = (*routes.INTENTS, *insertions.INTENTS)
LONGEST = 400
"""Characters of an instruction; a longer one says more than is understood, and would be searched in
vain while keys wait.
"""


async def understood(selection: Selection, instruction: str, tools: Tools) -> Propose | None:
    """How to do what is asked for; None for words that only the model can follow."""
    if len(instruction) > LONGEST:
        return None
    for intent in INTENTS:
        if (propose := await intent.understand(selection, instruction, tools)) is not None:
            return propose
    return None
