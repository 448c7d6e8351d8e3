"""A string formatted by `%` or `.format` as an f-string."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from seed_lsp.features.refactor.convert.conversion import (
    NOT_WRITABLE,
    Conversion,
    Place,
    Refused,
    Surroundings,
    edit_of,
    place_of,
    read_expression,
    require_no_comment,
)
from seed_lsp.features.refactor.convert.fields import PERCENT, Field, Piece, brace_pieces, percent_pieces
from seed_lsp.features.refactor.convert.kinds import Kinds
from seed_lsp.source.document import with_line_feeds
from seed_lsp.source.python_scopes import names
from seed_lsp.source.python_tree import PythonTree, Token, nodes_in
from seed_lsp.source.syntax import Span

_LITERAL = re.compile(r"(?P<prefix>[A-Za-z]*)(?P<quote>\"\"\"|'''|\"|')(?P<body>.*)(?P=quote)", re.DOTALL)
# What stands for one character, or for a piece of the format.
_ESCAPE = r"\\N\{[^}]*\}|\\."
_UNITS = re.compile(rf"(?P<escape>{_ESCAPE})|(?P<field>{PERCENT.pattern})|(?P<other>.)", re.DOTALL)
_RAW_UNITS = re.compile(rf"(?P<field>{PERCENT.pattern})|(?P<other>.)", re.DOTALL)
_SIMPLE_VALUES = (ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Call)


def _find(around: Surroundings) -> Iterator[Place]:
    tree, kinds = around.tree, None
    done = 0
    for node in nodes_in(tree, around.asked):
        if (found := _formatted(node)) is None or any(isinstance(one, ast.JoinedStr) for one in tree.around(node)):
            continue
        call, text = found
        start, end = tree.start(call), tree.end(call)
        if start < done:
            # It is a value in another, which has to be converted first.
            continue
        kinds = kinds or Kinds(tree, may_presume=around.is_wished)
        place = place_of(tree, call, partial(_converted, tree, call, text, kinds))
        done = end if place.edits else done
        presumed = kinds.presumed()
        yield replace(place, note=presumed) if place.edits else place


def _formatted(node: ast.AST) -> tuple[ast.BinOp | ast.Call, ast.Constant] | None:
    match node:
        case ast.BinOp(left=ast.Constant(value=str()) as text, op=ast.Mod()):
            return node, text
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()) as text, attr="format")):
            return node, text
        case _:
            return None


def _converted(tree: PythonTree, node: ast.BinOp | ast.Call, text: ast.Constant, kinds: Kinds) -> Place:
    start, end = tree.start(node), tree.end(node)
    return Place(start, Span(start, end), (edit_of(tree, start, end, _f_string(tree, node, text, kinds)),))


def _f_string(tree: PythonTree, node: ast.BinOp | ast.Call, text: ast.Constant, kinds: Kinds) -> str:
    start, end = tree.start(node), tree.end(node)
    require_no_comment(tree, start, end)
    format_ = str(text.value)
    by_percent = isinstance(node, ast.BinOp)
    pieces = percent_pieces(format_, node.right, kinds) if isinstance(node, ast.BinOp) else brace_pieces(format_, node)
    fields = [piece for piece in pieces if isinstance(piece, Field)]
    if not fields:
        raise Refused("it has no fields")
    _require_harmless(fields, kinds)
    if (
        not by_percent
        and not kinds.may_presume
        and any(one.spec and not _is_harmless(later.value) for i, one in enumerate(fields) for later in fields[i + 1 :])
    ):
        raise Refused("a value may not fit its format, which would show before the next is evaluated")
    source = tree.document.text
    opened = source[start : tree.start(text)]
    closed = source[tree.end(text) : source.index(")", tree.end(text)) + 1] if opened else ""
    if opened.strip("( \t\r\n"):
        raise Refused("its text is put together in another way")
    new = opened + _literals(tree, text, fields, by_percent=by_percent) + closed
    new = with_line_feeds(new)
    _require_same(new, pieces)
    return new


def _require_harmless(fields: Sequence[Field], kinds: Kinds) -> None:
    """`Refused` where a value could change another one before it is shown.

    All values were evaluated first, and an f-string shows each before it evaluates the next.
    """
    seen: set[str] = set()
    for field in fields:
        nodes = list(ast.walk(field.value))
        if any(isinstance(one, ast.Lambda | ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Await) for one in nodes):
            raise Refused("a value is a lambda, or binds names, waits or yields")
        calls = any(isinstance(one, ast.Call) for one in nodes) and kinds.of(field.value) is None
        if calls and (shared := seen & set(names(field.value))) and not kinds.presume(field.value, f"nothing that changes `{min(shared)}`"):
            raise Refused(f"a call could change `{min(shared)}` before it is shown")
        kind = kinds.of(field.value)
        if kind is None or not kind.is_exact:
            seen |= set(names(field.value))


def _is_harmless(value: ast.expr) -> bool:
    """Whether its evaluation can neither fail nor do anything."""
    return isinstance(value, ast.Name | ast.Constant)


def _literals(tree: PythonTree, text: ast.Constant, fields: Sequence[Field], *, by_percent: bool) -> str:
    """The literals that the format is made of, with the fields in their places."""
    source, start, end = tree.document.text, tree.start(text), tree.end(text)
    rest, out, done = list(fields), [], start
    for token in tree.tokens:
        if start <= token.start and token.end <= end:
            if token.kind != tokenize.STRING:
                raise Refused("its text is put together in another way")
            out += [source[done : token.start], _literal(tree, source[token.start : token.end], rest, by_percent=by_percent)]
            done = token.end
    if rest:
        raise Refused("a field is written with escapes")
    return "".join(out)


def _literal(tree: PythonTree, literal: str, rest: list[Field], *, by_percent: bool) -> str:
    """One literal; its fields are taken off `rest`."""
    match = _LITERAL.fullmatch(literal)
    if match is None:
        raise Refused("its text is put together in another way")
    prefix, quote, body = match["prefix"].lower(), match["quote"], match["body"]
    left = len(rest)
    new = (
        _percent_body(tree, body, quote, rest, raw="r" in prefix) if by_percent else _brace_body(tree, body, quote, rest, raw="r" in prefix)
    )
    if left == len(rest):
        # Without fields it stays a plain literal, in which braces mean themselves.
        plain = body.replace("%%", "%") if by_percent else body.replace("{{", "{").replace("}}", "}")
        return f"{match['prefix']}{quote}{plain}{quote}"
    return f"{'rf' if 'r' in prefix else 'f'}{quote}{new}{quote}"


def _percent_body(tree: PythonTree, body: str, quote: str, rest: list[Field], *, raw: bool) -> str:
    out = []
    for unit in (_RAW_UNITS if raw else _UNITS).finditer(body):
        text = unit.group()
        if unit["field"] is None:
            out.append(text * 2 if text in "{}" else text)
        elif text == "%%":
            out.append("%")
        elif not rest:
            raise Refused("a field is written with escapes")
        else:
            out.append(_field(tree, rest.pop(0), quote))
    return "".join(out)


def _brace_body(tree: PythonTree, body: str, quote: str, rest: list[Field], *, raw: bool) -> str:
    out, at = [], 0
    while at < len(body):
        escape = None if raw else re.compile(_ESCAPE, re.DOTALL).match(body, at)
        if escape is not None:
            out.append(escape.group())
            at = escape.end()
        elif body[at : at + 2] in {"{{", "}}"}:
            out.append(body[at : at + 2])
            at += 2
        elif body[at] == "{":
            if not rest:
                raise Refused("a field is written with escapes")
            out.append(_field(tree, rest.pop(0), quote))
            at = _behind_field(body, at)
        else:
            out.append(body[at])
            at += 1
    return "".join(out)


def _behind_field(body: str, at: int) -> int:
    depth = 0
    for place in range(at, len(body)):
        depth += {"{": 1, "}": -1}.get(body[place], 0)
        if depth == 0:
            return place + 1
    raise Refused("a field is written with escapes")


def _field(tree: PythonTree, field: Field, quote: str) -> str:
    """A field as code within the quotes; before Python 3.12 it can hold neither these nor a
    backslash.
    """
    code = _code(tree, field.value)
    if "\n" in code or "\r" in code:
        raise Refused("a value is written on several lines")
    if quote in code:
        code = _with_other_quotes(tree, field.value, code, quote[0])
    if "\\" in code or "#" in code or quote in code:
        raise Refused("a value holds quotes, a backslash or a `#`")
    blank = " " if code.startswith("{") else ""
    conversion = f"!{field.conversion}" if field.conversion else ""
    spec = "".join(piece if isinstance(piece, str) else _field(tree, piece, quote) for piece in field.spec)
    return f"{{{blank}{code}{conversion}{':' if field.spec else ''}{spec}}}"


def _code(tree: PythonTree, value: ast.expr) -> str:
    """A value's code; of an attribute or an item that the format named, it is put together."""
    if hasattr(value, "lineno"):
        code = tree.text(value)
        return " ".join(ast.unparse(value).split("\n")) if "\n" in code or "\r" in code else code
    match value:
        case ast.Attribute(value=inner, attr=attribute):
            return f"{_operand(tree, inner)}.{attribute}"
        case ast.Subscript(value=inner, slice=ast.Constant(value=key)):
            return f"{_operand(tree, inner)}[{key!r}]"
        case _:
            raise AssertionError("a format names attributes and items alone")


