"""Learning curves of one or more runs: ``python -m engine.training.curves OUT.png LOG.jsonl...``. Needs the extra `train`."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.records import read_records

SMOOTHED = 15
"""Steps over which the drawn loss is averaged."""


def draw(png: Path, logs: list[Path]) -> None:
    """Loss, and the mean run of correct drafted tokens on held-out text, against the loss tokens seen."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
    for log in logs:
        records = read_records(log)
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
    figure.tight_layout()
    scratch = png.with_name(f".{png.name}.partial")
    figure.savefig(scratch, format="png", dpi=110)
    scratch.replace(png)
    plt.close(figure)


def main() -> None:
    if len(sys.argv) < 3:
        raise SystemExit("usage: python -m engine.training.curves OUT.png LOG.jsonl...")
    draw(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])


if __name__ == "__main__":
    main()
