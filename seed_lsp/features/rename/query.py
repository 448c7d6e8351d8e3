"""The question that a rename answers: which name of which file is meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver


def _go_on() -> None:
    """Do nothing: somebody always waits for the answer."""


@dataclass(frozen=True)
class Query:
    """The name that is meant: it stands at `offset`, in characters, of the file at `path`.

    `resolver` must read open documents through `files`. `check` is called often, and raises an
    error once nobody waits for the answer.
    """

    files: WorkspaceFiles
    resolver: Resolver
    path: Path
    offset: CharOffset
    check: Callable[[], None] = _go_on

    @property
    def document(self) -> Document:
        return self.files.document(self.path)
