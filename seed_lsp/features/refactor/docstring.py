"""Add documentation to the functions and classes that have none.

What is added is a comment or a string of its own: where it stands, its signs, its sections and the
names in them come from the syntax, and the model fills in words.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.api import Finished, Request
from seed_lsp.errors import NoChangeError, RejectedResultError, SelectionError
from seed_lsp.features.refactor.action import MAX_CHARS, Action, Offer, Proposal, Result, Selection, Tools
from seed_lsp.features.refactor.documentation.definition import Definition, Place
from seed_lsp.features.refactor.documentation.filling import Around, Filler, OutOfTimeError
from seed_lsp.features.refactor.documentation.project import project_style
from seed_lsp.features.refactor.documentation.selected import LANGUAGES, Code, is_on_header, selected
from seed_lsp.features.refactor.documentation.shortening import Docstring, one_lines, without
from seed_lsp.features.refactor.documentation.style import Style
from seed_lsp.features.refactor.documentation.template import template
from seed_lsp.source.document import CharOffset, with_line_feeds
from seed_lsp.source.encodings import declared_encoding
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.syntax import Span, snap

if TYPE_CHECKING:
    from seed_lsp.session.engine_client import Watch
    from seed_lsp.session.jedi_thread import Check
    from seed_lsp.session.settings import Settings
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

TITLE = "Add a docstring"
SUMMARY = "summary"
MOST_DEFINITIONS = 20
"""Documented at once; each takes the model some seconds."""
PREFIX_CHARS, SUFFIX_CHARS = 1200, 2400
"""Of the code before and behind a place, as the model sees it."""
WINDOW_LINES = 16
"""The code before a place begins at a line whose number is a multiple of this."""
MOST_NAMED = 3
_OFFERED_CHARS = 200_000
"""In longer files the menu does not look at the syntax, which would take too long."""


async def offers(selection: Selection) -> Sequence[Offer]:
    """For a selection with something to document, and for a cursor on a header."""
    if selection.document.language not in LANGUAGES:
        return []
    if len(selection.document.text) > _OFFERED_CHARS:
        return [Offer(TITLE)] if selection.start < selection.end else []
    code = Code(selection.document)
    found = [one for one in selected(code, selection) if one.documentation is None and not one.obstacle]
    if selection.start == selection.end:
        found = [one for one in found if is_on_header(code, one, selection.start)]
    return [Offer(TITLE)] if found else []


async def propose(selection: Selection, argument: str, tools: Tools) -> Proposal:
    """Document what the selection has, from top to bottom; with `SUMMARY` for an argument without
    sections.
    """
    if selection.document.language not in LANGUAGES:
        raise SelectionError(f"documentation can be added in {', '.join(LANGUAGES)}, and this is {selection.document.language}")
    if len(selection.document.text) > MAX_CHARS:
        raise SelectionError(f"the file is too large: definitions are documented in files of up to {MAX_CHARS:,} characters")
    code = Code(selection.document)
    wanted = _without_documentation(selected(code, selection))
    # Neighbouring files may be read for it.
    style = await asyncio.to_thread(project_style, code, selection.path)
    if argument == SUMMARY:
        style = replace(style, spread=False)
    until = time.monotonic() + tools.settings.edit_deadline_s
    work = _Work(
        code,
        style,
        tools,
        Filler(tools, until, _forbidden(code, style), _encoding(code)),
        _span(code, wanted),
        sections=argument != SUMMARY,
    )
    for one, place in wanted[:MOST_DEFINITIONS]:
        try:
            await work.document(one, place)
        except OutOfTimeError as error:
            work.refuse(one, error)
            break
        except RejectedResultError as error:
            work.refuse(one, error)
    return work.proposal(len(wanted))


async def shorten(selection: Selection, tools: Tools, *, several: bool = False) -> Proposal:
    """Make one line of the selection's docstring, or of all: its first sentence, or what the model
    writes where that is none, or too long.
    """
    document = selection.document
    # In a large file the syntax takes seconds, for which no key has to wait.
    wanted = await asyncio.to_thread(lambda: one_lines(document, snap(document, selection.start, selection.end), several=several))
    edits: list[Edit] = []
    finished: list[Finished] = []
    for one, sentence in wanted:
        text, answers = (sentence, ()) if sentence is not None else await _summary_of(selection, one, tools)
        edits.append(Edit(one.span.start, one.span.end, text))
        finished += answers
    return Proposal(tuple(edits), Span(wanted[0][0].span.start, wanted[-1][0].span.end), finished=tuple(finished))


async def _summary_of(selection: Selection, one: Docstring, tools: Tools) -> tuple[str, Sequence[Finished]]:
    """A docstring of one line in the model's words, and its answers."""
    document = replace(selection.document, text=apply_edits(selection.document.text, [without(selection.document, one)]))
    header = CharOffset(selection.document.text.rindex(one.owner, 0, one.span.start))
    made = await propose(Selection(document, header, header, path=selection.path), SUMMARY, _Unseen(tools))
    text = "".join(edit.text for edit in made.edits).strip()
    if "\n" in text or "\r" in text:
        raise RejectedResultError(f"the model found no words for {one.owner} that fit on a line")
    return text, made.finished


@dataclass(frozen=True)
class _Unseen:
    """Tools whose preview is of another text than the document's."""

    tools: Tools

    @property
    def settings(self) -> Settings:
        return self.tools.settings

    async def ask(self, request: Request, watch: Watch = lambda _event: None) -> Finished:
        return await self.tools.ask(request, watch)

    async def look_up(self, selection: Selection, work: Callable[[WorkspaceFiles, Resolver, Check], Result]) -> Result:
        return await self.tools.look_up(selection, work)

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        """It is seen when it is done."""


