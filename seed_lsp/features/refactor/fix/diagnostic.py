"""Mend what a checker reports, whichever made the report.

The smallest statement around the report is rewritten; if nothing good comes of that, the function
around it. Where the checker can be run here, its report must be gone and no new one there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tree_sitter import Node

from seed_lsp.errors import NoChangeError, RejectedResultError, SelectionError
from seed_lsp.features.refactor import rewrite, rewriting
from seed_lsp.features.refactor.action import Action, Offer, Proposal, Selection, Tools
from seed_lsp.features.refactor.fix import syntax
from seed_lsp.features.refactor.fix.recheck import Recheck
from seed_lsp.features.refactor.fix.related import definitions_of
from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import ByteOffset, CharOffset, Document
from seed_lsp.source.syntax import LANGUAGES, Span, snap, text_of, tree_of

MOST_OFFERS = 5
TITLE_CHARS = 60
MOST_LINES = 40
"""Of a region: in a longer one the model changes what it should not."""
_FUNCTIONS = frozenset({"function_definition", "function_declaration", "method_definition", "method_declaration", "function_item"})


async def offers(selection: Selection) -> Sequence[Offer]:
    """One for each report at the selection that its checker does not mend itself."""
    if selection.document.language not in LANGUAGES:
        return []
    lines = _lines(selection.document, Span(selection.start, selection.end))
    reports = [one for one in selection.diagnostics if not one.has_fix and _lines(selection.document, Span(one.start, one.end)) & lines]
    return [Offer(f"Fix: {_title(one)}", _text_of_report(one), one) for one in dict.fromkeys(reports)][:MOST_OFFERS]


def _text_of_report(report: Diagnostic) -> str:
    """The report as a checker prints it: its name, its rule, and the message."""
    checker = " ".join(word for word in (report.source, report.code) if word)
    return f"{checker}: {report.message}" if checker else report.message


async def propose(selection: Selection, argument: str, tools: Tools) -> Proposal:
    """Mend one report: that of the selection, or on its lines what `argument` says in words."""
    report = next((one for one in selection.diagnostics if _text_of_report(one) == argument), None)
    if report is None and not argument.strip():
        raise SelectionError("there is no report; say with the argument what the checker reports on these lines")
    report = report or Diagnostic(selection.start, selection.end, argument.strip())
    broken = await asyncio.to_thread(syntax.first_error, selection.document.text) if selection.document.language == "python" else None
    if broken is not None and abs(broken.line - selection.document.line_of(report.start)) <= 1:
        return await syntax.propose(selection.document, broken, tools)
    recheck = await asyncio.to_thread(Recheck.of, selection.document, report)
    failure: RejectedResultError = NoChangeError("the model proposes no change")
    for span in _regions(selection.document, report):
        wish = rewriting.Refactoring("fix", "Fix", _instruction(selection.document, report, span), keeps_start=False)
        try:
            made = await rewrite.propose(replace(selection, start=span.start, end=span.end), "", tools, refactoring=wish)
            note = await asyncio.to_thread(recheck.require_gone, made.new_text(selection.document))
        except RejectedResultError as error:
            failure = error
        else:
            return replace(made, note=" ".join(text for text in (made.note, note) if text))
    raise failure


def _regions(document: Document, report: Diagnostic) -> Iterator[Span]:
    """The smallest statement around a report, then the function around it, where not large."""
    start, end = report.start, max(report.end, report.start)
    if not document.text[start:end].strip():
        start, end = document.line_range(document.line_of(start))
    smallest = snap(document, start, end)
    seen = []
    for span in (smallest, _function_around(document, smallest)):
        if span is not None and span not in seen and len(_lines(document, span)) <= MOST_LINES:
            seen.append(span)
            yield span
    if not seen:
        raise SelectionError(f"the statement around the report has more than {MOST_LINES} lines; mend it by hand or by an instruction")


def _function_around(document: Document, span: Span) -> Span | None:
    tree = tree_of(document)
    if tree is None or span.start == span.end:
        return None
    node: Node | None = tree.root_node.descendant_for_byte_range(document.byte_at(span.start), document.byte_at(span.end) - 1)
    while node is not None and node.type not in _FUNCTIONS:
        node = node.parent
    if node is None:
        return None
    around = node.parent if node.parent is not None and node.parent.type == "decorated_definition" else node
    text = text_of(around)
    first = document.char_at(ByteOffset(around.start_byte))
    return snap(document, first, CharOffset(first + len(text)))


def _instruction(document: Document, report: Diagnostic, span: Span) -> str:
    line = document.line_text(document.line_of(report.start)).strip()
    related = definitions_of(document, span, report)
    known = f"\n\nWhat it speaks of is defined so:\n```\n{related}\n```" if related else ""
    return (
        f"{_text_of_report(report)}\n\nThis is reported about the line `{line}`. "
        f"Correct the code so that it is no longer reported. Change as little as possible.{known}"
    )


def _title(report: Diagnostic) -> str:
    message = report.message.split("\n", maxsplit=1)[0]
    short = message if len(message) <= TITLE_CHARS else f"{message[: TITLE_CHARS - 1]}…"
    return f"{short} ({report.code})" if report.code else short


def _lines(document: Document, span: Span) -> set[int]:
    last = max(span.start, CharOffset(span.end - 1))
    return set(range(document.line_of(span.start), document.line_of(last) + 1))


ACTIONS = (Action("fix", "Fix what is reported", "quickfix", offers, propose),)
