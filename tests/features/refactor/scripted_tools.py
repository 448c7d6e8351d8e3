"""Tools for an action whose model follows a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.api import Committed, Event, Finished, FinishReason, GenerateRequest, InfillRequest, Request
from seed_lsp.session.settings import Settings
from seed_lsp.source.syntax import Span


@dataclass
class ScriptedTools:
    """A model that says what `answer` gives for a hole, and `chat` to a question.

    It stops at stop strings, as the engine does, unless it is `unstoppable`.
    """

    answer: Callable[[InfillRequest], str]
    chat: str = ""
    reason: FinishReason = "stop"
    unstoppable: bool = False
    settings: Settings = field(default_factory=Settings)
    asked: list[InfillRequest] = field(default_factory=list)
    shown: list[tuple[Span, str, str]] = field(default_factory=list)

    async def ask(self, request: Request, watch: Callable[[Event], None] = lambda _event: None) -> Finished:
        if isinstance(request, GenerateRequest):
            text = self.chat
        else:
            assert isinstance(request, InfillRequest)
            self.asked.append(request)
            text = self.answer(request)
        assert isinstance(request, GenerateRequest | InfillRequest)
        for stop in () if self.unstoppable else request.stop:
            text = text.partition(stop)[0]
        text = request.start + text
        watch(Committed(request.id, text))
        return Finished(request.id, text, self.reason, "verified", 5, 2, 10, 0, 0.1, 0.2, 1, "m", "cpu", "float32")

    async def look_up(self, selection: Any, work: Any) -> Any:
        raise AssertionError("nothing is looked up")

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        self.shown.append((span, committed, draft))


def says(*answers: str) -> Callable[[InfillRequest], str]:
    """A script: one answer after the other, the last again and again."""
    left = list(answers)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]
