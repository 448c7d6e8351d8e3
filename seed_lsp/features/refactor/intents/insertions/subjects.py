"""What the words of an instruction speak of, as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from seed_lsp.features.refactor.intents.insertions.function import Function
from seed_lsp.features.refactor.intents.insertions.words import NAME, RESULT


@dataclass(frozen=True)
class Subjects:
    """What words may speak of: the parameters of a function, one that it gets, and a result.

    `it` is what the last thing spoken of is called; `result` the name of what is returned.
    """

    function: Function
    added: str = ""
    it: str = ""
    result: str = ""
    is_switch: bool = False
    added_is_none: bool = False
    more: frozenset[str] = field(default_factory=frozenset)

    @property
    def _names(self) -> list[str]:
        return [one.arg for one in self.function.parameters]

    def by_name(self, words: str) -> str:
        """The words with the names of the parameters that they number."""
        return _NUMBERED.sub(lambda found: next(iter(self.find(found.group())), found.group()), words)

    @property
    def switches(self) -> frozenset[str]:
        """The parameters that are true or false by default."""
        return self.function.switches | ({self.added} if self.is_switch else set())

    @property
    def may_be_none(self) -> frozenset[str]:
        return self.function.none_by_default | ({self.added} if self.added_is_none else set())

    def find(self, words: str) -> list[str]:
        """The code of what the words name; several for a group, none if it is not known."""
        words = re.sub(r"^(?:both|either|the value of|the given|given) ", "", words.strip(), flags=re.IGNORECASE)
        if words in {*self._names, self.added, self.function.bound, *(one.arg for one in self.function.starred), *self.more} - {""}:
            return [words]
        for pattern, named in _SUBJECTS:
            if found := re.fullmatch(pattern, words, re.IGNORECASE):
                return named(self, found)
        return []

    def shown(self, name: str) -> str:
        """What an error calls it."""
        return f"the result of {self.function.name}" if name == self.result else name

    def known(self, name: str) -> bool:
        return name in {self.added, self.result, *self.more} or name in self.function.known_names


def _ordinal(subjects: Subjects, found: re.Match[str]) -> list[str]:
    place = {"first": 0, "second": 1, "third": 2, "last": -1, "only": 0, "sole": 0}[found["which"].lower()]
    known = subjects._names
    return [known[place]] if known and -len(known) <= place < len(known) else []


def _group(subjects: Subjects, _found: re.Match[str]) -> list[str]:
    return [name for name in subjects._names if name not in subjects.function.none_by_default]


def _length(subjects: Subjects, found: re.Match[str]) -> list[str]:
    return [f"len({one})" for one in subjects.find(found["of"])]


def _dotted(subjects: Subjects, found: re.Match[str]) -> list[str]:
    return [found.group()] if subjects.known(found["root"]) else []


_PARAMETER = r"(?:arguments?|parameters?|params?|args?)"
_KIND = r"(?:flag|parameter|argument|option|switch|keyword|param|arg|setting|keyword argument|keyword parameter|value|one)"
_BESIDES = r"(?:,? \(?(?:after|besides|other than|except|apart from|not counting|excluding|ignoring) (?:self|cls)\)?)?"
_NUMBERED = re.compile(rf"\b(?:the |its )?(?:first|second|third|last|only|sole) {_PARAMETER}{_BESIDES}", re.IGNORECASE)
_SUBJECTS: Sequence[tuple[str, Callable[[Subjects, re.Match[str]], list[str]]]] = (
    (rf"(?:the |its )?(?:very )?(?P<which>first|second|third|last|only|sole) {_PARAMETER}{_BESIDES}", _ordinal),
    (rf"(?:any|one|either)(?: one)?(?: of)?(?: the| its)? {_PARAMETER}{_BESIDES}", _group),
    (RESULT, lambda one, _: [one.result] if one.result else []),
    (rf"it|this|(?:the|this|that)(?: new| added)? {_KIND}", lambda one, _: [one.it] if one.it else []),
    (rf"(?:the )?(?P<name>{NAME}) {_KIND}", lambda one, found: one.find(found["name"])),
    (rf"the (?:{_KIND} )?(?P<name>{NAME})", lambda one, found: one.find(found["name"])),
    (r"(?:the )?(?:length|size) of (?P<of>.+)", _length),
    (rf"(?P<root>{NAME})(?:\.{NAME})+", _dotted),
)
