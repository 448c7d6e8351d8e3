"""One more parameter in a function's header, in its layout."""

from __future__ import annotations

import ast
import tokenize
from dataclasses import dataclass

from seed_lsp.features.refactor.intents.insertions.function import Function
from seed_lsp.source.document import indent_of
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_tree import Token

_LITERALS = {bool: "bool", int: "int", float: "float", str: "str", bytes: "bytes"}
_WIDTH = 100


@dataclass(frozen=True)
class NewParameter:
    name: str
    default: str | None
    annotation: str = ""
    keyword_only: bool = False


@dataclass(frozen=True)
class _Header:
    """The tokens between the brackets of a header."""

    function: Function
    opening: Token
    inner: tuple[Token, ...]
    closing: Token


def parameter_edit(function: Function, new: NewParameter) -> Edit:
    """The edit that inserts it: behind all that is there, but before ``**kwargs``."""
    header = _header(function)
    arguments = function.node.args
    needs_star = new.keyword_only or (new.default is None and bool(arguments.defaults))
    has_star = arguments.vararg is not None or bool(arguments.kwonlyargs)
    text = _written(function, new)
    return _inserted(header, f"*, {text}" if needs_star and not has_star else text)


def _written(function: Function, new: NewParameter) -> str:
    annotation = new.annotation or _annotation(function, new.default)
    if annotation:
        return f"{new.name}: {annotation}" + (f" = {new.default}" if new.default is not None else "")
    return new.name + (f"={new.default}" if new.default is not None else "")


def _annotation(function: Function, default: str | None) -> str:
    """The type of a default, where all other parameters have their types."""
    others = [*function.parameters, *function.starred]
    has_result = function.node.returns is not None
    if default is None or not all(one.annotation is not None for one in others) or not (others or has_result):
        return ""
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return ""
    return _LITERALS.get(type(value), "")


def _header(function: Function) -> _Header:
    start, end = function.document.line_starts[function.node.lineno - 1], function.tree.start(function.node.body[0])
    tokens = [one for one in function.tree.tokens if start <= one.start < end]
    depth, square, opening = 0, 0, 0
    for number, token in enumerate(tokens):
        if token.kind != tokenize.OP:
            continue
        square += (token.text == "[") - (token.text == "]")
        if token.text == "(" and not square and not depth:
            opening = number
        depth += (token.text in "([{") - (token.text in ")]}")
        if token.text == ")" and not depth and not square and opening:
            return _Header(function, tokens[opening], tuple(tokens[opening + 1 : number]), token)
    raise AssertionError("a header has brackets")


def _inserted(header: _Header, text: str) -> Edit:
    code = [one for one in header.inner if one.kind not in {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE}]
    if not code:
        return Edit(header.opening.end, header.opening.end, text)
    starts = _starts(code)
    last = code[starts[-1]]
    if last.text == "**":
        return _before(header, last, text)
    return _behind(header, code, last, text)


def _starts(code: list[Token]) -> list[int]:
    """The places of the tokens that begin a parameter."""
    found, depth = [0], 0
    for number, token in enumerate(code):
        depth += (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})
        if token.text == "lambda":
            depth += 1
        elif token.text == ":" and depth and _in_lambda(code, number):
            depth -= 1
        if token.text == "," and not depth and number + 1 < len(code):
            found.append(number + 1)
    return found


def _in_lambda(code: list[Token], colon: int) -> bool:
    """Whether a colon ends the parameters of a lambda."""
    depth = 0
    for token in reversed(code[:colon]):
        depth += (token.text in {")", "]", "}"}) - (token.text in {"(", "[", "{"})
        if depth < 0:
            return False
        if token.text == "lambda" and not depth:
            return True
    return False


def _line_before(header: _Header, token: Token) -> str:
    document = header.function.document
    return document.text[document.line_start(token.start) : token.start]


def _before(header: _Header, last: Token, text: str) -> Edit:
    document = header.function.document
    line = _line_before(header, last)
    gap = " " if line.strip() else document.newline + line
    return Edit(last.start, last.start, f"{text},{gap}")


def _behind(header: _Header, code: list[Token], last: Token, text: str) -> Edit:
    document = header.function.document
    comma = code[-1] if code[-1].text == "," else None
    end = code[-1].end
    line = _line_before(header, last)
    number = document.line_of(end)
    stands_alone = not line.strip()
    if not stands_alone:
        row = document.line_text(number)
        if len(row) + len(text) + 2 <= _WIDTH or document.line_of(header.opening.start) == number:
            at = comma.start if comma else end
            return Edit(at, at, f", {text}")
        line = indent_of(line)
    closes_here = document.line_of(header.closing.start) == number
    line_end = document.line_range(number)[0] + len(document.line_text(number))
    if closes_here:
        at = comma.start if comma else end
        return Edit(at, at, f",{document.newline}{line}{text}")
    if comma:
        return Edit(line_end, line_end, f"{document.newline}{line}{text},")
    tail = document.text[end:line_end]
    return Edit(end, line_end, f",{tail}{document.newline}{line}{text}")
