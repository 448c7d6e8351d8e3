"""The action: the rules that fit a selection, each an entry of its own, and one for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from seed_lsp.errors import RejectedResultError, SelectionError
from seed_lsp.features.refactor.action import Action, Offer, Proposal, Selection, Tools
from seed_lsp.features.refactor.imports import import_block
from seed_lsp.features.refactor.modernise.checker import Checker, Fix
from seed_lsp.features.refactor.modernise.passes import Round, edits_between
from seed_lsp.features.refactor.modernise.rules import RULES
from seed_lsp.source.document import Document
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.syntax import Span, adds_errors, parse, text_nodes, text_of

ALL = "all"
"""The argument of the entry for all rules."""
MOST_ROUNDS = 10
"""A rule takes one `elif` of a chain at a time."""


@dataclass(frozen=True)
class Modernise:
    """`rules` are those whose fixes are taken, with the words of the menu."""

    checker: Checker
    rules: Mapping[str, str] = field(default_factory=lambda: RULES)

    async def offers(self, selection: Selection) -> Sequence[Offer]:
        fixes = await self._fixes(selection)
        offers = [
            Offer(_title(code, self.rules[code], len(chosen)), code) for code in _codes(fixes) if (chosen := _together(_of(code, fixes)))
        ]
        count = len(_together(fixes))
        return [Offer(f"Simplify: all safe rules ({count})", ALL), *offers] if len(offers) > 1 else offers

    async def propose(self, selection: Selection, argument: str, _tools: Tools) -> Proposal:
        """Apply one rule, or all of them, as often as they find something."""
        document, is_all = selection.document, argument in {"", ALL}
        first = last = Round(document.text, _lines(selection), import_block(document).end)
        edits: tuple[Edit, ...] = ()
        for _ in range(MOST_ROUNDS):
            fixes = await self._fixes(Selection(replace(document, text=last.text), last.area.start, last.area.end, path=selection.path))
            fixes = [fix for fix in fixes if (is_all or fix.code == argument) and (last is first or _stays(fix, last))]
            if not fixes:
                break
            found = await asyncio.to_thread(_checked, replace(document, text=last.text), fixes)
            edits = edits or found
            last = last.after(found)
        if not edits:
            what = "ruff's safe rules" if is_all else f"the rule {argument}"
            raise SelectionError(f"{what} would change nothing in the selection")
        return Proposal(edits if last == first.after(edits) else edits_between(document, first, last) or edits, first.area)

    async def _fixes(self, selection: Selection) -> list[Fix]:
        """The fixes of our rules that lie in the lines of the selection."""
        if selection.start == selection.end:
            return []
        found = [fix for fix in await self.checker.fixes(selection.document, selection.path) if fix.code in self.rules]
        area = _lines(selection)
        reported = [fix for fix in found if area.holds(fix.start, fix.end)]
        return await asyncio.to_thread(_possible, selection.document, area, reported) if reported else []


def _stays(fix: Fix, last: Round) -> bool:
    """Whether a fix of a later round stays within what the first could change."""
    return all(edit.end <= last.head or last.area.holds(edit.start, edit.end) for edit in fix.edits)


def _lines(selection: Selection) -> Span:
    """The selection, grown to whole lines."""
    document = selection.document
    last = max(selection.start, selection.end - 1)
    return Span(document.line_start(selection.start), document.next_line(last))


def _possible(document: Document, area: Span, fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes that stay within the area and the imports, and keep every comment."""
    spans, comments = (area, import_block(document)), _comments(document)

    def may_change(edit: Edit) -> bool:
        return any(span.holds(edit.start, edit.end) for span in spans)

    def keeps_comments(edit: Edit) -> bool:
        return all(text in edit.text for start, end, text in comments if edit.start < end and start < edit.end)

    return [fix for fix in fixes if all(may_change(edit) and keeps_comments(edit) for edit in fix.edits)]


def _comments(document: Document) -> list[tuple[int, int, str]]:
    """The comments, each with its first character and the one behind its last."""
    tree = parse(document.text, document.language)
    nodes = [node for node in text_nodes(tree.root_node) if node.type == "comment"] if tree is not None else []
    source = document.text.encode("utf-8", "surrogatepass")
    found, read, start = [], 0, 0
    for node in nodes:
        start += len(source[read : node.start_byte].decode("utf-8", "surrogatepass"))
        read = node.start_byte
        text = text_of(node)
        found.append((start, start + len(text), text))
    return found


def _codes(fixes: Iterable[Fix]) -> list[str]:
    return list(dict.fromkeys(fix.code for fix in fixes))


def _of(code: str, fixes: Iterable[Fix]) -> list[Fix]:
    return [fix for fix in fixes if fix.code == code]


def _title(code: str, words: str, count: int) -> str:
    places = f", {count} places" if count > 1 else ""
    return f"Modernise: {words} ({code}{places})"


def _together(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes that can be applied at once; of those that touch one another, the first.

    The same edit, such as of an import, may belong to several.
    """
    chosen: list[Fix] = []
    taken: list[Edit] = []
    for fix in fixes:
        new = [edit for edit in fix.edits if edit not in taken]
        if not any(_touch(edit, other) for edit in new for other in taken):
            chosen.append(fix)
            taken += new
    return chosen


def _touch(one: Edit, other: Edit) -> bool:
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end


def _checked(document: Document, fixes: Sequence[Fix]) -> tuple[Edit, ...]:
    """The edits of all fixes that go together; `RejectedResultError` if there are none."""
    chosen = _together(fixes)
    if _is_good(document, edits := _edits(chosen)):
        return edits
    # Two fixes, each right alone, may take the last statement of a block between them.
    kept: list[Fix] = []
    for fix in chosen:
        if _is_good(document, _edits([*kept, fix])):
            kept.append(fix)
    if not kept:
        raise RejectedResultError("the result would not parse or lose a comment; nothing was changed")
    return _edits(kept)


def _edits(fixes: Iterable[Fix]) -> tuple[Edit, ...]:
    unique = dict.fromkeys(edit for fix in fixes for edit in fix.edits)
    return tuple(sorted(unique, key=lambda edit: (edit.start, edit.end)))


def _is_good(document: Document, edits: Sequence[Edit]) -> bool:
    """Whether the result parses and has the same comments."""
    text = apply_edits(document.text, edits)
    if adds_errors(document.text, text, document.language):
        return False
    return [comment for *_, comment in _comments(document)] == [comment for *_, comment in _comments(replace(document, text=text))]


MODERNISE = Modernise(Checker())
UNUSED_IMPORTS = Modernise(Checker(("F401",)), {"F401": "take out imports that nothing uses"})
"""Taking out imports that nothing uses, of which no menu knows: it is asked for in words."""
ACTIONS = (Action("modernise", "Modernise", "refactor.rewrite", MODERNISE.offers, MODERNISE.propose, needs_model=False),)
