"""Random small programs, a few of the many of `tests.rename.campaign`."""

from __future__ import annotations

import sys

from tests.rename.campaign import Interpreter, run

PROGRAMS = 15
SEEDS = 7


def test_no_rename_changes_what_a_program_prints():
    """A program does after a rename what it did before, whatever scopes its names are in; and most renames are done, none of them by refusing all."""
    interpreter = Interpreter(sys.executable)
    try:
        summary = run(PROGRAMS, SEEDS, [interpreter])
    finally:
        interpreter.close()
    assert not summary.failures, summary.failures[0]
    assert summary.programs == PROGRAMS
    assert summary.renames["fresh done"] > 10 * PROGRAMS // 2
    assert summary.share_done() > 0.8
