"""Whether an answer looks at the case that the instruction speaks of, early enough, and does there
what it says.

For Python alone. Each check gives its refusal in the user's words, or nothing.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from seed_lsp.features.refactor import purpose
from seed_lsp.features.refactor.change import Change
from seed_lsp.features.refactor.embedding import head, tokens
from seed_lsp.features.refactor.kept_names import parsed
from seed_lsp.source.syntax import text_of

_CALLS = (
    (
        re.compile(r"^\s*(?:\w+ )?(?:and )?log\b|\b(?:and|then|add) log(?:ging|s)?\b|\blog (?:the|a|an|it|each|every)\b", re.IGNORECASE),
        re.compile(r"log|warn"),
        "logs",
    ),
    (re.compile(r"\bprint(?:s|ing)?\b", re.IGNORECASE), re.compile(r"print|echo|write|pp"), "prints"),
    (re.compile(r"\bassert\b", re.IGNORECASE), re.compile(r"^assert\b"), "asserts"),
)
_CASES = (
    (
        re.compile(r"\b(?:none|null|missing)\b", re.IGNORECASE),
        re.compile(r"\bNone\b|\bnot (?!in\b)\w|^(?:if|elif) [\w.]+:$|\bor\b"),
        "None",
    ),
    (
        re.compile(r"\bempty\b", re.IGNORECASE),
        re.compile(r"\bnot (?!in\b)\w|\blen\(|== (?:''|\"\"|\[\]|\{\}|\(\))|== 0|^(?:if|elif) [\w.]+:$|\bif [\w.]+ else\b|\bor\b|default="),
        "empty",
    ),
    (re.compile(r"\bnegative\b", re.IGNORECASE), re.compile(r"< 0|0 >|<= -1|>= 0|\babs\("), "negative"),
    (re.compile(r"\b(?:zero|== ?0)\b", re.IGNORECASE), re.compile(r"\b0\b|\bnot (?!in\b)\w"), "zero"),
)
"""What a case is called, and how a condition looks that asks for it."""
_WORDS = re.compile(r"'[^']+'|\"[^\"]+\"")
_RESULT = re.compile(r"^\s*(?:please |also )?return (?:the |its |an? |also )*(\w+)[ .]*$", re.IGNORECASE)
_SHAPES = re.compile(r"tuple|list|dict|set|string|generator|iterator|result|value|copy|int|float|bool|early|true|false|none|nothing")
_PLACE = re.compile(
    r"\b(before|after) (?!return|each|every|that|this)(?:the |it is |calling |a )*([a-z_]{4,}?)(?:e?s|ed|ing)?(?: (?:it|them|the \w+))?[.,]?$",
    re.IGNORECASE,
)
_WRAP = re.compile(
    r"\b(?:wrap|surround|enclose|put)\b (?:the )?(?:(?:whole|entire|function|method|function's|method's) )*(?:body|function|method|it|this|everything)\b",
    re.IGNORECASE,
)
_ABOVE_RETURN = re.compile(r"\bcomment (?:above|before|over) (?:each|every|the|all) returns?\b", re.IGNORECASE)
_KEYWORD_ONLY = re.compile(r"\b(?:keyword|kw)[- ]?only\b", re.IGNORECASE)
_INSTEAD = re.compile(r"\b(?:instead of|rather than|in place of) ([^.;,]*)", re.IGNORECASE)
_COMMON = frozenset({"a", "and", "as", "for", "from", "in", "is", "it", "not", "of", "or", "return", "with"})
_SUPPORT = re.compile(r"^\s*(?:please |also )?(?:support|allow|accept)\b", re.IGNORECASE)
_TURN_LOOP = re.compile(
    r"^\s*(?:please )?(?:turn|convert|replace|rewrite|change) (?:the|this|each|every) (?:for |while )?loops? (?:in|into|to|by|with|as)\b(?!.*\bloop\b.*\bloop\b)",
    re.IGNORECASE,
)
_GUARDED = re.compile(r"\b(?:handle|raise|throw|check|validate|guard|ensure|reject|require|skip|return early|bail)\b", re.IGNORECASE)
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def missing_call(change: Change) -> str:
    """Who asks for something to be logged, printed or asserted gets new code that does it."""
    new = _new_heads(change)
    if new is None:
        return ""
    spoken = change.asked.spoken
    for asked, looks, does in _CALLS:
        if asked.search(spoken) and not change.asked.speaks_of("rewriting", "removal") and not any(looks.search(one) for one in new):
            return f"the model added nothing that {does}; try again with other words"
    return ""


def missing_case(change: Change) -> str:
    """New code asks for the case that the instruction names."""
    new = _new_heads(change)
    if new is None or not (purpose.adds(change.asked) or purpose.widens(change.asked)) or purpose.is_about_texts(change.asked):
        return ""
    for asked, looks, case in _CASES:
        if asked.search(change.asked.spoken) and not any(looks.search(_WORDS.sub("'text'", one)) for one in new):
            return f"the model's new code does not ask for what is {case}; try again with other words"
    return ""


def missing_result(change: Change) -> str:
    """Who asks for one thing to be returned gets that one."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    named = _RESULT.match(change.asked.spoken)
    if old is None or new is None or named is None:
        return ""
    before = Counter(head(node) for node in ast.walk(old) if isinstance(node, ast.Return))
    come = [one for one in (head(node) for node in ast.walk(new) if isinstance(node, ast.Return)) if not before[one]]
    what = named.group(1).lower()
    if _SHAPES.fullmatch(what) or any(what in re.split(r"\W|_", one.lower()) for one in come):
        return ""
    return f"the model returns nothing called {what}; try again with the name that the code has"


