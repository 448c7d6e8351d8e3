"""``seed-lsp complete`` and ``edit``: the server's features on files, without an editor."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from engine.api import Event, Finished, Loading, Request, WorkerSettings, statistics
from seed_lsp.errors import NoChangeError, SelectionError, UnknownDocumentError
from seed_lsp.features.inline import completion as inline
from seed_lsp.features.inline.plan import Plan
from seed_lsp.features.refactor import rewriting
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import project_around, read_document
from seed_lsp.source.patch import unified_diff
from seed_lsp.source.writing import Replacement, write_files

NO_LIMIT_S = 3600

AnyRequest = TypeVar("AnyRequest", bound=Request)


def complete(options: argparse.Namespace) -> None:
    document = read_document(options.file)
    tell_link(options.file)
    plan = Plan(document, cursor(document, options))
    settings = _settings(options)
    request = inline.build_request(plan, settings, 1)
    finished = _run(_with_options(request, options), options)
    completion = inline.read_completion(plan, finished)
    if options.json:
        diff = ""
        if completion.text:
            text = document.text
            diff = unified_diff(text, text[: plan.cursor] + completion.text + text[plan.cursor :], _diff_path(options.file))
        _print_json(completion.text, diff, finished, reason=completion.reason)
    elif completion.text:
        print(completion.text)
    else:
        print(f"seed-lsp: no completion: {completion.reason}", file=sys.stderr)


def edit(options: argparse.Namespace) -> None:
    document = read_document(options.file)
    tell_link(options.file)
    if options.write:
        require_inside(options.file, None)
    instruction = _from_standard_input() if options.instruction is None else options.instruction
    first, last = options.lines
    if last > len(document.line_starts):
        raise SelectionError(f"{options.file} has {len(document.line_starts)} lines, there is no line {last}")
    settings = _settings(options)
    start, end = document.line_range(first - 1)[0], document.line_range(last - 1)[1]
    plan = rewriting.make_plan(document, start, end, rewriting.own_instruction(instruction), settings)
    finished = _run(_with_options(rewriting.build_request(plan, settings, 1), options), options)
    try:
        rewrite = rewriting.read_rewrite(plan, finished)
    except NoChangeError as error:
        print(f"seed-lsp: {error}", file=sys.stderr)
        new_text, new_region = document.text, plan.region
    else:
        new_text, new_region = rewrite.new_text(plan), rewrite.new_region
    diff = unified_diff(document.text, new_text, _diff_path(options.file))
    if options.write and diff:
        write_files({options.file: Replacement(document.text, new_text, document.encoding)})
    if options.json:
        _print_json(new_region, diff, finished)
    else:
        sys.stdout.write(diff)


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


def _from_standard_input() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise SelectionError("the instruction on standard input is no UTF-8 text") from None


def cursor(document: Document, options: argparse.Namespace) -> CharOffset:
    """The place that the options name; `SelectionError` if there is none."""
    if options.line > len(document.line_starts):
        raise SelectionError(f"{options.file} has {len(document.line_starts)} lines, there is no line {options.line}")
    start, _ = document.line_range(options.line - 1)
    length = len(document.line_text(options.line - 1))
    if options.column > length + 1:
        raise SelectionError(f"line {options.line} has {length} characters, there is no column {options.column}")
    return CharOffset(start + options.column - 1)


def _settings(options: argparse.Namespace) -> Settings:
    """A command is waited for, so it has no deadline but the user's patience."""
    return Settings(
        model=options.model,
        mode=options.mode,
        inline_max_tokens=options.max_tokens,
        inline_deadline_ms=1000 * NO_LIMIT_S,
        edit_max_tokens=options.max_tokens,
        edit_deadline_s=NO_LIMIT_S,
    )


def _with_options(request: AnyRequest, options: argparse.Namespace) -> AnyRequest:
    sampling = replace(
        request.sampling, temperature=options.temperature, seed=options.seed, block_size=options.block_size, draft=options.draft
    )
    return replace(request, sampling=sampling)


def _run(request: Request, options: argparse.Namespace) -> Finished:
    def show(event: Event) -> None:
        if isinstance(event, Loading) and sys.stderr.isatty():
            print(f"seed-lsp: {event.step}", file=sys.stderr)

    async def run() -> Finished:
        client = EngineClient(WorkerSettings(options.device, options.dtype), idle_s=0)
        try:
            return await client.run(request, show)
        finally:
            await client.stop()

    return asyncio.run(run())


def _print_json(text: str, diff: str, finished: Finished, **more: str) -> None:
    print(json.dumps({"text": text, "diff": diff, **statistics(finished), **more}))


def _diff_path(path: Path) -> str:
    """Relative to the working folder, where ``git apply`` will look; the bare name for a file
    elsewhere.
    """
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.name
