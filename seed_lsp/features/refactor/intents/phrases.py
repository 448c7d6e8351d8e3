"""Phrases that are understood as a whole: no word of an instruction is left over.

A phrase is written as people say it. ``[…]`` may be missing, ``(a|b)`` is one of several, and a
word in capitals stands for one of `WORDS`. ``{name}`` is a name of the code, and ``{name:kind}`` is
one of `KINDS`. ``<mark>`` tells that the words in front of it were said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from itertools import count

WORDS: Mapping[str, str] = {
    "A": "(a|an|one|some|the|its)",
    "THE": "(the|this|that|all|all the|all of the|every|each|each of the|any|these|its)",
    "CODE": "(code|function|method|functions|methods|selection|selected code|class|file|body)",
    "HERE": "[(in|of|from|within|inside|for|to) [THE] (CODE|here|it|this|everywhere|there)|here|everywhere|throughout]",
    "USE": "(use|switch to|prefer|convert to|change to|turn into|migrate to|rewrite with|apply)",
    "INTO": "(to|into|as|with|by|in)",
    "REMOVE": "(remove|delete|drop|strip|strip out|take out|get rid of|eliminate)",
    "ADD": "(add|write|put|insert|generate|create|make)",
}
_NAME = r"[^\W\d]\w*"
_POLITE = re.compile(
    r"(?:(?:please|kindly|just|now|(?:can|could|would|will) you)\s+)+|[\s,]+(?:please|thanks|thank you)(?=[\s.!?]*$)", re.IGNORECASE
)
_IN_THIS = re.compile(
    r"(?:in|for|within|inside) (?:this|the) (?:selected )?(?:function|method|code|class|file|selection),? ", re.IGNORECASE
)
_REST = re.compile(
    r"[\s,;.]+(?:(?:and|but)\s+)?(?:(?:without changing|without touching|do not change|don't change|change|keep|keeping|leave|leaving|preserve|preserving)"
    r"\s+(?:nothing else|anything else|everything else|all else|the rest(?: of the (?:code|function|method|file))?|(?:the|its|all)(?: other)? (?:behaviour|behavior|logic|functionality|semantics|code))"
    r"(?:\s+(?:as it is|as is|alone|the same|unchanged|untouched|intact))?|nothing else (?:should|must|may) change|the (?:behaviour|behavior|logic) (?:should|must) (?:stay|remain) the same)(?=[\s.!]*$)",
    re.IGNORECASE,
)
"""That all else stays as it is goes without saying."""
_END = re.compile(r"[\s.!?;]+$")
_PART = re.compile(r"\{(?P<name>\w+)(?::(?P<kind>\w+))?\}|<(?P<mark>\w+)>|[\[\]()|]|[^\s\[\](){}|]+")
_NO_NAME = (
    r"(?!(?:this|that|it|all|these|those|them|everything|something|anything|here|better|variables?|parameters?|arguments?|functions?"
    r"|methods?|comments?|(?:snake|camel|pascal|kebab|upper|lower)_?case)\b)"
)
"""Words that speak of code, and are hardly ever its names."""
_CLASS = rf"(?-i:(?!(?:None|True|False|Errors?|Exceptions|Any|All)\b))(?:{_NAME}\.)*(?-i:[A-Z])\w*"
KINDS: Mapping[str, str] = {
    "name": _NO_NAME + _NAME,
    "any": _NAME,
    "coined": r"_\w+|[^\W\d]\w*_\w+",
    "class": _CLASS,
    "classes": rf"\(?{_CLASS}(?:(?: or | and | |/|,){_CLASS})*\)?",
    "value": r"None|True|False|-?\d+(?:\.\d+)?|\"\"|''|\[\]|\{\}|\(\)|an empty (?:list|dict|dictionary|string|tuple)",
}
_BRACKETS = re.compile(r"(?<=\w)\(\)")
_QUOTED = re.compile(rf"([`'\"])({_NAME}(?:\.{_NAME})*(?:\(\))?)\1")


SHORTEST_MENDED, ALIKE = 6, 0.85
"""Words of so many letters are read with a letter too few, too many or astray: the share of letters
that two words have in common."""


@dataclass(frozen=True)
class Phrases:
    """Ways to say one thing."""

    ways: Sequence[str]

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [_compiled(way) for way in self.ways]

    def match(self, instruction: str) -> dict[str, str] | None:
        """The names of the code in an instruction; None unless all of its words are understood."""
        words = plain(instruction)
        first = self._first(words) or self._first(self._spelled(words))
        if first is None:
            return None
        return {name.partition("__")[0]: text for name, text in first.groupdict().items() if text is not None}

    def _first(self, words: str) -> re.Match[str] | None:
        found = (pattern.fullmatch(words) for pattern in self._patterns)
        return next((match for match in found if match is not None), None)

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        """The words of all ways, in small letters."""
        texts = [*self.ways, *WORDS.values()]
        return frozenset(word for text in texts for word in re.findall(r"[a-z][a-z-]+", re.sub(r"\{[^}]*\}|<\w+>", " ", text)))

    def _spelled(self, words: str) -> str:
        """The words with slips of the pen mended, as far as the other word is known."""
        return "".join(f"{self._meant(word)} " for word in words.split())

    def _meant(self, word: str) -> str:
        if len(word) < SHORTEST_MENDED or not word.isalpha() or word in self._vocabulary:
            return word
        near = get_close_matches(word, self._vocabulary, n=1, cutoff=ALIKE)
        return near[0] if near else word


@lru_cache(maxsize=1)
def plain(instruction: str) -> str:
    """The words of an instruction with a blank behind each; without politeness, the quotes around
    names, what stands between parts of a sentence, and the point at the end.
    """
    text = _END.sub("", _REST.sub("", _POLITE.sub("", instruction.strip())))
    text = text[begin.end() :] if (begin := _IN_THIS.match(text)) else text
    text = _BRACKETS.sub("", _QUOTED.sub(r"\2", text))
    return " ".join(re.sub(r"[,:;](?=\s)", "", text).split()) + " "


def _compiled(way: str) -> re.Pattern[str]:
    return re.compile(_pattern(way, count()), re.IGNORECASE)


def _pattern(way: str, numbers: Iterator[int]) -> str:
    made = []
    for part in _PART.finditer(way):
        text = part.group()
        if name := part["name"]:
            # No two groups of a pattern may have one name.
            made.append(rf"(?P<{name}__{next(numbers)}>{KINDS[part['kind'] or 'name']}) ")
        elif mark := part["mark"]:
            made.append(rf"(?P<{mark}__{next(numbers)}>)")
        elif text in "[(":
            made.append("(?:")
        elif text in "])":
            made.append(")?" if text == "]" else ")")
        elif text == "|":
            made.append("|")
        else:
            made.append(_pattern(WORDS[text], numbers) if text in WORDS else f"{re.escape(text)} ")
    return "".join(made)
