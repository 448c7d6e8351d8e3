"""Quality against speed over several runs of one set. Needs the extra `bench`.

    python -m engine.evaluation.tradeoff OUT.png REPORT.json...

The reports are those that `seed-lsp eval SET --json` writes. Also prints them as a table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.evaluation.figures import pyplot, write_figure


def label(report: dict[str, Any]) -> str:
    """A run by what distinguishes it: mode, and with mode `diffusion` the threshold."""
    mode = str(report["mode"])
    return f"{mode}, {report['threshold']:g}" if mode == "diffusion" else mode


def table(reports: Sequence[dict[str, Any]]) -> str:
    lines = ["| run | tasks | pass@1 (95 %) | tokens a forward | tokens/s | median forwards a task |", "|---|---|---|---|---|---|"]
    for report in reports:
        low, high = report["interval"]
        share = f"{report['passed']} = {report['pass_at_1']:.1%} ({low:.1%} to {high:.1%})"
        lines.append(
            f"| {label(report)} | {report['tasks']} | {share} | {report['tokens_per_forward']:.2f} | {report['tokens_per_second']:.0f} "
            f"| {report['median_forwards']:g} |"
        )
    return "\n".join(lines)


def draw(png: Path, reports: Sequence[dict[str, Any]]) -> None:
    """Share of problems solved, with its interval, against tokens a second."""
    figure, axes = pyplot().subplots(figsize=(6.4, 4.2))
    for report in reports:
        share, (low, high) = report["pass_at_1"], report["interval"]
        error = [[100 * (share - low)], [100 * (high - share)]]
        axes.errorbar(report["tokens_per_second"], 100 * share, yerr=error, marker="o", capsize=3, label=label(report))
    first = reports[0]
    axes.set(xlabel="tokens/s", ylabel="pass@1, %", title=f"{first['task']}, {first['model']}, {first['tasks']} tasks", ylim=(0, 100))
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    write_figure(figure, png)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.evaluation.tradeoff", description=__doc__)
    parser.add_argument("png", type=Path)
    parser.add_argument("reports", type=Path, nargs="+")
    options = parser.parse_args()
    reports = [json.loads(path.read_text("utf-8")) for path in options.reports]
    if len({report["task"] for report in reports}) > 1:
        raise SystemExit("seed-lsp: these reports are of several sets; give those of one")
    draw(options.png, reports)
    print(table(reports))


if __name__ == "__main__":
    main()
