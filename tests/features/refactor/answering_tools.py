"""What an action may use, with the model's answers given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.api import Committed, Finished, FinishReason, Request
from seed_lsp.features.refactor.action import Selection
from seed_lsp.session.engine_client import Watch
from seed_lsp.session.settings import Settings
from seed_lsp.source.files import WorkspaceFiles, project_around
from seed_lsp.source.resolve import Resolver
from seed_lsp.source.syntax import Span
from tests.session_of import FINISHED


class AnsweringTools:
    """`Tools` whose model gives these answers in turn; `asked` has what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.settings = Settings()
        self.asked: list[Any] = []
        self.shown: list[tuple[Span, str, str]] = []
        self.finish: FinishReason = "stop"
        self._answers = list(answers)

    async def ask(self, request: Request, watch: Watch = lambda _event: None) -> Finished:
        self.asked.append(request)
        assert self._answers, "the model is asked more often than there are answers"
        text = self._answers.pop(0)
        watch(Committed(request.id, text))
        return replace(FINISHED, id=request.id, text=text, finish_reason=self.finish)

    async def look_up(self, selection: Selection, work: Callable[[WorkspaceFiles, Resolver, Callable[[], None]], Any]) -> Any:
        assert isinstance(selection.path, Path)
        files = WorkspaceFiles(project_around(selection.path.parent))
        return work(files, Resolver(files.root, files.open_text), lambda: None)

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        self.shown.append((span, committed, draft))
