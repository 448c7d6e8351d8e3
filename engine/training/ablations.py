"""Short training runs that differ in one thing: ``python -m engine.training.ablations FILE.toml``.

The file is a training configuration (`engine.training.config`) with ``[[variant]]`` tables besides.
Each has a `name`, and tables `run` and `stage` of what it changes in ``[run]`` and in every
``[[stage]]``. Each variant is a run of its own in a folder of its own, and goes on where it was
interrupted. What the variants reached is printed as a Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from engine.evaluation.records import read_records
from engine.training.config import ConfigError, Run, read_toml, run_from
from engine.training.trainer import LOG, Trainer

KINDS = ("all", "generation", "infill", "edit")


def variants(path: Path) -> Iterator[tuple[str, Run]]:
    """Yield each variant's name and run.

    Errors are those of a run's file; a variant without a name and two of one name are a
    `ConfigError` as well.
    """
    content = read_toml(path)
    if unknown := content.keys() - {"run", "stage", "variant"}:
        raise ConfigError(f"{path}: unknown tables {', '.join(sorted(unknown))}; there are [run], [[stage]] and [[variant]]")
    names: set[str] = set()
    for variant in content.get("variant", []):
        name = variant.get("name")
        if not isinstance(name, str) or Path(name).name != name or name in names:
            raise ConfigError(f"{path}: a variant's name is {name!r}; it is the name of a folder, each its own")
        if unknown := variant.keys() - {"name", "run", "stage"}:
            raise ConfigError(f"{path}: variant {name}: unknown settings {', '.join(sorted(unknown))}; known are name, run, stage")
        names.add(name)
        stages = [{**stage, **variant.get("stage", {})} for stage in content.get("stage", [])]
        run = run_from({**content.get("run", {}), **variant.get("run", {})}, stages, path.parent)
        yield name, replace(run, folder=run.folder / name)


def _row(name: str, log: Path) -> str:
    last = read_records(log)[-1]
    runs = " | ".join(f"{last['acceptance'][kind]['run']:.2f}" if kind in last["acceptance"] else "-" for kind in KINDS)
    repair = last["repair"]
    return f"| {name} | {last['rows_seen']:,} | {last['total_seconds']:.0f} | {runs} | {repair['repaired']:.0%} | {repair['kept']:.0%} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.ablations", description=__doc__)
    parser.add_argument("file", type=Path)
    path = parser.parse_args().file
    try:
        runs = list(variants(path))
        for _, run in runs:
            Trainer(run).train()
    except ConfigError as error:
        raise SystemExit(f"seed-lsp: {error}") from error
    print(f"| variant | loss tokens | seconds | {' | '.join(KINDS)} | repaired | kept |")
    print("|---" * (5 + len(KINDS)) + "|")
    for name, run in runs:
        print(_row(name, run.folder / LOG))


if __name__ == "__main__":
    main()
