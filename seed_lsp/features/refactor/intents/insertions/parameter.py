"""An instruction that gives a function one more parameter."""

from __future__ import annotations

import ast
import asyncio
import re
from dataclasses import dataclass

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.action import Proposal, Selection, Tools
from seed_lsp.features.refactor.intents.insertions.effects import Reader
from seed_lsp.features.refactor.intents.insertions.function import Function, selected_function
from seed_lsp.features.refactor.intents.insertions.making import propose_at_start
from seed_lsp.features.refactor.intents.insertions.signature import NewParameter, parameter_edit
from seed_lsp.features.refactor.intents.insertions.statement import switched
from seed_lsp.features.refactor.intents.insertions.subjects import Subjects
from seed_lsp.features.refactor.intents.insertions.words import NAME, plain
from seed_lsp.features.refactor.intents.intent import Intent, Propose
from seed_lsp.source.syntax import UNREADABLE

_NOUN = r"(?:keyword |optional )?(?:parameter|argument|flag|option|param|arg|keyword|kwarg|switch)"
_KINDS = r"(?P<kinds>(?:(?:new|additional|extra|further|another|keyword[- ]only|keyword|kw-?only|optional|boolean|bool|string|integer|int|named|simple|default)[ ,]+(?:and )?)*)"
_NO_NAME = r"(?:an?|the|this|another|new|keyword|optional|boolean|bool|string|integer|int|named|extra|additional|required|positional|two|three|some|to|for|that|which|and|with|in|of|from|so|checks?|checking|validation|annotations?|hints?|types?|names?|list|handling|docs?|documentation|parsing|descriptions?|statements?|values?|defaults?|parameters?|arguments?|flags?|options?|kwargs?)\b(?! ?=)"
_DEFAULT = r"(?:'[^']*'|\"[^\"]*\"|-?\d[\d._]*(?:e-?\d+)?|\[\]|\{\}|\(\)|[A-Za-z_](?:[\w.]*\w)?(?:\(\))?)"
_NAMED = rf"(?P<name>(?!{_NO_NAME}){NAME})(?: ?: ?(?P<type>[A-Za-z_][\w.]*(?:\[[^\]=]*\])?(?: ?\| ?[\w.\[\]]+)*))?(?: ?= ?(?P<default>{_DEFAULT}))?"
_TO = r"(?: (?:to|for) (?:(?:the|this|its) (?:(?:function|method)(?:'s)? ?)?(?:signature|definition|parameters|header)?|it|the signature(?: of the (?:function|method))?))?"
_ADD = r"(?:add|introduce|include|create|insert|accept|take|append|support)"
_HEADS = (
    rf"{_ADD}{_TO} (?:an? |the |another )?{_KINDS}{_NOUN}(?: (?:called|named))?:? {_NAMED}",
    rf"{_ADD}{_TO} (?:an? |the |another )?{_KINDS}(?P<name>(?!{_NO_NAME}){NAME})(?: ?: ?(?P<type>[A-Za-z_][\w.\[\]]*))?(?: ?= ?(?P<default>{_DEFAULT}))? {_NOUN}",
    rf"{_ADD} (?P<name>{NAME})(?: ?: ?(?P<type>[A-Za-z_][\w.\[\]]*))? ?= ?(?P<default>{_DEFAULT}) to (?:the|its) (?:\w+ )?(?:parameters|arguments|signature|parameter list|argument list)",
    rf"{_ADD} {_NAMED} as (?:an? |the )?{_KINDS}{_NOUN}",
    rf"(?:give|let|make|have) (?:it|(?:the|this) (?:function|method))(?: (?:take|accept|have|get))? (?:an? |another ){_KINDS}{_NOUN}(?: (?:called|named))? {_NAMED}",
    rf"(?:give|let|make|have) (?:it|(?:the|this) (?:function|method))(?: (?:take|accept|have|get))? (?:an? |another ){_KINDS}(?P<name>(?!{_NO_NAME}){NAME})(?: ?= ?(?P<default>{_DEFAULT}))? {_NOUN}",
)  # fmt: skip
_MODIFIERS = (
    r",? of type (?P<type>[A-Za-z_][\w.]*(?:\[[^\]]*\])?(?: ?\| ?[\w.\[\]]+)*)",
    rf",? \((?:(?P<type>[A-Za-z_][\w.\[\]]*)(?:, ?|\)))?(?:(?:by )?default(?:s to|ing to|:| is| value)? ?=? ?(?P<default>{_DEFAULT})\))?",
    rf",? (?:which is |that is )?(?:with|having|using)? ?(?:a |the )?(?:default(?:s|ing|ed)?(?: value)?(?: of| to| is)?) (?P<default>{_DEFAULT})",
    r",? \(?(?P<default>False|True|None|off|on|disabled|enabled) by default\)?",
    rf",? (?:which|that) (?:is (?P<default>{_DEFAULT}) by default|defaults to (?P<default2>{_DEFAULT}))",
    r",? (?:as|and make it) (?:an? )?(?P<only>keyword[- ]only)(?: (?:one|parameter|argument))?",
    _TO[:-1],
)  # fmt: skip
_UNUSED = re.compile(
    r"(?:,? (?:but )?(?:(?:do not|don't|without) (?:us\w+|touch\w*|chang\w+) (?:it|anything else|the body|the rest)(?: yet)?|(?:leave|keep) (?:the body|everything else|the rest)(?: as (?:it is|is)| unchanged| alone)?))",
    re.IGNORECASE,
)
_OF_IT = re.compile(r"(?:that|which|to)\b", re.IGNORECASE)
"""What the parameter itself is said to do, which it does when it is set."""
_LISTS_PARAMETERS = re.compile(r"^\s*(?:(?:Args|Arguments|Parameters)(?::\s*$|\s*\n\s*-{3,})|:param )", re.MULTILINE)
_BOOLEAN = re.compile(r"\b(?:boolean|bool|flag|switch)\b", re.IGNORECASE)
_TYPES = {"boolean": "bool", "string": "str", "integer": "int", "number": "float", "dictionary": "dict"}


