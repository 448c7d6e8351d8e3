"""``seed-lsp rename``: a symbol's new name or signature through a project, without an editor."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from engine.api import Finished, InfillRequest, WorkerSettings
from seed_lsp.cli.on_file import NO_LIMIT_S, cursor, require_inside, require_text, tell_link
from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.change import Rename, find_definition, plan_rename
from seed_lsp.features.rename.proposals import proposed_names, usable
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.signature.definitions import NewSignature
from seed_lsp.features.rename.sites import APPLIED, Site, Tier, name_at
from seed_lsp.features.rename.values import filled
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import Document
from seed_lsp.source.files import WorkspaceFiles, read_document
from seed_lsp.source.patch import unified_diff
from seed_lsp.source.resolve import Resolver
from seed_lsp.source.writing import Replacement, write_files

Result = TypeVar("Result")
Ask = Callable[[InfillRequest], Awaitable[Finished]]


def rename(options: argparse.Namespace) -> None:
    # Read first: of links that lead nowhere the name cannot be resolved.
    read_document(options.file)
    tell_link(options.file)
    root = require_inside(options.file, options.root)
    path = options.file.resolve()
    document = read_document(path)
    files = WorkspaceFiles(root)
    query = Query(files, Resolver(root, files.open_text), path, cursor(document, options))
    require_text(options.signature or "", *(word for pair in (*options.was, *options.argument) for word in pair))
    signature = None if options.signature is None else NewSignature(options.signature, dict(options.was), dict(options.argument))
    if signature is None and (options.was or options.argument or options.fill):
        raise RenameRefusedError("--was, --argument and --fill say more of a --signature, and there is none")
    if signature is None and options.form is None and not options.new_name:
        _print_names(_with_engine(options, lambda ask: _proposed(query, ask, options)), options)
        return
    found = plan_rename(query, options.new_name or name_at(document, query.offset), signature=signature, form=options.form)
    if signature is not None and options.fill:
        found = _with_engine(options, lambda ask: _filled(query, found, signature, ask, options))
    _report(found, files, root, options)


def _report(found: Rename, files: WorkspaceFiles, root: Path, options: argparse.Namespace) -> None:
    """Print the diff and what is left, and write the files if asked to."""
    tiers: frozenset[Tier] = APPLIED | set(options.also)
    documents = found.references.documents
    texts = found.texts(tiers)
    diff = "".join(unified_diff(documents[p].text, new, p.relative_to(root).as_posix()) for p, new in sorted(texts.items()))
    if options.write:
        write_files({p: Replacement(documents[p].text, new, documents[p].encoding) for p, new in texts.items()})
    is_renamed = found.new_name != found.references.symbol.name
    # Where the name stays, what mentions it is right as it is.
    by_place = {(site.path, site.start): site for site in found.references.sites if is_renamed or site.tier != "mention"}
    if found.call_sites is not None:
        by_place |= {(site.path, site.start): site for site in found.call_sites.sites}
    sites = [_site(documents.get(site.path) or files.document(site.path), site, root, tiers) for _, site in sorted(by_place.items())]
    unread = {path.relative_to(root).as_posix(): reason for path, reason in sorted(files.unread.items())}
    if options.json:
        print(json.dumps({"diff": diff, "sites": sites, "counts": found.references.counts(), "written": options.write, "unread": unread}))
        return
    sys.stdout.write(diff)
    print(f"seed-lsp: {', '.join(f'{count} {tier}' for tier, count in found.references.counts().items())}", file=sys.stderr)
    for path, reason in unread.items():
        print(f"seed-lsp: not looked at: {path} ({reason})", file=sys.stderr)
    for site in sites:
        if not site["applied"]:
            where = f"{site['file']}:{site['line']}:{site['column']}"
            print(f"seed-lsp: left as it is: {where} ({site['tier']}: {site['reason']})", file=sys.stderr)


def _site(document: Document, site: Site, root: Path, tiers: frozenset[Tier]) -> dict[str, object]:
    """Lines and columns count from 1, columns in characters, as the command's own arguments do."""
    line = document.line_of(site.start)
    return {
        "file": site.path.relative_to(root).as_posix(),
        "line": line + 1,
        "column": site.start - document.line_starts[line] + 1,
        "length": site.end - site.start,
        "tier": site.tier,
        "reason": site.reason,
        "applied": site.tier in tiers,
    }


async def _proposed(query: Query, ask: Ask, options: argparse.Namespace) -> list[str]:
    document, start, name = find_definition(query)
    candidates = await proposed_names(document, start, name, ask, _settings(options))
    return usable(candidates, lambda new: plan_rename(query, new))


async def _filled(query: Query, found: Rename, signature: NewSignature, ask: Ask, options: argparse.Namespace) -> Rename:
    async def plan(signature: NewSignature) -> Rename:
        return plan_rename(query, found.new_name, signature=signature)

    return await filled(found, signature, plan, ask, _settings(options))


def _print_names(names: list[str], options: argparse.Namespace) -> None:
    if not names:
        raise RenameRefusedError("the model proposes no other name; give one")
    print(json.dumps({"names": names}) if options.json else "\n".join(names))


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(model=options.model, edit_deadline_s=NO_LIMIT_S)


def _with_engine(options: argparse.Namespace, work: Callable[[Ask], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        client = EngineClient(WorkerSettings(options.device, options.dtype), idle_s=0)
        try:
            return await work(lambda request: client.run(replace(request, id=client.new_id())))
        finally:
            await client.stop()

    return asyncio.run(run())
