"""Rewriting a selection by an instruction.

Here is what the engine is asked, and when its answer may be applied.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from engine.api import EditExample, EditRequest, Finished
from seed_lsp.errors import NoChangeError, RejectedResultError, SelectionError
from seed_lsp.features.refactor.action import MAX_CHARS, require_wanted
from seed_lsp.features.refactor.answer_end import Bounds, bounds_of, end_of
from seed_lsp.features.refactor.asked import Asked
from seed_lsp.features.refactor.change import Change
from seed_lsp.features.refactor.kept import refusal, refused_at_once
from seed_lsp.features.refactor.new_imports import Lifted, lift_imports, with_imports
from seed_lsp.features.refactor.parts import parts
from seed_lsp.features.refactor.purpose import may_be_partial
from seed_lsp.features.refactor.unasked import keep_white_space
from seed_lsp.features.refactor.unasked_names import lost_name
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document, split_lines, with_line_feeds
from seed_lsp.source.patch import Edit, apply_edits, minimal_edits
from seed_lsp.source.surroundings import without_header, without_surroundings
from seed_lsp.source.syntax import Span, adds_errors, snap

SHOWN_CHARS = 60
"""Of code that a refusal names."""
PARTS_S = 4.0
"""So long the right part of an answer is looked for, in seconds."""
CHARS_PER_TOKEN = 4
"""Source code has three to four characters a token. A selection that needs more tokens than the
limit is refused at once."""

# Invisible characters that reorder or hide code (Boucher and Anderson, Trojan Source,
# CVE-2021-42574).
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
# Text that looks like the control tokens of models.
_MARK = re.compile(r"<\|\w+\|>")
_DEFINITION = re.compile(r"^\s*(?:async\s+def|def|class)\s+\w+")


Form = Literal["alone", "example", "around"]
FORMS: tuple[Form, ...] = ("alone", "example", "around")
"""How the model is asked: with the region alone; if that gives nothing, behind an example; and at
last with the lines around it, which takes longest."""
_EXAMPLE_BEFORE = '''
def load(self, path, size=None):
    """Load the records of a file.

    Missing files count as empty.
    """
    # The cache is shared.
    if path in self.cache:
        return self.cache[path]
    rows = read(path, size)
    return rows
'''
EXAMPLE = EditExample(
    "Raise a TypeError if `size` is a string.",
    _EXAMPLE_BEFORE,
    _EXAMPLE_BEFORE.replace("    # The", '    if isinstance(size, str):\n        raise TypeError("size must not be a string")\n    # The'),
)


@dataclass(frozen=True)
class Refactoring:
    """A code action: its name in the protocol, its title in the menu, and what the model is told.

    `needs_context`: the surrounding file is part of the question. `keeps_start`: a definition that
    the region begins with stays first. `is_own`: the words are the user's. `same_behaviour`: none
    of the instruction's words allows for another signature, other comments or other effects.
    """

    name: str
    title: str
    instruction: str
    needs_context: bool = False
    keeps_start: bool = True
    is_own: bool = False
    same_behaviour: bool = False


SIMPLIFY = Refactoring(
    "simplify",
    "Simplify with the model",
    "Simplify this code: make it shorter and more idiomatic, keep its behaviour and its names.",
    same_behaviour=True,
)


@dataclass(frozen=True)
class Plan:
    """A rewrite to ask for: `span` of `document`, which holds what was `selected`."""

    document: Document
    span: Span
    refactoring: Refactoring
    selected: Span

    @property
    def region(self) -> str:
        return self.document.text[self.span.start : self.span.end]

    @property
    def forms(self) -> tuple[Form, ...]:
        """How the model is asked, one after the other."""
        return FORMS if self.refactoring.needs_context else tuple(form for form in FORMS if form != "around")

    @property
    def seeks_fault(self) -> bool:
        """Whether the user says that something is wrong, so that leaving the code is no answer."""
        return self.refactoring.is_own and Asked(self.refactoring.instruction).speaks_of("faults")

    @cached_property
    def bounds(self) -> Bounds:
        return bounds_of(self.document, self.span, self.refactoring.instruction)


@dataclass(frozen=True)
class Rewrite:
    """The new region, and the smallest edits (in characters of the document) that make it.

    `imports` are edits to the import block, which lies before it. Of the model's changes
    `left_out` lines were not taken.
    """

    new_region: str
    edits: tuple[Edit, ...]
    imports: tuple[Edit, ...] = ()
    left_out: int = 0

    @property
    def note(self) -> str:
        """What the user should know of it."""
        if not self.left_out:
            return ""
        if self.left_out == 1:
            return "1 changed line that the instruction says nothing of was left as it was"
        return f"{self.left_out} changed lines that the instruction says nothing of were left as they were"

    def new_text(self, plan: Plan) -> str:
        return apply_edits(plan.document.text, (*self.imports, *self.edits))


def own_instruction(instruction: str) -> Refactoring:
    """A refactoring in the user's own words.

    It may concern the file around, and its answer may begin with anything.
    """
    return Refactoring("edit", "Edit", instruction, needs_context=True, keeps_start=False, is_own=True)


def make_plan(document: Document, start: CharOffset, end: CharOffset, refactoring: Refactoring, settings: Settings) -> Plan:
    """Snap the selection to whole syntax nodes.

    `SelectionError` if it holds no code or too much, or if there is no instruction.
    """
    if not refactoring.instruction.strip():
        raise SelectionError("the instruction is empty; say what to change")
    if len(document.text) > MAX_CHARS:
        raise SelectionError(f"the file is too large: code is rewritten in files of up to {MAX_CHARS:,} characters")
    span = snap(document, start, end)
    if span.start == span.end:
        raise SelectionError("the selection holds no code; select the lines to rewrite")
    size, limit = span.end - span.start, settings.edit_max_tokens * CHARS_PER_TOKEN
    if size > limit:
        raise SelectionError(
            f"the selection has {size} characters, of which at most {limit} fit; select less, or raise seed.edit.maxTokens"
        )
    return Plan(document, span, refactoring, Span(max(start, span.start), min(end, span.end)))


def build_request(
    plan: Plan, settings: Settings, request_id: int, *, form: Form = FORMS[0], deadline_s: float | None = None
) -> EditRequest:
    """What the engine is asked; in `deadline_s` seconds if it has fewer than the settings say."""
    text, span = plan.document.text, plan.span
    around = (text[: span.start], text[span.end :]) if form == "around" and plan.refactoring.needs_context else ("", "")
    before, after = (with_line_feeds(piece) for piece in around)
    return EditRequest(
        request_id,
        settings.model,
        settings.edit_sampling(deadline_s=deadline_s),
        before=before,
        region=with_line_feeds(plan.region),
        after=after,
        instruction=plan.refactoring.instruction,
        keep_start=plan.refactoring.keeps_start,
        language=plan.document.language,
        examples=(EXAMPLE,) if form == "example" else (),
    )


def read_rewrite(plan: Plan, finished: Finished) -> Rewrite:
    """Check the model's text and turn it into edits.

    `RejectedResultError` says why the text may not be applied.
    """
    finished = _ended(plan, finished)
    _require_end(finished)
    asked = plan.refactoring.instruction if plan.refactoring.is_own else None
    answer = without_header(plan.document, plan.span, finished.text)
    new = keep_white_space(plan.document, plan.span, answer, asked)
    lifted = lift_imports(plan.document, plan.span, new)
    new = _own_code(plan, lifted.code)
    if not new.strip():
        raise RejectedResultError("the model answered with no code; say in the instruction what should remain")
    try:
        return _checked(plan, new, lifted)
    except NoChangeError:
        raise
    except RejectedResultError:
        if (part := _right_part(plan, new, lifted)) is None:
            raise
        return part


def _right_part(plan: Plan, new: str, lifted: Lifted) -> Rewrite | None:
    """Of a partly wrong answer what passes all checks, with as many of its changes as can be."""
    if not plan.refactoring.is_own or not may_be_partial(plan.refactoring.instruction):
        return None
    until = time.monotonic() + PARTS_S
    for part in parts(plan.region, new):
        if time.monotonic() > until:
            break
        if refused_at_once(_change(plan, part.text)):
            continue
        with contextlib.suppress(RejectedResultError):
            return replace(_checked(plan, part.text, lifted), left_out=part.left_out)
    return None


def _checked(plan: Plan, new: str, lifted: Lifted) -> Rewrite:
    """The rewrite with the new code; `RejectedResultError` says why it may not be applied."""
    change, imports = with_imports(_change(plan, new), lifted.names)
    new = change.new
    rewrite = Rewrite(new, tuple(minimal_edits(plan.region, new, offset=plan.span.start)), imports)
    if not rewrite.edits:
        raise NoChangeError("the model proposes no change")
    if lost := Counter(_MARK.findall(plan.region)) - Counter(_MARK.findall(new)) - Counter(_MARK.findall(plan.refactoring.instruction)):
        # A model that writes its own control token ends there.
        raise RejectedResultError(f"the model left out the text {min(lost)}; select the lines around it without it")
    if set(_HIDDEN.findall(new)) - set(_HIDDEN.findall(plan.region)):
        raise RejectedResultError("the model's text has invisible control characters that the selection has not")
    _require_no_new_errors(plan, rewrite)
    _require_names(plan, new)
    if words := refusal(change):
        raise RejectedResultError(words)
    return rewrite


def _change(plan: Plan, new: str) -> Change:
    same = plan.refactoring.same_behaviour
    asked = Asked("" if same else plan.refactoring.instruction)
    return Change(plan.document, plan.span, new, asked, same, plan.selected, is_own=plan.refactoring.is_own)


def _ended(plan: Plan, finished: Finished) -> Finished:
    """The answer up to where its syntax says that it ends, which is an end like another."""
    end = end_of(finished.text, plan.bounds)
    if end is None or finished.finish_reason not in {"stop", "cancelled"}:
        return finished
    if end.whole:
        return replace(finished, text=finished.text[: end.at], finish_reason="stop")
    if finished.finish_reason == "cancelled":
        raise RejectedResultError(
            f"the model rewrote code outside the selection ({_first_line(finished.text[end.at :])} …); select that as well"
        )
    return finished


def _require_end(finished: Finished) -> None:
    """Half a rewrite must never replace a whole region."""
    require_wanted(finished)
    if finished.finish_reason == "length":
        raise RejectedResultError(
            f"the rewritten code is longer than {finished.new_tokens} tokens; select less, or raise seed.edit.maxTokens"
        )
    if finished.finish_reason == "deadline":
        raise RejectedResultError(
            f"not done after {finished.prefill_seconds + finished.decode_seconds:.0f} s; select less, or raise seed.edit.deadlineS"
        )


def _own_code(plan: Plan, new: str) -> str:
    """The answer without the lines of the surrounding file that it repeats at its ends.

    `RejectedResultError` where it repeats such lines elsewhere.
    """
    text = plan.document.text
    around = _definitions(text[: plan.span.start]) | _definitions(text[plan.span.end :])
    definitions = (_definitions(new) - _definitions(plan.region)) & around
    trimmed = without_surroundings(plan.document, plan.span, new, frozenset(re.findall(r"\w+", plan.refactoring.instruction)))
    if repeated := min(definitions, default=trimmed.repeated):
        raise RejectedResultError(f"the model rewrote code outside the selection ({_first_line(repeated)} …); select that as well")
    return trimmed.text


def _require_names(plan: Plan, new: str) -> None:
    """Refuse an answer that renames or takes away what was not to go."""
    refactoring = plan.refactoring
    if lost := lost_name(plan.document, plan.span, new, refactoring.instruction, is_own=refactoring.is_own):
        raise RejectedResultError(
            f"the model took away the name {lost}, of which the instruction says nothing; name it, or say what should keep its name"
        )


def _first_line(text: str) -> str:
    return text.strip().split("\n", maxsplit=1)[0][:SHOWN_CHARS]


def _require_no_new_errors(plan: Plan, rewrite: Rewrite) -> None:
    if adds_errors(plan.document.text, rewrite.new_text(plan), plan.document.language):
        raise RejectedResultError("the model's code does not parse in its place; try again with another selection or instruction")


def _definitions(text: str) -> set[str]:
    matches = (_DEFINITION.match(line) for line in split_lines(text))
    return {match.group(0).strip() for match in matches if match}
