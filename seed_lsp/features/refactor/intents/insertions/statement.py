"""New statements: what of them is computed, and the holes that the model fills."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from seed_lsp.features.refactor.intents.insertions.conditions import Condition

HoleKind = Literal["message", "arguments", "statements", "condition"]


@dataclass(frozen=True)
class Hole:
    """What the model writes: a message between quotes, the rest of a call, whole statements, or a
    condition.

    `fallback` is what stands there if the model has nothing of use; empty where nothing will do.
    `words` are what the user said of a condition.
    """

    kind: HoleKind
    fallback: str = ""
    words: str = ""


Piece = str | Hole


@dataclass(frozen=True)
class Statement:
    """New lines, indented from the place where they go, as `pieces` that follow one another.

    `words` are what the user said of them, `modules` those that they need imported, and `may` the
    kinds of statements by which the model may leave the function.
    """

    pieces: tuple[Piece, ...]
    words: str = ""
    modules: tuple[str, ...] = ()
    may: frozenset[str] = frozenset()

    @property
    def is_computed(self) -> bool:
        return all(isinstance(piece, str) for piece in self.pieces)

    @property
    def text(self) -> str:
        """The code of a computed statement."""
        return "".join(piece for piece in self.pieces if isinstance(piece, str))

    def names(self, name: str) -> bool:
        """Whether its computed code has that name."""
        return re.search(rf"\b{name}\b", self.text) is not None


def indented(text: str, indent: str) -> str:
    """Code with each of its lines indented by `indent`, but for blank ones."""
    return "\n".join(indent + line if line.strip() else line for line in text.split("\n"))


def guarded(condition: Condition | Hole, statement: Statement, unit: str) -> Statement:
    """A statement that is to run under a condition."""
    indented = tuple(piece.replace("\n", f"\n{unit}") if isinstance(piece, str) else piece for piece in statement.pieces)
    head: tuple[Piece, ...] = (f"if {condition.test}:\n{unit}",) if isinstance(condition, Condition) else ("if ", condition, f":\n{unit}")
    return replace(statement, pieces=(*head, *indented))


def switched(statement: Statement, switch: str, unit: str) -> Statement:
    """A statement that is to run if a switch is on, and its own condition, if any, holds."""
    first, *rest = statement.pieces
    if isinstance(first, str) and first.startswith("if ") and (rest or ":\n" in first):
        test = first.removeprefix("if ").partition(":\n")[0]
        grouped = first.removeprefix("if ").replace(test, f"({test})", 1) if " or " in test else first.removeprefix("if ")
        return replace(statement, pieces=(f"if {switch} and {grouped}", *rest))
    return guarded(Condition(switch, f"not {switch}"), statement, unit)


def joined(statements: Sequence[Statement]) -> Statement:
    """Statements one after the other."""
    pieces: list[Piece] = []
    for number, one in enumerate(statements):
        pieces += ["\n"] if number else []
        pieces += one.pieces
    modules = tuple(dict.fromkeys(module for one in statements for module in one.modules))
    may = frozenset(kind for one in statements for kind in one.may)
    return Statement(tuple(pieces), " and ".join(one.words for one in statements if one.words), modules, may)
