"""Requests on code that every machine has.

They are functions of Python's own library, and two problems of HumanEval (`data`).
"""

from __future__ import annotations

import colorsys
import copy
import fnmatch
import heapq
import inspect
import json
import mimetypes
import shlex
import statistics
import string
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.api import EditRequest, GenerateRequest, InfillRequest, Request, SamplingOptions

TYPE_HINTS = "Add type hints to the parameters and the return value of each function. Add no imports."
DOCSTRINGS = "Add a one-line docstring to each function that has none. Leave all other lines as they are."
COMMENT = "Add a comment above the first statement. Leave all other lines as they are."


@dataclass(frozen=True)
class Sample:
    """A request to be made in any mode.

    `region` is the code that an edit starts from, empty for a completion.
    """

    name: str
    make: Callable[[SamplingOptions], Request]
    region: str = ""


def edit(name: str, region: str, instruction: str) -> Sample:
    def make(options: SamplingOptions) -> Request:
        return EditRequest(1, "", options, before="", region=region, after="", instruction=instruction)

    return Sample(name, make, region)


def hole(name: str, function: Callable[..., Any], *, keep_lines: int) -> Sample:
    """The function's source with everything behind its first `keep_lines` lines taken out."""
    lines = inspect.getsource(function).splitlines(keepends=True)
    prefix = "".join(lines[:keep_lines])

    def make(options: SamplingOptions) -> Request:
        return InfillRequest(1, "", options, prefix=prefix, suffix="\n", stop=("\n\n\n",))

    return Sample(name, make)


def hole_in_file(function: Callable[..., Any], *, skip: int, lines: int, context: int = 800) -> Sample:
    """A hole of `lines` lines in the function's file, `skip` lines into the function.

    It has `context` characters before and after it.
    """
    text = inspect.getsource(inspect.getmodule(function) or function)
    rows = text.splitlines(keepends=True)
    first = inspect.getsourcelines(function)[1] - 1 + skip
    prefix, suffix = "".join(rows[:first])[-context:], "".join(rows[first + lines :])[:context]

    def make(options: SamplingOptions) -> Request:
        return InfillRequest(1, "", options, prefix=prefix, suffix=suffix, path=f"{function.__module__}.py")

    return Sample(f"complete {function.__module__}.{function.__name__}", make)


def completions() -> list[Sample]:
    """Holes of some lines in the middle of real files."""
    return [
        hole_in_file(shlex.join, skip=1, lines=2),
        hole_in_file(statistics.median_low, skip=17, lines=7),
        hole_in_file(heapq.nsmallest, skip=20, lines=8),
    ]


def generations() -> list[Sample]:
    """HumanEval problems, put to the model as a user would."""

    def generate(name: str, prompt: str) -> Sample:
        text = f"Complete this Python function, then explain in a few sentences how it works.\n\n{prompt}"
        return Sample(name, lambda options: GenerateRequest(1, "", options, prompt=text))

    path = Path(__file__).parent / "data" / "generation.jsonl"
    return [generate(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def source(*functions: Callable[..., Any]) -> str:
    return "\n\n".join(inspect.getsource(function) for function in functions)


def edits() -> list[Sample]:
    """Small edits of the kind that an editor asks for.

    How much of the region each keeps is measured, not assumed.
    """
    lookup = "Print the type at the start of the function."
    return [
        edit("type hints: colorsys.rgb_to_hsv, hsv_to_rgb", source(colorsys.rgb_to_hsv, colorsys.hsv_to_rgb), TYPE_HINTS),
        edit("rename: colorsys.hls_to_rgb", source(colorsys.hls_to_rgb), "Rename the variables m1 and m2 to low and high."),
        edit("docstring: colorsys.rgb_to_hls", source(colorsys.rgb_to_hls), DOCSTRINGS),
        edit("comment: colorsys.yiq_to_rgb", source(colorsys.yiq_to_rgb), COMMENT),
        edit("type hints: fnmatch.filter", source(fnmatch.filter), TYPE_HINTS),
        edit("type hints: copy.copy", source(copy.copy), TYPE_HINTS),
        edit("exception: statistics.median_high", source(statistics.median_high), "Raise ValueError instead of StatisticsError."),
        edit("statement: mimetypes.guess_extension", source(mimetypes.guess_extension), lookup),
    ]


def lossless_samples() -> list[Sample]:
    """Ten completions and twelve edits."""
    holes: list[Callable[..., Any]] = [
        colorsys.rgb_to_hls,
        colorsys.yiq_to_rgb,
        fnmatch.filter,
        heapq.merge,
        shlex.join,
        statistics.median,
        statistics.median_low,
        string.capwords,
        textwrap.shorten,
        textwrap.indent,
    ]
    edited: list[Callable[..., Any]] = [
        colorsys.rgb_to_hls,
        colorsys.yiq_to_rgb,
        fnmatch.filter,
        shlex.join,
        string.capwords,
        statistics.median_low,
    ]
    return [
        *(hole(f"complete {f.__module__}.{f.__name__}", f, keep_lines=_header_lines(f) + 1) for f in holes),
        *(edit(f"type hints: {f.__module__}.{f.__name__}", inspect.getsource(f), TYPE_HINTS) for f in edited),
        *(edit(f"comment: {f.__module__}.{f.__name__}", inspect.getsource(f), COMMENT) for f in edited),
    ]


def _header_lines(function: Callable[..., Any]) -> int:
    """Lines up to the end of the signature."""
    lines = inspect.getsource(function).splitlines()
    return next(i for i, line in enumerate(lines, start=1) if line.rstrip().endswith(":"))
