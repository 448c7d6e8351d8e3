"""Asking for something in words, without a model."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seed_lsp.features.refactor import intents, registry
from seed_lsp.features.refactor.action import Proposal, Selection
from tests.features.refactor.acting import select
from tests.features.refactor.tools import NoTools


def body(*lines: str, header: str = "def f(items, other=()):") -> str:
    return f"{header}\n" + "".join(f"    {line}\n" if line else "\n" for line in lines)


class Quiet(NoTools):
    """No model; what is shown on the way is not looked at."""

    def show(self, span: Any, committed: str, draft: str = "") -> None:
        pass


def understood(words: str, text: str = "def f(a):\n    return a\n", language: str = "python") -> bool:
    """Whether the words are understood for a text, all of which is selected."""
    chosen = select(text)
    document = type(chosen.document)("file:///a", text, 1, language)
    return asyncio.run(intents.understood(Selection(document, chosen.start, chosen.end), words, Quiet())) is not None


def names_of(words: str, ways: Sequence[Any]) -> list[str]:
    """The intents that understand the words."""
    return [one.name for one in ways if asyncio.run(one.understand(select("x = 1\n"), words, Quiet())) is not None]


def proposed(words: str, text: str, selected: str | None = None, path: Path | None = None) -> tuple[Proposal, str]:
    selection = select(text, selected, path)
    proposal = asyncio.run(registry.run(registry.OWN, selection, words, Quiet()))
    return proposal, proposal.new_text(selection.document)


def asked(words: str, text: str, selected: str | None = None) -> str:
    """The text after what the words ask for."""
    return proposed(words, textwrap.dedent(text), selected)[1]
