"""Instructions that ask for comments above parts of the code.

The places are computed; the model writes one line of words for each.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from seed_lsp.errors import NoChangeError, RejectedResultError
from seed_lsp.features.refactor.action import MAX_CHARS, Proposal, Selection, Tools
from seed_lsp.features.refactor.intents.insertions.asking import Asker
from seed_lsp.features.refactor.intents.insertions.comment_places import CommentPlace, Thing, is_whole, places_of, things_of
from seed_lsp.features.refactor.intents.insertions.comment_words import words_of
from seed_lsp.features.refactor.intents.insertions.words import plain
from seed_lsp.features.refactor.intents.intent import Intent, Propose
from seed_lsp.source.document import CharOffset, Document, with_line_feeds
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.python_tree import read_tree, same_tree
from seed_lsp.source.syntax import Span, parse_python, snap

MOST_COMMENTS = 20
"""Written at once; each takes the model about a second."""
BEFORE_CHARS, AFTER_CHARS = 2000, 400
_WINDOW_LINES = 16
_TOKENS = 40
_KIND = r"(?:(?:short|brief|one-line|single-line|one line|explanatory|descriptive|helpful|concise|inline|in-line|small|useful|meaningful|clear|little|simple|code|line)[ ,]+(?:and )?)*"
_COMMENTS = rf"(?:an? |one |some |the )?{_KIND}(?:comment|note|remark)s?(?: line)?"
_WHY = r"(?:,? (?:that |which |to |and )?(?:explain|describ|say|stat|tell|summari[sz]|clarify|outlin)\w*(?: (?:what|why|how|(?:its|the|their) (?:purpose|meaning|reason|condition|value|case|intent|effect|logic|role|idea|intention)s?)\b[\w' ,/-]*|,? (?:it|them))?|,? saying (?:what|why|how)[\w' ,/-]*)"
_ABOVE = r"(?:above|before|over|to|for|on|at|on top of|in front of|ahead of|next to|explaining|describing|that explains?|that describes?|which explains?)"
_HERE = r"(?: (?:in|of|inside|within|throughout|to) (?:the|this) (?:\w+ )?(?:function|method|code|body|selection|class|file)(?:'s body)?| here| in it)?"
_PATTERNS = (
    rf"(?:add|put|write|insert|place|give|leave) {_COMMENTS}{_HERE} {_ABOVE} (?P<what>.+?){_HERE}{_WHY}?",
    rf"(?:add|put|write|insert|place) {_COMMENTS}{_WHY}? {_ABOVE} (?P<what>.+?){_HERE}",
    rf"{_ABOVE} (?P<what>.+?),? (?:add|put|write|insert|place) {_COMMENTS}{_WHY}?",
    rf"(?:comment|annotate|document)(?: on)? (?P<what>.+?){_HERE}(?: (?:with|using|by|in) {_COMMENTS})?{_WHY}?",
    rf"(?:explain|describe|clarify) (?P<what>.+?){_HERE} (?:with|using|in|by|through) {_COMMENTS}(?: (?:right |directly |just )?(?:above|before) (?:it|them|each))?",
    rf"(?P<what>.+?) (?:should|must|needs? to|has to|have to) (?:have|get) {_COMMENTS} (?:right |directly |just )?(?:above|before|over|on top of|in front of) (?:it|them)",
    rf"precede (?P<what>.+?) (?:with|by) {_COMMENTS}{_WHY}?",
    rf"(?P<what>add) (?:some )?{_KIND}comments{_HERE}{_WHY}?",
)  # fmt: skip


_ONE = re.compile(r"\b(?:an?|one|the) (?:[\w-]+ ){0,3}(?:comment|remark|note)\b", re.IGNORECASE)
_SAYS_COMMENT = re.compile(r"\b(?:comment|remark|note)s?\b", re.IGNORECASE)


async def _understand(selection: Selection, instruction: str, tools: Tools) -> Propose | None:
    document = selection.document
    things = read_words(plain(instruction))
    if not things or len(document.text) > MAX_CHARS or await asyncio.to_thread(read_tree, document) is None:
        return None
    span = await asyncio.to_thread(snap, document, selection.start, selection.end)

    async def propose() -> Proposal:
        return await _propose(document, span, things, tools)

    return propose if span.start < span.end else None


def read_words(words: str) -> tuple[Thing, ...]:
    """What is to be commented; nothing for words that do not say that."""
    for pattern in _PATTERNS:
        if found := re.fullmatch(pattern, words, re.IGNORECASE):
            what = "steps" if found["what"].lower() == "add" else found["what"]
            things = things_of(what)
            if things and _SAYS_COMMENT.search(words) and not (is_whole(what) and _ONE.search(words)):
                return things
    return ()


async def _propose(document: Document, span: Span, things: Sequence[Thing], tools: Tools) -> Proposal:
    tree = read_tree(document)
    assert tree is not None, "it was read before"
    places = places_of(tree, span, things)
    if not places:
        raise NoChangeError(f"there is no {things[0].name} here to comment")
    new = [place for place in places if not place.has_comment]
    if not new:
        raise NoChangeError("all of them have comments already")
    asker = Asker(document, tools)
    edits: list[Edit] = []
    refusals: list[RejectedResultError] = []
    for place in new[:MOST_COMMENTS]:
        try:
            words = await _words(asker, edits, place, span.start)
        except RejectedResultError as error:
            refusals.append(error)
            continue
        edits.append(Edit(place.at, place.at, f"{place.indent}# {words}{document.newline}"))
        tools.show(span, apply_edits(document.text[span.start : span.end], edits, offset=span.start))
    if not edits:
        raise refusals[0]
    await asyncio.to_thread(_require_same_code, document, edits)
    left = len(new) - len(edits) - len(refusals)
    notes = [f"{len(refusals)} of {len(new)} got no comment: {refusals[0]}"] if refusals else []
    notes += [f"{left} more are left; do it again for them"] if left > 0 else []
    return Proposal(tuple(edits), span, "; ".join(notes), tuple(asker.finished))


async def _words(asker: Asker, edits: Sequence[Edit], place: CommentPlace, start: int) -> str:
    """The words for a place, with the first of its openings that leads to any."""
    around = _around(asker.document, edits, place.at, start)
    reason: RejectedResultError | None = None
    for opening in place.openings:
        begun = f"{place.indent}#{f' {opening}' if opening else ''}"
        try:
            answer = await asker.ask(around, begun, ["\n"], _TOKENS, asker.left)
            words = words_of(answer, len(place.indent), around[1], opening)
            asker.require_encodable(words)
        except RejectedResultError as error:
            reason = reason or error
        else:
            return words
    assert reason is not None, "it was tried at least once"
    raise reason


def _around(document: Document, edits: Sequence[Edit], at: int, start: int) -> tuple[str, str]:
    """The code before a place, with the comments so far, and that behind it.

    The code before begins at `start` or, where that is far, at a line whose number is a multiple of
    some lines: prompts that begin alike need not be run from their start.
    """
    if at - start > BEFORE_CHARS:
        line = document.line_of(CharOffset(at - BEFORE_CHARS))
        start = document.line_starts[line - line % _WINDOW_LINES]
    before = apply_edits(document.text[start:at], [edit for edit in edits if start <= edit.start], offset=start)
    end = document.line_range(document.line_of(CharOffset(min(at + AFTER_CHARS, len(document.text)))))[1]
    return with_line_feeds(before), "\n" + with_line_feeds(document.text[at:end])


def _require_same_code(document: Document, edits: Sequence[Edit]) -> None:
    before, after = parse_python(document.text), parse_python(apply_edits(document.text, edits))
    if not same_tree(before, after):
        raise RejectedResultError("a comment would change the code; nothing was changed")


INTENT = Intent("comments", _understand)
