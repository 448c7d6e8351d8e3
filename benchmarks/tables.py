"""The tables of docs/benchmarks.md, from the reports in docs/figures.

    python -m benchmarks.tables [--check]

A report is what a program here writes with ``--json``. Between ``<!-- figures: NAME … -->`` and
``<!-- end of figures -->`` stand the tables of the reports NAME.json, each with its commit and
machine, and the pictures NAME.png. Reports that are not there yet are said to be missing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.refactorings.table import tables as refactorings
from benchmarks.report import BenchError, say
from engine.files import whole_file

DOCS = Path(__file__).parents[1] / "docs"
MARKED = re.compile(r"(<!-- figures: ([\w.\- ]+?) -->\n).*?(<!-- end of figures -->)", re.DOTALL)
Report = dict[str, Any]


def filled(page: str, figures: Path) -> str:
    """The page with what stands between its markers written anew.

    A report of an unknown kind is an error.
    """
    return MARKED.sub(lambda found: found[1] + _section(found[2].split(), figures) + found[3], page)


def _section(names: Sequence[str], figures: Path) -> str:
    there = [name for name in names if (figures / f"{name}.json").is_file()]
    reports = [report for name in there for report in _reports(figures / f"{name}.json")]
    pictures = [f"![{name}]({figures.name}/{name}.png)\n\n" for name in there if (figures / f"{name}.png").is_file()]
    missing = [f"Not measured yet: the report will be `{figures.name}/{name}.json`.\n" for name in names if name not in there]
    return "".join([*_tables(reports), *pictures, *missing])


def _reports(path: Path) -> list[Report]:
    """A report, or the several that one run made in several number formats."""
    report: Report = json.loads(path.read_text(encoding="utf-8"))
    return list(report.get("models", [report]))


def _tables(reports: Sequence[Report]) -> list[str]:
    """The tables of the reports.

    Those that have a line for each thing measured stand side by side, a column a model.
    """
    texts = []
    for kind, rows in COLUMNS.items():
        beside = [report for report in reports if report["bench"] == kind]
        if beside:
            texts += [*dict.fromkeys(map(_origin, beside)), "\n", _beside(beside, rows)]
    for report in reports:
        if report["bench"] not in COLUMNS:
            if report["bench"] not in WRITERS:
                raise BenchError(f"no table is known for a report of {report['bench']}")
            texts += [_origin(report), "\n", *WRITERS[report["bench"]](report)]
    return texts


def _origin(report: Report) -> str:
    machine = report["machine"]
    command = f"`python -m benchmarks.{report['bench']} --model {report['model']}`"
    where = f"{machine['cores']} cores of {machine['cpu']} ({', '.join(machine['instructions'])})"
    return f"{command}, commit {machine['commit']}, on {where}, torch {machine['torch']}, Python {machine['python']}.\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, and an empty line behind it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines) + "\n"


def _speed(report: Report) -> list[str]:
    """Rates by kind of work, how many times as fast ours is, and the works one by one."""
    kinds: dict[str, Report] = report["kinds"]
    contestants = list(dict.fromkeys(name for kind in kinds.values() for name in kind["tokens_per_second"]))
    head = [f"{kind} ({entry['works']})" for kind, entry in kinds.items()]
    rates = [[name, *(_rate(entry, name) for entry in kinds.values())] for name in contestants]
    times = [[name, *(_times(entry, name) for entry in kinds.values())] for name in contestants[1:]]
    absent = [f"Absent: {name}, since {reason}.\n\n" for name, reason in report["absent"].items()]
    return [
        f"Medians of {report['rounds']} rounds, and over the works of a kind.\n\n",
        table(["tokens/s", *head], rates),
        table([f"{contestants[0]} is … times as fast as: median (least)", *head], times),
        _works(report["works"], contestants),
        *absent,
    ]


def _rate(entry: Report, name: str) -> str:
    rates: dict[str, float] = entry["tokens_per_second"]
    return f"{rates[name]:.1f}" if name in rates else "not run"


def _times(entry: Report, name: str) -> str:
    times: dict[str, dict[str, float]] = entry["times"]
    return f"{times[name]['median']:.2f} ({times[name]['least']:.2f})" if name in times else "not run"


def _works(works: Sequence[Report], contestants: Sequence[str]) -> str:
    ours = contestants[0]
    rows = [
        [
            work["name"],
            str(work["tokens"][ours]),
            "" if work["kept"] is None else f"{work['kept']:.0%}",
            f"{work['tokens_per_forward'][ours]:.2f}",
            *(_rate(work, name) for name in contestants),
        ]
        for work in works
    ]
    return table(["work, tokens/s", "tokens", "kept", "tokens a forward", *contestants], rows)


def _blocks(report: Report) -> list[str]:
    """A forward's time by its rows, beside the floor where the network has one."""
    title = f"{report['model']}, `{report['format']}`"
    rows = [["ms", *(f"{ms:.1f}" for ms in report["forward_ms"].values())]]
    if "floor" in report:
        read, products = report["floor"]["bytes_per_second"] / 1e9, report["floor"]["operations_per_second"] / 1e12
        title += f": {report['weight_bytes'] / 1e9:.2f} GB; memory {read:.1f} GB/s, products {products:.2f} T/s"
        rows.append(["floor, ms", *(f"{ms:.1f}" for ms in report["floor_ms"].values())])
        rows.append(["over the floor", *(f"{times:.2f}" for times in report["over_floor"].values())])
    rows.append(["rows/s", *(f"{rate:.0f}" for rate in report["rows_per_second"].values())])
    return [
        f"Behind {report['context']} cached rows, medians of {report['rounds']} rounds.\n\n",
        table([title, *report["forward_ms"]], rows),
    ]


