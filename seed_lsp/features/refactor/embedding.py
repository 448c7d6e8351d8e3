"""Whether all of some code stands in other code, which has more: Python's statements, by their
syntax.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from seed_lsp.source.python_tree import is_text_statement

_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|\w+|\S")
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_EXITS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_NOTHING = frozenset({"return None", "return", "pass"})
Statement = ast.stmt | ast.excepthandler | ast.match_case


@dataclass(frozen=True)
class Allowed:
    """How new code may differ from old code, besides that it has more statements.

    `wraps` says within which blocks of new statements old ones may stand. `may_grow` says whether a
    statement may become another one, by their tokens. `keeps_result`: a returned value may get a
    name first. `raises`: where nothing was returned, an exception may be raised.
    """

    wraps: Callable[[ast.AST, str], bool]
    may_grow: Callable[[Sequence[str], Sequence[str]], bool]
    keeps_result: bool
    raises: bool = False


def embeds(old: ast.Module, new: ast.Module, allowed: Allowed) -> bool:
    """Whether `new` has each statement of `old`, in the same order and place."""
    try:
        return _Embedding(allowed).block(old.body, new.body, may_end=True)
    except RecursionError:
        return False


class _Embedding:
    def __init__(self, allowed: Allowed) -> None:
        self.allowed = allowed

    def block(self, old: Sequence[Statement], new: Sequence[Statement], *, in_definition: bool = False, may_end: bool = False) -> bool:
        """Whether a block of old statements stands in a new one; `may_end`: that may end with a new
        way out, such as a return.
        """
        old, new = _code(old), _code(new)

        @cache
        def fits(i: int, j: int) -> bool:
            """Whether the old statements from `i` on stand in the new ones from `j` on."""
            if j == len(new):
                return i == len(old)
            if i < len(old):
                if self._same(old[i], new[j]) and fits(i + 1, j + 1):
                    return True
                after = self._named_result(old[i], new, j)
                if after is not None and fits(i + 1, after):
                    return True
                if any(fits(end, j + 1) for end in self._wrapped(old, i, new[j], in_definition=in_definition)):
                    return True
            leaves = isinstance(new[j], _EXITS)
            return (not leaves or (may_end and j == len(new) - 1)) and fits(i, j + 1)

        return fits(0, 0)

    def _wrapped(self, old: Sequence[Statement], i: int, new: Statement, *, in_definition: bool) -> Iterator[int]:
        """The ends of those runs of old statements from `i` on that stand in one block of a new
        statement. A definition that others know is in none.
        """
        for name, inner in _blocks(new):
            if not self.allowed.wraps(new, name):
                continue
            for end in range(len(old), i, -1):
                known = not in_definition and any(isinstance(one, _DEFINITIONS) for one in old[i:end])
                if not known and self.block(old[i:end], inner, in_definition=in_definition, may_end=True):
                    yield end

    def _same(self, old: Statement, new: Statement) -> bool:
        if self.allowed.raises and isinstance(new, ast.Raise) and head(old) in _NOTHING:
            return True
        if type(old) is not type(new):
            return False
        if not self._same_head(old, new):
            return False
        is_function = isinstance(new, _FUNCTIONS)
        return all(
            self.block(
                getattr(old, name, []),
                getattr(new, name, []),
                in_definition=is_function or not isinstance(new, ast.ClassDef),
                may_end=is_function,
            )
            for name in _BLOCKS
        )

    def _same_head(self, old: Statement, new: Statement) -> bool:
        if isinstance(old, _DEFINITIONS):
            # Whether their signatures may change is another question.
            return isinstance(new, _DEFINITIONS) and old.name == new.name
        before, after = head(old), head(new)
        return before == after or self.allowed.may_grow(tokens(before), tokens(after))

    def _named_result(self, old: Statement, new: Sequence[Statement], j: int) -> int | None:
        """Where new code goes on that gives the returned value a name, and returns that."""
        first = new[j]
        if not self.allowed.keeps_result or not isinstance(old, ast.Return) or old.value is None:
            return None
        if not isinstance(first, ast.Assign) or len(first.targets) != 1 or not isinstance(first.targets[0], ast.Name):
            return None
        if ast.dump(first.value) != ast.dump(old.value):
            return None
        name = first.targets[0].id
        for at in range(j + 1, len(new)):
            one = new[at]
            if isinstance(one, ast.Return):
                return at + 1 if isinstance(one.value, ast.Name) and one.value.id == name else None
            if name in set(stored_names(one)):
                return None
        return None


def _code(block: Sequence[Statement]) -> list[Statement]:
    """A block's statements but for texts."""
    return [one for one in block if not is_text_statement(one)]


def _blocks(node: Statement) -> Iterator[tuple[str, Sequence[Statement]]]:
    """The blocks of a statement, each with the field that it stands in."""
    if isinstance(node, _DEFINITIONS):
        return
    for name in _BLOCKS:
        block = getattr(node, name, None)
        if isinstance(block, list) and block:
            if name in {"handlers", "cases"}:
                for one in block:
                    yield name, one.body
            else:
                yield name, block


def head(node: Statement) -> str:
    """A statement's code without the statements within it."""
    bare = copy.copy(node)
    for name in _BLOCKS:
        if isinstance(getattr(bare, name, None), list):
            setattr(bare, name, [])
    if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
        return "try"
    try:
        return ast.unparse(bare)
    except (ValueError, RecursionError):
        return ast.dump(bare)


def tokens(code: str) -> list[str]:
    """The words, strings and signs of a line of code."""
    return _TOKEN.findall(code)


def is_within(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether the old tokens are among the new ones, in their order."""
    rest = iter(new)
    return all(token in rest for token in old)


def stored_names(node: ast.AST) -> Iterator[str]:
    return (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load))