def wrong_place(change: Change) -> str:
    """What is to be done before or after something else is done there."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    named = _PLACE.search(change.asked.spoken)
    if old is None or new is None or named is None or not purpose.adds(change.asked):
        return ""
    where, stem = named.group(1).lower(), named.group(2).lower()
    known = Counter(_heads(old))
    places: list[int] = []
    added: list[int] = []
    for node in ast.walk(new):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or not isinstance(node, ast.stmt):
            continue
        one = head(node)
        if known[one]:
            known[one] -= 1
            places += [node.lineno] * (stem in one.lower())
        else:
            added.append(node.lineno)
    if not places or (min(added, default=0) < max(places) if where == "before" else max(added, default=0) > min(places)):
        return ""
    return f"the model's new code does not stand {where} the place that the instruction names; try again with other words"


def missing_keyword_only(change: Change) -> str:
    """A parameter that is to be given by its name alone is."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or not _KEYWORD_ONLY.search(change.asked.spoken):
        return ""
    before, after = (sum(len(node.kwonlyargs) for node in ast.walk(tree) if isinstance(node, ast.arguments)) for tree in (old, new))
    return "" if after > before else "the model made no parameter keyword-only; try again with other words"


def outside_wrap(change: Change) -> str:
    """Of a body that is to stand within something new, nothing stays outside."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or not _WRAP.search(change.asked.spoken):
        return ""
    body, wrapped = (_first_body(tree) for tree in (old, new))
    left = {head(node) for node in wrapped} & {head(node) for node in body if not isinstance(node, (ast.Import, ast.ImportFrom))} - {"try"}
    return f"the model left {min(left)[:60]} outside of what it was to stand in; try again with other words" if left else ""


def _first_body(tree: ast.Module) -> list[ast.stmt]:
    """The statements of the first function, or of what was selected, but for a docstring."""
    function = next((node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))), tree)
    return [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]


def uncommented_return(change: Change) -> str:
    """A comment that is to stand above each return does."""
    if change.after is None or not _ABOVE_RETURN.search(change.asked.spoken):
        return ""
    for node in change.after.statements:
        if node.type == "return_statement":
            above = node.prev_named_sibling or (node.parent.prev_named_sibling if node.parent is not None else None)
            if above is None or "comment" not in above.type or above.end_point[0] != node.start_point[0] - 1:
                return f"the model wrote no comment above {text_of(node)[:60]}; try again with other words"
    return ""


def left_what_should_go(change: Change) -> str:
    """Of what something else is to come instead of, there is less."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    named = _INSTEAD.search(change.asked.instruction)
    if old is None or new is None or named is None or not change.asked.is_brief:
        return ""
    before, after = (Counter(token for one in _heads(tree) for token in tokens(one)) for tree in (old, new))
    for word in re.findall(r"\w+", named.group(1)):
        for form in (word, word.removesuffix("ing"), word.removesuffix("s")):
            if before[form] and form not in _COMMON and after[form] >= before[form]:
                return f"the model left {form}, of which the instruction wants something else instead; try again with other words"
    return ""


def missing_support(change: Change) -> str:
    """What is to be supported is not to raise an exception, and a loop that is to become something
    else is gone.
    """
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None:
        return ""
    if _SUPPORT.match(change.asked.spoken) and _count(new, ast.Raise) > _count(old, ast.Raise):
        return "the model raises an exception for what is to be supported; try again with other words"
    loops = (ast.For, ast.While, ast.AsyncFor)
    if _TURN_LOOP.match(change.asked.spoken) and _count(new, *loops) >= _count(old, *loops):
        return "the model left the loop; try again with other words"
    return ""


def _count(tree: ast.AST, *kinds: type[ast.AST]) -> int:
    return sum(isinstance(node, kinds) for node in ast.walk(tree))


def late_guard(change: Change) -> str:
    """A parameter is looked at before it is used."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None or not _GUARDED.search(change.asked.spoken):
        return ""
    known = Counter(head(node) for node in ast.walk(old) if isinstance(node, ast.stmt))
    for function in ast.walk(new):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        parameters = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)} - {"self", "cls"}
        used: set[str] = set()
        for node in function.body:
            read = _read(node)
            if isinstance(node, ast.If) and not known[head(node)] and isinstance(node.body[-1], _LEAVES):
                late = sorted(_read(node.test) & parameters & used)
                if late:
                    return f"the model looks at {late[0]} only after it was used; try again with other words"
            used |= read
    return ""


def _new_heads(change: Change) -> list[str] | None:
    """The first lines of the statements that are new."""
    old, new = parsed(change.region, change), parsed(change.new, change)
    if old is None or new is None:
        return None
    return [*(Counter(_heads(new)) - Counter(_heads(old)))]


def _heads(tree: ast.AST) -> Iterator[str]:
    return (head(node) for node in ast.walk(tree) if isinstance(node, ast.stmt))


def _read(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
