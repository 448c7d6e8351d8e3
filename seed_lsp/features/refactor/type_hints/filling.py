"""The action: types for the headers that are selected."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from engine.api import Finished
from seed_lsp.errors import NoChangeError, SelectionError
from seed_lsp.features.refactor.action import MAX_CHARS, Action, Offer, Proposal, Selection, Tools, require_wanted
from seed_lsp.features.refactor.imports import add_imports
from seed_lsp.features.refactor.type_checker import find_type_checker
from seed_lsp.features.refactor.type_hints.evidence import (
    backed_types,
    computed_types,
    contradicts,
    habits_of,
    may_be_none,
    type_of_default,
)
from seed_lsp.features.refactor.type_hints.headers import RETURN, Function, Hole, functions_of
from seed_lsp.features.refactor.type_hints.hints import Hint, UnknownTypeError, make_hint
from seed_lsp.features.refactor.type_hints.names import Scope, file_names, root_of, scope_of
from seed_lsp.features.refactor.type_hints.question import Question, read_guess
from seed_lsp.features.refactor.type_hints.results import iterator_of, returns_function, returns_none, yields
from seed_lsp.features.refactor.type_hints.second_look import wrong_hints
from seed_lsp.source.files import project_root
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.syntax import Span
from seed_lsp.source.target_version import target_version

TITLE = "Add type hints"
PARAMETERS = "parameters"
LEAST_CHANCE, LEAST_OF_OWN = 0.5, 0.3
"""How sure the model must be of a type, and of one that is made of the file's own names: the model
meets those less by chance. Tried on functions of packages whose types had been taken out.
"""
LEAST_WISHED = 0.1
"""The same for what the user's own words ask for, who then reads what is no more than likely."""
_SAYS_NOTHING = frozenset({"Any", "object"})
_WORD = re.compile(r"\w+")
_OF_GENERATORS = frozenset({"Any", "Iterator", "Iterable", "Generator", "AsyncIterator", "AsyncIterable", "AsyncGenerator"})
_MOST_NAMED = 6
_MASKS = "\u2591" * 3


async def offers(selection: Selection) -> Sequence[Offer]:
    if len(selection.document.text) > MAX_CHARS:
        return []
    return [Offer(TITLE)] if any(function.holes for function in functions_of(selection)) else []


async def propose(selection: Selection, argument: str, tools: Tools) -> Proposal:
    """Insert the types that are certain; a note says which stayed open.

    `argument` is `PARAMETERS` or `RETURN` where only these are asked for. They get the likeliest
    type as well where that is less certain, and the note says so.
    """
    document = selection.document
    if document.language != "python":
        raise SelectionError("type hints are added to Python alone")
    if len(document.text) > MAX_CHARS:
        raise SelectionError(f"the file is too large: types are added in files of up to {MAX_CHARS:,} characters")
    # In a large file the syntax takes seconds, for which no key has to wait.
    functions = [_only(argument, function) for function in await asyncio.to_thread(functions_of, selection)]
    if not functions:
        raise SelectionError("there is no function; put the cursor into the line of its def, or select it")
    if not any(function.holes for function in functions):
        raise NoChangeError(f"every {'result' if argument == RETURN else 'parameter'} has its type already")
    work = _Work(selection, functions, tools, is_wished=bool(argument))
    await asyncio.to_thread(work.compute)
    work.show()
    for function in functions:
        await work.ask(function)
    await asyncio.to_thread(work.look_again)
    if not work.hints:
        raise NoChangeError(f"no type is certain enough to be added; {work.note}")
    return await asyncio.to_thread(work.proposal)


def _only(argument: str, function: Function) -> Function:
    """A function with the holes alone that are asked for."""
    return replace(function, holes=tuple(hole for hole in function.holes if not argument or hole.is_return == (argument == RETURN)))


