"""What each action on a selection makes of real functions, judged by syntax and by tests.

It asks for each action once and does not judge style. It works in steps, in a FOLDER of its own:

    python -m benchmarks.refactorings make FOLDER [--each N]
    python -m benchmarks.refactorings apply FOLDER [--model M] [--actions A,B] [--group G]
    python -m benchmarks.refactorings judge FOLDER [--limit-s S] [--again]
    python -m benchmarks.refactorings report FOLDER [--json FILE]

`make` fetches packages, runs their tests, and writes functions.jsonl: functions of 10 to 80 lines
that passing tests call, in random order. None of the packages is in the training text. `apply`
lets each action make its proposal, as the editor's menu does; ``--model none`` asks no model.
`judge` looks at the syntax tree, then runs the tests that call the function, 30 at most, in a copy
of the package. `report` makes the tables and the JSON line.

`apply` and `judge` go on where they were interrupted, and end early with ``--limit-s``. Answers are
kept under a ``--name``, so that two states of the code can be compared; ``--again`` judges them all
once more, where a judge has changed. The program knows actions by the registry alone, and runs on
older code as well:

    git worktree add ../before COMMIT
    cp -r benchmarks/refactorings benchmarks/tables.py ../before/benchmarks/
    cd ../before && python -m benchmarks.refactorings apply FOLDER --name before

Type hints and docstrings are taken out before an action shall put them back, so functions without
them are left out there. Actions on a part of a function get random selections. The user's own
instruction (the action `edit`) is asked for by the instructions of a ``--group`` (`instructions`).
A result is right if nothing changed but what was asked for and the tests stay green. Tests that
fail with what was asked for, too, as when a guard refuses what they give, do not count.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.refactorings.applying import Wanted, apply
from benchmarks.refactorings.figures import figures
from benchmarks.refactorings.functions import make
from benchmarks.refactorings.instructions import ALL, FIXED, GROUPS
from benchmarks.refactorings.judging import judge
from benchmarks.refactorings.table import tables
from benchmarks.report import finish, machine, parser_of, say
from benchmarks.tables import table


def main() -> None:
    parser = parser_of("refactorings", __doc__)
    parser.add_argument("what", choices=("make", "apply", "judge", "report"))
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--name", default="now", help="under which the answers are kept, such as the state of the code (default: %(default)s)"
    )
    parser.add_argument("--actions", default="", metavar="A,B", help="apply: these alone; `computed` stands for those without a model")
    parser.add_argument("--cases", type=int, metavar="N", help="apply: the first N cases of each action, and of each instruction")
    parser.add_argument("--limit-s", type=float, metavar="S", help="apply, judge: begin nothing more after so many seconds")
    parser.add_argument("--group", choices=(*GROUPS, ALL), default=FIXED, help="apply: the instructions asked (default: %(default)s)")
    parser.add_argument("--again", action="store_true", help="judge: throw away the verdicts that there are")
    parser.add_argument("--each", type=int, default=60, help="make: functions of a package, at most (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if options.what == "make":
        make(folder, options.each, options.seed)
    elif options.what == "apply":
        names = tuple(name for name in options.actions.split(",") if name)
        apply(folder, options.name, Wanted(options.model, names, options.cases, options.limit_s, options.group))
    elif options.what == "judge":
        judge(folder, options.name, options.limit_s, again=options.again)
    else:
        found = figures(folder, options.name)
        # The answers may be those of another commit.
        report = {**found, "machine": {**machine(), "commit": found["commit"]}}
        say("".join(tables(report, table)))
        finish(report, options.json)


if __name__ == "__main__":
    main()
