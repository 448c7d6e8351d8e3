"""The model's part: it fills the holes of a template one after the other, each where it stands.

The prompt of a hole is that of the one before with the words that were found, so that the engine
runs only what is new.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from engine.api import Committed, Event, Finished, GenerateRequest, InfillRequest, Request, SamplingOptions
from seed_lsp.errors import RejectedResultError
from seed_lsp.features.refactor.action import Tools, require_wanted
from seed_lsp.features.refactor.documentation.style import columns
from seed_lsp.features.refactor.documentation.template import Hole, Template
from seed_lsp.features.refactor.documentation.words import words_of

_MOST_TOKENS = 48
"""Of the words for a hole."""
_LEAST_S = 0.2
_BROKEN_FROM = 60
"""Columns of a line that was probably broken, where no end of a sentence is."""
_QUESTION = "Say in one short sentence of at most ten words, as in a docstring, what `{name}` does."
_ASKED_CHARS = 600
"""Of the code before a place, in a question."""
_ABOUT_ITSELF = re.compile(r"\A(?:This|The) (?:`?\w+`? )?(?:function|method|class|property) (?:is used to )?(?:`?\w+`? )?(?=[a-z]+s\b)")
_CLOSING = ('"""', "'''", "*/")
_MARGIN = re.compile(r"\A[ \t]*(?:\*|//[/!]?)?[ \t]*")
_ENTRY = re.compile(r"[@:\\]\w|[*\w]+(?: ?\([^)]*\))?:(?:\s|$)|-{3,}")


class OutOfTimeError(RejectedResultError):
    """The deadline of the whole action has passed."""


@dataclass(frozen=True)
class Around:
    """The code before and behind a place, with line feeds."""

    before: str
    after: str


@dataclass
class Filler:
    """Asks the model. `finished` has its answers, in order. It is to be done by `until`, by the
    clock of `time.monotonic`. `forbidden` are parts that its words must not have; `encoding` is the
    file's, which has signs for all of them.
    """

    tools: Tools
    until: float
    forbidden: Sequence[str] = ()
    encoding: str = "utf-8"
    finished: list[Finished] = field(default_factory=list)

    async def fill(self, template: Template, around: Around, show: Callable[[str], None]) -> str:
        """The documentation with the model's words. `show` gets it as far as it is.

        It raises `RejectedResultError` for words that cannot be used, and `OutOfTimeError`.
        """
        sign = template.opening.rstrip()
        made = template.opening[len(sign) :]
        opened = Around(around.before + sign, around.after)
        inside = Around(opened.before, template.closing + around.after)
        for number, piece in enumerate(template.pieces):
            if isinstance(piece, str):
                made += piece
                continue
            following = "".join(piece for piece in template.pieces[number + 1 : number + 2] if isinstance(piece, str))
            ask = partial(self._words, piece, following, made=made, show=partial(_show_behind, show, sign + made))
            try:
                made += await ask(inside)
            except RejectedResultError as error:
                if isinstance(error, OutOfTimeError) or piece.about != "summary" or piece.follows_name:
                    raise
                made += await self._answer(piece, opened, made, error)
            show(sign + made)
        return sign + made + template.closing

    def _encodable(self, text: str) -> str:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise RejectedResultError(f"the model's text has a letter that the file's encoding, {self.encoding}, lacks") from error
        return text

    async def _words(self, hole: Hole, following: str, around: Around, *, made: str, show: Callable[[str], None]) -> str:
        """The words for a hole behind what is `made`, as they are written."""
        line = (around.before + made).rpartition("\n")[2]
        raw = await self._raw(hole, following, around, made, show)
        return self._encodable(words_of(raw, hole, line, self.forbidden))

    async def _answer(self, hole: Hole, around: Around, made: str, first: RejectedResultError) -> str:
        """The words for a summary as the answer to a question, which is hardly ever empty. Where
        they cannot be used either, the reason is that of the `first` ones.
        """
        code = around.before[-_ASKED_CHARS:] + around.after
        question = f"{_QUESTION.format(name=hole.name)}\n\n```\n{code}\n```"
        settings = self.tools.settings
        request = GenerateRequest(0, settings.model, self._sampling(), prompt=question, stop=("\n",))
        text = _ABOUT_ITSELF.sub("", (await self._finish(request, lambda _event: None)).text.strip())
        line = (around.before + made).rpartition("\n")[2]
        try:
            return self._encodable(words_of(text[:1].upper() + text[1:], hole, line, self.forbidden))
        except RejectedResultError as error:
            raise first from error

    async def _raw(self, hole: Hole, following: str, around: Around, made: str, show: Callable[[str], None]) -> str:
        """What the model writes into a hole, without what it writes behind it."""
        line = (around.before + made).rpartition("\n")[2]
        if hole.about == "description":
            stop = [f"\n{hole.hang.rstrip()}\n"]
            stop += [following.rstrip()] if following.strip() and following.startswith("\n") else []
            first, *rest = (await self._ask(around, made, stop, show)).split("\n")
            return " ".join([first, *_continued(line + first, rest, hole.hang)])
        first = await self._ask(around, made, ["\n"], show)
        if hole.about == "summary" and not first.strip():
            # The model would have begun a line below, which the project does not do.
            made = f"{made.rstrip()}\n{hole.hang}"
            first = await self._ask(around, made, ["\n"], show)
        if hole.about == "summary" and _is_broken(line + first):
            rest = [await self._ask(around, f"{made}{first.rstrip()}\n{hole.hang}", ["\n"], show)]
            return " ".join([first, *(one for one in rest if one.strip()[:1].islower())])
        return first

    async def _ask(self, around: Around, start: str, stop: Sequence[str], show: Callable[[str], None]) -> str:
        # The blank before a word is a part of the word to the model, which writes it itself.
        given = start[:-1] if start[-1:] in {" ", "\t"} else start
        settings = self.tools.settings
        request = InfillRequest(
            0,
            settings.model,
            self._sampling(),
            prefix=around.before,
            suffix=around.after,
            start=given,
            stop=(*stop, *_CLOSING),
        )
        text = ""

        def watch(event: Event) -> None:
            nonlocal text
            if isinstance(event, Committed):
                text += event.text
                show(text.removeprefix(given))

        return (await self._finish(request, watch)).text.removeprefix(given)

    def _sampling(self) -> SamplingOptions:
        left = self.until - time.monotonic()
        if left < _LEAST_S:
            raise OutOfTimeError("the time was over; select less, or raise seed.edit.deadlineS")
        return self.tools.settings.edit_sampling(_MOST_TOKENS, left)

    async def _finish(self, request: Request, watch: Callable[[Event], None]) -> Finished:
        finished = await self.tools.ask(request, watch)
        self.finished.append(finished)
        require_wanted(finished)
        if finished.finish_reason == "deadline":
            raise OutOfTimeError("the time was over; select less, or raise seed.edit.deadlineS")
        return finished


def _show_behind(show: Callable[[str], None], before: str, text: str) -> None:
    show(before + text)


def _is_broken(line: str) -> bool:
    """Whether a line ends within a sentence, at a place where lines are broken."""
    return line.rstrip()[-1:] not in {".", "!", "?", ":"} and columns(line) >= _BROKEN_FROM


def _continued(line: str, rest: Sequence[str], hang: str) -> list[str]:
    """The lines that go on with a description: those indented so, or behind one that was broken."""
    found: list[str] = []
    for following in rest:
        words = _MARGIN.sub("", following, count=1)
        if not words or _ENTRY.match(words) or not (following.startswith(hang) or (_is_broken(line) and words[0].islower())):
            break
        found.append(words)
        line = following
    return found
