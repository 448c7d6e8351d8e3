"""Instructions that say where new code goes and what it does.

The place is computed, and so is what the words determine; the model fills in the rest, and all
other code stays as it is.
"""

from __future__ import annotations

from seed_lsp.features.refactor.intents.insertions import around_body, at_start, before_returns, comments, parameter
from seed_lsp.features.refactor.intents.intent import Intent

INTENTS: tuple[Intent, ...] = (around_body.INTENT, parameter.INTENT, before_returns.INTENT, at_start.INTENT, comments.INTENT)
