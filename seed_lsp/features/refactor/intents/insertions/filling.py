"""The model's part of new statements: it fills their holes, where they stand."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from seed_lsp.errors import RejectedResultError
from seed_lsp.features.refactor.imports import import_block
from seed_lsp.features.refactor.intents.insertions.asking import UNSEEN, Asker, require_visible
from seed_lsp.features.refactor.intents.insertions.function import Function
from seed_lsp.features.refactor.intents.insertions.statement import Hole, Statement, indented
from seed_lsp.source.document import with_line_feeds
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.syntax import UNREADABLE, parse_python

IMPORT_CHARS, BEFORE_CHARS, AFTER_CHARS = 800, 1200, 2000
"""Of the code around a place, as the model sees it."""
_WORDS_S = 12.0
"""For the words of a message, in whose stead there are plain ones."""
_TOKENS = {"message": 32, "arguments": 64, "statements": 128, "condition": 48}
_MOST_STATEMENTS = 4
_LEAVING = {ast.Return: "return", ast.Raise: "raise"}
_FORBIDDEN = (
    ast.Yield,
    ast.YieldFrom,
    ast.Global,
    ast.Nonlocal,
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Delete,
)


@dataclass(frozen=True)
class Place:
    """Where new lines go: between two texts, indented so. `known` are the names with a meaning
    there.
    """

    before: str
    after: str
    indent: str
    known: frozenset[str]


@dataclass(frozen=True)
class Filled:
    """New lines, indented from the place where they go, and the modules to import for them."""

    text: str
    modules: tuple[str, ...] = ()


def place_at(function: Function, at: int, edits: Sequence[Edit] = (), *, indent: str, more: Sequence[str] = ()) -> Place:
    """The place before a character of the document, as it is after `edits` that lie before it."""
    document = function.document
    block = import_block(document).end
    header = document.line_start(function.tree.start(function.node))
    cut = max(min(block, header), document.line_start(max(0, header - BEFORE_CHARS)))
    owner = function.tree.parents.get(function.node)
    above = document.text[: min(block, cut)][:IMPORT_CHARS]
    if isinstance(owner, ast.ClassDef) and function.tree.start(owner) < cut:
        above += document.line_text(document.line_of(function.tree.start(owner))) + "\n"
    before = apply_edits(document.text[cut:at], [edit for edit in edits if cut <= edit.start and edit.end <= at], offset=cut)
    end = document.next_line(function.tree.end(function.node))
    after = document.text[at : max(at, min(end, at + AFTER_CHARS))]
    return Place(with_line_feeds(above + before), with_line_feeds(after), indent, function.known_names | frozenset(more))


@dataclass
class Filler:
    """Fills the holes of statements of a function."""

    function: Function
    asker: Asker

    async def fill(self, statement: Statement, place: Place) -> Filled:
        """The statement without holes; `RejectedResultError` where the model has nothing of use."""
        if statement.is_computed:
            return Filled(indented(statement.text, place.indent), statement.modules)
        reason: RejectedResultError | None = None
        for comment in _comments(statement.words):
            try:
                return await self._try(statement, place, comment)
            except RejectedResultError as error:
                reason = reason or error
        assert reason is not None, "it was tried at least once"
        raise reason

    async def _try(self, statement: Statement, place: Place, comment: str) -> Filled:
        made = ""
        before = f"{place.before}{place.indent}# {comment}\n"
        for piece in statement.pieces:
            if isinstance(piece, str):
                made += piece
                continue
            made += await self._words(piece, before, made, place)
        modules = _require(made, statement, place, self.function)
        self.asker.require_encodable(made)
        return Filled(indented(made, place.indent), tuple(dict.fromkeys((*statement.modules, *modules))))

    async def _words(self, hole: Hole, before: str, made: str, place: Place) -> str:
        stops = {"message": ('"', "\n"), "arguments": ("\n",), "condition": _condition_stops(hole.words), "statements": ("\n\n",)}[
            hole.kind
        ]
        left = min(self.asker.left, _WORDS_S) if hole.fallback else self.asker.left
        try:
            answer = await self.asker.ask(
                (before, place.after), indented(made, place.indent).rstrip(" \t"), stops, _TOKENS[hole.kind], left
            )
        except RejectedResultError:
            if hole.fallback:
                return hole.fallback
            raise
        if hole.kind == "message":
            return _message(answer, hole.fallback)
        if hole.kind == "statements":
            within = made.rpartition("\n")[2]
            lines = _own_lines(place.indent + within + answer.lstrip(), place.after)
            return textwrap.dedent(lines).replace("\n", f"\n{within}")
        answer = answer.strip().removesuffix(":").rstrip()
        _require_own(answer, hole.words, self.function)
        return answer


def _condition_stops(words: str) -> tuple[str, ...]:
    """A condition has but one part where the words have but one."""
    return (":\n", "\n", *(f" {word} " for word in ("and", "or") if not re.search(rf"\b{word}\b", words, re.IGNORECASE)))


def _require_own(condition: str, words: str, function: Function) -> None:
    """Refuse a condition on other parameters than those that its words name."""
    known = {one.arg for one in (*function.parameters, *function.starred)}
    named = known & set(re.findall(r"\w+", words))
    used = known & set(re.findall(r"\w+", condition))
    if not condition or (named and used - named) or named - used:
        raise RejectedResultError("the model's condition is not the one that was asked for; say it in other words, or as code")


def _comments(words: str) -> list[str]:
    """What is said to the model above a hole, one after the other."""
    plain = words[:1].upper() + words[1:]
    return [plain, f"TODO: {words}"]


def _message(answer: str, fallback: str) -> str:
    text = " ".join(answer.split())
    if not text or "\\" in text or "{" in text or "%" in text or UNSEEN.search(text) or len(text) > 100:
        if fallback:
            return fallback
        raise RejectedResultError("the model wrote no message")
    return text


def _own_lines(text: str, after: str) -> str:
    """The lines of an answer before those that stand behind the hole already."""
    following = next((line.strip() for line in after.split("\n") if line.strip()), "")
    indent = text[: len(text) - len(text.lstrip())]
    kept: list[str] = []
    for line in text.split("\n"):
        if line.strip() and (not line.startswith(indent) or (kept and line.strip() == following)):
            break
        kept.append(line)
    while kept and (not kept[-1].strip() or kept[-1].strip().startswith("#")):
        kept.pop()
    if not kept:
        raise RejectedResultError("the model wrote no statement")
    return "\n".join(kept)


def _require(made: str, statement: Statement, place: Place, function: Function) -> tuple[str, ...]:
    """Refuse what does not parse, or does more than was asked for; the modules that it needs."""
    require_visible(made)
    try:
        body = parse_python("async def f():\n" + textwrap.indent(made, " ")).body[0]
    except UNREADABLE as error:
        raise RejectedResultError("the model's statement does not parse; say in other words what it shall do") from error
    assert isinstance(body, ast.AsyncFunctionDef), "that is what was written"
    holes = [piece for piece in statement.pieces if isinstance(piece, Hole)]
    lines = statement.text.count("\n") + 1 + sum(_MOST_STATEMENTS for hole in holes if hole.kind == "statements")
    if len(body.body) > (_MOST_STATEMENTS if any(hole.kind == "statements" for hole in holes) else lines):
        raise RejectedResultError("the model wrote more than was asked for; say in other words what it shall do")
    given = {kind for kind, word in _LEAVING.items() if re.search(rf"\b{word}\b", statement.text)}
    for node in ast.walk(body):
        if node is not body and (
            isinstance(node, _FORBIDDEN) or (isinstance(node, ast.Await) and not isinstance(function.node, ast.AsyncFunctionDef))
        ):
            raise RejectedResultError("the model wrote more than was asked for; say in other words what it shall do")
        for kind, word in _LEAVING.items():
            if isinstance(node, kind) and kind not in given and word not in statement.may:
                raise RejectedResultError(
                    f"the model's statement would {word}, which was not asked for; say in other words what it shall do"
                )
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in function.all_names:
            raise RejectedResultError(
                f"the model's statement would change {node.id}, which was not asked for; say in other words what it shall do"
            )
    return _modules(body, place, statement)


def _modules(body: ast.AST, place: Place, statement: Statement) -> tuple[str, ...]:
    """The modules of the standard library that code needs; a name of another kind is refused."""
    stored = {node.id for node in ast.walk(body) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    stored |= {node.name for node in ast.walk(body) if isinstance(node, ast.ExceptHandler) and node.name} | {
        node.arg for node in ast.walk(body) if isinstance(node, ast.arg)
    }
    missing = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)} - stored - place.known - set(statement.modules)
    used = {node.value.id for node in ast.walk(body) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}
    if unknown := sorted(name for name in missing if name not in used or name not in sys.stdlib_module_names):
        raise RejectedResultError(
            f"the model uses the name {unknown[0]}, which has no meaning there; say in other words what the code shall do"
        )
    return tuple(sorted(missing))
