"""What kind of change a user's own instruction asks for, as far as its words tell."""

from __future__ import annotations

import re

from seed_lsp.features.refactor.asked import Asked

_PLEASE = r"^\s*(?:(?:please|can you|could you|also|just)\s+)*"
_ADDING = re.compile(
    _PLEASE
    + r"(?:add|insert|put|log|print|show|emit|record|assert|raise|throw|warn|check|validate|comment|document|annotate|include|write|trace)\b",
    re.IGNORECASE,
)
_WIDENING = re.compile(
    _PLEASE
    + r"(?:handle|skip|ignore|guard|ensure|support|allow|accept|limit|catch|wrap|surround|protect|retry|require|reject|enclose|put .* (?:in|inside))\b",
    re.IGNORECASE,
)
"""What is to happen in one more case; the lines that were there may get a condition."""
_CHANGING = re.compile(
    r"\b(?:chang\w*|mak(?:e|es|ing)|rather than|only|(?:and|then|or|,) returns?\b(?! (?:early|if|when))|set|increas\w*|decreas\w*|extend|adapt|adjust|updat\w*|correct)\b",
    re.IGNORECASE,
)
_BEFORE_RETURN = re.compile(r"\bbefore (?:(?:each|every|the|it|any|all) )*return(?:ing|s)?(?: it)?", re.IGNORECASE)
_AROUND = re.compile(
    r"\b(?:around|wrap\w*|surround\w*|try|except|catch\w*|with|lock\w*|context|retr(?:y|ies)|loop|unless|only if|errors?|handling|in case|optional)\b",
    re.IGNORECASE,
)
_SKIPPING = re.compile(
    r"\b(?:skip\w*|ignor\w*|only (?:if|when)|unless|guard\w*|wrap\w*|surround\w*|else|(?:in|inside) an? (?:if|condition\w*|loop))\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    _PLEASE
    + r"(?:adapt|edit|modify|rework|rewrite|reimplement|implement|create|move|chang(?:e|ing) (?:it|(?:the|this) (?:code|function|method|class|program))\b[^.;]*\b(?:so|to|such))\b",
    re.IGNORECASE,
)
_RAISING = re.compile(_PLEASE + r"(?:raise|throw)\b", re.IGNORECASE)
_TELLING = re.compile(
    _PLEASE + r"(?:log|print|show|emit|record|trace|count|assert|warn|add (?:\w+ )?(?:log\w*|print\w*|assert\w*|comments?))\b",
    re.IGNORECASE,
)
_TEXTS = r"(?:comments?|docs?|doc-?strings?|documentation|explanations?|notes?|todos?)"
_ABOUT_TEXTS = re.compile(
    _PLEASE
    + rf"(?:(?:add|write|insert|put|remove|delete|drop|shorten|update|improve|fix|translate|expand|extend|complete|rewrite|give)\b[^.;]{{0,40}}?\b{_TEXTS}\b|(?:comment|document|explain)\b(?! out))",
    re.IGNORECASE,
)
_DOCSTRING = re.compile(r"\b(?:docs?|doc-?strings?|document\w*|explain)\b", re.IGNORECASE)
_ABOUT_TYPES = re.compile(
    _PLEASE
    + r"(?:(?:add|write|insert|put|give|use|complete|remove)\b[^.;]{0,50}?\b(?:type[ -]?hints?|types?|annotations?|typing)\b|annotate\b|type\b)",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    r"\b(?:and|then|also)\b(?!(?: (?:add|write|insert|put|remove|delete|drop|the|a|an|all|its|each|every|inline|type|doc))*"
    r" (?:comments?|doc-?strings?|docs|documentation|types?|type[ -]?hints?|hints?|annotations?|param\w*|arg\w*|return (?:types?|values?|annotations?)|returns?$))"
    r"|\bnames?\b|\brenam\w*",
    re.IGNORECASE,
)
"""What shows that more is asked for than comments or types."""
_SAME_BEHAVIOUR = re.compile(
    r"\b(?:simplif\w*|refactor\w*|clean(?:ed|ing)?(?: (?:it|this))? up|clean|flatten\w*|restructur\w*|readab\w*|pythonic|idiomatic|better|improv\w*|optimi[sz]\w*|faster|efficien\w*|tidy|shorten|shorter|moderni[sz]\w*)\b",
    re.IGNORECASE,
)

