"""Evaluation sets from the model hub by their public names. Needs the extra `eval`.

The hub makes Parquet files of every data set, which are read as tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

REVISION = "refs/convert/parquet"
"""The hub keeps its own conversion of a data set here, as ``CONFIG/SPLIT/0000.parquet``. No script
of the data set is run.
"""

Row = dict[str, Any]


class HubError(Exception):
    """The hub, or the data set on it, is not to be had."""


@dataclass(frozen=True)
class Source:
    """A data set on the hub.

    `tasks` makes of a row the fields of its tasks (`engine.evaluation.tasks`).
    """

    repo: str
    tasks: Callable[[Row], Iterator[Row]]
    config: str = "default"
    splits: tuple[str, ...] = ("test",)


def read_rows(source: Source) -> Iterator[Row]:
    """The fields of all tasks; `HubError` says what is missing."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise HubError("reading data sets of the hub needs pyarrow; install seed-lsp[eval]") from error
    from engine.download import DownloadError, hub_file

    for split in source.splits:
        name = f"{source.config}/{split}/0000.parquet"
        try:
            path = hub_file(source.repo, name, kind="dataset", revision=REVISION)
        except DownloadError as error:
            raise HubError(f"{source.repo}, {name}: {error}") from error
        for row in parquet.read_table(path).to_pylist():
            yield from source.tasks(row)


def _complete(row: Row) -> Iterator[Row]:
    yield {**_function(row), "kind": "complete", "prompt": row["prompt"]}


def _infill(row: Row) -> Iterator[Row]:
    yield {**_function(row), "kind": "infill", "prefix": row["prompt"], "suffix": row["suffix"]}


def _instruct(row: Row) -> Iterator[Row]:
    tests = "\n".join([*(row.get("test_imports") or ()), *row["test_list"]])
    # The larger set's own tests are one program; the model is shown those of the smaller one.
    more = {"base_tests": "\n".join(row["test_list"]), "tests": row["test"]} if "test" in row else {"tests": tests}
    yield {"id": f"MBPP/{row['task_id']}", "kind": "instruct", "prompt": row["prompt"], "reference": row["code"], **more}


def _edit(row: Row) -> Iterator[Row]:
    for style in ("descriptive", "lazy"):
        same = {"before": row["before"], "after": row["after"], "tests": row["tests"]}
        yield {"id": f"CanItEdit/{row['full_name']}/{style}", "kind": "edit", "instruction": row[f"instruction_{style}"], **same}


def _bugfix(row: Row) -> Iterator[Row]:
    yield {
        "id": f"HumanEvalFix/{row['task_id']}",
        "kind": "bugfix",
        "instruction": f"Fix bugs in {row['entry_point']}.",
        "before": row["declaration"] + row["buggy_solution"],
        "after": row["declaration"] + row["canonical_solution"],
        "tests": row["test"],
    }


def _function(row: Row) -> Row:
    """The fields that completing and infilling have in common.

    Some data sets leave the call of `check` to their harness: the tests get it here.
    """
    call = f"check({row['entry_point']})"
    tests = row["test"] if row["test"].rstrip().endswith(call) else f"{row['test']}\n\n{call}\n"
    return {"id": row["task_id"], "reference": row["canonical_solution"], "entry_point": row["entry_point"], "tests": tests}


_INFILLING = "loubnabnl/humaneval_infilling"
SOURCES = {
    "humaneval": Source("openai/openai_humaneval", _complete, "openai_humaneval"),
    "humaneval-plus": Source("evalplus/humanevalplus", _complete),
    "mbpp": Source("google-research-datasets/mbpp", _instruct, "sanitized", ("prompt", "train", "validation", "test")),
    "mbpp-plus": Source("evalplus/mbppplus", _instruct),
    "infill-single-line": Source(_INFILLING, _infill, "HumanEval-SingleLineInfilling"),
    "infill-multi-line": Source(_INFILLING, _infill, "HumanEval-MultiLineInfilling"),
    "infill-random-span": Source(_INFILLING, _infill, "HumanEval-RandomSpanInfilling"),
    "infill-random-span-light": Source(_INFILLING, _infill, "HumanEval-RandomSpanInfillingLight"),
    "canitedit": Source("nuprl/CanItEdit", _edit),
    "humanevalfix": Source("bigcode/humanevalpack", _bugfix, "python"),
}
