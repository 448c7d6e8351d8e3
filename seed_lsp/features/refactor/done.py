"""Whether an answer does what the instruction says, where its words say that exactly.

Each check gives its refusal in the user's words, or nothing.
"""

from __future__ import annotations

import re
from collections import Counter

from tree_sitter import Node

from seed_lsp.features.refactor.change import Change, Side, code_key, header, is_selector
from seed_lsp.source.patch import changed_runs
from seed_lsp.source.syntax import is_docstring, is_docstring_statement, is_sequence, text_of

_CONSTANTS = frozenset({"none", "true", "false", "integer", "string", "null", "number"})
_LEAVE_BODY = re.compile(
    r"\b(?:leave|keep|do(?:n't| not) (?:change|touch|edit))\b[^.;]*\b(?:bod(?:y|ies)|other lines|(?:everything|all|anything) else|the rest)\b",
    re.IGNORECASE,
)
_RENAME = re.compile(r"\s*(?:please\s+)?rename\b", re.IGNORECASE)
_RENAME_WORDS = re.compile(
    r"a|all|and|argument|as|attribute|call|class|constant|each|everywhere|field|from|function|global|here|in|instance|into|its?|local|member|method"
    r"|module|named?|names|object|occurrences|of|parameter|please|rename|this|that|the|throughout|to|uses|variables?|well|with",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*=\s*([^\s`,;]+)")
_PARAMETER_WORD = r"(?:param(?:eter)?|arg(?:ument)?|flag|option|switch)"
_CALLED = re.compile(
    rf"\b{_PARAMETER_WORD}\s+(?:called\s+|named\s+)?`([A-Za-z_]\w*)`|`([A-Za-z_]\w*)`\s+{_PARAMETER_WORD}\b", re.IGNORECASE
)
_CONDITION = re.compile(r"\b(?:if|when|unless|where)\b([^.;]*)", re.IGNORECASE)
_QUOTED_NAME = re.compile(r"`([A-Za-z_]\w*)`")
_BEFORE_RETURN = re.compile(r"\bbefore (?:(?:each|every|the|it|any|all|returning|it is) )*return", re.IGNORECASE)
_TOLD_RESULT = re.compile(r"\b(?:log|print|show|record)s? (?:the )?(?:result|return value|value|it)\b", re.IGNORECASE)
_FIRST = re.compile(r"\bfirst (?:argument|parameter)\b", re.IGNORECASE)
_OWN_NAME = re.compile(r"\b(?:(?:function|method)'s (?:own )?name|name of (?:the|this|each) (?:function|method))\b", re.IGNORECASE)
_RAISED = re.compile(r"\braises?\s+(?:an?\s+|the\s+)?`?([A-Z]\w+)", re.IGNORECASE)


def changed_rest(change: Change) -> str:
    """Who says that the body shall stay does not want it to change."""
    if change.before is None or change.after is None or not _LEAVE_BODY.search(change.asked.instruction):
        return ""
    before, after = (Counter(_body(side)) for side in (change.before, change.after))
    if odd := min((before - after) + (after - before), default=""):
        return f"the model changed the body ({odd[:60]}), which the instruction says to leave; try again with other words"
    return ""


def _body(side: Side) -> list[str]:
    definitions = {one.node.id for one in side.definitions}
    inner = [node for node in side.statements if node.id not in definitions and node.type != "decorated_definition"]
    return [header(node) for node in inner if not is_docstring_statement(node)]


def more_than_names(change: Change) -> str:
    """A rename leaves all but names, and strings are none."""
    if change.before is None or change.after is None or not _is_rename(change):
        return ""
    before, after = _leaves(change.before), _leaves(change.after)
    become: dict[str, str] = {}
    # Who gives no name leaves it to the model.
    named = any(not _RENAME_WORDS.fullmatch(word) for word in change.asked.words)
    for one, other in zip(before, after, strict=False):
        old, new = text_of(one), text_of(other)
        if one.type != other.type or (old != new and not (one.type.endswith("identifier") and (change.asked.names(new) or not named))):
            return f"the model changed more than names ({old[:60]}), where a rename was asked for"
        if one.type == "identifier" and not is_selector(one) and become.setdefault(old, new) != new:
            return f"the model gave {old} two names"
    if len(before) != len(after):
        return "the model changed more than names, where a rename was asked for"
    twice = [name for name, count in Counter(become.values()).items() if count > 1]
    return f"the model gave two things the name {twice[0]}" if twice else ""


def _is_rename(change: Change) -> bool:
    """Whether the instruction asks for other names, and for nothing else."""
    if not _RENAME.match(change.asked.instruction) or change.before is None:
        return False
    known = {text_of(node) for side in (change.before, change.after) if side is not None for node in _leaves(side)}
    return all(_RENAME_WORDS.fullmatch(word) or word in known for word in change.asked.words)


def _leaves(side: Side) -> list[Node]:
    """The tokens, but for comments and docstrings, which tell of names."""
    found, stack = [], [side.root]
    while stack:
        node = stack.pop()
        if "comment" in node.type or (node.type == "string" and is_docstring(node)):
            continue
        if not node.child_count and side.within(node):
            found.append(node)
        stack += [child for child in reversed(node.children) if child.end_byte > side.first and child.start_byte < side.last]
    return found


def missing_parameter(change: Change) -> str:
    """A parameter that the instruction gives with its default."""
    if change.before is None or change.after is None or not change.asked.speaks_of("parameters") or change.asked.speaks_of("removal"):
        return ""
    parameters = [one for each in change.after.definitions for one in each.parameters or ()]
    if not parameters:
        return ""
    for name, default in _PARAMETER.findall(change.asked.instruction):
        value = code_key(default.rstrip(".)"))
        if not any(re.match(rf"{name}\b", one) and one.endswith(value) for one in parameters):
            return f"the model did not add {name}={value}; try again with other words"
        if _CONDITION.search(change.asked.spoken) and not any(
            text_of(node) == name and not _in_parameters(node) for node in _leaves(change.after)
        ):
            return f"the model added {name} and does nothing with it; try again with other words"
    return ""


def missing_named_parameter(change: Change) -> str:
    """A parameter that the instruction calls by its name is one, and no other variable."""
    if change.before is None or change.after is None or change.asked.speaks_of("removal"):
        return ""
    known = {text_of(node) for node in _leaves(change.before)}
    parameters = [one for each in change.after.definitions for one in each.parameters or ()]
    for called, calling in _CALLED.findall(change.asked.instruction):
        name = called or calling
        if parameters and name not in known and not any(re.match(rf"\W*{name}\b", one) for one in parameters):
            return f"the model did not make {name} a parameter; try again with other words"
    return ""


def missing_own_name(change: Change) -> str:
    """Who asks for the function's name to be told gets to read it."""
    if change.before is None or change.after is None or not change.before.definitions or not _OWN_NAME.search(change.asked.instruction):
        return ""
    told, name = " ".join(_new_words(change.before, change.after)), change.before.definitions[0].name
    return (
        ""
        if re.search(rf"\b{name}\b|__qualname__|\bco_name\b", told)
        else f"the model does not tell the name {name}; try again with other words"
    )


def _in_parameters(node: Node) -> bool:
    parent = node.parent
    while parent is not None and parent.type not in {"block", "parameters"}:
        parent = parent.parent
    return parent is not None and parent.type == "parameters"


def _first_argument(change: Change, condition: str) -> list[str]:
    """The name of the first parameter, where the condition speaks of that without its name."""
    if not _FIRST.search(condition) or change.before is None or not change.before.definitions:
        return []
    names = [re.split(r"\W", one, maxsplit=1)[0] for one in change.before.definitions[0].parameters or ()]
    return [name for name in names if name not in {"self", "cls", ""}][:1]


def missing_condition(change: Change) -> str:
    """New code looks at what the condition of the instruction names, and raises what it names."""
    if change.before is None or change.after is None or change.document.language != "python":
        return ""
    new = _new_words(change.before, change.after)
    for raised in _RAISED.findall(change.asked.instruction):
        if raised.endswith(("Error", "Exception")) and not (raised in new and _raises(change.after, raised)):
            return f"the model added nothing that raises {raised}; try again with other words"
        known = {text_of(node) for node in _leaves(change.after)}
        for condition in _CONDITION.findall(change.asked.instruction):
            names = {name for name in (*_QUOTED_NAME.findall(condition), *_first_argument(change, condition)) if name in known}
            missed = sorted(names - new)
            if missed:
                return f"the model's new code does not look at {missed[0]}; try again with other words"
            if _is_hidden(change, raised, names):
                return f"the model raises {raised} only where an older condition holds; try again with other words"
    return ""


def _raises(side: Side, raised: str) -> bool:
    return any(node.type == "raise_statement" and re.search(rf"\b{raised}\b", text_of(node)) for node in side.statements)


def _is_hidden(change: Change, raised: str, names: set[str]) -> bool:
    """Whether an exception is raised within a branch that was there and asks for one of the names,
    too: `if x is None` within `if x`.
    """
    assert change.before is not None, "both sides were looked at"
    assert change.after is not None, "both sides were looked at"
    old = {header(node) for node in change.before.statements}
    for node in change.after.statements:
        if node.type != "raise_statement" or raised not in text_of(node) or header(node) in old:
            continue
        parent = node.parent
        while parent is not None and change.after.within(parent):
            above = header(parent)
            if parent.type in {"if_statement", "while_statement"} and above in old and names & set(re.findall(r"\w+", above)):
                return True
            parent = parent.parent
    return False


def missing_before_return(change: Change) -> str:
    """What is to be done with a result before it is returned is done there."""
    if change.after is None or not _BEFORE_RETURN.search(change.asked.instruction):
        return ""
    about_result = bool(_TOLD_RESULT.search(change.asked.instruction))
    for node in change.after.statements:
        value = node.named_children[0] if node.type == "return_statement" and node.named_children else None
        if value is None or value.type == "none" or (value.type in _CONSTANTS and not about_result):
            continue
        before = node.prev_named_sibling
        while before is not None and "comment" in before.type:
            before = before.prev_named_sibling
        simple = before is not None and not any(map(is_sequence, _below(before)))
        if before is None or not simple or not _has(code_key(text_of(before)), code_key(text_of(value))):
            return f"the model does nothing with {text_of(value)[:60]} before it is returned; try again with other words"
    return ""


def _has(code: str, part: str) -> bool:
    """Whether a part stands in code, and is no part of a longer name."""
    end = r"(?!\w)" if part[-1:].isidentifier() else ""
    return bool(re.search(rf"(?<!\w){re.escape(part)}{end}", code))


def _below(node: Node) -> list[Node]:
    return [node, *(one for child in node.children for one in _below(child))]


def _new_words(before: Side, after: Side) -> set[str]:
    old, new = ([text_of(node) for node in _leaves(side)] for side in (before, after))
    return {word for run in changed_runs(old, new) for word in new[run.new_start : run.new_end]}
