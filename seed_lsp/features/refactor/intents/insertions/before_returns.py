"""Instructions about the result of a function: what is done with it before it is returned."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.action import Proposal, Selection, Tools
from seed_lsp.features.refactor.intents.insertions.asking import Asker
from seed_lsp.features.refactor.intents.insertions.effects import Reader
from seed_lsp.features.refactor.intents.insertions.filling import Filler, Place, place_at
from seed_lsp.features.refactor.intents.insertions.function import Function, bound_names, selected_function
from seed_lsp.features.refactor.intents.insertions.making import finished_proposal
from seed_lsp.features.refactor.intents.insertions.returns import Return, returns_of
from seed_lsp.features.refactor.intents.insertions.statement import Statement, indented
from seed_lsp.features.refactor.intents.insertions.subjects import Subjects
from seed_lsp.features.refactor.intents.insertions.words import ADD_A, ADD_AN_ASSERTION, RESULT, plain
from seed_lsp.features.refactor.intents.intent import Intent, Propose
from seed_lsp.source.patch import Edit

_BEFORE = (
    r"(?:right |just |directly |immediately )?before (?:it is (?:being )?returned|being returned|they are returned|the (?:result|value) is returned"
    rf"|(?:it |the (?:function|method) )?return(?:s|ing)?(?: (?:it|them|the value|{RESULT}|(?:from )?the (?:function|method)))?"
    r"|(?:each|every|the|all|any|all the|all of the|each of the)(?: single)?(?: of (?:its|the))? returns?(?: statements?)?(?: of (?:the|this) (?:function|method)| in (?:the|this) (?:function|method)| in it)?)"
)
_TRAILING = re.compile(rf"(?P<do>.+?),? {_BEFORE}", re.IGNORECASE)
_LEADING = re.compile(rf"{_BEFORE},? (?P<do>.+)", re.IGNORECASE)
_MIDDLE = re.compile(
    rf"(?P<do>(?:log|print|assert|check|record|debug-log)\w* .+?) {_BEFORE},? (?P<more>(?:with|using|at|via|through|if|when|unless|that) .+)",
    re.IGNORECASE,
)
_OF_RESULT = re.compile(
    rf"(?:(?:make|have|let) (?:it|(?:the|this) (?:function|method)) )?(?P<do>(?:log|print|assert|check|ensure|verify|make sure)s? (?:that )?{RESULT}(?:,? .+)?)",
    re.IGNORECASE,
)
_ADD_A_CALL = re.compile(
    rf"{ADD_A}(?:(?P<level>debug|info|warning|error)[ -])?(?P<verb>log|print|logging|printing|log call|debug print)(?: statement| call| message| line| output)?s?(?: (?:that|which) (?:logs|prints))?(?: (?:for|of|with|showing|containing|to log|to print|logging|printing))? ",
    re.IGNORECASE,
)  # fmt: skip


async def _understand(selection: Selection, instruction: str, tools: Tools) -> Propose | None:
    said = plain(instruction)
    words = read_words(said)
    if words is None or (function := await asyncio.to_thread(selected_function, selection)) is None:
        return None
    variable = function.free_name("result", "returned", "return_value")
    subjects = Subjects(function, it=variable, result=variable, more=frozenset(bound_names(function.node)))
    if (statement := Reader(subjects, result=variable).read(words)) is None:
        return None
    if not statement.is_computed and not re.search(r"\bbefore\b", said, re.IGNORECASE):
        return None
    found = returns_of(function)
    speaks_of_result = statement.names(variable) or re.search(rf"{RESULT}|\bit\b", words, re.IGNORECASE) is not None

    async def propose() -> Proposal:
        _require_returns(function, found, speaks_of_result=speaks_of_result)
        return await _propose(function, statement, variable, found, tools)

    return propose


def read_words(words: str) -> str | None:
    """What is to be done before each return; None for words that do not say that."""
    if found := _LEADING.fullmatch(words):
        return _shortened(found["do"])
    words = _shortened(words)
    if found := _MIDDLE.fullmatch(words):
        return f"{found['do']} {found['more']}"
    found = _TRAILING.fullmatch(words) or _OF_RESULT.fullmatch(words)
    return found["do"] if found else None


def _shortened(words: str) -> str:
    """Say "log X" for "add a log of X"."""
    words = ADD_AN_ASSERTION.sub("assert that ", words, count=1)
    return _ADD_A_CALL.sub(
        lambda one: f"{one['level'] + '-' if one['level'] else ''}{'print' if 'print' in one['verb'].lower() else 'log'} ", words, count=1
    )


def _require_returns(function: Function, found: Sequence[Return], *, speaks_of_result: bool) -> None:
    if not found:
        raise SelectionError(f"{function.name} has no return statement")
    if not speaks_of_result:
        return
    if function.is_generator:
        raise SelectionError(f"{function.name} is a generator: it yields its values, and returns none")
    if all(one.node.value is None for one in found):
        raise SelectionError(f"{function.name} returns no value")


async def _propose(function: Function, statement: Statement, variable: str, found: Sequence[Return], tools: Tools) -> Proposal:
    filler = Filler(function, Asker(function.document, tools))
    modules = statement.modules
    if statement.is_computed:
        edits = [edit for one in found for edit in _computed(statement, one, variable)]
    else:
        filled = await filler.fill(statement, _place(function, found[0], variable))
        modules = filled.modules
        lines = filled.text.split("\n")
        edits = [edit for one in found for edit in one.with_lines(_moved(lines, found[0].indent, one.indent), variable)]
    return await asyncio.to_thread(finished_proposal, function, edits, modules, filler, _note(statement, found))


def _place(function: Function, one: Return, variable: str) -> Place:
    """The place before a return of a variable, which has its value."""
    stored = one.with_lines("", variable)[:-1]
    at = function.document.next_line(function.tree.end(one.node))
    place = place_at(function, at, stored, indent=one.indent, more=[variable, *function.all_names])
    return replace(place, after=f"{one.indent}return {variable}\n{place.after}")


def _note(statement: Statement, found: Sequence[Return]) -> str:
    """Which returns of None an assertion will stop."""
    if not re.fullmatch(r"assert \w+ is not None", statement.text):
        return ""
    lines = [str(one.node.lineno) for one in found if one.constant == "None"]
    return f"line {' and '.join(lines)} of the file returned None, where the assertion now fails" if lines else ""


def _computed(statement: Statement, one: Return, variable: str) -> list[Edit]:
    """The statement with the result under the name that it has there."""
    known = one.bare_name or ("" if re.match(r"assert|if", statement.text) else one.constant)
    if not known and statement.names(variable):
        return one.with_lines(indented(statement.text, one.indent), variable)
    text = re.sub(rf"\b{variable}\b(?=[^\"]*(?:\"[^\"]*\"[^\"]*)*$)", lambda _found: known, statement.text)
    return one.with_lines(indented(text, one.indent))


def _moved(lines: Sequence[str], old: str, new: str) -> str:
    """Lines that are indented by `new` in place of `old`."""
    return "\n".join(new + line[len(old) :] if line.strip() else line for line in lines)


INTENT = Intent("before-returns", _understand)
