"""What the base itself writes to the prompts: ``python -m engine.training.answers FOLDER --model
NAME --tokens N``.

Reads ``prompts.jsonl`` in `FOLDER`, appends to ``answers-MODEL.jsonl`` there, and goes on where an
earlier run stopped. Answers are greedy, and many are written at a time. Each is to the bit what
`autoregressive` writes alone, since the CPU kernels compute each row alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from engine.api import SamplingOptions
from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.engine import Engine
from engine.evaluation.records import drop_partial_line, read_records
from engine.model.cache import Cache
from engine.model.network import Network
from engine.prompts import Prompt
from engine.training.corpus import PROMPTS, Kind, TrainingPrompt, read_prompts

SLOTS = 32
"""This many sequences are written at once: a forward of 32 rows takes three to four times as long
as one of 1.
"""
LONGEST: dict[Kind, int] = {"generation": 256, "edit": 384, "infill": 64}
LONGEST_PROMPT = 640


@dataclass(frozen=True)
class Answer:
    """The tokens of a prompt, of the code that an edit starts from, and of the base's answer.

    `index` is the number of the prompt's line in its file.
    """

    index: int
    kind: Kind
    held_out: bool
    prompt: list[int]
    old: list[int]
    answer: list[int]


def answers_file(folder: Path, model: str) -> Path:
    return folder / f"answers-{Path(model).name}.jsonl"


def read_answers(path: Path) -> list[Answer]:
    return [Answer(**record) for record in read_records(path)]


class _Slot:
    """One sequence under way."""

    def __init__(self, network: Network, task: tuple[int, TrainingPrompt, Prompt], detokenizer: IncrementalDetokenizer) -> None:
        self.index, self.asked, self.prompt = task
        self.cache: Cache = network.new_cache()
        self.root = self.prompt.tokens[-1]
        self.tokens: list[int] = []
        self._detokenizer = detokenizer
        for _ in network.prefill(self.prompt.tokens[:-1], self.cache):
            pass

    def take(self, token: int) -> bool:
        """Note the next token; True if the answer ends with it."""
        self.tokens.append(token)
        self.root = token
        return self._detokenizer.feed(token) or len(self.tokens) == LONGEST[self.asked.kind]

    @property
    def answer(self) -> Answer:
        asked = self.asked
        return Answer(self.index, asked.kind, asked.held_out, self.prompt.tokens, list(self.prompt.old), self.tokens)


def write_answers(engine: Engine, asked: Iterable[tuple[int, TrainingPrompt]], slots: int = SLOTS) -> Iterator[Answer]:
    """Answer the prompts in their order, each as it ends."""
    waiting = _tasks(engine, asked)
    active: list[_Slot] = []
    with torch.inference_mode():
        while True:
            while len(active) < slots and (task := next(waiting, None)) is not None:
                detokenizer = IncrementalDetokenizer(engine.tokenizer, stop_tokens=task[2].stop_tokens, stop_strings=task[2].stop_strings)
                active.append(_Slot(engine.network, task, detokenizer))
            if not active:
                return
            logits = engine.network.step([slot.root for slot in active], [slot.cache for slot in active])
            going = []
            for slot, token in zip(active, logits.numpy().argmax(axis=-1).tolist(), strict=True):
                if slot.take(token):
                    yield slot.answer
                else:
                    going.append(slot)
            active = going


def _tasks(engine: Engine, asked: Iterable[tuple[int, TrainingPrompt]]) -> Iterator[tuple[int, TrainingPrompt, Prompt]]:
    for index, prompt in asked:
        tokens = engine.prompt_of(prompt.request(SamplingOptions()))
        if len(tokens.tokens) <= LONGEST_PROMPT:
            yield index, prompt, tokens


def in_turn(prompts: list[TrainingPrompt], skip: set[int]) -> Iterator[tuple[int, TrainingPrompt]]:
    """One prompt of each kind after the other, each kind in its order, those in `skip` left out."""
    kinds = [[(i, p) for i, p in enumerate(prompts) if p.kind == kind] for kind in LONGEST]
    for some in zip_longest(*kinds):
        yield from (found for found in some if found is not None and found[0] not in skip)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.answers", description=__doc__)
    parser.add_argument("folder", type=Path, help="a corpus: the folder that `python -m engine.training.corpus` wrote")
    parser.add_argument("--model", required=True)
    parser.add_argument("--tokens", type=int, required=True, help="stop when the answers have so many tokens in all")
    parser.add_argument("--slots", type=int, default=SLOTS)
    options = parser.parse_args()
    path = answers_file(options.folder, options.model)
    drop_partial_line(path)
    done = read_answers(path)
    total = sum(len(answer.answer) for answer in done)
    engine = Engine.load(options.model)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} tokens"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar, path.open("a", encoding="utf-8") as file:
        task = bar.add_task("answers", total=options.tokens, completed=total)
        asked = in_turn(read_prompts(options.folder / PROMPTS), {answer.index for answer in done})
        for answer in write_answers(engine, asked, options.slots):
            file.write(json.dumps(asdict(answer), separators=(",", ":")) + "\n")
            file.flush()
            total += len(answer.answer)
            bar.update(task, completed=total)
            if total >= options.tokens:
                return


if __name__ == "__main__":
    main()
