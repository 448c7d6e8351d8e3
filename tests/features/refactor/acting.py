"""Running an action that needs no model, on a text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Offer, Proposal, Selection
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.syntax import Span


@dataclass(frozen=True)
class NoTools:
    """Tools of an action that must not ask for any."""

    settings: Settings = field(default_factory=Settings)

    async def ask(self, request: Any, watch: Callable[..., None] = lambda _event: None) -> Any:
        raise AssertionError("the model was asked")

    async def look_up(self, selection: Selection, work: Any) -> Any:
        raise AssertionError("jedi was asked")

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        raise AssertionError("a draft was shown")


def select(text: str, selected: str | None = None, path: Path | None = None) -> Selection:
    """A Python document of which the first `selected` is selected; all of it by default."""
    start = 0 if selected is None else text.index(selected)
    document = Document("file:///sample.py", text, 1, "python")
    return Selection(document, CharOffset(start), CharOffset(start + len(text if selected is None else selected)), path=path)


def propose(name: str, selection: Selection, argument: str = "") -> Proposal:
    return asyncio.run(registry.run(registry.find_action(name), selection, argument, NoTools()))


def offers(name: str, selection: Selection) -> list[Offer]:
    return list(asyncio.run(_offers(name, selection)))


async def _offers(name: str, selection: Selection) -> Any:
    return await registry.find_action(name).offers(selection)


def done(name: str, text: str, selected: str | None = None, argument: str = "", path: Path | None = None) -> str:
    """The text after the action."""
    selection = select(text, selected, path)
    return propose(name, selection, argument).new_text(selection.document)
