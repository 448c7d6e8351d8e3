"""What a format is made of: text, and fields for values."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seed_lsp.features.refactor.convert.conversion import Refused
from seed_lsp.features.refactor.convert.kinds import Kinds

PERCENT = re.compile(
    r"%(?:\((?P<key>[^()]*)\))?(?P<flags>[-+ #0]*)(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d*))?[hlL]?(?P<type>.)", re.DOTALL
)
"""One conversion of a format for `%`."""
_NOT_A_TUPLE = "a tuple on the right of `%` would mean several values, and {} may be one"
_INTEGERS = frozenset("diuxXo")
_FLOATS = frozenset("eEfFgG")


@dataclass(frozen=True)
class Field:
    """A value with its conversion (`s`, `r`, `a` or nothing) and its format specification."""

    value: ast.expr
    conversion: str = ""
    spec: tuple[Piece, ...] = ()


Piece = str | Field


def percent_pieces(format_: str, right: ast.expr, kinds: Kinds) -> list[Piece]:
    """The pieces of `format_ % right`; `Refused` where they would not show the same."""
    matches, done = [], 0
    pieces: list[Piece] = []
    by_key = isinstance(right, ast.Dict)
    values = _values_by_key(right) if isinstance(right, ast.Dict) else {}
    for match in PERCENT.finditer(format_):
        pieces.append(format_[done : match.start()])
        done = match.end()
        if match["type"] == "%":
            if match.group() != "%%":
                raise Refused(f"`{match.group()}` has no other form")
            pieces.append("%")
            continue
        if (match["key"] is not None) != by_key:
            raise Refused("its values come from a mapping" if not by_key else "its fields have no keys")
        matches.append(match)
        pieces.append("")
    if "%" in format_[done:]:
        raise Refused("the format is not complete")
    pieces.append(format_[done:])
    if by_key:
        wanted = [match["key"] for match in matches]
        if sorted(wanted) != sorted(values):
            raise Refused("a value is used twice or not at all")
        given = [values[key] for key in wanted]
        _require_order(given, list(values.values()))
    else:
        given = _positional(right, len(matches), kinds)
    fields = iter([_percent_field(match, value, kinds) for match, value in zip(matches, given, strict=True)])
    return _filled(pieces, fields)


def _filled(pieces: Sequence[Piece], fields: Iterator[Field]) -> list[Piece]:
    """The texts, with the fields in the place of empty ones that stand between two others."""
    # `pieces` has text, then a field's place or the text of `%%`, and so on in turns.
    return [next(fields) if number % 2 and piece == "" else piece for number, piece in enumerate(pieces)]


def _values_by_key(right: ast.Dict) -> dict[str, ast.expr]:
    keys = [key.value if isinstance(key, ast.Constant) else None for key in right.keys]
    if not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
        raise Refused("the keys of its values are not plain strings, each once")
    return {str(key): value for key, value in zip(keys, right.values, strict=True)}


def _positional(right: ast.expr, count: int, kinds: Kinds) -> list[ast.expr]:
    if isinstance(right, ast.Tuple):
        if any(isinstance(one, ast.Starred) for one in right.elts):
            raise Refused("how many values it has is not known")
        if len(right.elts) != count:
            raise Refused(f"it has {count} fields for {len(right.elts)} values")
        return right.elts
    if count != 1:
        raise Refused(f"it has {count} fields for one value, or for a tuple")
    if kinds.of(right) is None and not kinds.presume(right, "no tuple"):
        raise Refused(_NOT_A_TUPLE.format(f"`{ast.unparse(right)[:40]}`"))
    return [right]


def _percent_field(match: re.Match[str], value: ast.expr, kinds: Kinds) -> Field:
    kind = kinds.of(value)
    flags, width, precision, letter = match["flags"], match["width"], match["precision"], match["type"]
    if "*" in (width, precision):
        raise Refused("a width or a precision is a value")
    after = f".{precision or '0'}" if precision is not None else ""
    if letter in "sra":
        align = ("<" if "-" in flags else ">") if width else ""
        is_plain = letter == "s" and kind is not None and kind.is_exact and kind.name in {"str", "int", "float"}
        # Numbers stand on the other side, and know another precision.
        is_plain = is_plain and (not (align or after) or (kind is not None and kind.name == "str"))
        spec = f"{align}{width}{after}"
        # Who asks for f-strings writes them so, though a class may show itself in two ways.
        is_plain = is_plain or (kinds.may_presume and letter == "s" and not spec)
        return Field(value, "" if is_plain else letter, (spec,) if spec else ())
    name = kind.name if kind is not None else None
    if letter in _INTEGERS and (precision is not None or (name != "int" and not kinds.presume(value, "a whole number"))):
        raise Refused(f"`{match.group()}` takes whole numbers alone, and it is not certain that this is one")
    if letter in _FLOATS and name not in {"int", "float"} and not kinds.presume(value, "a number"):
        raise Refused(f"`{match.group()}` takes numbers alone, and it is not certain that this is one")
    if letter not in _INTEGERS | _FLOATS:
        raise Refused(f"`{match.group()}` has no other form")
    sign = "+" if "+" in flags else " " if " " in flags else ""
    left, zero = "-" in flags and width, "0" in flags and "-" not in flags and width
    spec = f"{'<' if left else ''}{sign}{'#' if '#' in flags else ''}{'0' if zero else ''}{width}{after}"
    if letter in "diu":
        letter = "" if kind is not None and kind.is_exact and not spec else "d"
    spec += letter
    return Field(value, "", (spec,) if spec else ())


def brace_pieces(format_: str, call: ast.Call) -> list[Piece]:
    """The pieces of `format_.format(…)`, whose arguments `call` has; `Refused` where they would
    not show the same.
    """
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        raise Refused("how many values it has is not known")
    arguments: dict[str, ast.expr] = {str(i): one for i, one in enumerate(call.args)}
    arguments |= {str(one.arg): one.value for one in call.keywords}
    given = _Arguments(arguments, [])
    pieces, used = _parsed(format_, given), given.used
    if set(used) != set(arguments):
        raise Refused("a value is not used")
    if any(used.count(name) > 1 and not isinstance(arguments[name], ast.Name | ast.Constant) for name in used):
        raise Refused("a value is used twice, and may not be evaluated twice")
    _require_order([arguments[name] for name in used], list(arguments.values()))
    return pieces


@dataclass
class _Arguments:
    """The values by their names and numbers, and which were used, in order.

    `counted`: how many fields without a name there were, which take the next value each.
    """

    values: dict[str, ast.expr]
    used: list[str]
    counted: int = 0
    is_numbered: bool = False

    def take(self, key: str) -> ast.expr:
        if not key:
            key, self.counted = str(self.counted), self.counted + 1
        elif key.isdecimal():
            self.is_numbered = True
        if self.is_numbered and self.counted:
            raise Refused("some of its fields are numbered, and others are not")
        if key not in self.values:
            raise Refused(f"there is no value for the field `{key}`")
        self.used.append(key)
        return self.values[key]


def _parsed(format_: str, arguments: _Arguments) -> list[Piece]:
    try:
        parts = list(string.Formatter().parse(format_))
    except ValueError:
        raise Refused("the format is not complete") from None
    pieces: list[Piece] = []
    for text, name, spec, conversion in parts:
        pieces.append(text)
        if name is None:
            continue
        value = _value_of(name, arguments)
        inner = tuple(piece for piece in _parsed(spec or "", arguments) if piece != "")
        pieces.append(Field(value, conversion or "", inner))
    return pieces


def _value_of(name: str, arguments: _Arguments) -> ast.expr:
    """The value of a field's name, such as `0.size[1]`."""
    first = re.match(r"[^.\[]*", name)
    key = first.group() if first else ""
    rest, value = name[len(key) :], arguments.take(key)
    while rest:
        step = re.match(r"\.(\w+)|\[([^\]]+)\]", rest)
        if step is None:
            raise Refused(f"the field `{{{name}}}` has no other form")
        if step.group(1) is not None:
            value = ast.Attribute(value, step.group(1), ast.Load())
        else:
            index = step.group(2)
            value = ast.Subscript(value, ast.Constant(int(index) if index.isdecimal() else index), ast.Load())
        rest = rest[step.end() :]
    return value


def _require_order(used: Sequence[ast.expr], given: Sequence[ast.expr]) -> None:
    """`Refused` if values whose evaluation may matter would be evaluated in another order."""

    def matters(values: Sequence[ast.expr]) -> list[int]:
        return [id(one) for one in values if not isinstance(one, ast.Name | ast.Constant)]

    if matters(used) != matters(given):
        raise Refused("its values would be evaluated in another order")
