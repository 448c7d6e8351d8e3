"""Answers of a scripted model, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from engine.api import Committed, EditRequest, Event, Finished
from seed_lsp.features.refactor import rewriting
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import apply_edits

FREELY = "Give the parameters other names and types, and return something else."
"""An instruction that does not bind the signature."""


def finished(text: str, reason="stop") -> Finished:
    return Finished(1, text, reason, "verified", 5, 2, 10, 0, 0.1, 0.2, 1, "m", "cpu", "float32")


def plan_of(text: str, region: str = "", instruction: str = FREELY, language: str = "python") -> rewriting.Plan:
    start = text.index(region)
    document = Document("u", text, 1, language)
    own = rewriting.own_instruction(instruction)
    return rewriting.make_plan(document, CharOffset(start), CharOffset(start + len(region or text)), own, Settings())


def rewritten(text: str, answer: str, region: str = "", instruction: str = FREELY, language: str = "python") -> str:
    """`text` after an answer of the model was applied to the region."""
    plan = plan_of(text, region, instruction, language)
    return apply_edits(text, rewriting.read_rewrite(plan, finished(answer)).edits)


def simplified(text: str, answer: str, language: str = "python") -> str:
    """`text` after the model's answer to the action "simplify"."""
    document = Document("u", text, 1, language)
    plan = rewriting.make_plan(document, CharOffset(0), CharOffset(len(text)), rewriting.SIMPLIFY, Settings())
    return apply_edits(text, rewriting.read_rewrite(plan, finished(answer)).edits)


class ScriptedTools:
    """A model whose answers are given, piece by piece; it stops when it is told to."""

    def __init__(self, answers: Iterable[str], settings: Settings | None = None, alternatives: tuple[str, ...] = ()) -> None:
        self.settings = settings or Settings()
        self.alternatives = alternatives
        self.asked: list[EditRequest] = []
        self.ended = 0
        self.shown: list[str] = []
        self._answers = iter(answers)

    async def ask(self, request: Any, watch: Callable[[Event], bool | None] = lambda _event: None) -> Finished:
        self.asked.append(request)
        answer, told = next(self._answers), ""
        for line in answer.splitlines(keepends=True):
            told += line
            if watch(Committed(request.id, line)):
                self.ended += 1
                return finished(told, "cancelled")
        return replace(finished(answer), alternatives=self.alternatives if request.alternatives else ())

    async def look_up(self, *_arguments: Any) -> Any:
        raise AssertionError("an instruction needs no jedi")

    def show(self, _span: Any, committed: str, draft: str = "") -> None:
        self.shown.append(committed + draft)
