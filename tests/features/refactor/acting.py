"""Running an action that needs no model, on a text."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Offer, Proposal, Selection
from seed_lsp.source.document import CharOffset, Document
from tests.features.refactor.tools import NoTools


def select(text: str, selected: str | None = None, path: Path | None = None, language: str = "python") -> Selection:
    """A document of which the first `selected` is selected; all of it by default."""
    start = 0 if selected is None else text.index(selected)
    document = Document("file:///sample.py", text, 1, language)
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
