"""Figures as files. Needs matplotlib (the extras `bench` and `train`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.files import whole_file


def pyplot() -> Any:
    """Matplotlib's pyplot, which draws without a screen."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    return plt


def write_figure(figure: Any, png: Path) -> None:
    """Lay the figure out and write it, whole or not at all."""
    figure.tight_layout()
    with whole_file(png) as scratch:
        figure.savefig(scratch, format="png", dpi=110)
    pyplot().close(figure)