@dataclass(frozen=True)
class _Wish:
    """What an instruction says of a parameter, and the rest of it."""

    name: str
    kind: str
    default: str | None
    annotation: str
    keyword_only: bool
    rest: str


async def _understand(selection: Selection, instruction: str, tools: Tools) -> Propose | None:
    wish = read_wish(plain(instruction))
    if wish is None or (function := await asyncio.to_thread(selected_function, selection)) is None:
        return None
    is_switch = wish.default in {"True", "False"}
    reader = Reader(Subjects(function, added=wish.name, it=wish.name, is_switch=is_switch, added_is_none=wish.default == "None"))
    if not _is_known(wish.default, function):
        return None
    statement = reader.read(wish.rest) if wish.rest else None
    if wish.rest and statement is None:
        return None
    if statement is not None and is_switch and _OF_IT.match(wish.rest) and not statement.names(wish.name):
        statement = switched(statement, wish.name, function.unit)
    if statement is not None and re.match(r"(?:raise|return)\b", statement.text):
        # Nothing behind it would ever run.
        return None
    refusal = _refusal(function, wish.name)

    async def propose() -> Proposal:
        if refusal:
            raise SelectionError(refusal)
        edit = parameter_edit(function, NewParameter(wish.name, wish.default, wish.annotation, keyword_only=wish.keyword_only))
        return await propose_at_start(function, statement, tools, [edit], more=[wish.name], note=_note(function, wish.name))

    return propose


def _is_known(default: str | None, function: Function) -> bool:
    """Whether a default has a meaning where the function is defined."""
    if default is None:
        return True
    try:
        tree = ast.parse(default, mode="eval")
    except UNREADABLE:
        return False
    return all(node.id in function.outer_names - function.parameter_names for node in ast.walk(tree) if isinstance(node, ast.Name))


def _note(function: Function, name: str) -> str:
    lists = function.docstring is not None and _LISTS_PARAMETERS.search(function.tree.text(function.docstring))
    return f"the docstring lists the parameters; {name} is still to be described there" if lists else ""


def read_wish(words: str) -> _Wish | None:
    """The parameter that words speak of first; None if they speak of none."""
    for head in _HEADS:
        if found := re.match(rf"{head}(?![\w=])", words, re.IGNORECASE):
            parts = {key: value for key, value in found.groupdict().items() if value}
            rest = words[found.end() :]
            kind = found.group()
            break
    else:
        return None
    changed = True
    while changed:
        changed = False
        for modifier in _MODIFIERS:
            if (more := re.match(rf"(?:{modifier})(?![\w])", rest, re.IGNORECASE)) and more.group().strip(" ,"):
                for key, value in more.groupdict().items():
                    if value:
                        parts.setdefault(key.rstrip("2"), value)
                rest, changed = rest[more.end() :], True
    rest = _UNUSED.sub("", rest)
    if rest and not re.match(r"[\s,;:.]", rest):
        return None
    default = parts.get("default")
    if default is None:
        default = "False" if _BOOLEAN.search(kind) else "None" if "optional" in kind.lower() else None
    default = {"off": "False", "on": "True", "disabled": "False", "enabled": "True"}.get(default.lower(), default) if default else default
    if default is not None and default.lower() in {"none", "true", "false"}:
        default = default.capitalize()
    annotation = _TYPES.get(parts.get("type", ""), parts.get("type", ""))
    keyword_only = "only" in parts or re.search(r"\b(?:keyword[- ]only|kw-?only)\b", kind, re.IGNORECASE) is not None
    return _Wish(parts["name"], kind, default, annotation, keyword_only, rest.strip(" ,;:."))


def _refusal(function: Function, name: str) -> str:
    if any(ast.unparse(one).endswith(("property", ".setter", ".getter", ".deleter")) for one in function.node.decorator_list):
        return f"{function.name} is a property, which takes no parameters"
    if any(ast.unparse(one).endswith("overload") for one in function.node.decorator_list):
        return f"{function.name} is an overload; add the parameter to its implementation, and to each overload by hand"
    if re.fullmatch(r"__(?!init__|call__|new__)\w+__", function.name) and function.is_method:
        return f"{function.name} is a special method, which is called with fixed arguments; it can take no others"
    if name in function.parameter_names:
        return f"{function.name} has a parameter {name} already"
    if name in function.all_names:
        return f"the name {name} has a meaning in {function.name} already; choose another one"
    return ""


INTENT = Intent("add-parameter", _understand)