def _without_documentation(found: Sequence[Definition]) -> list[tuple[Definition, Place]]:
    """Those that can be documented, with the place for it; an error says why there are none."""
    if not found:
        raise SelectionError("there is no function or class here; select one, or put the cursor on its header")
    wanted = [(one, one.place) for one in found if one.documentation is None and one.place is not None]
    if wanted:
        return wanted
    if reason := next((f"{one.name} {one.obstacle}" for one in found if one.obstacle), ""):
        raise SelectionError(f"nothing can be documented here: {reason}")
    raise NoChangeError(f"{found[0].name} has a docstring already" if len(found) == 1 else "all definitions here have a docstring already")


def _forbidden(code: Code, style: Style) -> tuple[str, ...]:
    """What would end a comment of that form, or is no text in one."""
    ends = ("*/", "/*") if style.form.startswith("/*") else ()
    return (*ends, "\\u") if code.document.language == "java" else ends


def _encoding(code: Code) -> str:
    document = code.document
    return declared_encoding(document.text) if document.language == "python" else document.encoding


def _span(code: Code, wanted: Sequence[tuple[Definition, Place]]) -> Span:
    """The whole lines of the definitions, with the places above them."""
    document = code.document
    start = min(min(one.start, place.byte) for one, place in wanted)
    end = max(one.end for one, _ in wanted)
    return Span(document.line_start(code.char(start)), document.next_line(max(code.char(end) - 1, 0)))


@dataclass
class _Work:
    """The edits so far, and what could not be documented, with the reasons."""

    code: Code
    style: Style
    tools: Tools
    filler: Filler
    span: Span
    sections: bool = True

    def __post_init__(self) -> None:
        self.edits: list[Edit] = []
        self.refused: list[tuple[str, RejectedResultError]] = []
        self.shortened: list[str] = []

    async def document(self, one: Definition, place: Place) -> None:
        at = self.code.char(place.byte)
        around = self._around(one, place, at)
        whole = template(one, place, self.style, sections=self.sections)
        try:
            text = await self.filler.fill(whole, around, lambda text: self._show(place, at, text))
        except RejectedResultError as error:
            if isinstance(error, OutOfTimeError) or len(whole.pieces) == 1:
                raise
            # A summary is worth more than nothing, where a part's description is of no use.
            text = await self.filler.fill(
                template(one, place, self.style, sections=False), around, lambda text: self._show(place, at, text)
            )
            self.shortened.append(one.name)
        self.edits.append(Edit(at, at, self._as_written(one, place, text)))

    def refuse(self, one: Definition, error: RejectedResultError) -> None:
        self.refused.append((one.name, error))

    def proposal(self, wanted: int) -> Proposal:
        """All edits; the first refusal where there are none."""
        if not self.edits:
            raise self.refused[0][1]
        self.tools.show(self.span, self._region(self.edits))
        return Proposal(tuple(self.edits), self.span, self._note(wanted), tuple(self.filler.finished))

    def _note(self, wanted: int) -> str:
        """What is left, and why."""
        notes = [f"{name} was left as it is: {error}" for name, error in self.refused][:MOST_NAMED]
        left = wanted - len(self.edits) - len(self.refused)
        if left > 0:
            notes.append(f"{left} more definitions are left; do it again for them")
        if self.shortened:
            notes.append(f"{', '.join(self.shortened[:MOST_NAMED])} got a summary alone, since the model found no words for a part")
        return "; ".join(notes)

    def _around(self, one: Definition, place: Place, at: CharOffset) -> Around:
        """The code around the place as it is by now, for the model."""
        document = self.code.document
        line = document.line_of(CharOffset(max(0, at - PREFIX_CHARS)))
        # The prompts of neighbours begin alike, so that the engine need not run all of them.
        cut, _ = document.line_range(line - line % WINDOW_LINES)
        before = apply_edits(document.text[cut:at], [edit for edit in self.edits if edit.start >= cut], offset=cut)
        headers = [(self.code.char(start), self.code.char(end)) for start, end in one.around]
        above = "".join(f"{document.text[start:end]}\n" for start, end in headers if end <= cut)
        behind = place.after + document.text[at : self.code.char(one.end)][:SUFFIX_CHARS]
        return Around(with_line_feeds(above + before) + place.before, with_line_feeds(behind))

    def _as_written(self, one: Definition, place: Place, text: str) -> str:
        if "\\" in text and self.code.document.language == "python":
            text = text.replace(self.style.form, f"r{self.style.form}", 1)
        after = place.after
        if self.code.document.language == "python" and after == "\n" and one.kind in self.style.blank_below:
            following = self.code.document.line_text(self.code.document.line_of(self.code.char(place.byte)))
            after += "\n" if following.strip() else ""
        return (place.before + text + after).replace("\n", self.code.document.newline)

    def _show(self, place: Place, at: CharOffset, text: str) -> None:
        done = self._region([*self.edits, Edit(at, at, place.before + text)], at)
        self.tools.show(self.span, done, place.after + self.code.document.text[at : self.span.end])

    def _region(self, edits: Sequence[Edit], end: int | None = None) -> str:
        text = self.code.document.text[self.span.start : self.span.end if end is None else end]
        return apply_edits(text, edits, offset=self.span.start)


ACTION = Action("docstring", TITLE, "refactor.rewrite", offers, propose)
