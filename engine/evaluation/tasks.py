"""Evaluation sets: what a model is asked, and what shows whether its answer is right."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.api import EditRequest, GenerateRequest, InfillRequest, Request, SamplingOptions
from engine.evaluation.hub import SOURCES, HubError, read_rows

CODE_START, CODE_STOP = "```python\n", "\n```"


class TaskError(ValueError):
    """An evaluation set is not there, or is not what its name says."""


@dataclass(frozen=True)
class EvaluationSet:
    """A set: `file` in a folder of evaluation sets, JSON lines, plain or with ``.gz``.

    `timeout_s` is for one program; `max_new_tokens` bounds an answer.
    """

    name: str
    file: str
    max_new_tokens: int
    timeout_s: float = 10.0


SETS = {
    entry.name: entry
    for entry in (
        EvaluationSet("humaneval", "humaneval.jsonl", 512),
        EvaluationSet("humaneval-plus", "humaneval_plus.jsonl.gz", 512, 30.0),
        EvaluationSet("mbpp", "mbpp_sanitized.jsonl", 512),
        EvaluationSet("mbpp-plus", "mbpp_plus.jsonl.gz", 512, 30.0),
        EvaluationSet("infill-single-line", "humaneval_infilling_single_line.jsonl.gz", 96),
        EvaluationSet("infill-multi-line", "humaneval_infilling_multi_line.jsonl.gz", 256),
        EvaluationSet("infill-random-span", "humaneval_infilling_random_span.jsonl.gz", 256),
        EvaluationSet("infill-random-span-light", "humaneval_infilling_random_span_light.jsonl", 256),
        EvaluationSet("canitedit", "canitedit.jsonl", 1024, 20.0),
        EvaluationSet("humanevalfix", "humanevalfix_python.jsonl", 512),
    )
}


@dataclass(frozen=True)
class Task:
    """One problem.

    `ask` makes its request. `program` is the code with the answer put in, and the tests. `before`
    is the code of an edit.
    """

    id: str
    kind: str
    fields: dict[str, Any]

    @property
    def before(self) -> str:
        return str(self.fields.get("before", ""))

    def ask(self, options: SamplingOptions) -> Request:
        fields = self.fields
        if self.kind == "infill":
            return InfillRequest(1, "", options, prefix=fields["prefix"], suffix=fields["suffix"])
        if self.kind in {"edit", "bugfix"}:
            return EditRequest(1, "", options, before="", region=self.before, after="", instruction=fields["instruction"])
        if self.kind == "complete":
            text = f"Complete this Python function.\n\n{CODE_START}{fields['prompt'].strip()}{CODE_STOP}"
        else:
            tests = "\n".join(fields.get("base_tests", fields["tests"]).strip().splitlines()[:3])
            text = f"{fields['prompt'].strip()}\n\nThe code must pass these tests:\n\n{CODE_START}{tests}{CODE_STOP}"
        return GenerateRequest(1, "", options, prompt=text, start=CODE_START, stop=(CODE_STOP,))

    def program(self, answer: str) -> str:
        """Source that comes to its end if the answer is right; `answer` is a request's text."""
        fields = self.fields
        if self.kind == "infill":
            code = fields["prefix"] + answer + fields["suffix"]
        elif self.kind in {"edit", "bugfix"}:
            code = answer
        else:
            code = answer.removeprefix(CODE_START)
            if self.kind == "complete":
                code = _head(fields["prompt"], fields["entry_point"]) + code
        return f"{code}\n\n{fields['tests']}"

    @property
    def reference(self) -> str:
        """The right answer, as `program` takes it."""
        if self.kind == "complete":
            return str(self.fields["prompt"]) + str(self.fields["reference"])
        return str(self.fields["after" if self.kind in {"edit", "bugfix"} else "reference"])

    @property
    def broken(self) -> str:
        """An answer that is wrong.

        It is nothing in the hole, the code unedited, or a function that returns nothing of use.
        """
        if self.kind == "infill":
            return ""
        if self.kind in {"edit", "bugfix"}:
            return self.before
        names = re.findall(r"^def (\w+)", self.reference, re.MULTILINE)
        return "\n".join(f"def {name}(*arguments, **named):\n    return object()\n" for name in names)


def load_tasks(name: str, folder: Path | None) -> list[Task]:
    """The tasks of a set, from a folder of files or, where that is None, from the model hub.

    A set that is not there is a `TaskError`.
    """
    entry = SETS[name]
    if folder is None:
        return _from_hub(name)
    for path in (folder / entry.file, folder / f"{entry.file}.gz", folder / entry.file.removesuffix(".gz")):
        if path.is_file():
            return list(_read(path))
    raise TaskError(f"{folder} holds no {entry.file}")


def _from_hub(name: str) -> list[Task]:
    try:
        return [Task(str(fields["id"]), fields["kind"], fields) for fields in read_rows(SOURCES[name])]
    except (HubError, KeyError) as error:
        raise TaskError(
            f"the evaluation set {name} is not to be had from the hub ({error}). "
            f"Give the folder that holds {SETS[name].file} with --data (one JSON object a line)"
        ) from error


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, or of one compressed with gzip."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    # Not `splitlines`: JSON strings may hold a line separator that is none here.
    return data.decode("utf-8").removesuffix("\n").split("\n")


def _read(path: Path) -> Iterator[Task]:
    for number, line in enumerate(read_lines(path), start=1):
        try:
            fields = json.loads(line)
            yield Task(fields["id"], fields["kind"], fields)
        except (ValueError, KeyError) as error:
            raise TaskError(f"{path}, line {number}: {error!r}") from error


def _head(prompt: str, entry_point: str) -> str:
    """What a prompt has before the function that is asked for.

    It is imports, and helpers that the model need not repeat.
    """
    at = prompt.find(f"def {entry_point}(")
    return prompt[: max(at, 0)]
