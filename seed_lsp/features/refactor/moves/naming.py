"""The name of what is extracted: the model's, if it comes soon and is free, or a plain one."""

from __future__ import annotations

import asyncio
import builtins
import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.api import EngineError, Finished, InfillRequest
from seed_lsp.errors import CancelledError, SeedError, StaleDocumentError
from seed_lsp.features.refactor.action import Tools
from seed_lsp.source.document import Document, with_line_feeds

PATIENCE = 1 / 60
"""The share of the time for an edit that a name may take: 2 of 120 seconds."""
MAX_CHARS = 1500
"""Of code that the model is shown on each side of the name: reading takes it longer than naming."""
MAX_TOKENS = 12
_STOPS = ("(", ":", ",", ")", " ", "=", "\n", ".", "[", "{", ";")
_IDENTIFIER = re.compile(r"\s*_*([a-zA-Z][a-zA-Z0-9_]*)")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Hole:
    """Where the name goes: between two texts. The name gets `start` in front."""

    before: str
    after: str
    start: str = ""


def is_free_in(document: Document) -> Callable[[str], bool]:
    """Whether a name is used nowhere in a document, not even in a string, and has no meaning."""
    words = {*_WORD.findall(document.text), *dir(builtins), *keyword.kwlist, *keyword.softkwlist}
    return lambda name: name not in words


def numbered(name: str, is_free: Callable[[str], bool]) -> str:
    """The name, with the first number behind it that makes it free if it is not."""
    number, found = 1, name
    while not is_free(found):
        number += 1
        found = f"{name}{number}"
    return found


async def model_name(hole: Hole, tools: Tools, is_free: Callable[[str], bool]) -> tuple[str, tuple[Finished, ...]]:
    """The model's name and its answer; an empty name if none comes in time, or if it is taken."""
    settings = tools.settings
    patience_s = settings.edit_deadline_s * PATIENCE
    request = InfillRequest(
        0,
        settings.model,
        settings.edit_sampling(MAX_TOKENS, patience_s),
        prefix=with_line_feeds(hole.before)[-MAX_CHARS:] + hole.start,
        suffix=with_line_feeds(hole.after)[:MAX_CHARS],
        stop=_STOPS,
    )
    try:
        finished = await asyncio.wait_for(tools.ask(request), patience_s)
    except (StaleDocumentError, CancelledError):
        raise
    except (EngineError, SeedError, asyncio.TimeoutError):
        return "", ()
    word = _IDENTIFIER.match(finished.text)
    name = hole.start + word[1].lower() if word else ""
    if name and finished.finish_reason == "stop" and is_free(name):
        return name, (finished,)
    return "", (finished,)
