"""Random programs do the same after a conversion, exceptions and side effects included."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seed_lsp.errors import SeedError
from tests.features.refactor.acting import done
from tests.features.refactor.convert import programs
from tests.features.refactor.convert.cases import F_STRING, TO_COMPREHENSION, TO_DICT, TO_LOOP, TO_MATCH
from tests.features.refactor.convert.programs import shown

Program = Callable[[random.Random], str]

KINDS: list[tuple[str, Program]] = [
    (TO_COMPREHENSION, programs.loop),
    (TO_LOOP, programs.comprehension),
    (F_STRING, programs.format_),
    (TO_MATCH, programs.chain),
    (TO_DICT, programs.chain),
]


def arguments_of(rng: random.Random, source: str) -> list[Any]:
    return programs.collections(rng) if "items" in source else programs.values(rng, source)


def converted(action: str, source: str, path: Path) -> str | None:
    try:
        return done(action, source, path=path)
    except SeedError:
        return None


def run_programs(action: str, make: Program, count: int, folder: Path, seed: int) -> int:
    """How many of `count` programs were converted, each of which does what it did."""
    (folder / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.10"\n')
    rng, changed = random.Random(seed), 0
    for _ in range(count):
        source = make(rng)
        after = converted(action, source, folder / "sample.py")
        if after is None:
            continue
        changed += 1
        for _ in range(6):
            arguments = arguments_of(rng, source)
            assert shown(after, arguments) == shown(source, arguments), f"{arguments}\n{source}\n{after}"
    return changed


@pytest.mark.parametrize(("action", "make"), KINDS)
def test_some_programs_do_the_same(action: str, make: Program, tmp_path: Path):
    """A conversion changes nothing that a program does."""
    assert run_programs(action, make, 60, tmp_path, 1) >= 3, "too few of them were converted"


@pytest.mark.slow
@pytest.mark.parametrize(("action", "make"), KINDS)
def test_hundreds_of_programs_do_the_same(action: str, make: Program, tmp_path: Path):
    """The same for many more."""
    assert run_programs(action, make, 600, tmp_path, 3) >= 30, "too few of them were converted"