@dataclass
class _Work:
    """The state of one proposal: the hints found so far, by the places of their holes, the holes
    that stay open, each with the reason, and the model's answers. `unsure` has what is likely at
    best; if `is_wished` it is written as well.
    """

    selection: Selection
    functions: Sequence[Function]
    tools: Tools
    is_wished: bool = False
    hints: dict[int, Hint] = field(default_factory=dict)
    open: dict[int, str] = field(default_factory=dict)
    unsure: list[str] = field(default_factory=list)
    finished: list[Finished] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def compute(self) -> None:
        """Read the file's names, and fill the holes for which no model is needed."""
        root = root_of(self.functions[0].node)
        self._names, self._habits = file_names(root), habits_of(root)
        self._version = target_version(self.selection.path)
        for function in self.functions:
            scope, known = self._scope(function), computed_types(function, self._habits)
            for hole in function.holes:
                if hole.name in known and isinstance(made := _hint(hole, known[hole.name], function, scope), Hint):
                    self.hints[hole.at] = made

    def _scope(self, function: Function) -> Scope:
        return scope_of(function, self._names, self._version)

    async def ask(self, function: Function) -> None:
        """Ask the model for the holes that nothing else fills."""
        asked = [hole for hole in function.holes if hole.at not in self.hints]
        known = {hole.name: self.hints[hole.at].text for hole in function.holes if hole.at in self.hints}
        question = Question(self.selection.document, function, asked, known, iterator_of(function))
        scope = self._scope(function)
        found: dict[str, str] = {}
        for hole in asked:
            made = await self._answer(question, hole, found, scope)
            if isinstance(made, str) and (plain := type_of_default(hole)) not in {"", "None"}:
                # The model has nothing better.
                made = Hint(plain)
            if isinstance(made, Hint):
                self.hints[hole.at] = made
            else:
                self.open[hole.at] = f"{hole.stars}{hole.name} of {function.name} ({made})"
            self.show()

    async def _answer(self, question: Question, hole: Hole, found: dict[str, str], scope: Scope) -> Hint | str:
        """The hint for a hole, or why there is none."""
        settings = self.tools.settings
        left = settings.edit_deadline_s - (time.monotonic() - self.started)
        if left <= 0:
            return "the time was over"
        request = question.request(hole, found, settings, left)
        finished = require_wanted(await self.tools.ask(request))
        self.finished.append(finished)
        guess = read_guess(request, finished, question.opening_of(hole))
        if finished.finish_reason == "deadline" or not guess.text:
            return "the time was over" if finished.finish_reason == "deadline" else "the model wrote no type"
        made = _hint(hole, guess.text, question.function, scope)
        if isinstance(made, str):
            return made
        found[hole.name] = made.text
        is_backed = backed_types(question.function, hole, self._habits) & {text.strip("\"'") for text in (made.text, guess.text)}
        if is_backed or guess.chance >= (LEAST_OF_OWN if made.is_own else LEAST_CHANCE):
            return made
        if not self.is_wished or guess.chance < LEAST_WISHED or set(_WORD.findall(made.text)) & _SAYS_NOTHING:
            return "the model was not sure"
        self.unsure.append(f"{hole.stars}{hole.name} of {question.function.name}")
        return made

    @property
    def _span(self) -> Span:
        document = self.selection.document
        first, last = self.functions[0].start, max(function.end for function in self.functions)
        return Span(document.line_start(first), document.next_line(last))

    def _edits(self, pending: str = "") -> list[Edit]:
        """Insertions of the hints, and of `pending` where the model is still to be asked."""
        text = self.selection.document.text
        made: list[Edit] = []
        for hole in (hole for function in self.functions for hole in function.holes):
            hint = self.hints[hole.at].text if hole.at in self.hints else "" if hole.at in self.open else pending
            made += hole.edits(text, hint) if hint else []
        return sorted(made, key=lambda edit: edit.start)

    def look_again(self) -> None:
        """Leave open what brings an error that a type checker of this machine reports."""
        path = self.selection.path
        checker = find_type_checker(project_root(path)) if path is not None and self.hints else None
        if checker is None:
            return
        wrong = wrong_hints(checker, sorted(self.hints), self._text_with)
        for function in self.functions:
            for hole in function.holes:
                if hole.at in wrong:
                    reason = f"with {self.hints.pop(hole.at).text} {checker.name} reports an error"
                    self.open[hole.at] = f"{hole.stars}{hole.name} of {function.name} ({reason})"
        if wrong:
            self.show()

    def _text_with(self, places: Collection[int]) -> str:
        """The document with the hints of some places alone, and what they need imported."""
        some = replace(self, hints={at: hint for at, hint in self.hints.items() if at in places})
        return apply_edits(self.selection.document.text, some.all_edits())

    def show(self) -> None:
        """Show what the headers become, with masks where the model is still to be asked."""
        span, text, edits = self._span, self.selection.document.text, self._edits(_MASKS)
        first = next((edit.start for edit in edits if edit.text.endswith(_MASKS)), span.end)
        committed = apply_edits(text[span.start : first], [edit for edit in edits if edit.start < first], offset=span.start)
        draft = apply_edits(text[first : span.end], [edit for edit in edits if edit.start >= first], offset=first)
        self.tools.show(span, committed, draft)

    @property
    def note(self) -> str:
        named = list(self.open.values())[:_MOST_NAMED]
        more = f" and {len(self.open) - _MOST_NAMED} more" if len(self.open) > _MOST_NAMED else ""
        left = f"left open: {', '.join(named)}{more}" if named else ""
        guessed = f"likely at best, so look at them: {', '.join(self.unsure)}" if self.unsure else ""
        return "; ".join(filter(None, (left, guessed)))

    def all_edits(self) -> tuple[Edit, ...]:
        """Insertions of the hints, and of what they need imported."""
        modules: dict[str, set[str]] = {}
        for hint in self.hints.values():
            for module, name in hint.imports:
                modules.setdefault(module, set()).add(name)
        imports = add_imports(self.selection.document, modules)
        return tuple(sorted([*imports, *self._edits()], key=lambda edit: edit.start))

    def proposal(self) -> Proposal:
        return Proposal(self.all_edits(), self._span, self.note, tuple(self.finished))


def _hint(hole: Hole, text: str, function: Function, scope: Scope) -> Hint | str:
    """A type as it is written at a hole, or why it cannot be."""
    or_none = returns_none(function) and not yields(function) if hole.is_return else may_be_none(hole)
    try:
        made = make_hint(text, scope, is_return=hole.is_return, or_none=or_none)
    except UnknownTypeError as error:
        return str(error)
    if contradicts(hole, text):
        return "the default is of another type"
    if hole.is_return and returns_function(function) and made.text != "Any" and "Callable" not in made.text:
        return "the function returns a function, and the model's type is none"
    if hole.is_return and yields(function) and made.text.strip('"').partition("[")[0].rpartition(".")[2] not in _OF_GENERATORS:
        return "the function yields, and the model's type does not"
    return made


ACTION = Action("type-hints", TITLE, "refactor.rewrite", offers, propose)
