"""The time of a forward against the number of its rows, beside the least that this machine could
take.

    python -m benchmarks.blocks [--model NAME] [--png FILE]

It is this machine's version of Seed Diffusion's figure of block sizes (arXiv 2508.02193): what a
block of B rows costs bounds what it may gain. It times single forwards behind 512 rows, and no
decoding: `benchmarks.speed` does.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.report import BenchError, finish, machine, parser_of, say
from engine.api import NUMBER_FORMATS
from engine.engine import Engine
from engine.evaluation.figures import pyplot, write_figure
from engine.evaluation.machine import READ_BYTES, Floor
from engine.model.kernel_network import KernelNetwork

ROWS = (1, 2, 4, 8, 16, 32, 64, 128)
CONTEXT = 512


def measure(model: str, number_format: str | None, rounds: int) -> dict[str, Any]:
    engine = Engine.load(model, dtype=number_format)
    network = engine.network
    tokens = engine.tokenizer.encode("def f(x):\n    return x + 1\n" * CONTEXT)[: CONTEXT + max(ROWS)]
    times: dict[int, list[float]] = {rows: [] for rows in ROWS}
    floors: list[Floor] = []
    memory = torch.ones(READ_BYTES, dtype=torch.uint8)
    with torch.inference_mode():
        cache = network.new_cache()
        for _ in network.prefill(tokens[:CONTEXT], cache):
            pass
        for number in range(rounds + 1):
            if isinstance(network, KernelNetwork):
                floors.append(Floor.measure(network.kernels, memory))
            for rows, seconds in times.items():
                started = time.perf_counter()
                network.forward(tokens[CONTEXT : CONTEXT + rows], cache)
                if number:  # the first round warms up
                    seconds.append(time.perf_counter() - started)
    return _report(engine, times, floors)


def _report(engine: Engine, times: dict[int, list[float]], floors: list[Floor]) -> dict[str, Any]:
    network = engine.network
    medians = {rows: statistics.median(seconds) for rows, seconds in times.items()}
    report: dict[str, Any] = {
        "bench": "blocks",
        "model": engine.name,
        "format": network.number_format,
        "machine": machine(),
        "context": CONTEXT,
        "rounds": len(next(iter(times.values()))),
        "forward_ms": {str(rows): round(1000 * seconds, 2) for rows, seconds in medians.items()},
        "rows_per_second": {str(rows): round(rows / seconds, 1) for rows, seconds in medians.items()},
    }
    if isinstance(network, KernelNetwork):
        floor = Floor(*(statistics.median(getattr(f, name) for f in floors) for name in ("bytes_per_second", "operations_per_second")))
        least = {rows: floor.seconds(weight_bytes=network.weight_bytes, weights=network.num_weights, rows=rows) for rows in ROWS}
        report |= {
            "weight_bytes": network.weight_bytes,
            "weights": network.num_weights,
            "floor": asdict(floor),
            "floor_ms": {str(rows): round(1000 * seconds, 2) for rows, seconds in least.items()},
            "over_floor": {str(rows): round(medians[rows] / least[rows], 2) for rows in ROWS},
        }
    return report


def draw(reports: list[dict[str, Any]], path: Path) -> None:
    """Time and rate against rows, one line a report, the floors dashed. Needs matplotlib."""
    figure, (left, right) = pyplot().subplots(1, 2, figsize=(10, 4))
    for report in reports:
        rows = [int(n) for n in report["forward_ms"]]
        label = f"{report['model']} {report['format']}"
        line = left.plot(rows, list(report["forward_ms"].values()), marker="o", label=label)[0]
        right.plot(rows, list(report["rows_per_second"].values()), marker="o", color=line.get_color())
        if "floor_ms" in report:
            left.plot(rows, list(report["floor_ms"].values()), "--", color=line.get_color(), label=f"{label}, floor")
            rates = [1000 * n / ms for n, ms in zip(rows, report["floor_ms"].values(), strict=True)]
            right.plot(rows, rates, "--", color=line.get_color())
    for axes, title in ((left, "ms a forward"), (right, "rows a second: tokens a second if every drafted token is right")):
        axes.set_xscale("log", base=2)
        axes.set_xticks(rows, [str(n) for n in rows])
        axes.set_xlabel("rows of the block")
        axes.set_title(title, fontsize=9)
        axes.grid(alpha=0.3)
        axes.set_ylim(bottom=0)
    left.legend(fontsize=8)
    figure.suptitle(f"{reports[0]['machine']['cpu']}, {reports[0]['machine']['cores']} cores, behind {CONTEXT} cached rows", fontsize=9)
    write_figure(figure, path)


def _card(report: dict[str, Any]) -> None:
    where = report["machine"]
    say(f"{report['model']} {report['format']} on {where['cpu']}, {where['cores']} cores; commit {where['commit']}")
    if "floor" in report:
        floor = report["floor"]
        read, products = floor["bytes_per_second"] / 1e9, floor["operations_per_second"] / 1e12
        say(f"  {report['weight_bytes'] / 1e9:.3f} GB of weights; memory {read:.1f} GB/s, products {products:.2f} T/s")
    for rows, ms in report["forward_ms"].items():
        beside = f"   floor {report['floor_ms'][rows]:7.1f} ms, {report['over_floor'][rows]:.2f} times" if "floor" in report else ""
        say(f"  {rows:>4} rows {ms:8.1f} ms {report['rows_per_second'][rows]:8.1f} rows/s{beside}")


def main() -> None:
    parser = parser_of("blocks", __doc__)
    parser.add_argument("--dtype", nargs="+", choices=NUMBER_FORMATS, default=[None], help="the best if left out")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--png", type=Path, help="draw the figure into this file")
    options = parser.parse_args()
    if options.png and importlib.util.find_spec("matplotlib") is None:
        raise BenchError("drawing needs matplotlib; run: pip install 'seed-lsp[bench]'")
    reports = []
    for number_format in options.dtype:
        reports.append(measure(options.model, number_format, options.rounds))
        _card(reports[-1])
    if options.png:
        draw(reports, options.png)
    finish(reports[0] if len(reports) == 1 else {"bench": "blocks", "models": reports}, options.json)


if __name__ == "__main__":
    main()
