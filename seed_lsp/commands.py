"""``seed-lsp complete``, ``edit`` and ``rename``: the server's features on files, without an editor."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.api import Event, Finished, Loading, Request, statistics
from engine.worker import WorkerSettings
from seed_lsp.engine_client import EngineClient
from seed_lsp.errors import NoChangeError, RenameRefusedError, SelectionError, UnknownDocumentError
from seed_lsp.features import inline, refactor
from seed_lsp.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import read_document
from seed_lsp.source.patch import unified_diff
from seed_lsp.source.writing import Replacement, write_files

if TYPE_CHECKING:
    from seed_lsp.features.rename.references import Site, Tier

NO_LIMIT_S = 3600

AnyRequest = TypeVar("AnyRequest", bound=Request)


def complete(options: argparse.Namespace) -> None:
    document = read_document(options.file)
    plan = inline.Plan(document, _cursor(document, options))
    settings = _settings(options)
    request = inline.build_request(plan, settings, 1, automatic=False)
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
    instruction = sys.stdin.read() if options.instruction is None else options.instruction
    first, last = options.lines
    if last > len(document.line_starts):
        raise SelectionError(f"{options.file} has {len(document.line_starts)} lines, there is no line {last}")
    settings = _settings(options)
    start, end = document.line_range(first - 1)[0], document.line_range(last - 1)[1]
    plan = refactor.make_plan(document, start, end, refactor.own_instruction(instruction), settings)
    finished = _run(_with_options(refactor.build_request(plan, settings, 1), options), options)
    try:
        rewrite = refactor.read_rewrite(plan, finished)
    except NoChangeError as error:
        print(f"seed-lsp: {error}", file=sys.stderr)
        new_text, new_region = document.text, plan.region
    else:
        new_text, new_region = rewrite.new_text(plan), rewrite.new_region
    diff = unified_diff(document.text, new_text, _diff_path(options.file))
    if options.write and diff:
        write_files({options.file: Replacement(document.text, new_text)})
    if options.json:
        _print_json(new_region, diff, finished)
    else:
        sys.stdout.write(diff)


def rename(options: argparse.Namespace) -> None:
    # jedi and the tree walk are nothing that the other commands should wait for.
    from seed_lsp.features.rename.call_sites import NewSignature
    from seed_lsp.features.rename.change import plan_rename
    from seed_lsp.features.rename.references import APPLIED
    from seed_lsp.source.files import WorkspaceFiles, project_root
    from seed_lsp.source.resolve import Resolver

    path = options.file.resolve()
    offset = _cursor(read_document(path), options)
    root = (options.root or project_root(path)).resolve()
    if not path.is_relative_to(root):
        raise UnknownDocumentError(f"{options.file} lies outside the workspace {root}; name another --root")
    files = WorkspaceFiles(root)
    resolver = Resolver(root, files.open_text)
    tiers: frozenset[Tier] = APPLIED | set(options.also)
    signature = None if options.signature is None else NewSignature(options.signature, dict(options.was), dict(options.argument))
    if signature is None and (options.was or options.argument):
        raise RenameRefusedError("--was and --argument say more of a --signature, and there is none")
    plan = plan_rename(files, resolver, path, offset, options.new_name, signature=signature)
    references = plan.references
    texts = plan.texts(tiers)
    diff = "".join(unified_diff(references.documents[p].text, new, p.relative_to(root).as_posix()) for p, new in sorted(texts.items()))
    if options.write:
        write_files({p: Replacement(references.documents[p].text, new) for p, new in texts.items()})
    found = {(site.path, site.start): site for site in references.sites}
    if plan.call_sites is not None:
        found |= {(site.path, site.start): site for site in plan.call_sites.sites}
    sites = [_site(files.document(site.path), site, root, applied=site.tier in tiers) for _, site in sorted(found.items())]
    if options.json:
        print(json.dumps({"diff": diff, "sites": sites, "counts": references.counts(), "written": options.write}))
        return
    sys.stdout.write(diff)
    print(f"seed-lsp: {', '.join(f'{count} {tier}' for tier, count in references.counts().items())}", file=sys.stderr)
    for site in sites:
        if not site["applied"]:
            print(
                f"seed-lsp: left as it is: {site['file']}:{site['line']}:{site['column']} ({site['tier']}: {site['reason']})",
                file=sys.stderr,
            )


def _site(document: Document, site: Site, root: Path, *, applied: bool) -> dict[str, object]:
    """Lines and columns count from 1, columns in characters, as the command's own arguments do."""
    line = document.line_of(site.start)
    return {
        "file": site.path.relative_to(root).as_posix(),
        "line": line + 1,
        "column": site.start - document.line_starts[line] + 1,
        "length": site.end - site.start,
        "tier": site.tier,
        "reason": site.reason,
        "applied": applied,
    }


def _cursor(document: Document, options: argparse.Namespace) -> CharOffset:
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
    """Relative to the working folder, where ``git apply`` will look; the bare name for a file elsewhere."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.name
