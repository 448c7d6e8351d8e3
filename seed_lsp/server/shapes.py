"""Values that fit the protocol's types.

A text is no number, and what does not fit is told in words that do not quote it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, get_args, get_origin

from cattrs import Converter
from cattrs.errors import BaseValidationError, ClassValidationError
from lsprotocol import types

_PRIMITIVES = (str, int, float, bool)
_OF_ITSELF = ("params", "capabilities")


class NoNumber:
    """Stands where JSON had Infinity, NaN, or a number that no client means; fits no type."""

    def __repr__(self) -> str:
        return "no number"


class Strictness:
    """Has a converter take values of the declared types alone; `on` can be switched off.

    cattrs by itself makes a text of anything, and a number of a text.
    """

    def __init__(self, converter: Converter) -> None:
        self.on = True
        self._converter = converter
        for kind in _PRIMITIVES:
            converter.register_structure_hook(kind, self._primitive)
        converter.register_structure_hook_func(_is_diagnostics, self._diagnostics)

    def _primitive(self, value: Any, kind: type[Any]) -> Any:
        if type(value) is kind:
            return value
        if kind not in _PRIMITIVES:
            # An enumeration, which takes its own values alone.
            return kind(value)
        whole = isinstance(value, float) and value.is_integer()
        if (kind is float and type(value) is int) or (kind is int and whole) or not self.on:
            return kind(value)
        raise TypeError

    def _diagnostics(self, values: Any, _kind: Any) -> list[types.Diagnostic]:
        """Other programs make them, and one that does not fit is left out."""
        found = []
        for value in values:
            with contextlib.suppress(Exception):
                found.append(self._converter.structure(value, types.Diagnostic))
        return found


def _is_diagnostics(kind: Any) -> bool:
    return get_origin(kind) is Sequence and get_args(kind) == (types.Diagnostic,)


def misfit(error: BaseException) -> str:
    """Where the first value is that does not fit.

    The path is made of the protocol's names and of the indices of entries.
    """
    path, cause = _path(error)
    where = ".".join(map(str, path)).removeprefix("params.")
    if where in {"", "params"}:
        return "they are missing or of another type"
    return f"{where} is missing" if isinstance(cause, KeyError) else f"{where} is of another type"


def leave_out(message: dict[str, Any], error: BaseException) -> bool:
    """Take the first value that does not fit out of what a client says of itself.

    What needs the value goes with it. Returns whether there was one.
    """
    path = _path(error)[0]
    while len(path) > len(_OF_ITSELF) and tuple(path[: len(_OF_ITSELF)]) == _OF_ITSELF:
        around: Any = message
        with contextlib.suppress(KeyError, IndexError, TypeError):
            for name in path[:-1]:
                around = around[name]
            del around[path[-1]]
            return True
        path.pop()
    return False


def _path(error: BaseException) -> tuple[list[str | int], BaseException]:
    """The path to the first value that does not fit, as JSON names it, and what is wrong there."""
    path: list[str | int] = []
    while isinstance(error, BaseValidationError) and error.exceptions:
        first = error.exceptions[0]
        notes = getattr(first, "__notes__", ())
        note = notes[-1] if notes else None
        name = getattr(note, "name", None) if isinstance(error, ClassValidationError) else getattr(note, "index", None)
        if isinstance(name, int):
            path.append(name)
        elif isinstance(name, str) and name.isidentifier():
            path.append(_as_in_json(name))
        error = first
    return path, error


def _as_in_json(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
