"""Answers as token ids, compressed, for the way back from a machine that is lent.

    python -m engine.training.token_answers PROMPTS ANSWERS CORPUS --model NAME

Appends those that are new to ``answers-MODEL.jsonl`` in `CORPUS`, where `engine.training.trainer`
finds them.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engine.evaluation.records import drop_partial_line
from engine.files import whole_file
from engine.training.answers import Answer, answers_file, read_answers
from engine.training.token_prompts import TokenPrompt, TokenPromptsError, read_parsed, read_token_prompts

MAX_BYTES = 64 << 20


def write_token_answers(path: Path, answers: Sequence[Answer]) -> None:
    """Write the answers' own tokens, whole or not at all; the prompts stay with whoever asked."""
    with whole_file(path) as scratch, scratch.open("wb") as file:
        np.savez_compressed(
            file,
            index=np.array([answer.index for answer in answers], dtype=np.uint32),
            lengths=np.array([len(answer.answer) for answer in answers], dtype=np.uint32),
            tokens=np.array([token for answer in answers for token in answer.answer], dtype=np.uint32),
        )


def read_token_answers(path: Path, prompts: Sequence[TokenPrompt]) -> list[Answer]:
    """Read what `write_token_answers` wrote, and join it with the prompts.

    A file that is none, was cut off, or answers other prompts is a `TokenPromptsError`.
    """
    by_index = {prompt.index: prompt for prompt in prompts}
    return read_parsed(path, MAX_BYTES, "file of answers to these prompts", lambda data: list(_joined(data, by_index)))


def _joined(data: bytes, prompts: Mapping[int, TokenPrompt]) -> Iterator[Answer]:
    arrays = dict(np.load(io.BytesIO(data), allow_pickle=False))
    lengths = arrays["lengths"].tolist()
    if sum(lengths) != len(arrays["tokens"]):
        raise ValueError(f"its answers have {sum(lengths)} tokens together, and it holds {len(arrays['tokens'])}")
    start = 0
    for index, length in zip(arrays["index"].tolist(), lengths, strict=True):
        prompt = prompts[index]
        yield Answer(index, prompt.kind, prompt.held_out, prompt.tokens, prompt.old, arrays["tokens"][start : start + length].tolist())
        start += length


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.token_answers", description=__doc__)
    parser.add_argument("prompts", type=Path, help="what `python -m engine.training.token_prompts` wrote")
    parser.add_argument("answers", type=Path, help="what `python -m engine.training.timed` wrote")
    parser.add_argument("corpus", type=Path, help="the folder that the prompts come from")
    parser.add_argument("--model", required=True)
    options = parser.parse_args()
    path = answers_file(options.corpus, options.model)
    drop_partial_line(path)
    known = {answer.index for answer in read_answers(path)}
    try:
        found = read_token_answers(options.answers, read_token_prompts(options.prompts))
    except TokenPromptsError as error:
        raise SystemExit(str(error)) from error
    fresh = [answer for answer in found if answer.index not in known]
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(answer), separators=(",", ":")) + "\n" for answer in fresh)
    print(f"{len(fresh)} of {len(found)} answers are new, and stand in {path}")


if __name__ == "__main__":
    main()
