"""The tables of a report, in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Found = dict[str, Any]
Table = Callable[[Sequence[str], Sequence[Sequence[str]]], str]
SIZES = ("10", "30", "80")


def tables(report: Found, table: Table) -> list[str]:
    """The texts that stand below a report's commit and machine; `table` writes a head and rows."""
    actions: dict[str, Found] = report["actions"]
    texts = [f"{report['functions']} functions of {report['packages']} packages.\n\n", _outcomes("action", actions, table)]
    texts.append(_times(actions, table))
    texts += [_hints(found["hints"]) for found in actions.values() if "hints" in found]
    # A report of before there were groups has the one list.
    texts += [_outcomes("instruction", found["instructions"], table) for found in actions.values() if "instructions" in found]
    for found in actions.values():
        texts += _groups(found.get("groups", {}), table)
    return texts


def _groups(groups: dict[str, Found], table: Table) -> list[str]:
    """The instructions of each group and their sum, and how long a group's took."""
    texts = []
    for name, group in groups.items():
        kinds = {**group["instructions"], "all": group}
        head = [
            f"instruction, {name}",
            "asked",
            "right",
            "wrong",
            "refused",
            "unchanged",
            "untested",
            "failed",
            "without the model (right)",
        ]
        texts.append(table(head, [[key, *_instruction(found)] for key, found in kinds.items()]))
    return [*texts, *([_times(groups, table)] if groups else [])]


def _instruction(found: Found) -> list[str]:
    asked = found["asked"]
    shares = [f"{_share(found[verdict], asked)}, {_interval(found['intervals'][verdict])}" for verdict in ("right", "wrong")]
    rest = [str(found[name]) for name in ("refused", "unchanged", "untested")]
    return [str(asked), *shares, *rest, str(found["failed"] + found["crashed"]), f"{found['computed']} ({found['computed_right']})"]


def _interval(bounds: Sequence[float]) -> str:
    """Wilson's interval of 95 %."""
    return f"{bounds[0]:.0%} to {bounds[1]:.0%}"


def _outcomes(what: str, kinds: dict[str, Found], table: Table) -> str:
    head = [what, "asked", "right", "wrong", "untested", "unchanged", "refused", "failed", "shorter, of the right ones"]
    return table(head, [[name, *_row(found)] for name, found in kinds.items()])


def _row(found: Found) -> list[str]:
    asked = found["asked"]
    shares = [_share(found[verdict], asked) for verdict in ("right", "wrong")]
    rest = [str(found[name]) for name in ("untested", "unchanged", "refused")]
    return [str(asked), *shares, *rest, str(found["failed"] + found["crashed"]), str(found.get("shorter", ""))]


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.0%})" if whole else "0"


def _times(actions: dict[str, Found], table: Table) -> str:
    head = ["s to the last edit, median (p95)", *(f"{size} lines" for size in SIZES), "first text", "the menu's entry"]
    rows = []
    for name, found in actions.items():
        spreads = [*(found["seconds"][size] for size in SIZES), found["first_s"], found["offers_s"]]
        rows.append([name, *map(_spread, spreads)])
    return table(head, rows)


def _spread(found: Found) -> str:
    return f"{found['median']:.2f} ({found['p95']:.2f})" if found["count"] else ""


def _hints(found: Found) -> str:
    holes, filled, equal = found["holes"], found["filled"], found["equal"]
    return (
        f"Of {holes} annotations that were taken out, {_share(filled, holes)} were filled and {_share(equal, holes)} are those "
        f"that stood there, up to notation: {equal / filled if filled else 0:.0%} of what is shown.\n\n"
    )
