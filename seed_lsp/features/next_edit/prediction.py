"""A next edit: the model rewrites the lines around a candidate.

The result is shown only where nothing speaks against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.api import EditRequest, Finished, SamplingOptions, Urgency
from engine.fences import fence_around
from seed_lsp.features.next_edit.candidates import Candidate
from seed_lsp.features.next_edit.reports import names_of
from seed_lsp.session.history import Change, within
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document, with_line_feeds
from seed_lsp.source.patch import Run, changed_runs, words_of
from seed_lsp.source.syntax import Span, count_errors, parse
from seed_lsp.source.texts import with_old_line_ends, with_old_white_space

AROUND_LINES = 2
"""Lines on each side of a candidate that are rewritten with it."""
SHOWN_CHARS = 1200
"""Of the changes just made, as the model sees them."""
REPORT_CHARS = 300
"""Of a diagnostic's message."""
MAX_TOKENS = 160
DEADLINE_S = 4.0
REPORTED_CHANCE = 0.8
"""The least probability of a line of the model's text, where a diagnostic alone names the line and
there is no proposal to agree with."""
MOST_TIMES_LARGER = 3
_SPARE_CHARS = 40

Gate = Literal["agreement", "model"]
"""What a next edit needs: a model's text that is the candidate's proposal or likely and of the
reported line alone, or any that passes the checks (for measurements)."""

Verdict = Literal["shown", "unchanged", "unfinished", "unsure", "undoes", "too_large", "errors", "elsewhere", "disagrees"]


@dataclass(frozen=True)
class NextEdit:
    """Characters `start` to `end` of the document give way to `text`."""

    start: CharOffset
    end: CharOffset
    text: str


@dataclass(frozen=True)
class Prediction:
    """A next edit, or none; and why."""

    edit: NextEdit | None
    verdict: Verdict


def build_request(
    document: Document,
    candidate: Candidate,
    changes: Sequence[Change],
    settings: Settings,
    request_id: int,
    *,
    around: int = AROUND_LINES,
) -> EditRequest:
    """The request to rewrite the candidate's line and `around` lines on each side."""
    start, end = window(document, candidate, around)
    region = with_line_feeds(document.text[start:end])
    guess, chance = "", 0.0
    if candidate.proposal is not None:
        line_start, line_end = document.line_range(candidate.line)
        guess = region[: line_start - start] + candidate.proposal + "\n" + with_line_feeds(document.text[line_end:end])
    elif candidate.report and settings.mode != "diffusion":
        chance = REPORTED_CHANCE
    return EditRequest(
        request_id,
        settings.model,
        SamplingOptions(mode=settings.mode, max_new_tokens=MAX_TOKENS, deadline_s=DEADLINE_S, min_chance=chance),
        before="",
        region=region,
        after="",
        instruction=_instruction(document, candidate, changes),
        language=document.language,
        guess=guess,
        urgency=Urgency.OFFER,
    )


def window(document: Document, candidate: Candidate, around: int = AROUND_LINES) -> tuple[CharOffset, CharOffset]:
    """Whole lines, `around` on each side of a candidate."""
    first = max(0, candidate.line - around)
    last = min(len(document.line_starts) - 1, candidate.line + around)
    return document.line_range(first)[0], document.line_range(last)[1]


def _instruction(document: Document, candidate: Candidate, changes: Sequence[Change]) -> str:
    example = changes[candidate.change]
    shown = list(within([example, *(change for change in changes[:2] if change is not example)], SHOWN_CHARS)) or [example]
    language, parts = document.language, []
    for change in reversed(shown):
        before, after = "\n".join(change.before), "\n".join(change.after)
        fence = fence_around(before + after)
        parts.append(f"I changed\n{fence}{language}\n{before}\n{fence}\nto\n{fence}{language}\n{after}\n{fence}")
    if candidate.proposal is None and candidate.report:
        line = document.line_text(candidate.line).strip()
        parts.append(f"Now my checker says of `{line}`: {_one_line(candidate.report)}")
        parts.append(
            "Make the same change in the code below, on that line and wherever it applies. Repeat the other lines as they are; add none."
        )
    else:
        parts.append("Make the same change in the code below, wherever it applies. Where it does not apply, repeat the code as it is.")
    return "\n".join(parts)


