"""Texts that are put together by `%`, `str.format` or an f-string, in one form.

A text's parts are its fixed pieces, and expressions with their conversion and format.
"""

from __future__ import annotations

import ast
import copy
import re
import string
from collections.abc import Sequence

from benchmarks.refactorings.functions import Definition

Part = str | tuple[ast.expr, str, str]
_PERCENT = re.compile(r"%(?:\((\w+)\))?([-+ #0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%*])")
_NUMBERS = "eEfFgGxXo"


def format_nodes(node: Definition) -> list[ast.expr]:
    """Each `%` on a text and each call of a text's `format`, the outermost first."""
    found = []
    for one in ast.walk(node):
        is_percent = isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mod) and _is_text(one.left)
        is_call = (
            isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "format" and _is_text(one.func.value)
        )
        if isinstance(one, ast.expr) and (is_percent or is_call):
            found.append(one)
    return found


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def parts_of(node: ast.expr) -> list[Part] | None:
    """The parts of a text; None for one that is no such text, or that no f-string can be."""
    if isinstance(node, ast.JoinedStr):
        return _of_f_string(node)
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant):
        return _of_percent(str(node.left.value), node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant):
        return _of_format(str(node.func.value.value), node)
    return None


def _of_f_string(node: ast.JoinedStr) -> list[Part] | None:
    parts: list[Part] = []
    for one in node.values:
        if isinstance(one, ast.Constant):
            parts.append(str(one.value))
        elif isinstance(one, ast.FormattedValue):
            spec = one.format_spec.values if isinstance(one.format_spec, ast.JoinedStr) else []
            if any(not isinstance(piece, ast.Constant) for piece in spec):
                return None
            text = "".join(str(piece.value) for piece in spec if isinstance(piece, ast.Constant))
            parts.append((one.value, {-1: "", 115: ""}.get(one.conversion, chr(max(one.conversion, 0))), text))
    return parts


def _of_percent(text: str, right: ast.expr) -> list[Part] | None:
    operands = right.elts if isinstance(right, ast.Tuple) else [right]
    named = _entries(right) if isinstance(right, ast.Dict) else {}
    parts: list[Part] = []
    at = used = 0
    for match in _PERCENT.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
        name, flags, width, precision, kind = match.groups()
        if kind == "%":
            parts.append("%")
            continue
        if name:
            value = named.get(name)
        else:
            value = operands[used] if used < len(operands) and not named else None
            used += 1
        spec = _spec(flags, width or "", precision, kind)
        if value is None or spec is None or isinstance(value, ast.Starred):
            return None
        parts.append((value, kind if kind in "ra" else "", spec))
    if "%" in _PERCENT.sub("", text):
        return None
    return [*parts, text[at:]] if named or used == len(operands) else None


def _entries(node: ast.Dict) -> dict[str, ast.expr]:
    return {str(key.value): value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)}


def _spec(flags: str, width: str, precision: str | None, kind: str) -> str | None:
    """The format of an f-string that does the same; None where there is none."""
    if "#" in flags or " " in flags or kind not in f"srad{_NUMBERS}i":
        return None
    if kind in "sra":
        # Text stands to the right of its width here, and to the left there.
        side = ("<" if "-" in flags else ">") if width else ""
        return None if set(flags) - {"-"} else side + width + (f".{precision}" if precision else "")
    side = "<" if "-" in flags else ""
    sign, zero = "+" * ("+" in flags), "0" * ("0" in flags and not side)
    number = "" if kind in "di" and not precision else kind
    if kind in "di" and precision:
        return None
    return side + sign + zero + width + (f".{precision}" if precision else "") + number


def _of_format(text: str, call: ast.Call) -> list[Part] | None:
    named = {one.arg: one.value for one in call.keywords}
    if None in named or any(isinstance(one, ast.Starred) for one in call.args):
        return None
    parts: list[Part] = []
    counted = 0
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError:
        return None
    for fixed, name, spec, conversion in pieces:
        parts.append(fixed)
        if name is None:
            continue
        key = name or str(counted)
        counted += not name
        value = call.args[int(key)] if key.isdigit() and int(key) < len(call.args) else named.get(key)
        if value is None or "{" in (spec or ""):
            return None
        parts.append((value, "" if conversion in {None, "s"} else str(conversion), spec or ""))
    return parts


def with_f_strings(node: Definition) -> Definition | None:
    """A copy with f-strings in place of all other ways; None where one has no such form."""
    one = copy.deepcopy(node)
    # The innermost come first, so that a text within another's operand is done already.
    for found in reversed(format_nodes(one)):
        parts = parts_of(found)
        if parts is None:
            return None
        _replace(one, found, _joined(parts))
    return one


def _joined(parts: Sequence[Part]) -> ast.JoinedStr:
    values: list[ast.expr] = []
    for part in parts:
        if isinstance(part, str):
            values.append(ast.Constant(part))
        else:
            value, conversion, spec = part
            written = ast.JoinedStr([ast.Constant(spec)]) if spec else None
            values.append(ast.FormattedValue(value, ord(conversion) if conversion else -1, written))
    return ast.JoinedStr(values)


def in_one_form(node: Definition) -> Definition:
    """A copy in which each such text is a constant that tells its parts."""
    one = copy.deepcopy(node)
    specs = {id(below.format_spec) for below in ast.walk(one) if isinstance(below, ast.FormattedValue)}
    formats = {id(found) for found in format_nodes(one)}
    texts = [found for found in ast.walk(one) if id(found) in formats or (isinstance(found, ast.JoinedStr) and id(found) not in specs)]
    for found in reversed(texts):
        parts = parts_of(found) if isinstance(found, ast.expr) else None
        if parts is not None and isinstance(found, ast.expr):
            _replace(one, found, ast.Constant(_told(parts)))
    return one


def _told(parts: Sequence[Part]) -> str:
    """Neighbouring fixed pieces as one, and values by their trees. Kinds d and s are left out."""
    told: list[str] = []
    fixed = ""
    for part in parts:
        if isinstance(part, str):
            fixed += part
        else:
            value, conversion, spec = part
            if not conversion and isinstance(value, ast.Call) and len(value.args) == 1 and not value.keywords:
                # `{repr(x)}` is `{x!r}`, and `{str(x)}` what `%s` says.
                kind = {"str": "", "repr": "r", "ascii": "a"}.get(ast.unparse(value.func))
                value, conversion = (value, "") if kind is None else (value.args[0], kind)
            told += [repr(fixed), f"{ast.dump(value)}!{conversion}:{spec.removesuffix('d').removesuffix('s')}"]
            fixed = ""
    return " ".join([*told, repr(fixed)])


def _replace(tree: ast.AST, old: ast.expr, new: ast.expr) -> None:
    for owner in ast.walk(tree):
        for field, value in ast.iter_fields(owner):
            if value is old:
                setattr(owner, field, new)
            elif isinstance(value, list):
                value[:] = [new if one is old else one for one in value]
