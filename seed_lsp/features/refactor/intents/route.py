"""An intent whose result another action makes, or that is computed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from seed_lsp.features.refactor.action import MAX_CHARS, Proposal, Selection, Tools
from seed_lsp.features.refactor.intents.intent import Intent, Propose
from seed_lsp.features.refactor.intents.phrases import Phrases
from seed_lsp.source.document import Document
from seed_lsp.source.python_tree import read_tree

Do = Callable[[Selection, Mapping[str, str], Tools], Awaitable[Proposal]]
"""Makes the proposal, with the names of the code that the instruction has."""


async def _always(_selection: Selection) -> bool:
    return True


async def _parses(document: Document) -> bool:
    return await asyncio.to_thread(lambda: read_tree(document) is not None)


@dataclass(frozen=True)
class Route:
    """The words that ask for something, and what does it. `languages` are those in which it can be
    done; where it does not fit a selection, the words are left to the model. `is_lenient`: it is
    done in a file that does not parse as well.
    """

    name: str
    ways: Sequence[str]
    do: Do
    languages: Sequence[str] = ("python",)
    fits: Callable[[Selection], Awaitable[bool]] = _always
    is_lenient: bool = False


def intent_of(route: Route) -> Intent:
    phrases = Phrases(route.ways)

    async def understand(selection: Selection, instruction: str, tools: Tools) -> Propose | None:
        document = selection.document
        if document.language not in route.languages or len(document.text) > MAX_CHARS:
            return None
        # Compiling the patterns, and a long instruction, take a while: no key has to wait.
        found = await asyncio.to_thread(phrases.match, instruction)
        if found is None or not (route.is_lenient or await _parses(document)) or not await route.fits(selection):
            return None
        return partial(route.do, selection, found, tools)

    return Intent(route.name, understand)
