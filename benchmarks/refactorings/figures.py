"""The report: counts and shares of each action, and how long it took."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.refactorings.applying import answers_path
from benchmarks.refactorings.cases import DOCSTRING, HINTS, OWN
from benchmarks.refactorings.functions import read_functions
from benchmarks.refactorings.instructions import GROUPS
from benchmarks.refactorings.judging import RIGHT, UNTESTED, WRONG, Found, verdicts_path
from engine.evaluation.harness import wilson
from engine.evaluation.records import read_records

SIZES = {"10": (0, 19), "30": (20, 49), "80": (50, 10_000)}
"""Regions of about so many lines, and from how many to how many they have."""
MOST_REASONS = 6


def figures(folder: Path, name: str) -> Found:
    """The figures of all actions that were run under this name."""
    answers = read_records(answers_path(folder, name))
    verdicts = {record["case"]: record["results"] for record in read_records(verdicts_path(folder, name))}
    actions = dict.fromkeys(record["action"] for record in answers)
    functions = read_functions(folder)
    return {
        "bench": "refactorings",
        "name": name,
        **{part: ", ".join(dict.fromkeys(record[part] for record in answers)) for part in ("model", "commit")},
        "functions": len(functions),
        "packages": len({function.package for function in functions}),
        "actions": {action: _of_action([record for record in answers if record["action"] == action], verdicts) for action in actions},
    }


def _of_action(records: Sequence[Found], verdicts: dict[str, list[Found]]) -> Found:
    results = _joined(records, verdicts)
    found = {
        "cases": len(records),
        "not_offered": sum(not record["offers"] for record in records),
        **_counts(results),
        "seconds": {size: _times(records, *bounds) for size, bounds in SIZES.items()},
        "first_s": _spread([result["first_s"] for result in results if result["first_s"] is not None]),
        "offers_s": _spread([record["offers_s"] for record in records]),
        "refusals": _reasons(results, "refused"),
        "problems": dict(Counter(_plain(one["problem"]) for one in results if one.get("verdict") == WRONG).most_common(MOST_REASONS)),
    }
    if records[0]["action"] == HINTS:
        found["hints"] = {part: sum(one.get(part, 0) for one in results) for part in ("holes", "filled", "equal")}
    if records[0]["action"] == DOCSTRING:
        found["docstring_lines"] = _spread([one["lines"] for one in results if "lines" in one])
    if records[0]["action"] == OWN:
        found["groups"] = _of_groups(records, verdicts)
    return found


def _of_groups(records: Sequence[Found], verdicts: dict[str, list[Found]]) -> Found:
    """Each group of instructions with its sum, its times and its single instructions."""
    groups: Found = {}
    for name, instructions in GROUPS.items():
        asked = {key: [record for record in records if record["detail"] == key] for key in instructions}
        together = [record for some in asked.values() for record in some]
        if together:
            groups[name] = {
                **_of_own(together, verdicts),
                "seconds": {size: _times(together, *bounds) for size, bounds in SIZES.items()},
                "first_s": _spread([one["first_s"] for record in together for one in record["results"] if one["first_s"] is not None]),
                "offers_s": _spread([record["offers_s"] for record in together]),
                "instructions": {key: _of_own(some, verdicts) for key, some in asked.items() if some},
            }
    return groups


def _of_own(records: Sequence[Found], verdicts: dict[str, list[Found]]) -> Found:
    """Counts, the intervals of their shares, and what came without a question to the model."""
    results = _joined(records, verdicts)
    counts = _counts(results)
    computed = [result for result in results if result["outcome"] == "offered" and not result["asked"]]
    return {
        **counts,
        "computed": len(computed),
        "computed_right": sum(result.get("verdict") == RIGHT for result in computed),
        "intervals": {verdict: [round(bound, 4) for bound in wilson(counts[verdict], len(results))] for verdict in (RIGHT, WRONG)},
    }


def _joined(records: Sequence[Found], verdicts: dict[str, list[Found]]) -> list[Found]:
    """Each proposal with its verdict, where it has one."""
    joined = []
    for record in records:
        judged = verdicts.get(record["case"], [{} for _ in record["results"]])
        joined += [{**result, **verdict} for result, verdict in zip(record["results"], judged, strict=True)]
    return joined


def _counts(results: Sequence[Found]) -> Found:
    outcomes = Counter(result["outcome"] for result in results)
    judged = Counter(result["verdict"] for result in results if "verdict" in result)
    shorter = [result["shorter"] for result in results if result.get("verdict") == RIGHT and "shorter" in result]
    found = {
        "asked": len(results),
        **{outcome: outcomes[outcome] for outcome in ("offered", "unchanged", "refused", "failed", "crashed")},
        **{verdict: judged[verdict] for verdict in (RIGHT, WRONG, UNTESTED)},
        "not_judged": outcomes["offered"] - sum(judged.values()),
    }
    return found | ({"shorter": sum(one > 0 for one in shorter), "longer": sum(one < 0 for one in shorter)} if shorter else {})


def _times(records: Sequence[Found], fewest: int, most: int) -> Found:
    """From choosing an action to its last edit, of those that came, for regions of a size."""
    return _spread(
        [
            result["seconds"]
            for record in records
            if fewest <= record["lines"] <= most
            for result in record["results"]
            if result["outcome"] == "offered"
        ]
    )


def _spread(values: Sequence[float]) -> Found:
    if not values:
        return {"count": 0}
    ordered = sorted(values)
    return {
        "count": len(ordered),
        "median": round(ordered[len(ordered) // 2], 3),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 3),
    }


def _reasons(results: Sequence[Found], outcome: str) -> dict[str, int]:
    return dict(Counter(_plain(one["reason"]) for one in results if one["outcome"] == outcome).most_common(MOST_REASONS))


def _plain(reason: str) -> str:
    """A reason without the names in it, so that the same ones are counted together."""
    reason = re.sub(r"^breaks .*", "breaks a test", reason)
    return re.sub(r"\(.*? …\)|'[^']*'|`[^`]*`|\d+", "…", reason)[:90]