def _ms(name: str) -> Callable[[Report], str]:
    return lambda report: f"{report[name]:.0f} ms"


def _share(name: str) -> Callable[[Report], str]:
    return lambda report: f"{report[name]:.0%}"


def _resident(name: str) -> Callable[[Report], str]:
    return lambda report: f"{report['resident_bytes'][name] / 1e9:.2f} GB"


def _helpers(report: Report) -> int:
    """The bytes of what is neither server nor engine: Python's own helpers of the two."""
    return sum(size for name, size in report["resident_bytes"].items() if name not in {"server", "engine"})


def _refactorings(report: Report) -> list[str]:
    return refactorings(report, table)


WRITERS: dict[str, Callable[[Report], list[str]]] = {"speed": _speed, "blocks": _blocks, "refactorings": _refactorings}
COLUMNS: dict[str, dict[str, Callable[[Report], str]]] = {
    "latency": {
        "keys": lambda report: str(report["keys"]),
        "tokens of context, median": lambda report: f"{report['prompt_tokens']:.0f}",
        "text shown for, of the keys": _share("shown"),
        "first text shown, p50": _ms("shown_p50_ms"),
        "first text shown, p95": _ms("shown_p95_ms"),
        "answered from the last suggestion": _share("typed_along"),
        "the other keys, p50": _ms("asked_p50_ms"),
        "the other keys, p95": _ms("asked_p95_ms"),
        "first request behind a new prefix (cold), to its full text": _ms("cold_ms"),
        "from cancel to idle, median (most)": lambda report: "{median:.0f} ms ({most:.0f})".format(**report["cancel_to_idle_ms"]),
    },
    "memory": {
        "server": _resident("server"),
        "engine": _resident("engine"),
        "helper processes": lambda report: f"{_helpers(report) / 1e9:.2f} GB",
        "in all": lambda report: f"{report['total_resident_bytes'] / 1e9:.2f} GB",
    },
}
"""What a line says and how it is read from a report, for the kinds whose models stand side by side.
"""


def _beside(reports: Sequence[Report], rows: dict[str, Callable[[Report], str]]) -> str:
    return table(
        ["", *(report["model"] for report in reports)], [[name, *(read(report) for report in reports)] for name, read in rows.items()]
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--page", type=Path, default=DOCS / "benchmarks.md")
    parser.add_argument("--figures", type=Path, default=DOCS / "figures", help="the folder of the reports")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if the tables are not those of the reports")
    options = parser.parse_args()
    page = options.page.read_text(encoding="utf-8")
    written = filled(page, options.figures)
    if written == page:
        return
    if options.check:
        say(f"{options.page} is not what its reports say; run: python -m benchmarks.tables")
        sys.exit(1)
    with whole_file(options.page) as scratch:
        scratch.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
