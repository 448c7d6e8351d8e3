"""Random programs, run before and after a random change of a signature.

`signature_campaign` runs any number of them.
"""

from __future__ import annotations

import pytest

from benchmarks.renames.signature_campaign import campaign

PROGRAMS = 240


@pytest.mark.slow
def test_no_program_prints_something_else():
    """A program prints the same after a change of a signature, which may be refused or partial.

    A partial change lists the calls that it did not change.
    """
    results = [(number, found) for number, _, found in campaign(PROGRAMS, seed=0)]
    assert [(number, found) for number, found in results if found and not found.startswith("refused: ")] == []
    assert sum(found == "" for _, found in results) > PROGRAMS * 0.9, "most are changed"
