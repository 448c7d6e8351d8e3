"""Where comments go: above statements of the kinds that an instruction names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seed_lsp.source.document import indent_of
from seed_lsp.source.python_tree import FUNCTIONS, PythonTree, nodes_in
from seed_lsp.source.syntax import Span

_EACH = r"(?:(?:each|every|all|any)(?: of)?(?: the| its| single)? ?|the |its |an? |of |major |main )*"
_MANY_LINES = 3


@dataclass(frozen=True)
class Thing:
    """A kind of statements: how a refusal names it, and its words."""

    name: str
    words: str
    kinds: tuple[type[ast.AST], ...]


@dataclass(frozen=True)
class CommentPlace:
    """The start of a line, its indentation, and whether a comment stands right above it.

    `openings` are beginnings of the comment, to be tried in turn; an empty one leaves it to the
    model.
    """

    at: int
    indent: str
    openings: tuple[str, ...]
    has_comment: bool


_BEGINNINGS: dict[type[ast.AST], str] = {
    ast.Return: "Return",
    ast.For: "Loop over",
    ast.AsyncFor: "Loop over",
    ast.While: "Repeat",
    ast.If: "Check if",
    ast.Try: "Try to",
    ast.Raise: "Raise",
    ast.Assert: "Make sure",
    ast.With: "Use",
    ast.Assign: "Set",
}
"""Of comments: left to itself, the model writes of the code around as well."""
_WHOLE = (
    r"(?:(?:the|this) )?(?:code|function|method|logic|algorithm|body|selection|selected code|implementation|function body|method body)|it"
    r"|(?:what|how) (?:it|the code|the function|this|this code|the method) (?:does|works|is doing)"
)
_STEPS = Thing(
    "step", r"(?:logical |important |main |major |significant |non-obvious )?(?:step|block|section|part|stage|phase|chunk|paragraph|code block|block of code)s?(?: of (?:the|this|its) (?:code|function|method|logic|algorithm))?|"
    rf"{_WHOLE}|(?:what|how) (?:each step|each part|each block) (?:does|works|is doing)", ()
)  # fmt: skip
_THINGS = (
    Thing("return", r"return(?: statement| line)?s?", (ast.Return,)),
    Thing("loop", r"loop(?: statement)?s?", (ast.For, ast.AsyncFor, ast.While)),
    Thing("for loop", r"for(?:[ -]loop| statement)s?", (ast.For, ast.AsyncFor)),
    Thing("while loop", r"while(?:[ -]loop| statement)s?", (ast.While,)),
    Thing("condition", r"(?:if(?:[ -](?:statement|block|condition|check|branch|clause)(?:e?s)?|s)?|condition(?:al)?s?(?: statements?)?|branch(?:es)?|check)", (ast.If,)),
    Thing("try block", r"(?:try(?:[ -/]except)?|exception)(?: (?:block|statement|handler))?s?", (ast.Try,)),
    Thing("with block", r"(?:with(?: (?:block|statement))?s?|context managers?)", (ast.With, ast.AsyncWith)),
    Thing("raise", r"(?:raise(?: statement)?|raised (?:error|exception)|error)s?", (ast.Raise,)),
    Thing("assertion", r"assert(?:ion|ion statement| statement)?s?", (ast.Assert,)),
    Thing("assignment", r"(?:assignment(?: statement)?|variable assignment)s?", (ast.Assign, ast.AnnAssign, ast.AugAssign)),
    Thing("yield", r"yield(?: statement)?s?", (ast.Yield, ast.YieldFrom)),
    Thing("function", r"(?:(?:inner|nested|helper) )(?:function|method)s?", FUNCTIONS),
    _STEPS,
)  # fmt: skip


def things_of(words: str) -> tuple[Thing, ...]:
    """The kinds that words name; nothing unless all of them are known."""
    parts = re.split(r",? and |, | or |/", words.strip(), flags=re.IGNORECASE)
    found = [next((one for one in _THINGS if re.fullmatch(rf"{_EACH}(?:{one.words})", part, re.IGNORECASE)), None) for part in parts]
    return tuple(one for one in found if one is not None) if all(found) else ()


def is_whole(words: str) -> bool:
    """Whether words are of all of the code."""
    return re.fullmatch(_WHOLE, words.strip(), re.IGNORECASE) is not None


def places_of(tree: PythonTree, span: Span, things: Sequence[Thing]) -> list[CommentPlace]:
    """The places in a span, in order, no two of them alike."""
    found: dict[int, CommentPlace] = {}
    for thing in things:
        for statement in _steps(tree, span) if thing is _STEPS else _statements(tree, span, thing):
            place = _place(tree, statement, _openings(thing, statement))
            if place is not None and span.holds(place.at, place.at):
                found.setdefault(place.at, place)
    return [found[at] for at in sorted(found)]


def _statements(tree: PythonTree, span: Span, thing: Thing) -> Iterator[ast.stmt]:
    for node in nodes_in(tree, span):
        if isinstance(node, thing.kinds) and not tree.is_elif(node):
            yield node if isinstance(node, ast.stmt) else next(one for one in tree.around(node) if isinstance(one, ast.stmt))


def _steps(tree: PythonTree, span: Span) -> Iterator[ast.stmt]:
    """Statements that begin a step: those behind a blank line, those that hold others, and what
    follows them.
    """
    whole = [node for node in nodes_in(tree, span) if isinstance(node, ast.stmt)]
    inside = set(map(id, whole))
    for block in _blocks(tree, whole, inside):
        previous: ast.stmt | None = None
        for one in block:
            is_text = isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
            if not is_text and (previous is None or _is_compound(one) or _is_compound(previous) or _is_apart(tree, previous, one)):
                yield one
            previous = None if is_text else one


def _blocks(tree: PythonTree, whole: Sequence[ast.stmt], inside: set[int]) -> Iterator[list[ast.stmt]]:
    """The bodies of functions, the selected statements themselves, and long bodies within."""
    outermost = [
        one
        for one in whole
        if id(tree.parents[one]) not in inside and not isinstance(tree.parents[one], ast.ExceptHandler | ast.match_case)
    ]
    plain = [one for one in outermost if not isinstance(one, (*FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom))]
    if plain:
        yield plain
    for one in whole:
        if isinstance(one, FUNCTIONS) and (one in outermost or len(one.body) >= _MANY_LINES):
            yield one.body
        elif isinstance(one, ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith) and len(one.body) >= _MANY_LINES:
            yield one.body[1:]


def _is_compound(node: ast.stmt) -> bool:
    return hasattr(node, "body")


def _is_apart(tree: PythonTree, previous: ast.stmt, one: ast.stmt) -> bool:
    between = tree.document.text[tree.end(previous) : tree.start(one)]
    return between.count("\n") > 1 and any(not line.strip() for line in between.split("\n")[1:-1])


def _openings(thing: Thing, statement: ast.stmt) -> tuple[str, ...]:
    beginning = _BEGINNINGS.get(type(statement), "")
    return ("", beginning) if thing is _STEPS or beginning in {"Set", "Use"} else (beginning, "")


def _place(tree: PythonTree, statement: ast.stmt, openings: tuple[str, ...]) -> CommentPlace | None:
    """Above the statement, or above the one that it shares its line with."""
    document = tree.document
    for one in (statement, *(node for node in tree.around(statement) if isinstance(node, ast.stmt))):
        start = tree.start(one)
        line = document.line_of(start)
        first = document.line_range(line)[0]
        if document.text[first:start].strip():
            continue
        above = document.line_text(line - 1) if line else ""
        if above.rstrip().endswith("\\"):
            return None
        return CommentPlace(first, indent_of(document.line_text(line)), openings, above.strip().startswith("#"))
    return None