def _one_line(report: str) -> str:
    return " ".join(report.split())[:REPORT_CHARS]


def proposed(document: Document, candidate: Candidate) -> NextEdit | None:
    """The candidate's own proposal as an edit."""
    if candidate.proposal is None:
        return None
    start, end = document.line_range(candidate.line)
    line = document.text[start:end]
    return NextEdit(start, end, candidate.proposal + line[len(line.rstrip("\r\n")) :])


def read_prediction(
    document: Document,
    candidate: Candidate,
    changes: Sequence[Change],
    finished: Finished,
    gate: Gate = "agreement",
    *,
    around: int = AROUND_LINES,
) -> Prediction:
    """Check the model's text; the verdict names what spoke against it.

    `around` is that of the request.
    """
    if finished.finish_reason != "stop":
        return Prediction(None, "unsure" if finished.finish_reason == "unsure" else "unfinished")
    start, end = window(document, candidate, around)
    text = with_old_white_space(document, Span(start, end), with_old_line_ends(document.text[start:end], finished.text), always=False)
    old, new = (with_line_feeds(one).split("\n") for one in (document.text[start:end], text))
    runs = changed_runs(old, new)
    if not runs:
        return Prediction(None, "unchanged")
    first = document.line_of(start)
    at = candidate.line - first
    # This is the run of changed lines that touches the candidate. Other runs in the window are
    # candidates of their own, or noise.
    run = next((run for run in runs if run.old_start <= at < max(run.old_end, run.old_start + 1)), None)
    reported = gate == "agreement" and candidate.proposal is None and bool(candidate.report)
    if run is not None and reported:
        run = _line_of(run, at)
    if run is None:
        return Prediction(None, "elsewhere")
    before, after = old[run.old_start : run.old_end], new[run.new_start : run.new_end]
    example = changes[candidate.change]
    if reported and not names_of(example) & names_of(Change(document.uri, candidate.line, tuple(before), tuple(after))):
        return Prediction(None, "disagrees")
    if any([line.strip() for line in after] == [line.strip() for line in change.before] for change in changes):
        return Prediction(None, "undoes")
    if _moved_chars(before, after) > MOST_TIMES_LARGER * _moved_chars(example.before, example.after) + _SPARE_CHARS:
        return Prediction(None, "too_large")
    if gate == "agreement" and not reported and (candidate.proposal is None or candidate.proposal not in after):
        return Prediction(None, "disagrees")
    edit = _edit(document, first + run.old_start, first + run.old_end, after)
    if gate == "agreement":
        edit = proposed(document, candidate) or edit
    text = document.text[: edit.start] + edit.text + document.text[edit.end :]
    trees = [parse(one, document.language) for one in (document.text, text)]
    if trees[0] is not None and trees[1] is not None and count_errors(trees[1]) > count_errors(trees[0]):
        return Prediction(None, "errors")
    return Prediction(edit, "shown")


def _line_of(run: Run, at: int) -> Run | None:
    """The changed line `at`, where each changed line has its counterpart.

    That line alone was reported; its neighbours are candidates of their own.
    """
    if run.old_end - run.old_start != run.new_end - run.new_start:
        return None
    line = run.new_start + at - run.old_start
    return Run(at, at + 1, line, line + 1)


def _edit(document: Document, first: int, end: int, after: Sequence[str]) -> NextEdit:
    start = document.line_range(first)[0] if first < len(document.line_starts) else CharOffset(len(document.text))
    stop = document.line_range(end)[0] if end < len(document.line_starts) else CharOffset(len(document.text))
    return NextEdit(start, stop, "".join(line + document.newline for line in after))


def _moved_chars(before: Sequence[str], after: Sequence[str]) -> int:
    """Characters that a change takes away or brings."""
    old, new = words_of("\n".join(before)), words_of("\n".join(after))
    runs = changed_runs(old, new)
    return sum(len("".join(old[r.old_start : r.old_end])) + len("".join(new[r.new_start : r.new_end])) for r in runs)
