"""What a user's own instruction speaks of, by its words.

An answer may change what the instruction speaks of, and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_PATTERNS = {
    # Code may go, or come back in another form.
    "rewriting": r"remov\w*|delet\w*|drop(?:s|ped|ping)?|omit\w*|strip|replac\w*|simplif\w*|rewrit\w*|short\w*|clean\w*|refactor\w*|restructur\w*"
    r"|early|guard clauses?|flatten\w*|merg\w*|combin\w*|collaps\w*|inlin\w*|extract\w*|mov(?:e|es|ed|ing)|split\w*|convert\w*|turn|instead|without"
    r"|only|unused|dead|duplicat\w*|redundan\w*|unnecessary|optimi[sz]\w*|faster|efficien\w*|idiomatic|pythonic|moderni[sz]\w*|comprehensions?|one-?liner"
    r"|implement\w*|transform\w*|chang(?:e|es|ed|ing) (?:it|this|the \w+) (?:to|into)|re-?order|swap|sort|translat\w*|port|fix\w*|bugs?|get rid|comment out|no longer|stop",
    "removal": r"remov\w*|delet\w*|drop(?:s|ped|ping)?|omit\w*|replac\w*|rewrit\w*|get rid|inlin\w*|merg\w*|combin\w*|turn|convert\w*|move\w*|without"
    r"|only|unused|dead|duplicat\w*|no longer|comment out|extract\w*|split\w*|flip",
    "faults": r"fix\w*|bugs?|faults?|mistakes?|wrong\w*|incorrect\w*|broken|repair\w*|mend\w*|correct(?:s|ed|ing)? (?:the|this|it|its|any|all)|debug\w*",
    "names": r"renam\w*|names?|call(?:ed)? it|naming|snake_?case|camel_?case",
    # Any parameter may change.
    "signature": r"signatures?|type[ -]?hints?|typehints?|typed|types?|typing|annotat\w*|hints?|renam\w*|names|naming|snake_?case|camel_?case|re-?order|positional"
    r"|keyword-only|defaults?|mandatory|required|async\w*|static\w*|classmethods?|generics?|convert\w*|turn|replac\w*|rewrit\w*|remov\w*|delet\w*|drop|make \w+ optional|lifetimes?",
    # There may be one more.
    "parameters": r"param(?:eter)?s?|args?|arguments?|keywords?|kwargs|options?|optional|flags?|switch|accept\w*|takes?|pass(?:es|ed|ing)?|inject\w*|configurable|callback|overload\w*",
    "returns": r"return\w*|yield\w*|generators?|results?",
    "comments": r"comment\w*|document\w*|docs?|doc-?strings?|explain\w*|describ\w*|notes?|todos?|fixme|translat\w*|spell\w*|typos?|grammar|wording|noqa|pragmas?|type: ignore|comment out"
    r"|jsdoc|javadoc|rustdoc|readme",
    "licences": r"licen[cs]\w*|copyright|spdx|headers?",
    "decorators": r"decorat\w*|annotations?|attributes?|propert\w*|static\w*|classmethods?|wrappers?|cache\w*|memoi[sz]\w*",
    "strings": r"strings?|texts?|messages?|literals?|templates?|quer(?:y|ies)|sql|html|regex\w*|words?|wording|translat\w*|spell\w*|typos?|format\w*|f-strings?|quotes?|banner|prompts?|help",
    "fences": r"backticks?|fences?|markdown|examples?|code blocks?|doc-?strings?|docs?|document\w*",
}
_BRIEF_WORDS = 25
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"")
_TOPICS = {topic: re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE) for topic, pattern in _PATTERNS.items()}


@dataclass(frozen=True)
class Asked:
    """An instruction, as far as its words tell what may change."""

    instruction: str

    @cached_property
    def spoken(self) -> str:
        """The instruction without what it quotes, which is code."""
        return _QUOTED.sub(" ", self.instruction)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(re.findall(r"\w+", self.instruction))

    @cached_property
    def is_brief(self) -> bool:
        """Whether it is so short that its words tell all that is to change; who writes sentences
        may describe that in others.
        """
        return len(self.spoken.split()) <= _BRIEF_WORDS

    def names(self, name: str) -> bool:
        """Whether the instruction has that word."""
        return name in self.words

    def speaks_of(self, *topics: str) -> bool:
        return any(_TOPICS[topic].search(self.spoken) for topic in topics)
