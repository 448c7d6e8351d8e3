"""Each golden case, from files and a cursor to a diff or a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.features.rename.cases import FOLDER, Case, read_cases

CASES = [pytest.param(case, id=f"{path.stem}: {case.title}") for path in sorted(FOLDER.glob("*.txt")) for case in read_cases(path)]


@pytest.mark.parametrize("case", CASES)
def test_case(case: Case, tmp_path: Path):
    """Exactly the sites of the symbol change, and every other site is reported with its reason."""
    assert case.found_in(tmp_path) == case.expected
