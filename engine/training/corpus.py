"""The prompts to learn from: ``python -m engine.training.corpus FOLDER --evaluation-data FOLDER``.

Packages (`packages.tsv`) give definitions, without copies and without what overlaps an evaluation
set, and definitions give tasks. Writes ``prompts.jsonl`` and, last, ``manifest.json`` with the
counts. The same table, options and seed give the same prompts.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from engine.api import EditRequest, GenerateRequest, InfillRequest, Request, SamplingOptions
from engine.evaluation.records import read_records
from engine.evaluation.tasks import CODE_START, CODE_STOP
from engine.files import whole_file
from engine.training import edit_tasks, tasks
from engine.training.definitions import Definition, definitions, fingerprint
from engine.training.overlap import Overlap, evaluation_texts
from engine.training.packages import Release, fetch, read_table, sources

Kind = Literal["generation", "infill", "edit"]
PROMPTS, MANIFEST = "prompts.jsonl", "manifest.json"
MOST_OF_A_RULE = 40
PER_FILE = 6
"""Definitions taken of one file, lest a few large files fill the corpus."""
RESERVED = 10
"""One in so many prompts is held out: never trained on, the measure of what was learnt."""


@dataclass(frozen=True)
class TrainingPrompt:
    """A request as plain fields.

    `text` is the instruction or the prompt, `region` the code to edit. `prefix` and `suffix` are a
    hole's, and `middle` is what stood in it.
    """

    kind: Kind
    how: str
    origin: str
    text: str = ""
    region: str = ""
    prefix: str = ""
    suffix: str = ""
    middle: str = ""
    held_out: bool = False

    def request(self, options: SamplingOptions) -> Request:
        if self.kind == "infill":
            return InfillRequest(1, "", options, prefix=self.prefix, suffix=self.suffix)
        if self.kind == "edit":
            return EditRequest(1, "", options, before="", region=self.region, after="", instruction=self.text)
        # Most answers to a prompt for a function are its code alone, as the evaluation asks for it.
        if self.how == "explained":
            return GenerateRequest(1, "", options, prompt=self.text)
        return GenerateRequest(1, "", options, prompt=self.text, start=CODE_START, stop=(CODE_STOP,))


def read_prompts(path: Path) -> list[TrainingPrompt]:
    return [TrainingPrompt(**record) for record in read_records(path)]


def make_prompts(chosen: list[Definition], older: dict[str, Definition], seed: int) -> Iterator[TrainingPrompt]:
    """Make prompts of all kinds from the chosen definitions.

    `older` are the same definitions in an older release, by `_same`.
    """
    for definition in chosen:
        rng = random.Random(f"{seed} {definition.origin}")
        hole = tasks.hole(definition, rng)
        yield TrainingPrompt("infill", hole.how, definition.origin, prefix=hole.prefix, suffix=hole.suffix, middle=hole.middle)
        if (text := tasks.description(definition, rng)) is not None:
            yield TrainingPrompt("generation", rng.choice(("code", "code", "code", "code", "explained")), definition.origin, text)
        for made in edit_tasks.instructions(definition, rng):
            yield TrainingPrompt("edit", made.how, definition.origin, made.text, made.code)
        before = older.get(_same(definition))
        made_between = edit_tasks.between_releases(before, definition) if before else None
        if made_between is not None:
            yield TrainingPrompt("edit", made_between.how, definition.origin, made_between.text, made_between.code)
    for definition, made in edit_tasks.linted(chosen, most_of_a_rule=MOST_OF_A_RULE):
        yield TrainingPrompt("edit", made.how, definition.origin, made.text, made.code)


def choose(found: Iterable[Definition], overlap: Overlap, counts: Counter[str], seed: int) -> list[Definition]:
    """Choose definitions, in random order.

    Copies are left out, and what an evaluation set has, and all but some of one file.
    """
    seen: set[str] = set()
    chosen: list[Definition] = []
    of_file: Counter[str] = Counter()
    everything = list(found)
    random.Random(seed).shuffle(everything)
    for definition in everything:
        file = definition.origin.rpartition(":")[0]
        mark = fingerprint(definition.text)
        if mark in seen:
            counts["copies left out"] += 1
        elif overlap.touches(definition.text):
            counts["overlapping definitions left out"] += 1
        elif of_file[file] >= PER_FILE:
            counts["left out for their file's share"] += 1
        else:
            chosen.append(definition)
        seen.add(mark)
        of_file[file] += 1
    return chosen


def _same(definition: Definition) -> str:
    package, path, name = definition.origin.split(":")
    return f"{package.partition('==')[0]}:{path}:{name}"


def _of(releases: list[Release], folder: Path, counts: Counter[str]) -> list[Definition]:
    found: list[Definition] = []
    for release in releases:
        print(f"{release.name} {release.version}", file=sys.stderr, flush=True)
        for file in sources(release, fetch(release, folder)):
            counts[f"files, {release.age}"] += 1
            found += definitions(file)
    return found


def make_corpus(folder: Path, evaluation_data: Path, releases: list[Release], seed: int) -> None:
    """Write the prompts and the manifest into `folder`."""
    counts: Counter[str] = Counter()
    overlap = Overlap(text for path in sorted(evaluation_data.glob("*.jsonl*")) for text in evaluation_texts(path))
    if not len(overlap):
        raise SystemExit(f"{evaluation_data} holds no evaluation sets (*.jsonl, *.jsonl.gz) to compare with")
    wheels = folder / "wheels"
    older = {_same(d): d for d in _of([r for r in releases if r.age == "old"], wheels, counts)}
    found = _of([r for r in releases if r.age == "new"], wheels, counts)
    counts["definitions found"] = len(found)
    chosen = choose(found, overlap, counts, seed)
    counts["definitions chosen"] = len(chosen)
    prompts = []
    for prompt in make_prompts(chosen, older, seed):
        if overlap.touches(prompt.text):
            counts["overlapping instructions left out"] += 1
        elif overlap.touches(prompt.prefix + prompt.middle + prompt.suffix):
            # The definition has nothing of an evaluation set, but what stands around it in its file
            # has.
            counts["overlapping surroundings left out"] += 1
        else:
            prompts.append(prompt)
    random.Random(seed).shuffle(prompts)
    # Held out by definition, so that no prompt of a held-out function is learnt from.
    reserved = {origin for i, origin in enumerate(sorted({p.origin for p in prompts})) if i % RESERVED == 0}
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / PROMPTS) as scratch, scratch.open("w", encoding="utf-8") as file:
        for prompt in prompts:
            file.write(json.dumps({**asdict(prompt), "held_out": prompt.origin in reserved}) + "\n")
            counts[f"prompts, {prompt.kind}, {prompt.how.partition(' ')[0]}"] += 1
    manifest = {
        "seed": seed,
        "counts": dict(sorted(counts.items())),
        "runs compared with": len(overlap),
        "releases": [asdict(r) for r in releases],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(manifest["counts"], indent=1), file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--evaluation-data", type=Path, required=True, help="the folder of the evaluation sets that must not be trained on")
    parser.add_argument("--packages", type=int, help="use the first so many packages of the table")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    releases = read_table()
    names = list(dict.fromkeys(release.name for release in releases))[: options.packages]
    make_corpus(options.folder, options.evaluation_data, [r for r in releases if r.name in names], options.seed)


if __name__ == "__main__":
    main()
