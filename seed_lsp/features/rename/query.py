"""The question that a rename answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver


def _go_on() -> None:
    """Nobody has given up."""


@dataclass(frozen=True)
class Query:
    """Which name is meant: the one at `offset` of the file at `path`.

    `resolver` must read open documents through `files`. `check` is called often, and raises once
    nobody waits for the answer.
    """

    files: WorkspaceFiles
    resolver: Resolver
    path: Path
    offset: CharOffset
    check: Callable[[], None] = _go_on

    @property
    def document(self) -> Document:
        return self.files.document(self.path)
