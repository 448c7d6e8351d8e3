"""What of a model's text may stand in documentation: nothing that ends it, or hides in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from seed_lsp.errors import RejectedResultError
from seed_lsp.features.refactor.documentation.style import columns
from seed_lsp.features.refactor.documentation.template import Hole

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that nobody sees, or that are none."""
_MARK = re.compile(r"<\|\w+\|>|<(?:s|/s|unk|pad)>")
_PLAIN = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2026": "...", "\u00a0": " ", "\t": " "}
)
_NOTHING_SAID = re.compile(
    r"(?:todo|fixme|xxx|tbd)\b.*|(?:_*(?:summary|description|docstring|type)_*|n/?a|none|pass|\W*)\W*"
    r"|(?:args|arguments|parameters|attributes|returns?|raises|yields|examples?|notes?)\W*",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"(?:async\s+)?(?:def|class|func|function|fn|struct|interface|enum)\s+[\w.]+\s*[(:{<]")
_TAG = re.compile(
    r"[@:\\](?:param|parameter|type|returns?|rtype|raises?|throws?|yields?|exception|brief|arg)\b|\b(?:Args|Arguments|Parameters|Returns?|Raises|Yields):(?:\s|$)"
)
_SENTENCE_END = re.compile(r"[.!?][\"')`\]]*(?=\s+[A-Z`\"'(\[*:])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|incl|no|Dr|Mr|Mrs|St|al|[A-Z]))\.\Z")
_CLAUSE_END = re.compile(r"(?:,|;|:| -| \(| which| that is| so that| where| using| based on| by| with| for)(?= )")
_ENDS = ('"""', "'''", "```")
_FEWEST_WORDS, _MOST_LINES = 3, 3
_MOST_LETTERS_OF_A_TYPE = 60


def words_of(raw: str, hole: Hole, before: str, forbidden: Sequence[str] = ()) -> str:
    """The model's text for a hole as it is written: in lines that fit, each but the first with its
    indentation.

    `before` is what stands on the hole's line before it; `forbidden` are parts that would end the
    documentation, or mean something else in this language. `RejectedResultError` says why a text
    cannot be used.
    """
    text = " ".join(raw.translate(_PLAIN).split())
    _require_harmless(text, forbidden)
    text = _without_quotes(text)
    if found := _TAG.search(text):
        text = text[: found.start()].rstrip(" ,;:-")
    if hole.about == "type":
        return _type(text)
    text = _without_name(text, hole)
    if _NOTHING_SAID.fullmatch(text):
        raise RejectedResultError("the model wrote nothing")
    if _SIGNATURE.match(text) or re.match(rf"{re.escape(hole.name)}\s*\(.*\)\W*$", text):
        raise RejectedResultError("the model repeated the signature")
    text = first_sentence(text)
    if text.endswith(":"):
        # It announces a list, which does not come.
        text = _cut_at_clause(text, hole, len(text))
    text = _with_period(text, period=hole.period)
    return _fitted(text, hole, columns(before))


def _require_harmless(text: str, forbidden: Sequence[str]) -> None:
    if not text:
        raise RejectedResultError("the model wrote nothing")
    if any(unicodedata.category(char) in _HIDDEN for char in text):
        raise RejectedResultError("the model's text has invisible control characters")
    if _MARK.search(text):
        raise RejectedResultError("the model's text has control tokens")
    if any(end in text for end in (*_ENDS, *forbidden)):
        raise RejectedResultError("the model's text has quotes, fences or signs that do not belong into documentation")


def _without_quotes(text: str) -> str:
    """The text without quotes around all of it, and without a backslash at its end, which would
    reach into what follows.
    """
    text = text.rstrip("\\").rstrip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]:
        return text[1:-1].strip()
    return text


def _without_name(text: str, hole: Hole) -> str:
    """The text without the name that stands before it, where the model wrote that once more."""
    name = re.escape(hole.name)
    if hole.about == "description":
        return re.sub(rf"^{name}\s*(?:\([^)]*\))?\s*(?::|-)\s+", "", text).lstrip("-: ")
    return re.sub(rf"^{name}\s+", "", text) if hole.follows_name else text


def first_sentence(text: str) -> str:
    for found in _SENTENCE_END.finditer(text):
        if not _ABBREVIATION.search(text[: found.end()]):
            return text[: found.end()]
    return text


def _with_period(text: str, *, period: bool) -> str:
    if period and text[-1] not in ".!?":
        return text.rstrip(",;:-") + "."
    if not period and text.endswith(".") and not text.endswith("..") and not _ABBREVIATION.search(text):
        text = text[:-1]
    # A quote must not stand before the quotes that end the text.
    return text + "." if text.endswith(('"', "'")) else text


def _type(text: str) -> str:
    text = text.rstrip(".,;:")
    if _NOTHING_SAID.fullmatch(text) or len(text) > _MOST_LETTERS_OF_A_TYPE or text.endswith(('"', "'")) or not _is_balanced(text):
        raise RejectedResultError("the model named no type")
    return text


def _fitted(text: str, hole: Hole, column: int) -> str:
    lines = _wrapped(text, hole, column)
    if len(lines) <= (1 if hole.one_line else _MOST_LINES) and columns(lines[0]) + column <= hole.width:
        return f"\n{hole.hang}".join(lines)
    if not hole.one_line:
        raise RejectedResultError("the model wrote too much")
    return _cut_at_clause(text, hole, hole.width - column)


def _cut_at_clause(text: str, hole: Hole, room: int) -> str:
    """As much of a sentence as fits on a line and can stand alone."""
    for found in reversed(list(_CLAUSE_END.finditer(text))):
        shorter = text[: found.start()]
        if len(shorter) < room and len(shorter.split()) >= _FEWEST_WORDS and _is_balanced(shorter):
            return _with_period(shorter, period=hole.period)
    raise RejectedResultError("the model wrote no sentence that fits on a line")


def _is_balanced(text: str) -> bool:
    pairs = all(text.count(one) == text.count(other) for one, other in ("()", "[]", "{}"))
    return pairs and text.count("`") % 2 == 0 and text.count('"') % 2 == 0


def _wrapped(text: str, hole: Hole, column: int) -> list[str]:
    """The text in lines of at most the hole's width, where words are short enough for that."""
    lines, room = [""], hole.width - column
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and len(longer) > room:
            lines.append(word)
            room = hole.width - columns(hole.hang)
        else:
            lines[-1] = longer
    return lines
