"""Tokens a second, ours against what people use today.

    python -m benchmarks.speed [--model NAME] [--rounds N] [--kinds completion generation edit]

Rates count generated tokens, the prompt apart, and are medians over the rounds; a ratio is the
median over the works of one kind. It does not look at what the tokens say:
`engine.evaluation.lossless` compares the texts of one model, and `seed-lsp eval` judges them.
`benchmarks.latency` has the time in an editor.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.contest import contest
from benchmarks.contest.contest import Absent, Contestant, Run, Work, median_rate
from benchmarks.report import finish, machine, parser_of, say
from engine.api import NUMBER_FORMATS, SamplingOptions
from engine.engine import physical_cores
from engine.evaluation import samples
from engine.evaluation.samples import Sample
from engine.model import checkpoint
from engine.model.tokenizer import Tokenizer
from engine.prompts import prompt_of
from engine.store import Store

SHORT, EDIT, LONG = 24, 96, 200
MOSTLY = 0.6
LOOKUPS = (3,)
KINDS = {"completion": f"completion, up to {SHORT} tokens", "generation": f"new code, {LONG} tokens", "edit": f"edit, up to {EDIT} tokens"}
BASELINE = "autoregressive"


def works(tokenizer: Tokenizer) -> list[Work]:
    """Completions in real files, generation from HumanEval, edits of library functions."""

    def work(kind: str, sample: Sample, tokens: int) -> Work:
        prompt = prompt_of(tokenizer, sample.make(SamplingOptions()))
        return Work(sample.name, kind, prompt.tokens, sorted(prompt.stop_tokens), tokens, list(prompt.old))

    return [
        *(work("completion", sample, SHORT) for sample in samples.completions()),
        *(work("generation", sample, LONG) for sample in samples.generations()[:1]),
        *(work("edit", sample, EDIT) for sample in samples.edits()),
    ]


def contestants(model: str, formats: Sequence[str], peers: Path) -> list[Contestant | Absent]:
    """Ours in each number format, transformers in bfloat16, and llama.cpp.

    llama.cpp takes part plain and with prompt lookup.
    """
    located = Store().locate(model)
    gguf = located.gguf
    return [
        *(c for number_format in formats for c in contest.our_contestants(model, number_format, ("verified", BASELINE))),
        *contest.llama_cpp_contestants(gguf, peers, physical_cores(), LOOKUPS),
        # It is the slowest by far, and its rate does not depend on the work.
        contest.transformers_contestant(model, "bfloat16", kinds=("completion",)),
    ]


def measure(model: str, formats: Sequence[str], peers: Path, rounds: int, only: Sequence[str]) -> dict[str, Any]:
    located = Store().locate(model)
    folder = checkpoint.ensure_converted(located, "int4")
    tokenizer = Tokenizer(folder)
    everyone = contestants(model, formats, peers)
    absent = [c for c in everyone if isinstance(c, Absent)]
    present = [c for c in everyone if isinstance(c, Contestant)]
    todo = [w for w in works(tokenizer) if not only or w.kind in only]
    runs = contest.compete(present, todo, rounds=rounds, say=say)
    kept = {w.name: _kept(w, runs[present[0].name, w.name][0]) for w in todo if w.old}
    report = {
        "bench": "speed",
        "model": model,
        "machine": machine(),
        "rounds": rounds,
        "absent": {c.name: c.reason for c in absent},
        "works": [_work_report(w, present, runs, kept.get(w.name)) for w in todo],
        "kinds": _kind_reports(todo, present, runs, kept),
        "peak_memory_bytes": {c.name: max(r.peak_memory_bytes for w in todo if c.takes(w) for r in runs[c.name, w.name]) for c in present},
    }
    _card(report)
    return report


def _work_report(work: Work, present: Sequence[Contestant], runs: dict[tuple[str, str], list[Run]], kept: float | None) -> dict[str, Any]:
    first = {c.name: runs[c.name, work.name][0] for c in present if c.takes(work)}
    forwards = {name: run.forwards for name, run in first.items() if run.forwards}
    return {
        "name": work.name,
        "kind": work.kind,
        "prompt_tokens": len(work.tokens),
        "kept": kept,
        "tokens": {name: run.tokens for name, run in first.items()},
        "tokens_per_forward": {name: round(first[name].tokens / count, 2) for name, count in forwards.items()},
        "tokens_per_second": {name: round(median_rate(runs[name, work.name]), 2) for name in first},
    }


def _kind_reports(
    todo: Sequence[Work], present: Sequence[Contestant], runs: dict[tuple[str, str], list[Run]], kept: dict[str, float]
) -> dict[str, Any]:
    """The median rate of each contestant for each kind, and the median ratio of ours to it.

    Edits that keep most of their code are a kind of their own.
    """
    groups = {kind: [w for w in todo if w.kind == kind] for kind in KINDS}
    groups["edit that keeps most"] = [w for w in groups["edit"] if kept[w.name] >= MOSTLY]
    ours = present[0].name
    report = {}
    for kind, members in groups.items():
        if members:
            there = [c for c in present if c.takes(members[0])]
            rates = {c.name: [median_rate(runs[c.name, w.name]) for w in members] for c in there}
            report[kind] = {
                "works": len(members),
                "tokens_per_second": {name: round(statistics.median(values), 2) for name, values in rates.items()},
                "times": {name: _ratios(rates[ours], values) for name, values in rates.items()},
            }
    return report


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    each = [a / b for a, b in zip(ours, theirs, strict=True)]
    return {"median": round(statistics.median(each), 2), "least": round(min(each), 2)}


def _kept(work: Work, run: Run) -> float:
    """The share of the old tokens' runs of four that the new text has, as far as the text went."""
    old = work.old[: len(run.ids)]
    new = {tuple(run.ids[i : i + 4]) for i in range(len(run.ids) - 3)}
    runs_of_four = [tuple(old[i : i + 4]) for i in range(len(old) - 3)]
    return round(sum(piece in new for piece in runs_of_four) / max(1, len(runs_of_four)), 3)


def _card(report: dict[str, Any]) -> None:
    where = report["machine"]
    say(f"\n{report['model']} on {where['cpu']}, {where['cores']} cores, {' '.join(where['instructions'])}; commit {where['commit']}")
    for kind, entry in report["kinds"].items():
        say(f"{KINDS.get(kind, kind)} ({entry['works']})")
        for name, rate in entry["tokens_per_second"].items():
            times = entry["times"][name]
            say(f"  {name:36} {rate:8.1f} tokens/s   ours is {times['median']:.2f} times as fast, at least {times['least']:.2f}")
    for name, reason in report["absent"].items():
        say(f"  {name:36} absent: {reason}")


def main() -> None:
    parser = parser_of("speed", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dtype", nargs="+", default=["int4"], choices=NUMBER_FORMATS)
    parser.add_argument("--kinds", nargs="+", default=[], choices=list(KINDS))
    parser.add_argument("--peers", type=Path, default=Path(".peers"), help="the folder with npm's node_modules")
    options = parser.parse_args()
    finish(measure(options.model, options.dtype, options.peers, options.rounds, options.kinds), options.json)


if __name__ == "__main__":
    main()
