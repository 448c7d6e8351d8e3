"""Learning curves of one or more runs: ``python -m engine.training.curves OUT.png LOG.jsonl...
[--runs]``.

With ``--runs`` each log is a training run that goes on from the adapter of the one before, and the
tokens add up. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.evaluation.figures import pyplot, write_figure
from engine.evaluation.records import read_records

SMOOTHED = 15
"""Steps over which the drawn loss is averaged."""


def draw(png: Path, logs: list[Path], *, successive: bool = False) -> None:
    """Draw the loss, and the mean run of correct drafted tokens on held-out text.

    Both stand against the loss tokens seen.
    """
    figure, (left, right) = pyplot().subplots(1, 2, figsize=(11, 4.2))
    before = 0
    for log in logs:
        records = [{**record, "rows_seen": record["rows_seen"] + before} for record in read_records(log)]
        before = records[-1]["rows_seen"] if successive else 0
        label = log.parent.name
        steps = [r for r in records if "loss" in r]
        seen, losses = [r["rows_seen"] for r in steps], [r["loss"] for r in steps]
        smooth = [sum(losses[max(0, i - SMOOTHED + 1) : i + 1]) / min(SMOOTHED, i + 1) for i in range(len(losses))]
        left.plot(seen, smooth, label=label)
        measured = [r for r in records if r["acceptance"] and r["rows_seen"]]
        for kind in sorted(measured[0]["acceptance"]) if measured else []:
            name = f"{label}, {kind}" if len(logs) > 1 else kind
            right.plot([r["rows_seen"] for r in measured], [r["acceptance"][kind]["run"] for r in measured], marker="o", label=name)
    left.set(xlabel="loss tokens seen", ylabel=f"loss, mean of {SMOOTHED} steps", title="Loss")
    right.set(xlabel="loss tokens seen", ylabel="tokens", title="Mean run of correct drafted tokens, held out", xscale="log")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    write_figure(figure, png)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.curves", description=__doc__)
    parser.add_argument("png", type=Path)
    parser.add_argument("logs", type=Path, nargs="+")
    parser.add_argument("--runs", action="store_true", help="the logs are successive training runs of one adapter")
    options = parser.parse_args()
    draw(options.png, options.logs, successive=options.runs)


if __name__ == "__main__":
    main()
