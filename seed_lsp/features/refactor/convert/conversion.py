"""What a conversion is, and how it becomes an action of the menu.

A conversion changes no behaviour: where that is not certain it is refused, with the reason.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.action import MENU_CHARS, Action, Offer, Proposal, Selection, Tools
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_tree import PythonTree, read_tree
from seed_lsp.source.syntax import UNREADABLE, Span, parse_python, snap
from seed_lsp.source.target_version import Version, target_version

MOST_LINES = 400
"""Of a selection for which the menu looks: in more, what to convert would be no question of it."""
MOST_OFFERS = 5
"""Of one kind: a menu is no list of places."""
NOT_WRITABLE = "its parts cannot be written that way"


class Refused(Exception):  # noqa: N818 - it is no error of the program's, but an answer
    """Why code cannot be written in the other form; the text goes on behind "because"."""


@dataclass(frozen=True)
class Place:
    """Where something can be converted, or why it cannot be: one of `edits` and `why_not` is empty.

    `at` is where its keyword or its text stands, and `span` what the edits lie in.
    """

    at: CharOffset
    span: Span
    edits: tuple[Edit, ...] = ()
    why_not: str = ""
    note: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What the conversions look at: the tree, where the user is, and for which Python it is.

    `is_wished`: the user has asked for the conversion in words, so that what is likely, and told
    of, may be taken for granted.
    """

    tree: PythonTree
    asked: Span
    version: Version | None
    is_wished: bool = False


@dataclass(frozen=True)
class Conversion:
    """A kind of conversion. `find` gives each place, possible or refused, that lies in a span.

    `together`: the title of one entry for all places, in which `{}` is how many there are; without
    one, each place has an entry.
    """

    name: str
    title: str
    find: Callable[[Surroundings], Iterator[Place]]
    together: str = ""


def action_of(conversion: Conversion) -> Action:
    return Action(
        conversion.name,
        conversion.title,
        "refactor.rewrite",
        partial(_offers, conversion=conversion),
        partial(_propose, conversion=conversion),
        needs_model=False,
    )


async def _offers(selection: Selection, *, conversion: Conversion) -> Sequence[Offer]:
    document = selection.document
    if document.line_of(selection.end) - document.line_of(selection.start) > MOST_LINES:
        return []
    found = await asyncio.to_thread(_places, selection, conversion)
    possible = [place for place in found if place.edits]
    if len(possible) == 1:
        return [Offer(conversion.title, _argument(possible[0]))]
    if possible and conversion.together:
        return [Offer(conversion.together.format(len(possible)))]
    return [Offer(f"{conversion.title} (line {document.line_of(place.at) + 1})", _argument(place)) for place in possible[:MOST_OFFERS]]


def _argument(place: Place) -> str:
    return str(place.at)


async def _propose(selection: Selection, argument: str, _tools: Tools, *, conversion: Conversion) -> Proposal:
    """Convert the place that begins at the offset `argument`; without one, the only place."""
    found = await asyncio.to_thread(_places, selection, conversion)
    chosen = [place for place in found if argument in {"", _argument(place)}]
    possible = [place for place in chosen if place.edits]
    document = selection.document
    if not chosen:
        raise SelectionError(f"nothing in the selection can be converted ({conversion.title})")
    if not possible:
        raise SelectionError(f"{_why_not(document, chosen[0])}; it is left as it is")
    if len(possible) > 1 and not conversion.together:
        raise SelectionError(_which_of(document, possible))
    return _proposal(document, possible, chosen)


async def convert_all(selection: Selection, conversion: Conversion, *, several: bool = True) -> Proposal | None:
    """Convert each place that can be, apart from those within others; None where there is nothing.

    A note says what is left and why; `SelectionError` says so where nothing can be converted, or
    one place alone is meant and there are `several`.
    """
    document, found = selection.document, await asyncio.to_thread(partial(_places, selection, conversion, is_wished=True))
    if not found:
        return None
    chosen: list[Place] = []
    for place in sorted((one for one in found if one.edits), key=lambda one: one.span.start):
        if not chosen or chosen[-1].span.end <= place.span.start:
            chosen.append(place)
    if not chosen:
        raise SelectionError(f"{_why_not(document, found[0])}; it is left as it is")
    if len(chosen) > 1 and not several:
        raise SelectionError(_which_of(document, chosen))
    return _proposal(document, chosen, found)


def _proposal(document: Document, converted: Sequence[Place], found: Sequence[Place]) -> Proposal:
    """The edits of some places; a note says which of all that were found are left, and why."""
    notes = [place.note for place in converted if place.note] + [_why_not(document, place) for place in found if place.why_not]
    edits = tuple(edit for place in converted for edit in place.edits)
    return Proposal(edits, Span(converted[0].span.start, converted[-1].span.end), note="; ".join(dict.fromkeys(notes)))


def _which_of(document: Document, places: Sequence[Place]) -> str:
    lines = ", ".join(str(document.line_of(place.at) + 1) for place in places)
    return f"there are several things to convert, at the lines {lines}; select one of them"


def _why_not(document: Document, place: Place) -> str:
    return f"line {document.line_of(place.at) + 1} cannot be converted, because {place.why_not}"


def _places(selection: Selection, conversion: Conversion, *, is_wished: bool = False) -> list[Place]:
    """The places in the statements that are selected; for a bare cursor those on its line."""
    document = selection.document
    tree = read_tree(document) if len(document.text) <= MENU_CHARS else None
    if tree is None:
        return []
    line = document.line_of(selection.start)
    is_cursor = selection.start == selection.end
    asked = _snapped(document, *selection.meant)
    found = conversion.find(Surroundings(tree, asked, target_version(selection.path), is_wished))
    if is_cursor:
        return [place for place in found if document.line_of(place.at) == line]
    return [_within(place, asked) for place in found]


@lru_cache(maxsize=4)
def _snapped(document: Document, start: CharOffset, end: CharOffset) -> Span:
    """The same for each kind of conversion, of which a menu has several."""
    return snap(document, start, end)


def _within(place: Place, asked: Span) -> Place:
    if asked.holds(place.span.start, place.span.end):
        return place
    return Place(place.at, place.span, why_not="it has a part that is not selected")


def place_of(tree: PythonTree, node: ast.expr | ast.stmt, convert: Callable[[], Place]) -> Place:
    """The place that `convert` makes of a node, or why it cannot be converted."""
    try:
        return convert()
    except Refused as refused:
        return Place(tree.start(node), Span(tree.start(node), tree.end(node)), why_not=str(refused))


def require_no_comment(tree: PythonTree, start: int, end: int) -> None:
    if tree.has_comment(start, end):
        raise Refused("it has comments, which would be lost")


def require_own_lines(tree: PythonTree, first: ast.stmt, last: ast.stmt) -> None:
    """`Refused` where statements share their lines with other code, or with comments."""
    end = tree.end(last)
    require_no_comment(tree, tree.start(first), tree.document.next_line(end))
    if not tree.has_own_lines(first, last):
        raise Refused("other code stands on its lines")


def read_expression(text: str) -> ast.expr:
    """The tree of new code; `Refused` if it is no expression."""
    try:
        read = parse_python(f"({text}\n)").body
    except UNREADABLE:
        read = []
    match read:
        case [ast.Expr(value=value)]:
            return value
        case _:
            raise Refused(NOT_WRITABLE)


def edit_of(tree: PythonTree, start: CharOffset, end: CharOffset, text: str) -> Edit:
    """New text, written with line feeds, in place of old, with the document's line breaks."""
    return Edit(start, end, text.replace("\n", tree.document.newline))
