"""What becomes of a text by an instruction that is understood, with a scripted model."""

from __future__ import annotations

import asyncio
from typing import Any

from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Action, Proposal, Selection
from seed_lsp.features.refactor.intents import insertions
from seed_lsp.features.refactor.intents.intent import Propose
from tests.features.refactor.acting import select
from tests.features.refactor.tools import Script, ScriptedTools


def silent(_request: Any) -> str:
    raise AssertionError("the model was asked")


def proposed(selection: Selection, instruction: str, tools: ScriptedTools) -> Proposal | None:
    """The proposal for an instruction, held to what each action promises; None if it is not
    understood.
    """
    propose = asyncio.run(_understood(selection, instruction, tools))
    if propose is None:
        return None
    action = Action("own", "Own", "refactor.rewrite", lambda _: propose(), lambda *_: propose())  # type: ignore[arg-type, return-value]  # offers nothing
    return asyncio.run(registry.run(action, selection, "", tools))


def done(text: str, instruction: str, answer: Script = silent, selected: str | None = None) -> str | None:
    """The text afterwards; None if the instruction is not understood."""
    selection = select(text, selected)
    made = proposed(selection, instruction, ScriptedTools(answer))
    return None if made is None else made.new_text(selection.document)


def understood(text: str, instruction: str) -> bool:
    return asyncio.run(_understood(select(text), instruction, ScriptedTools(silent))) is not None


async def _understood(selection: Selection, instruction: str, tools: ScriptedTools) -> Propose | None:
    for intent in insertions.INTENTS:
        if (propose := await intent.understand(selection, instruction, tools)) is not None:
            return propose
    return None
