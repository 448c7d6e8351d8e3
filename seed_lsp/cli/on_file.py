"""What the commands that work on one file share: its checks, their options, the engine."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from engine.api import Event, Finished, Loading, Request, WorkerSettings, statistics
from seed_lsp.errors import SelectionError, UnknownDocumentError
from seed_lsp.session.engine_client import EngineClient, Watch
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import project_around

NO_LIMIT_S = 3600

Result = TypeVar("Result")
Ask = Callable[[Request, Watch], Awaitable[Finished]]


def tell_link(file: Path) -> None:
    """Tell the user which file a link leads to, since that is the one that is read."""
    if file.is_symlink():
        print(f"seed-lsp: {file} is a link to {file.resolve()}", file=sys.stderr)


def require_inside(file: Path, root: Path | None) -> Path:
    """The workspace that a file is named in: `root`, or the nearest project around the name as it
    is written. `UnknownDocumentError` for a link out of there: what it leads to is another
    project's, where the user may not think of.
    """
    workspace = (root or project_around(file.absolute().parent)).resolve()
    path = file.resolve()
    if not path.is_relative_to(workspace):
        remedy = "name another --root" if root else "name that file itself"
        raise UnknownDocumentError(f"{file} is {path}, which lies outside the workspace {workspace}; {remedy}")
    return workspace


def require_text(*words: str) -> None:
    """`SelectionError` for what the command line gave as text and is none."""
    if any("\ud800" <= char <= "\udfff" for word in words for char in word):
        raise SelectionError("the command line holds bytes that are no UTF-8 text, and would be written into files")


def cursor(document: Document, options: argparse.Namespace) -> CharOffset:
    """The place that the options name; `SelectionError` if there is none."""
    if options.line > len(document.line_starts):
        raise SelectionError(f"{options.file} has {len(document.line_starts)} lines, there is no line {options.line}")
    start, _ = document.line_range(options.line - 1)
    length = len(document.line_text(options.line - 1))
    if options.column > length + 1:
        raise SelectionError(f"line {options.line} has {length} characters, there is no column {options.column}")
    return CharOffset(start + options.column - 1)


def settings_of(options: argparse.Namespace) -> Settings:
    """A command is waited for, so it has no deadline but the user's patience."""
    return Settings(
        model=options.model,
        mode=options.mode,
        inline_max_tokens=options.max_tokens,
        inline_deadline_ms=1000 * NO_LIMIT_S,
        edit_max_tokens=options.max_tokens,
        edit_deadline_s=NO_LIMIT_S,
    )


def with_engine(options: argparse.Namespace, work: Callable[[Ask], Awaitable[Result]]) -> Result:
    """Do `work` with an engine of its own, which is asked as the options say."""

    async def run() -> Result:
        client = EngineClient(WorkerSettings(options.device, options.dtype), idle_s=0)

        async def ask(request: Request, watch: Watch) -> Finished:
            def told(event: Event) -> bool | None:
                if isinstance(event, Loading) and sys.stderr.isatty():
                    print(f"seed-lsp: {event.step}", file=sys.stderr)
                return watch(event)

            sampling = replace(
                request.sampling, temperature=options.temperature, seed=options.seed, block_size=options.block_size, draft=options.draft
            )
            return await client.ask(replace(request, sampling=sampling), told)

        try:
            return await work(ask)
        finally:
            await client.stop()

    return asyncio.run(run())


def print_json(text: str, diff: str, finished: Finished | None, **more: str) -> None:
    print(json.dumps({"text": text, "diff": diff, **(statistics(finished) if finished else {}), **more}))


def diff_path(path: Path) -> str:
    """Relative to the working folder, where ``git apply`` will look; the bare name for a file
    elsewhere.
    """
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.name