def _operand(tree: PythonTree, value: ast.expr) -> str:
    code = _code(tree, value)
    return code if isinstance(value, _SIMPLE_VALUES) and not isinstance(value, ast.Constant) else f"({code})"


def _with_other_quotes(tree: PythonTree, value: ast.expr, code: str, quote: str) -> str:
    """The code with its strings in the other quotes, where these are plain."""
    if not hasattr(value, "lineno"):
        return code.replace("'", '"') if quote == "'" and '"' not in code else code
    start, end = tree.start(value), tree.end(value)
    inside = [token for token in tree.tokens if start <= token.start and token.end <= end]
    return _requoted(code, start, inside, quote) if code == tree.text(value) else code


def _requoted(code: str, offset: int, tokens: Sequence[Token], quote: str) -> str:
    other = "'" if quote == '"' else '"'
    out, done = [], 0
    for token in tokens:
        plain = re.fullmatch(rf"([A-Za-z]*){quote}([^'\"\\]*){quote}", token.text) if token.kind == tokenize.STRING else None
        if plain is not None:
            out += [code[done : token.start - offset], f"{plain[1]}{other}{plain[2]}{other}"]
            done = token.end - offset
    return "".join(out) + code[done:]


def _require_same(new: str, pieces: Sequence[Piece]) -> None:
    """`Refused` unless the new code, as it is read, has the very pieces."""
    read = read_expression(new)
    if not isinstance(read, ast.JoinedStr) or _read_pieces(read) != _plain(pieces):
        raise Refused(NOT_WRITABLE)


