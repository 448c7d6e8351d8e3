"""What is left of an answer without some of its changes: where only part is wrong, the right part
may be offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from seed_lsp.source.document import split_lines
from seed_lsp.source.patch import Run, changed_runs, likeness

MAX_PARTS = 24
"""How many are looked at, each by all checks."""
_COMMENT = re.compile(r"\s+(?:#|//).*$", re.MULTILINE)
_MANY_RUNS = 5
_ALIKE = 0.6
"""How alike two lines are of which one is a version of the other."""


@dataclass(frozen=True)
class Part:
    """A text between an old and a new one; of the changes it lacks `left_out` lines."""

    text: str
    left_out: int


@dataclass(frozen=True)
class _Choice:
    lines: tuple[str, ...]
    left_out: int


def parts(old: str, new: str) -> list[Part]:
    """The texts that have some of the changes from `old` to `new`, those with most of them first.

    A change is left out as a whole, or its new lines come beside the old ones.
    """
    old_lines, new_lines = split_lines(old), split_lines(new)
    runs = changed_runs(old_lines, new_lines)
    choices = [_choices(old_lines[run.old_start : run.old_end], new_lines[run.new_start : run.new_end]) for run in runs]
    found: dict[str, int] = {}
    for chosen in _combined(choices):
        text = _joined(old_lines, runs, chosen)
        left_out = sum(one.left_out for one in chosen)
        if text not in {old, new}:
            found[text] = min(left_out, found.get(text, left_out))
    ranked = sorted(found.items(), key=lambda one: one[1])
    return [Part(text, left_out) for text, left_out in ranked[:MAX_PARTS]]


def _combined(choices: Sequence[Sequence[_Choice]]) -> Iterator[tuple[_Choice, ...]]:
    if len(choices) <= _MANY_RUNS:
        yield from product(*choices)
        return
    whole = [one[0] for one in choices]
    for count in (1, 2):
        for places in combinations(range(len(choices)), count):
            for chosen in product(*(choices[at][1:] for at in places)):
                yield tuple(dict(zip(places, chosen, strict=True)).get(at, one) for at, one in enumerate(whole))
    # Each as little as can be, all at once.
    for at in (1, -1):
        yield tuple(one[at] for one in choices)
    for kept in range(len(choices)):
        yield tuple(one[0] if at == kept else one[1] for at, one in enumerate(choices))


def _joined(old: Sequence[str], runs: Sequence[Run], chosen: Sequence[_Choice]) -> str:
    pieces: list[str] = []
    at = 0
    for run, one in zip(runs, chosen, strict=True):
        pieces += [*old[at : run.old_start], *one.lines]
        at = run.old_end
    return "".join([*pieces, *old[at:]])


def _choices(old: Sequence[str], new: Sequence[str]) -> list[_Choice]:
    """What may stand in the place of a change: it, what it adds to the old lines, and these."""
    found = [_Choice(tuple(new), 0)]
    lost = max(len(old), 1)
    if old and new:
        for new_first in (True, False):
            lines = _beside(old, new, new_first=new_first)
            found.append(_Choice(tuple(lines), lost))
    return [*found, _Choice(tuple(old), lost + len(new))]


def _beside(old: Sequence[str], new: Sequence[str], *, new_first: bool) -> list[str]:
    """The old lines, and of the new ones those that are no version of an old one."""
    found: list[str] = []
    at = 0
    rest = 0
    for number, line in enumerate(new):
        match = next((i for i in range(at, len(old)) if _are_versions(old[i], line)), None)
        if match is None:
            continue
        found += _both(old[at:match], new[rest:number], new_first=new_first)
        found.append(old[match])
        at, rest = match + 1, number + 1
    return [*found, *_both(old[at:], new[rest:], new_first=new_first)]


def _are_versions(one: str, other: str) -> bool:
    """Whether a line is a version of another one, with or without the comments behind them."""
    pairs = [(one.strip(), other.strip()), (_COMMENT.sub("", one).strip(), _COMMENT.sub("", other).strip())]
    return any(a and b and likeness(a, b) >= _ALIKE for a, b in pairs)


def _both(old: Sequence[str], new: Sequence[str], *, new_first: bool) -> list[str]:
    return [*new, *old] if new_first else [*old, *new]
