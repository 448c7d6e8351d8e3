"""A few of the many random programs of `benchmarks.renames.campaign`."""

from __future__ import annotations

import sys

from benchmarks.renames.campaign import Interpreter, run

PROGRAMS = 15
SEEDS = 7


def test_no_rename_changes_what_a_program_prints():
    """A program prints after a rename what it printed before, whatever scopes its names are in.

    Most renames are done, so that the promise is not kept by refusing them.
    """
    interpreter = Interpreter(sys.executable)
    try:
        summary = run(PROGRAMS, SEEDS, [interpreter])
    finally:
        interpreter.close()
    assert not summary.failures, summary.failures[0]
    assert summary.programs == PROGRAMS
    assert summary.renames["fresh done"] > 10 * PROGRAMS // 2
    assert summary.share_done() > 0.8


def test_generators_in_place_of_comprehensions_print_the_same():
    """The runner itself does not change what a program with comprehensions prints.

    So the programs that the campaign leaves out are only those that CPython mixes up.
    """
    text = """
def f(a):
    return [{b: [c, a] for b in a for c in [b] if c} for a in [a]], {a for a in a}, [(d := a) for a in a], d


class C:
    a = [1]
    b = [[a for a in a] for a in [a]]


print(f([1, 2]), C.b)
"""
    interpreter = Interpreter(sys.executable)
    try:
        as_they_are, as_generators = (interpreter.outcomes([[("main", text)]], generators=one) for one in (False, True))
    finally:
        interpreter.close()
    assert as_they_are == as_generators == [["[[{[1,[1,2]],[2,[1,2]]}],[1,2],[1,2],2] [[1]]"]]