def _read_pieces(read: ast.JoinedStr) -> list[object]:
    found: list[Piece] = []
    for one in read.values:
        match one:
            case ast.Constant(value=str(text)):
                found.append(text)
            case ast.FormattedValue(value=value, conversion=conversion, format_spec=spec):
                inner = _specified(spec) if isinstance(spec, ast.JoinedStr) else ()
                found.append(Field(value, chr(conversion) if conversion > 0 else "", inner))
            case _:
                raise Refused(NOT_WRITABLE)
    return _plain(found)


def _specified(spec: ast.JoinedStr) -> tuple[Piece, ...]:
    found: list[Piece] = []
    for one in spec.values:
        if isinstance(one, ast.Constant):
            found.append(str(one.value))
        elif isinstance(one, ast.FormattedValue):
            found.append(Field(one.value, chr(one.conversion) if one.conversion > 0 else ""))
    return tuple(found)


def _plain(pieces: Sequence[Piece]) -> list[object]:
    """Pieces in a form that can be compared: texts joined, fields as the dumps of their trees."""
    out: list[object] = []
    for piece in pieces:
        if isinstance(piece, Field):
            out.append((ast.dump(piece.value), piece.conversion, tuple(_plain(piece.spec))))
        elif piece and out and isinstance(out[-1], str):
            out[-1] += piece
        elif piece:
            out.append(piece)
    return out


CONVERSION = Conversion("f-string", "Convert to an f-string", _find, together="Convert {} strings to f-strings")
