"""What drafts are worth, by where they come from: ``python -m engine.training.drafting ANSWERS
--model NAME``.

Replays held-out prompts of a training corpus (`engine.training.answers`) in mode `verified`, with
copies alone, with the denoiser alone, with both, and with neither. It counts tokens a forward and
tokens a second. The texts are the base's own, so every run must write them again; one that does not
is an error.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from engine.api import DraftSource, SamplingOptions
from engine.engine import Engine, physical_cores
from engine.evaluation.machine import Machine
from engine.training.answers import Answer, read_answers

SOURCES: tuple[DraftSource, ...] = ("none", "copy", "denoise", "auto")


@dataclass(frozen=True)
class Drafting:
    """One kind of text with one source of drafts.

    Tokens a forward and a second are those over all texts together. `median_speed_up` is the median
    over texts of how many times as fast it is as no drafts, None where those were not measured.
    """

    kind: str
    source: str
    texts: int
    tokens: int
    tokens_per_forward: float
    tokens_per_second: float
    median_speed_up: float | None


@dataclass(frozen=True)
class _Run:
    forwards: int
    seconds: float


def measure(
    engine: Engine, answers: Sequence[Answer], sources: Sequence[DraftSource] = SOURCES, max_rows: int | None = None
) -> list[Drafting]:
    """Every answer with every source, in turn."""
    runs = [{source: _replay(engine, answer, source, max_rows) for source in sources} for answer in answers]
    found = []
    for kind in (*sorted({a.kind for a in answers}), "all"):
        chosen = [(a, r) for a, r in zip(answers, runs, strict=True) if kind in {a.kind, "all"}]
        tokens = sum(len(a.answer) for a, _ in chosen)
        for source in sources:
            forwards, seconds = sum(r[source].forwards for _, r in chosen), sum(r[source].seconds for _, r in chosen)
            speed_up = round(statistics.median(r["none"].seconds / r[source].seconds for _, r in chosen), 3) if "none" in sources else None
            rates = (round(tokens / forwards, 3), round(tokens / seconds, 2))
            found.append(Drafting(kind, source, len(chosen), tokens, *rates, speed_up))
    return found


def _replay(engine: Engine, answer: Answer, source: DraftSource, max_rows: int | None) -> _Run:
    options = SamplingOptions(max_new_tokens=len(answer.answer), draft=source, max_rows=max_rows)
    outcome = engine.sample(answer.prompt, options, old=answer.old)
    if list(outcome.tokens) != answer.answer:
        raise SystemExit(f"answer {answer.index} came out different with drafts from {source}: it was written by another model or format")
    return _Run(outcome.forwards, outcome.decode_seconds)


def written_anew(engine: Engine, answers: Sequence[Answer]) -> list[Answer]:
    """Write the answers as this engine does, where they come from another number format, such as a
    GPU's.
    """
    return [
        replace(a, answer=list(engine.sample(a.prompt, SamplingOptions(max_new_tokens=len(a.answer), draft="none")).tokens))
        for a in answers
    ]


def held_out(answers: Sequence[Answer], texts: int) -> list[Answer]:
    """Choose so many held-out answers of each kind, or all that there are."""
    chosen: list[Answer] = []
    for kind in sorted({a.kind for a in answers}):
        chosen += [a for a in answers if a.held_out and a.kind == kind][:texts]
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.drafting", description=__doc__)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--texts", type=int, default=20, help="of each kind")
    parser.add_argument("--sources", nargs="+", choices=SOURCES, default=SOURCES)
    parser.add_argument("--max-rows", type=int, help="of a forward with masks; what suits the device if left out")
    parser.add_argument("--anew", action="store_true", help="write the answers anew first: those there are come from another number format")
    options = parser.parse_args()
    engine = Engine.load(options.model, adapter=options.adapter)
    answers = held_out(read_answers(options.answers), options.texts)
    found = measure(engine, written_anew(engine, answers) if options.anew else answers, options.sources, options.max_rows)
    for row in found:
        print(
            f"{row.kind:>10} {row.source:>8}: {row.tokens_per_forward:5.2f} tokens a forward, {row.tokens_per_second:6.1f} tokens/s, "
            f"{'' if row.median_speed_up is None else f'{row.median_speed_up:4.2f} x without drafts '}({row.texts} texts, {row.tokens} tokens)",
            file=sys.stderr,
        )
    report = {
        "model": options.model,
        "adapter": str(options.adapter or "shipped"),
        "max_rows": options.max_rows,
        "rows": [asdict(row) for row in found],
    }
    print(json.dumps({**report, "machine": asdict(Machine.here(physical_cores()))}))


if __name__ == "__main__":
    main()
