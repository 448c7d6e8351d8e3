"""Inline completion: what to ask for at a cursor, and what of the answer is worth showing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlparse

from engine.api import Finished, InfillRequest, SamplingOptions
from seed_lsp.settings import Settings
from seed_lsp.source.context import SUFFIX_CHARS, TYPING_SUFFIX_CHARS, infill_context
from seed_lsp.source.document import CharOffset, Document

Reason = Literal[
    "shown",
    "typed_along",
    "disabled",
    "failed",
    "cancelled",
    "superseded",
    "moved",
    "deadline",
    "blank",
    "short",
    "repeats_suffix",
    "leaves_block",
]
"""Why a completion is shown or not."""

MIN_CHARS = 3


@dataclass(frozen=True)
class Plan:
    """A completion to ask for."""

    document: Document
    cursor: CharOffset

    @property
    def rest_of_line(self) -> str:
        line = self.document.line_of(self.cursor)
        return self.document.text[self.cursor : self.document.line_range(line)[1]].rstrip("\r\n")

    @property
    def multi_line(self) -> bool:
        """A block may follow where nothing stands right of the cursor; otherwise the line is all that is asked for."""
        return not self.rest_of_line.strip()


@dataclass(frozen=True)
class Completion:
    """Text to insert at the cursor, or none; and why."""

    text: str
    reason: Reason


def build_request(plan: Plan, settings: Settings, request_id: int, *, automatic: bool) -> InfillRequest:
    context = infill_context(plan.document, plan.cursor, suffix_chars=TYPING_SUFFIX_CHARS if automatic else SUFFIX_CHARS)
    deadline_ms = settings.inline_typing_deadline_ms if automatic else settings.inline_deadline_ms
    return InfillRequest(
        request_id,
        settings.model,
        SamplingOptions(mode=settings.mode, max_new_tokens=settings.inline_max_tokens, deadline_s=deadline_ms / 1000),
        prefix=context.prefix,
        suffix=context.suffix,
        path=PurePosixPath(unquote(urlparse(plan.document.uri).path)).name,
        stop=("\n\n\n",) if plan.multi_line else ("\n",),
        automatic=automatic,
    )


def read_completion(plan: Plan, finished: Finished) -> Completion:
    """Filter the model's text; the reason names the first filter that left nothing."""
    if finished.finish_reason == "cancelled":
        return Completion("", "cancelled")
    text = finished.text
    if finished.finish_reason in ("deadline", "length") and plan.multi_line:
        text = _whole_lines(text)
    if not text.strip():
        return Completion("", "deadline" if finished.finish_reason == "deadline" else "blank")
    if plan.multi_line:
        text = _within_block(text, plan)
        if not text.strip():
            return Completion("", "leaves_block")
    text = _without_repetition(text, plan).rstrip()
    if not text.strip():
        return Completion("", "repeats_suffix")
    if len(text.strip()) < MIN_CHARS:
        return Completion("", "short")
    return Completion(text.replace("\n", plan.document.newline), "shown")


def _whole_lines(text: str) -> str:
    """Without the last line, which was cut off, unless it is the only one."""
    head, _, _ = text.rpartition("\n")
    return head if head.strip() else text


def _within_block(text: str, plan: Plan) -> str:
    """Up to where the text leaves the block that the cursor is in: the first later line with less indentation."""
    start, _ = plan.document.line_range(plan.document.line_of(plan.cursor))
    before = plan.document.text[start : plan.cursor]
    indent = len(before) - len(before.lstrip())
    lines = text.split("\n")
    for i, line in enumerate(lines[1:], start=1):
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            return "\n".join(lines[:i]).rstrip()
    return text


def _without_repetition(text: str, plan: Plan) -> str:
    """Without an end that already stands behind the cursor: the rest of the line, or the next line with text."""
    rest = plan.rest_of_line.strip()
    if rest:
        for size in range(len(rest), 0, -1):
            if text.rstrip().endswith(rest[:size]):
                return text.rstrip()[:-size]
        return text
    document = plan.document
    following = (document.line_text(i).strip() for i in range(document.line_of(plan.cursor) + 1, len(document.line_starts)))
    next_line = next((line for line in following if line), None)
    lines = text.split("\n")
    if next_line is not None:
        for i, line in enumerate(lines):
            if i > 0 and line.strip() == next_line:
                return "\n".join(lines[:i])
    return text
