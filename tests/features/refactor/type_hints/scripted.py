"""Tools whose model answers from a table, for tests without an engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.api import Finished, InfillRequest
from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Proposal, Selection
from seed_lsp.session.settings import Settings
from tests.features.refactor.acting import select
from tests.features.refactor.tools import ScriptedTools, finished

Answers = Mapping[str, "str | tuple[str, float]"]
_HOLE = re.compile(r"(\w+):$|( ->)(?: \w+\[)?$")


class Scripted(ScriptedTools):
    """A model that gives the parameter `name` the type `answers[name]`, and ``return`` the result.

    What it is not told it leaves empty. Where an answer is a pair, its second part is how sure the
    model is.
    """

    def __init__(self, answers: Answers | None = None, settings: Settings | None = None) -> None:
        super().__init__(lambda request: _answer(answers or {}, request), settings)

    async def look_up(self, _selection: Selection, _work: Callable[..., Any]) -> Any:
        raise SelectionError("there is no file")


def _answer(answers: Answers, request: InfillRequest) -> Finished:
    hole = _HOLE.search(request.prefix + request.start)
    assert hole is not None, "each request ends where a type begins"
    answer = answers.get(hole.group(1) or "return", "")
    text, chance = answer if isinstance(answer, tuple) else (answer, 0.99)
    made = text if request.start.endswith("[") else f" {text}"
    return replace(finished(request.start + made), chances=((len(made), chance),))


async def propose(selection: Selection, tools: Scripted) -> Proposal:
    return await registry.run(registry.find_action("type-hints"), selection, "", tools)


async def hinted(text: str, answers: Answers | None = None, selected: str | None = None) -> str:
    """The text with its type hints."""
    selection = select(text, selected)
    proposal = await propose(selection, Scripted(answers))
    return proposal.new_text(selection.document)
