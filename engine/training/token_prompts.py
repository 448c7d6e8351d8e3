"""The prompts as token ids, in one file for a machine that is lent for minutes.

    python -m engine.training.token_prompts CORPUS OUTPUT.npz --model NAME [--count N]

Reads ``prompts.jsonl`` in `CORPUS`. A machine that generates answers then needs neither the corpus
nor the tokenizer's time. Models with the same tokenizer share a file.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np

from engine.api import Request, SamplingOptions
from engine.engine import Engine
from engine.files import read_regular, whole_file
from engine.prompts import Prompt
from engine.training.answers import LONGEST_PROMPT, in_turn
from engine.training.corpus import PROMPTS, Kind, TrainingPrompt, read_prompts

Parsed = TypeVar("Parsed")

VERSION = 1
MAX_BYTES = 20 << 20
"""The most bytes of a file, which travels together with the source tree and an adapter."""
_KINDS: tuple[Kind, ...] = get_args(Kind)


class TokenPromptsError(Exception):
    """A file of prompts cannot be read or written; the text names it and says why."""


@dataclass(frozen=True)
class Ending:
    """How an answer ends: with one of some tokens, or where its text holds one of some strings."""

    stop_tokens: frozenset[int]
    stop_strings: tuple[str, ...]


@dataclass(frozen=True)
class TokenPrompt:
    """`tokens` to continue, and `old` ones that the answer probably repeats.

    `index` is the number of the prompt's line in ``prompts.jsonl``.
    """

    index: int
    kind: Kind
    held_out: bool
    tokens: list[int]
    old: list[int]
    ending: Ending


def encode_prompts(encode: Callable[[Request], Prompt], prompts: list[TrainingPrompt], count: int | None = None) -> Iterator[TokenPrompt]:
    """Choose prompts of at most `LONGEST_PROMPT` tokens, a kind after the other.

    `count` of them are there to learn from; those held out come on top.
    """
    for index, prompt in in_turn(prompts, set()):
        if count is not None and count <= 0:
            return
        found = encode(prompt.request(SamplingOptions()))
        if len(found.tokens) <= LONGEST_PROMPT:
            ending = Ending(found.stop_tokens, found.stop_strings)
            yield TokenPrompt(index, prompt.kind, prompt.held_out, found.tokens, list(found.old), ending)
            if count is not None and not prompt.held_out:
                count -= 1


def write_token_prompts(path: Path, prompts: Sequence[TokenPrompt]) -> None:
    """Write `path` whole or not at all; `TokenPromptsError` where it would have more than
    `MAX_BYTES`.
    """
    endings = list(dict.fromkeys(prompt.ending for prompt in prompts))
    numbers = {ending: i for i, ending in enumerate(endings)}
    header = {
        "version": VERSION,
        "kinds": _KINDS,
        "endings": [{"stop_tokens": sorted(ending.stop_tokens), "stop_strings": ending.stop_strings} for ending in endings],
    }
    with whole_file(path) as scratch:
        with scratch.open("wb") as file:
            np.savez_compressed(
                file,
                header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
                index=np.array([prompt.index for prompt in prompts], dtype=np.uint32),
                kind=np.array([_KINDS.index(prompt.kind) for prompt in prompts], dtype=np.uint8),
                held_out=np.array([prompt.held_out for prompt in prompts], dtype=np.bool_),
                ending=np.array([numbers[prompt.ending] for prompt in prompts], dtype=np.uint16),
                lengths=np.array([(len(prompt.tokens), len(prompt.old)) for prompt in prompts], dtype=np.uint32).reshape(-1, 2),
                # An edit's `old` stands right behind its prompt, most of which it repeats: the
                # compression finds that.
                tokens=np.array([token for prompt in prompts for token in (*prompt.tokens, *prompt.old)], dtype=np.uint32),
            )
        if (size := scratch.stat().st_size) > MAX_BYTES:
            raise TokenPromptsError(f"{path} would have {size:,} bytes, and may have {MAX_BYTES:,}; take fewer prompts with --count")


def read_token_prompts(path: Path) -> list[TokenPrompt]:
    """Read what `write_token_prompts` wrote.

    A file that is not there, is none, was cut off or is of another version is a
    `TokenPromptsError`.
    """
    version, prompts = read_parsed(path, MAX_BYTES, "file of prompts", _parse)
    if version != VERSION:
        raise TokenPromptsError(f"{path} is of version {version}, and this program reads {VERSION}; build it anew")
    return prompts


def read_parsed(path: Path, most: int, what: str, parse: Callable[[bytes], Parsed]) -> Parsed:
    """Parse the bytes of a file of at most `most` bytes.

    One that is not there, is no such file (`what`), or was cut off is a `TokenPromptsError`.
    """
    try:
        return parse(read_regular(path, most))
    except OSError as error:
        raise TokenPromptsError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # a damaged archive gives errors of a dozen classes
        raise TokenPromptsError(f"{path} is no {what}, or was damaged or cut off on its way: {error}") from error


def _parse(data: bytes) -> tuple[Any, list[TokenPrompt]]:
    """A file's version, and its prompts where that is ours.

    Bytes that are no such file raise errors of any class.
    """
    arrays = dict(np.load(io.BytesIO(data), allow_pickle=False))
    header = json.loads(arrays["header"].tobytes())
    return header["version"], list(_prompts_of(header, arrays)) if header["version"] == VERSION else []


def _prompts_of(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Iterator[TokenPrompt]:
    lengths, tokens = arrays["lengths"].reshape(-1, 2), arrays["tokens"]
    if int(lengths.sum()) != len(tokens):
        raise ValueError(f"its prompts have {int(lengths.sum())} tokens together, and it holds {len(tokens)}")
    endings = [Ending(frozenset(ending["stop_tokens"]), tuple(ending["stop_strings"])) for ending in header["endings"]]
    columns = [arrays[name].tolist() for name in ("index", "kind", "held_out", "ending")]
    start = 0
    for index, kind, held_out, ending, (own, old) in zip(*columns, lengths.tolist(), strict=True):
        both = tokens[start : start + own + old].tolist()
        yield TokenPrompt(index, header["kinds"][kind], held_out, both[:own], both[own:], endings[ending])
        start += own + old


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.token_prompts", description=__doc__)
    parser.add_argument("corpus", type=Path, help="the folder that `python -m engine.training.corpus` wrote")
    parser.add_argument("output", type=Path)
    parser.add_argument("--model", required=True, help="whose tokenizer and prompts")
    parser.add_argument("--count", type=int, help="stop at so many prompts to learn from; those held out come on top")
    options = parser.parse_args()
    source = options.corpus / PROMPTS
    if not source.is_file():
        raise SystemExit(f"{source} does not exist; make it with: python -m engine.training.corpus {options.corpus}")
    try:
        found = list(encode_prompts(Engine.load(options.model).prompt_of, read_prompts(source), options.count))
        write_token_prompts(options.output, found)
    except TokenPromptsError as error:
        raise SystemExit(str(error)) from error
    counts = Counter(f"{prompt.kind}, {'held out' if prompt.held_out else 'to learn from'}" for prompt in found)
    tokens = sum(len(prompt.tokens) for prompt in found)
    told = {**dict(sorted(counts.items())), "prompts": len(found), "tokens": tokens, "bytes": options.output.stat().st_size}
    print(json.dumps(told, indent=1), file=sys.stderr)


if __name__ == "__main__":
    main()
