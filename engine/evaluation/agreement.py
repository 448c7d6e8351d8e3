"""Where two runs over a set wrote different programs.

    python -m engine.evaluation.agreement SET --data SETS FIRST SECOND

FIRST and SECOND are the files of answers that `seed-lsp eval` keeps, say of the modes
`autoregressive` and `verified`. In float32 the two write the same. In fewer bits forwards of
different width may round differently, and where two tokens are nearly as likely the choice may fall
the other way. For each task whose texts differ this tells where they part, and how near the tie
was: the difference of the two tokens' logits in a forward of one row.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path

import torch

from engine.api import NUMBER_FORMATS, SamplingOptions
from engine.engine import Engine
from engine.evaluation.harness import Answered, read_kept
from engine.evaluation.options import MODEL
from engine.evaluation.tasks import SETS, Task, load_tasks
from engine.prompts import Prompt


@dataclass(frozen=True)
class Parting:
    """The first token at which two answers differ, counted from 0.

    `gap` says by how much the first answer's token is likelier, in logits.
    """

    id: str
    token: int
    first: str
    second: str
    gap: float
    verdicts: tuple[str, str]


def part(engine: Engine, task: Task, first: Answered, second: Answered) -> Parting:
    """Where two different answers to a task part.

    The texts are read as tokens once more, so a token here need not be one that was chosen.
    """
    prompt = engine.prompt_of(task.ask(SamplingOptions()))
    one, other = (_tokens(engine, prompt, answer.text) for answer in (first, second))
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    logits = _logits(engine, prompt.tokens + one[:same])
    here, there = one[same], other[same]
    gap = float(logits[here] - logits[there])
    words = engine.tokenizer.decode([here]), engine.tokenizer.decode([there])
    return Parting(task.id, same, *words, gap, (first.verdict, second.verdict))


def _tokens(engine: Engine, prompt: Prompt, text: str) -> list[int]:
    """What the model wrote for an answer, up to and with its end: the inverse of `Prompt.read`."""
    text = text.removeprefix(prompt.start)
    text = text.removesuffix("\n") if prompt.ends_line else text
    lines = [line.removeprefix(prompt.indent) for line in text.split("\n")]
    written = engine.tokenizer.encode("\n".join(lines) + "".join(prompt.stop_strings[:1]))
    return [*written, min(prompt.stop_tokens)]


def _logits(engine: Engine, tokens: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        cache = engine.network.new_cache()
        for _ in engine.network.prefill(tokens[:-1], cache):
            pass
        return engine.network.forward(tokens[-1:], cache).logits[0]


def compare(engine: Engine, tasks: list[Task], first: list[Answered], second: list[Answered]) -> tuple[int, list[Parting]]:
    """How many tasks both runs answered, and where their texts differ."""
    one, other = ({answer.id: answer for answer in answers} for answers in (first, second))
    both = [task for task in tasks if task.id in one and task.id in other]
    return len(both), [part(engine, task, one[task.id], other[task.id]) for task in both if one[task.id].text != other[task.id].text]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.evaluation.agreement", description=__doc__)
    parser.add_argument("task", choices=sorted(SETS))
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--dtype", choices=NUMBER_FORMATS)
    options = parser.parse_args()
    engine = Engine.load(options.model, dtype=options.dtype)
    tasks = load_tasks(options.task, options.data)
    answered, partings = compare(engine, tasks, read_kept(options.first), read_kept(options.second))
    for parting in partings:
        print(parting, file=sys.stderr)
    print(
        json.dumps(
            {"task": options.task, "model": options.model, "answered": answered, "parted": [asdict(parting) for parting in partings]}
        )
    )


if __name__ == "__main__":
    main()
