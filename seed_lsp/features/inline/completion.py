"""Inline completion: what to ask for at a cursor, and what of the answer is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.api import Finished, InfillRequest, RelatedFile, SamplingOptions, Urgency
from seed_lsp.features.inline import filters
from seed_lsp.features.inline.closing import with_closed_quotes
from seed_lsp.features.inline.filters import MIN_CHARS, Filter
from seed_lsp.features.inline.indentation import indented
from seed_lsp.features.inline.plan import Plan
from seed_lsp.session.settings import Settings
from seed_lsp.source.address import name_of
from seed_lsp.source.context import SUFFIX_CHARS, TYPING_SUFFIX_CHARS, infill_context

Reason = Literal[
    "shown",
    "typed_along",
    "disabled",
    "paused",
    "excluded",
    "within_word",
    "within_line",
    "failed",
    "cancelled",
    "superseded",
    "moved",
    "deadline",
    "unsure",
    "blank",
    "short",
    "leaves_block",
    "loops",
    "repeats_above",
    "repeats_suffix",
    "unbalanced",
    "closes_string",
]
FINISHED_CHANCE = 0.5
"""While the user types, a line that goes on behind a closing bracket needs this probability."""
REASONS: dict[Reason, str] = {
    "shown": "a suggestion of the model",
    "typed_along": "what is left of the suggestion that is being typed",
    "disabled": "switched off by seed.inline.enabled",
    "paused": "paused by the command seed.pause",
    "excluded": "the file may hold secrets, or is excluded or ignored",
    "within_word": "the cursor stands within a word; ask for a completion to get one all the same",
    "within_line": "code follows on the line; ask for a completion to get one all the same",
    "failed": "the engine failed; the log's next line says how",
    "cancelled": "the editor took the request back",
    "superseded": "a newer request took its place",
    "moved": "the document changed meanwhile",
    "deadline": "nothing was certain before the deadline",
    "unsure": "the model gives its own text too little chance",
    "blank": "the model says that nothing is missing",
    "short": f"fewer than {MIN_CHARS} characters",
    "leaves_block": "the model goes on behind the end of the block",
    "loops": "the model repeats itself",
    "repeats_above": "the model repeats the line above",
    "repeats_suffix": "what the model writes stands behind the cursor already",
    "unbalanced": "the model closes a bracket that is not open",
    "closes_string": "the model closes a string whose end stands behind the cursor",
}
"""What each reason code says to people."""

_FILTERS: tuple[tuple[Reason, Filter], ...] = (
    ("loops", filters.without_loops),
    ("repeats_above", filters.without_line_above),
    ("repeats_suffix", filters.without_suffix),
    ("unbalanced", filters.balanced),
    ("closes_string", with_closed_quotes),
)


@dataclass(frozen=True)
class Completion:
    """Text to insert at the cursor, or none, and the reason.

    `cut`: the deadline ended the text, which may go on.
    """

    text: str
    reason: Reason
    cut: bool = False


def nothing_wanted(plan: Plan) -> Completion | None:
    """The answer where the place itself says that nothing should be suggested."""
    if plan.extent != "nothing":
        return None
    return Completion("", "within_word" if plan.within_word else "within_line")


def build_request(
    plan: Plan, settings: Settings, request_id: int, related: tuple[RelatedFile, ...] = (), *, waited_s: float = 0.0
) -> InfillRequest:
    """What to ask of the engine. `waited_s`: how long ago the editor asked."""
    automatic = plan.automatic
    context = infill_context(plan.document, plan.cursor, suffix_chars=TYPING_SUFFIX_CHARS if automatic else SUFFIX_CHARS)
    deadline_s = (settings.inline_typing_deadline_ms if automatic else settings.inline_deadline_ms) / 1000
    # The bound is for what nobody asked for.
    chance = settings.inline_min_chance / 100 if automatic and settings.mode != "diffusion" else 0.0
    if chance and plan.looks_finished:
        chance = max(chance, FINISHED_CHANCE)
    return InfillRequest(
        request_id,
        settings.model_of_inline,
        SamplingOptions(mode=settings.mode, max_new_tokens=settings.inline_max_tokens, deadline_s=deadline_s, min_chance=chance),
        prefix=context.prefix,
        suffix=context.suffix,
        path=name_of(plan.document.uri),
        related=related,
        urgency=Urgency.TYPING if automatic else Urgency.ASKED_FOR,
        waited_s=waited_s,
    )


def is_over(plan: Plan, text: str) -> bool:
    """Whether the `text` that is certain holds the whole completion, so that the model may stop."""
    return filters.end_of(plan, text) is not None


def read_completion(plan: Plan, finished: Finished) -> Completion:
    """Filter the model's text; the reason names the first filter that left nothing."""
    text, cut = finished.text, finished.finish_reason
    end = filters.end_of(plan, text)
    if end is not None:
        text, cut = text[:end], "stop"
        if not text.strip():
            return Completion("", "leaves_block")
    if cut == "cancelled":
        return Completion("", "cancelled")
    if cut != "stop":
        # A text that was cut off is shown in whole lines, but for the first line: somebody waits
        # for it, and gets as much of it as there is.
        text = _whole_lines(text, keep_first=cut != "unsure")
    if not text.strip():
        return Completion("", cut if cut in ("deadline", "unsure") else "blank")
    text = written = indented(plan, text)
    for reason, apply in _FILTERS:
        text = apply(plan, text).rstrip()
        if not text.strip():
            return Completion("", reason)
    if len(text.strip()) < MIN_CHARS:
        return Completion("", "short")
    return Completion(text.replace("\n", plan.document.newline), "shown", cut=cut == "deadline" and text == written.rstrip())


def _whole_lines(text: str, *, keep_first: bool) -> str:
    """Without the last line, which was cut off, unless it is the only one and `keep_first`."""
    head, _, last = text.rpartition("\n")
    return head if head.strip() or not keep_first else last if not head else text
