"""Tools whose model answers from a table, for tests without an engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.api import Event, Finished, InfillRequest, Request
from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Proposal, Selection
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.syntax import Span

_HOLE = re.compile(r"(\w+):$|( ->)(?: \w+\[)?$")


@dataclass
class Scripted:
    """A model that gives the parameter `name` the type `answers[name]`, and ``return`` the result.

    What it is not told it leaves empty. Where an answer is a pair, its second part is how sure the
    model is.
    """

    answers: Mapping[str, str | tuple[str, float]] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    asked: list[InfillRequest] = field(default_factory=list)
    shown: list[tuple[Span, str, str]] = field(default_factory=list)

    async def ask(self, request: Request, watch: Callable[[Event], None] = lambda _event: None) -> Finished:
        assert isinstance(request, InfillRequest)
        assert watch is not None
        self.asked.append(request)
        hole = _HOLE.search(request.prefix + request.start)
        assert hole is not None, "each request ends where a type begins"
        answer = self.answers.get(hole.group(1) or "return", "")
        text, chance = answer if isinstance(answer, tuple) else (answer, 0.99)
        made = text if request.start.endswith("[") else f" {text}"
        return Finished(1, request.start + made, "stop", "verified", 1, 1, 10, 0, 0.1, 0.1, 1, "m", "cpu", "int4", ((len(made), chance),))

    async def look_up(self, _selection: Selection, _work: Callable[..., Any]) -> Any:
        raise SelectionError("there is no file")

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        self.shown.append((span, committed, draft))


def selection_of(text: str, selected: str | None = None, *, language: str = "python") -> Selection:
    """All of a text, or the first time that `selected` stands in it."""
    start = 0 if selected is None else text.index(selected)
    end = len(text) if selected is None else start + len(selected)
    return Selection(Document("u", text, 1, language), CharOffset(start), CharOffset(end))


async def propose(selection: Selection, tools: Scripted) -> Proposal:
    return await registry.run(registry.find_action("type-hints"), selection, "", tools)


async def hinted(text: str, answers: Mapping[str, str | tuple[str, float]] | None = None, selected: str | None = None) -> str:
    """The text with its type hints."""
    selection = selection_of(text, selected)
    proposal = await propose(selection, Scripted(answers or {}))
    return proposal.new_text(selection.document)