_ABOUT_BRANCHES = re.compile(
    _PLEASE
    + r"(?:(?:use|prefer|with|convert|turn|rewrite|replace|reduce|avoid|flatten|unnest|invert|flip|negate|swap|reverse|refactor|restructure|simplify)\b[^.;]*?"
    r"\b(?:early[ -](?:returns?|exits?)|guard clauses?|ternar\w*|conditional expressions?|nest\w*|else|elif|ifs?|conditions?|conditionals?|branch\w*)\b)"
    r"(?![^.;]*\b(?:when|if it|if the|if there)\b)",
    re.IGNORECASE,
)


def adds(asked: Asked) -> bool:
    """Whether new lines are asked for, and nothing of the old ones is to go or to change."""
    spoken = _BEFORE_RETURN.sub(" ", asked.spoken)
    return asked.is_brief and bool(_ADDING.match(spoken)) and not _CHANGING.search(spoken) and not _may_replace(asked, spoken)


def widens(asked: Asked) -> bool:
    """Whether something is to happen in one more case, or around what is there."""
    spoken = _BEFORE_RETURN.sub(" ", asked.spoken)
    return (
        asked.is_brief
        and bool(_WIDENING.match(spoken) or (_ADDING.match(spoken) and _AROUND.search(spoken)))
        and not _may_replace(asked, spoken)
    )


def _may_replace(asked: Asked, spoken: str) -> bool:
    return Asked(spoken).speaks_of("rewriting") and not is_about_texts(asked)


def raises(asked: Asked) -> bool:
    """Whether an exception is to be raised where something is or is not so."""
    return bool(_RAISING.match(asked.spoken))


def leaves_open(asked: Asked) -> bool:
    """Whether it says what the code is to do, and not what of it is to change."""
    return bool(_OPEN.match(asked.spoken))


def may_skip(asked: Asked) -> bool:
    """Whether old code may come under a new condition."""
    return bool(_SKIPPING.search(asked.spoken))


def only_tells(asked: Asked) -> bool:
    """Whether something is to be logged, printed or asserted, and nothing else is to be done."""
    return bool(_TELLING.match(asked.spoken)) and " and " not in asked.spoken


def is_about_texts(asked: Asked) -> bool:
    """Whether comments or docstrings are asked for, and no code."""
    return bool(_ABOUT_TEXTS.match(asked.spoken)) and not _FURTHER.search(asked.spoken) and not is_about_types(asked)


def is_about_docstrings(asked: Asked) -> bool:
    return bool(_DOCSTRING.search(asked.spoken))


def is_about_types(asked: Asked) -> bool:
    """Whether annotations are asked for, and no other code."""
    return bool(_ABOUT_TYPES.match(asked.spoken)) and not _FURTHER.search(asked.spoken)


def keeps_behaviour(asked: Asked) -> bool:
    """Whether the code is to do the same in another form."""
    return (bool(_SAME_BEHAVIOUR.search(asked.spoken)) and not _FURTHER.search(asked.spoken)) or is_about_branches(asked)


def is_about_branches(asked: Asked) -> bool:
    """Whether the same conditions are to be written in another form."""
    return bool(_ABOUT_BRANCHES.match(asked.spoken)) and not _FURTHER.search(asked.spoken) and "match" not in asked.words


def may_be_partial(instruction: str) -> bool:
    """Whether an answer without some of its changes can still be what was asked for.

    Where each change is on its own, as with new lines, it can.
    """
    asked = Asked(instruction)
    if asked.speaks_of("faults"):
        # Half a mend is none.
        return False
    return adds(asked) or widens(asked) or is_about_texts(asked) or is_about_types(asked)
