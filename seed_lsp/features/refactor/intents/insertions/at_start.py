"""Statements at the start of a function: guards, and what is told of a call."""

from __future__ import annotations

import asyncio
import re

from seed_lsp.errors import NoChangeError, SelectionError
from seed_lsp.features.refactor.action import Proposal, Selection, Tools
from seed_lsp.features.refactor.intents.insertions.effects import Reader
from seed_lsp.features.refactor.intents.insertions.function import selected_function
from seed_lsp.features.refactor.intents.insertions.making import propose_at_start
from seed_lsp.features.refactor.intents.insertions.subjects import Subjects
from seed_lsp.features.refactor.intents.insertions.words import ADD_A, ADD_AN_ASSERTION, plain, without_place
from seed_lsp.features.refactor.intents.intent import Intent, Propose

_ADD_A_GUARD = re.compile(
    rf"{ADD_A}(?:(?:early|input|argument|parameter|simple|sanity|runtime|quick|guard|validity) )*(?:guard(?: clause)?|check|validation|precondition|test)s?,?"
    r"(?: (?:that|which|to|and|so that it|in order to))?:? (?=rais|return|check|ensure|verif|assert|if)",
    re.IGNORECASE,
)
_ADD_A_CHECK = re.compile(rf"{ADD_A}(?:\w+ )?(?:check|guard)s? (?=that .+ (?:is|are|has)\b)", re.IGNORECASE)
_ADD_A_CALL = re.compile(
    rf"{ADD_A}(?P<verb>log|print|logging|printing|debug log)(?: statement| call| message| line| output)?s?(?: that| which|, which)? (?:(?:for|of|with|showing|containing|to log|to print|logs|prints|logging|printing) )",
    re.IGNORECASE,
)
_OF_PARAMETERS = re.compile(
    r"\b(?:(?:the|its) (?:first|second|last|only)|any(?: of)?(?: the| its)?|one of (?:the|its)) (?:argument|parameter)s?\b", re.IGNORECASE
)
_BARE_CALL = re.compile(
    rf"(?:{ADD_A}(?:(?:debug|short|simple) )?)?(?P<verb>log|print)(?:ging)?(?: statement| call| message| line| an? (?:short |debug )?(?:message|line))?",
    re.IGNORECASE,
)
_TELLS_OF_CALL = re.compile(
    r"(?:log|print)s? (?:out )?(?:(?:all |all of )?(?:the |its )?(?:(?:function|method)'s )?(?:arguments|parameters)|(?:the |its )?(?:function|method)?(?:'s)? ?name)\b.*",
    re.IGNORECASE,
)


async def _understand(selection: Selection, instruction: str, tools: Tools) -> Propose | None:
    words, says_where = without_place(plain(instruction))
    if (function := await asyncio.to_thread(selected_function, selection)) is None:
        return None
    words = _shortened(words)
    if says_where and (found := _BARE_CALL.fullmatch(words)):
        words = f"{found['verb']} '{function.name} called'"
    if not function.parameters and _OF_PARAMETERS.search(words) and re.match(r"raise|return|check|assert|if|ensure", words, re.IGNORECASE):
        return _refuse(f"{function.name} has no parameter{f' besides {function.bound}' if function.bound else ''}")
    only = function.parameters
    subjects = Subjects(function, it=only[0].arg if len(only) == 1 else "")
    statement = Reader(subjects).read(words)
    if statement is None:
        return None
    code = statement.text
    if not (says_where or _TELLS_OF_CALL.fullmatch(words) or code.startswith(("assert ", "if "))):
        return None
    if re.fullmatch(r"(?:raise|return)\b.*", code):
        # Nothing behind it would ever run.
        return None
    note = ""
    if function.is_generator and re.search(r"\braise\b|^assert", code):
        note = f"{function.name} is a generator: the check runs when its first value is asked for"

    async def propose() -> Proposal:
        if statement.is_computed and _is_there(function.tree.text(function.node), code):
            raise NoChangeError(f"{function.name} has that already")
        return await propose_at_start(function, statement, tools, note=note)

    return propose


def _shortened(words: str) -> str:
    """Say "log X" for "add a log of X", and so on."""
    words = _ADD_A_GUARD.sub("", words, count=1)
    words = _ADD_A_CHECK.sub("check ", words, count=1)
    words = ADD_AN_ASSERTION.sub("assert that ", words, count=1)
    return _ADD_A_CALL.sub(lambda found: "print " if found["verb"].lower().startswith("print") else "log ", words, count=1)


def _refuse(reason: str) -> Propose:
    async def propose() -> Proposal:
        raise SelectionError(reason)

    return propose


def _is_there(source: str, code: str) -> bool:
    return " ".join(code.split()) in " ".join(source.split())


INTENT = Intent("at-start", _understand)
