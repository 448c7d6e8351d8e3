"""How suggestions fare, counted on this machine and sent nowhere.

The counts say how many were offered, shown, accepted and kept, and how long they took.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from engine.files import read_regular, whole_file

LOCK_TIMEOUT_S = 2
MAX_BYTES = 1_000_000
BUCKETS_MS = (50, 100, 150, 200, 250, 300, 400, 500, 600, 800, 1000, 1500, 2000, 4000)
KEPT_AFTER_S = 30.0
KEPT_SHARE = 0.8


def default_path() -> Path:
    """``SEED_LSP_STATISTICS``, else a file in the platform's place for data."""
    given = os.environ.get("SEED_LSP_STATISTICS")
    if given:
        # A home folder that there is not stays as it is written.
        return Path(os.path.expanduser(given))  # noqa: PTH111 - `Path.expanduser` fails then
    import platformdirs

    return Path(platformdirs.user_data_dir("seed-lsp", appauthor=False)) / "statistics.json"


class Usage:
    """Counts by name, such as ``inline.accepted``.

    When they are written, they are added to those in the file, so that several servers may share
    it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._fresh: Counter[str] = Counter()

    def count(self, name: str, by: int = 1) -> None:
        self._fresh[name] += by

    def took(self, name: str, seconds: float) -> None:
        """Note a latency, in the bucket that it falls into."""
        ms = 1000 * seconds
        bucket = next((str(edge) for edge in BUCKETS_MS if ms <= edge), "more")
        self._fresh[f"{name}.ms.{bucket}"] += 1

    def write(self) -> None:
        """Add what is new to the file.

        The file is never half written, and what cannot be written now stays for the next time.
        """
        if not self._fresh:
            return
        from filelock import FileLock, Timeout

        path = self._path or default_path()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock"), timeout=LOCK_TIMEOUT_S):
                # One that is there and cannot be read now must not be written over.
                total = Counter(_counts_in(path))
                total.update(self._fresh)
                with whole_file(path) as scratch:
                    scratch.write_text(json.dumps(dict(sorted(total.items())), indent=1) + "\n", encoding="utf-8")
        except (OSError, Timeout):
            return
        self._fresh.clear()


def read_counts(path: Path) -> dict[str, int]:
    """The counts of a file; none where there is no such file or it is none of ours."""
    try:
        return _counts_in(path)
    except OSError:
        return {}


def _counts_in(path: Path) -> dict[str, int]:
    try:
        found = json.loads(read_regular(path, MAX_BYTES))
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return {str(name): count for name, count in found.items() if isinstance(count, int)} if isinstance(found, dict) else {}


def report(counts: dict[str, int]) -> str:
    """The counts for people: a table, and the share accepted and kept."""
    lines = []
    for feature, title in (("inline", "Inline completions"), ("next_edit", "Next edits")):
        of = {name.removeprefix(f"{feature}."): count for name, count in counts.items() if name.startswith(f"{feature}.")}
        if not of:
            continue
        offered, accepted, watched = of.get("offered", 0), of.get("accepted", 0), of.get("watched", 0)
        lines.append(title)
        lines.append(f"  offered {offered}, shown {of.get('shown', 0)}, accepted {accepted}{_share(accepted, offered)}")
        if of.get("accepted_characters"):
            lines.append(f"  characters accepted: {of['accepted_characters']}")
        lines.append(f"  still there after {KEPT_AFTER_S:.0f} s: {of.get('kept', 0)} of {watched}{_share(of.get('kept', 0), watched)}")
        if percentiles := _percentiles(of):
            lines.append(f"  time to an answer: {percentiles}")
        reasons = sorted(((count, name[7:]) for name, count in of.items() if name.startswith("reason.")), reverse=True)
        lines.append("  answers: " + ", ".join(f"{name} {count}" for count, name in reasons) if reasons else "  no answers yet")
    return "\n".join(lines) or "Nothing counted yet."


def _share(part: int, whole: int) -> str:
    return f" ({part / whole:.0%})" if whole else ""


def _percentiles(of: dict[str, int]) -> str:
    edges = [*(str(edge) for edge in BUCKETS_MS), "more"]
    counts = [of.get(f"ms.{edge}", 0) for edge in edges]
    total = sum(counts)
    if not total:
        return ""
    found = []
    for percent in (50, 95):
        seen = 0
        for edge, count in zip(edges, counts, strict=True):
            seen += count
            if seen >= percent / 100 * total:
                found.append(f"p{percent} " + (f"at most {edge} ms" if edge != "more" else f"more than {BUCKETS_MS[-1]} ms"))
                break
    return ", ".join(found)
