"""The name of what is extracted: the model's, if it comes soon and is free, or a plain one."""

from __future__ import annotations

import asyncio
import builtins
import keyword
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.api import EngineError, Finished, InfillRequest, SamplingOptions
from seed_lsp.errors import CancelledError, SeedError, SelectionError, StaleDocumentError
from seed_lsp.features.refactor.action import Tools
from seed_lsp.source.document import Document, with_line_feeds

PATIENCE = 1 / 60
"""The share of the time for an edit that a name may take: 2 of 120 seconds."""
TRIES, TEMPERATURE = 5, 1.0
"""How often the model is asked while its names are taken, and how freely it chooses the others."""
SHOWN_CHARS = 1500
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


def require_name(name: str) -> None:
    """`SelectionError` for what the user cannot give as a name."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise SelectionError(f"{name} is no name that Python allows; choose another one")


def numbered(name: str, is_free: Callable[[str], bool]) -> str:
    """The name, with the first number behind it that makes it free if it is not."""
    number, found = 1, name
    while not is_free(found):
        number += 1
        found = f"{name}{number}"
    return found


async def model_name(hole: Hole, tools: Tools, is_free: Callable[[str], bool]) -> tuple[str, tuple[Finished, ...]]:
    """The first of the model's names that is free, and its answers; an empty name if none comes in
    time.
    """
    settings = tools.settings
    answers: list[Finished] = []
    end = time.monotonic() + settings.edit_deadline_s * PATIENCE
    for seed in range(TRIES):
        left_s = end - time.monotonic()
        if left_s <= 0:
            break
        # The likeliest name first, and then others.
        sampling = replace(settings.edit_sampling(MAX_TOKENS, left_s), seed=seed, temperature=TEMPERATURE if seed else 0.0)
        finished = await _answer(hole, tools, sampling, left_s)
        if finished is None:
            break
        answers.append(finished)
        word = _IDENTIFIER.match(finished.text)
        name = hole.start + word[1].lower() if word else ""
        if not name or finished.finish_reason != "stop":
            break
        if is_free(name):
            return name, tuple(answers)
    return "", tuple(answers)


async def _answer(hole: Hole, tools: Tools, sampling: SamplingOptions, patience_s: float) -> Finished | None:
    """What the model writes at the place of the name; None if nothing comes in time."""
    request = InfillRequest(
        0,
        tools.settings.model,
        sampling,
        prefix=with_line_feeds(hole.before)[-SHOWN_CHARS:] + hole.start,
        suffix=with_line_feeds(hole.after)[:SHOWN_CHARS],
        stop=_STOPS,
    )
    try:
        return await asyncio.wait_for(tools.ask(request), patience_s)
    except (StaleDocumentError, CancelledError):
        raise
    except (EngineError, SeedError, asyncio.TimeoutError):
        return None
