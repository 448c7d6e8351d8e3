"""Tools of an action whose model's answers are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.api import Committed, Finished, FinishReason, GenerateRequest
from seed_lsp.features.refactor.action import Selection
from seed_lsp.session.engine_client import Watch
from seed_lsp.session.settings import Settings
from seed_lsp.source.files import WorkspaceFiles, project_around
from seed_lsp.source.resolve import Resolver
from seed_lsp.source.syntax import Span
from tests.session_of import FINISHED

Script = Callable[[Any], "str | Finished"]
"""What a model answers to a request."""


def finished(text: str, reason: FinishReason = "stop") -> Finished:
    return replace(FINISHED, text=text, finish_reason=reason)


class ScriptedTools:
    """`Tools` whose model follows a script, or gives `answers` in turn, and that line by line.

    `asked` has the requests and `shown` the previews, in order; `ended` is how many answers were
    ended early.
    """

    def __init__(self, answers: Script | Iterable[str], settings: Settings | None = None, reason: FinishReason = "stop") -> None:
        self.settings = settings or Settings()
        self.reason = reason
        self.asked: list[Any] = []
        self.shown: list[tuple[Span, str, str]] = []
        self.ended = 0
        self._script = answers if callable(answers) else in_turn(answers)

    async def ask(self, request: Any, watch: Watch = lambda _event: None) -> Finished:
        self.asked.append(request)
        made, told = self._script(request), ""
        if isinstance(made, str):
            made = finished(made, self.reason)
        for line in made.text.splitlines(keepends=True):
            told += line
            if watch(Committed(request.id, line)):
                self.ended += 1
                return finished(told, "cancelled")
        return made

    async def look_up(self, _selection: Selection, _work: Callable[..., Any]) -> Any:
        raise AssertionError("nothing is looked up")

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        self.shown.append((span, committed, draft))


class NoTools(ScriptedTools):
    """Those of an action that must not ask for any."""

    def __init__(self) -> None:
        super().__init__([])

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        raise AssertionError("a draft was shown")


class ToolsOnFiles(ScriptedTools):
    """They look things up in the files around the selection's."""

    def __init__(self, *answers: str) -> None:
        super().__init__(answers)

    async def look_up(self, selection: Selection, work: Callable[[WorkspaceFiles, Resolver, Callable[[], None]], Any]) -> Any:
        assert isinstance(selection.path, Path)
        files = WorkspaceFiles(project_around(selection.path.parent))
        return work(files, Resolver(files.root, files.open_text), lambda: None)


def in_turn(answers: Iterable[str], alternatives: tuple[str, ...] = ()) -> Script:
    """One answer after the other, with `alternatives` where a request wants any; and none more."""
    left = iter(answers)

    def script(request: Any) -> str | Finished:
        answer = next(left, None)
        assert answer is not None, "the model is asked more often than there are answers"
        return replace(finished(answer), alternatives=alternatives) if alternatives and request.alternatives else answer

    return script


def says(*answers: str, chat: str = "", stops: bool = True) -> Script:
    """One answer after the other for holes, the last again and again; `chat` to a question."""
    left = list(answers)
    return fills(lambda _request: left.pop(0) if len(left) > 1 else left[0], chat, stops=stops)


def fills(script: Callable[[Any], str], chat: str = "", *, stops: bool = True) -> Script:
    """What `script` says to a hole, `chat` to a question: behind the beginning that is given and,
    as the engine does, up to a stop string.
    """

    def filled(request: Any) -> str:
        text = chat if isinstance(request, GenerateRequest) else script(request)
        for stop in request.stop if stops else ():
            text = text.partition(stop)[0]
        return str(request.start + text)

    return filled
