"""Mend a Python file that does not parse: by one sign more or less, else by the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.api import EditRequest
from seed_lsp.errors import RejectedResultError
from seed_lsp.features.refactor.action import Proposal, Tools, require_wanted
from seed_lsp.source.document import CharOffset, Document, with_line_feeds
from seed_lsp.source.patch import Edit, apply_edits, likeness, minimal_edits, with_line_breaks
from seed_lsp.source.syntax import UNREADABLE, Span, parse_python

ALIKE = 0.5
"""How alike the mended lines are to the broken ones at least."""
_HEADER = re.compile(r"\s*(?:async|def|class|if|elif|else|for|while|try|except|finally|with|match|case)\b")
_ENDS = (")", "]", "}", "'", '"', "))", "])", "})", '")', "')", '"]', "']")


@dataclass(frozen=True)
class SyntaxReport:
    """Where parsing stops: a line of the document, from 0, and the parser's words."""

    line: int
    message: str


def first_error(text: str) -> SyntaxReport | None:
    """The first error of a Python text; None for one that parses, or that cannot be looked at."""
    try:
        parse_python(text)
    except SyntaxError as error:
        return SyntaxReport((error.lineno or 1) - 1, error.msg or "")
    except UNREADABLE:
        return None
    return None


def _is_mended(before: SyntaxReport, text: str, last: int) -> bool:
    """Whether a text parses further: to its end, or to an error behind its line `last`."""
    after = first_error(text)
    return after is None or after.line > max(last, before.line + 1)


async def propose(document: Document, report: SyntaxReport, tools: Tools) -> Proposal:
    lines = [line for line in (report.line, report.line - 1) if 0 <= line < len(document.line_starts)]
    for line in lines:
        for edit in _signs(document, line):
            if _is_mended(report, apply_edits(document.text, [edit]), report.line):
                return Proposal((edit,), Span(*document.line_range(line)), "Python parses it now.")
    return await _ask(document, report, Span(document.line_range(min(lines))[0], document.line_range(max(lines))[1]), tools)


def _signs(document: Document, line: int) -> Iterator[Edit]:
    """Edits by which a line may become right: a sign more at the end of its code, or one less."""
    start = document.line_range(line)[0]
    text = document.line_text(line)
    code = text.split("  #", maxsplit=1)[0].rstrip()
    if not code.strip():
        return
    end = CharOffset(start + len(code))
    if _HEADER.match(code):
        yield Edit(end, end, ":")
        for sign in _ENDS:
            at = CharOffset(end - 1) if code.endswith(":") else end
            yield Edit(at, at, sign if code.endswith(":") else f"{sign}:")
    for sign in (*_ENDS, ","):
        yield Edit(end, end, sign)
    if code[-1] in ")]}:,'\"":
        yield Edit(CharOffset(end - 1), end, "")


async def _ask(document: Document, report: SyntaxReport, span: Span, tools: Tools) -> Proposal:
    settings = tools.settings
    region = document.text[span.start : span.end]
    request = EditRequest(
        0,
        settings.model,
        settings.edit_sampling(),
        before="",
        region=with_line_feeds(region),
        after="",
        instruction=f"These lines have a syntax error: {report.message}. Correct it, and change nothing else.",
        language=document.language,
    )
    finished = require_wanted(await tools.ask(request))
    new = with_line_breaks(finished.text, region, document.newline)
    text = document.text[: span.start] + new + document.text[span.end :]
    if finished.finish_reason != "stop" or likeness(region, new) < ALIKE or not _is_mended(report, text, report.line):
        raise RejectedResultError("the model's change does not mend the syntax; mend it by hand")
    return Proposal(tuple(minimal_edits(region, new, offset=span.start)), span, "Python parses it now.", (finished,))
