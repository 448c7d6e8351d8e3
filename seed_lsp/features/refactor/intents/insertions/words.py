"""An instruction's words in one form, whatever it is said with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seed_lsp.features.refactor.intents.insertions.ways import usual

NAME = r"[A-Za-z_]\w*"
RESULT = (
    r"(?:(?:the |its |each |every |any )?(?:(?:function|method)'s )?(?:final |own )?(?:results?|return(?:ed)? values?|returned results?|outputs?|outcome)"
    r"(?: of (?:the|this) (?:function|method)| it returns)?|(?:what(?:ever)?|the value|every(?:thing| value)|each value) (?:that )?(?:it|the (?:function|method)) (?:is (?:going|about) to return|will return|returns)"
    r"|(?:what(?:ever)?|everything|(?:every|each|any) value) (?:that )?is (?:(?:going|about) to be )?(?:being )?returned"
    r"|(?:the )?value(?: that is| it| being)? return(?:ed|s))"
)
"""What a function returns."""
ADD_A = r"(?:add|insert|put|include|write) (?:an? )?"
ADD_AN_ASSERTION = re.compile(
    rf"{ADD_A}assert(?:ion|ion statement| statement)?s? (?:that|to (?:check|ensure|verify)(?: that)?|checking(?: that)?|ensuring(?: that)?) ",
    re.IGNORECASE,
)
"""What is put as "assert that" as well."""
_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'(?!\w)|\"(?:[^\"\\\n]|\\.)*\"")
_SAME = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "`": None})
_LONG = (
    (r"\bit's\b", "it is"),
    (r"\b(is|are|was|does|do|has|should|must)n't\b", r"\1 not"),
    (r"\bcan(?:'t|not)\b", "can not"),
)
_POLITE = re.compile(
    r"(?:(?:please|kindly|just|now)\s+|(?:can|could|would) you (?:please )?|(?:(?:I (?:want|need|would like)|I'd like)(?: you)?(?: to)?|let's|we should|you should)\s+)+",
    re.IGNORECASE,
)
_THANKS = re.compile(r"(?:,?\s+(?:please|thanks|thank you))?[\s.!;]*\Z", re.IGNORECASE)
_AT_START = re.compile(
    r",?\s*\b(?:right |directly )?(?:(?:at|from|in) the (?:very )?(?:start|beginning|top|begin|head)"
    r"(?: of (?:the|this|its|each)(?: \w+)? ?(?:function|method|body|code)?(?:'s body)?| of it)?"
    r"|before (?:doing )?(?:anything else|everything else|all else|any other (?:code|work|statement))|as (?:the|its) (?:very )?first (?:thing|statement|line|step)"
    r"|up ?front|on entry|when (?:it is |the (?:function|method) is )?(?:called|entered)|first thing)(?=[\s,.]|\Z),?",
    re.IGNORECASE,
)


def plain(instruction: str) -> str:
    """The instruction on one line, without politeness, the marks of code, contractions and the full
    stop at its end. What it quotes stays.
    """
    text = " ".join(instruction.translate(_SAME).split())
    pieces: list[str] = []
    last = 0
    for quoted in _STRING.finditer(text):
        pieces += [_long(text[last : quoted.start()]), quoted.group()]
        last = quoted.end()
    text = "".join([*pieces, _long(text[last:])])
    return usual(_THANKS.sub("", _POLITE.sub("", text, count=1) if _POLITE.match(text) else text).strip())


def _long(text: str) -> str:
    for short, written in _LONG:
        text = re.sub(short, written, text, flags=re.IGNORECASE)
    return text


def without_place(text: str) -> tuple[str, bool]:
    """Words without those that say that something goes to a function's start, and whether they were
    there.
    """
    found = _AT_START.sub(" ", text, count=1)
    return " ".join(found.split()).strip(" ,"), found != text


def matched(patterns: Sequence[str], text: str) -> re.Match[str] | None:
    """The first pattern that is the whole text."""
    return next((found for one in patterns if (found := re.fullmatch(one, text, re.IGNORECASE))), None)
