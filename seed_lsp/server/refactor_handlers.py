"""Rewriting a selection: code actions, the commands behind them, and the request of a preview."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from engine.api import Committed, Draft, Event, Finished, statistics
from seed_lsp.errors import SeedError, StaleDocumentError
from seed_lsp.features.refactor import rewriting
from seed_lsp.server import rename_handlers
from seed_lsp.server.failures import REQUEST_FAILED, reports_errors
from seed_lsp.server.progress import WorkProgress
from seed_lsp.server.server import SeedServer
from seed_lsp.server.workspace import field, is_whole, offsets, plain_range, position_of, protocol_range
from seed_lsp.source.address import name_of
from seed_lsp.source.document import Document
from seed_lsp.source.patch import unified_diff

EDIT_SELECTION = "seed.editSelection"
REFACTOR = "seed.refactor"
REWRITE = "seed/rewrite"
"""The request behind a preview: it answers with the edits, and tells the drafts on the way."""


@dataclass
class Selection:
    """Argument of the commands.

    `version` is the document's as the user saw it; null takes whatever it is now.
    """

    uri: str
    range: types.Range
    instruction: str = ""
    version: int | None = None
    name: str = ""


def register(server: SeedServer) -> None:
    options = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.RefactorRewrite], resolve_provider=True)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_action)
    server.feature(types.CODE_ACTION_RESOLVE)(resolve_code_action)
    server.command(EDIT_SELECTION)(edit_selection)
    server.command(REFACTOR)(refactor_selection)
    server.feature(REWRITE)(rewrite)


@reports_errors(show_to_user=True)
async def code_action(server: SeedServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The list costs nothing: the model runs when an action is resolved."""
    if not _wants_rewrites(params.context.only):
        return []
    document = server.documents.snapshot(params.text_document.uri)
    renames = rename_handlers.offered_actions(server, document, params.range)
    if params.range.start == params.range.end:
        return renames
    missing = server.session.missing_model()
    return [*(_offer(server, document, params.range, entry, missing) for entry in rewriting.REFACTORINGS), *renames]


def _wants_rewrites(only: Any) -> bool:
    kind = types.CodeActionKind.RefactorRewrite.value
    wanted = [getattr(entry, "value", entry) for entry in only or []]
    return not wanted or any(entry in {"", kind} or kind.startswith(f"{entry}.") for entry in wanted)


def _offer(
    server: SeedServer, document: Document, area: types.Range, entry: rewriting.Refactoring, missing: str | None
) -> types.CodeAction:
    argument = {"uri": document.uri, "range": plain_range(area), "version": document.version, "name": entry.name}
    action = types.CodeAction(
        title=f"Seed: {entry.title}",
        kind=types.CodeActionKind.RefactorRewrite,
        data=argument,
        disabled=types.CodeActionDisabled(missing) if missing else None,
        tags=[types.CodeActionTag.LlmGenerated],
    )
    if not missing and not _resolves_edits(server.client_capabilities):
        action.command = types.Command(action.title, REFACTOR, arguments=[argument])
    return action


def _resolves_edits(capabilities: types.ClientCapabilities) -> bool:
    documents = capabilities.text_document
    support = documents.code_action.resolve_support if documents and documents.code_action else None
    return support is not None and "edit" in support.properties


@reports_errors(show_to_user=True)
async def resolve_code_action(server: SeedServer, action: types.CodeAction) -> types.CodeAction:
    selection = _selection_of(action.data)
    plan, rewrite, _ = await rewrite_selection(server, selection, rewriting.find_refactoring(selection.name))
    action.edit = server.versioned_edit(plan.document, rewrite.edits)
    return action


def _selection_of(data: Any) -> Selection:
    """What `_offer` wrote; the client only carries it, but it may carry anything."""
    uri, name, version = field(data, "uri"), field(data, "name"), field(data, "version")
    start, end = (position_of(field(data, "range", side)) for side in ("start", "end"))
    if not isinstance(uri, str) or not isinstance(name, str) or start is None or end is None or not (version is None or is_whole(version)):
        raise JsonRpcInvalidParams("the request carries no data of ours; ask for the actions again")
    return Selection(uri, types.Range(start, end), version=version, name=name)


async def edit_selection(server: SeedServer, selection: Selection) -> dict[str, Any]:
    """Command `seed.editSelection`: rewrite the selection by the user's words, and apply it."""
    return await _apply(server, (selection, rewriting.own_instruction(selection.instruction)))


async def refactor_selection(server: SeedServer, selection: Selection) -> dict[str, Any]:
    """Command `seed.refactor`: what a code action does, for clients that cannot resolve one."""
    try:
        entry = rewriting.find_refactoring(selection.name)
    except SeedError as error:
        raise JsonRpcException(str(error), code=REQUEST_FAILED) from None
    return await _apply(server, (selection, entry))


@reports_errors(show_to_user=False)
async def rewrite(server: SeedServer, params: Any) -> dict[str, Any]:
    """Request `seed/rewrite`.

    Its parameters are `{textDocument: {uri, version}, range, instruction | name,
    partialResultToken?}`.

    The answer has the `range` that is rewritten, its `newText`, and the smallest `edits`, for that
    version; nothing is applied. On the way each `$/progress` of the token has the `range`, the
    `committed` text, the `draft` behind it, which may still change (masks are U+2591), and the
    `step`.
    """
    name, instruction, token = (field(params, one) or "" for one in ("name", "instruction", "partialResultToken"))
    identifier, area = field(params, "textDocument"), field(params, "range")
    selection = _selection_of({"uri": field(identifier, "uri"), "version": field(identifier, "version"), "range": area, "name": name})
    if not isinstance(instruction, str) or not isinstance(token, int | str):
        raise JsonRpcInvalidParams("instruction and partialResultToken are texts")
    refactoring = rewriting.find_refactoring(name) if name else rewriting.own_instruction(instruction)
    committed, step = "", 0

    def watch(plan: rewriting.Plan, event: Event) -> None:
        nonlocal committed, step
        draft = ""
        if isinstance(event, Committed):
            committed += event.text
            step += 1
        elif isinstance(event, Draft):
            draft = event.text
        else:
            return
        area = protocol_range(plan.document, plan.span.start, plan.span.end, server.documents.encoding)
        value = {"range": plain_range(area), "committed": committed, "draft": draft, "step": step}
        server.protocol.notify(types.PROGRESS, types.ProgressParams(token, value))

    plan, made, finished = await rewrite_selection(server, selection, refactoring, watch if token != "" else lambda _plan, _event: None)
    encoding = server.documents.encoding
    return {
        "range": plain_range(protocol_range(plan.document, plan.span.start, plan.span.end, encoding)),
        "newText": made.new_region,
        "edits": [
            {"range": plain_range(protocol_range(plan.document, edit.start, edit.end, encoding)), "newText": edit.text}
            for edit in made.edits
        ],
        "version": plan.document.version,
        "diff": unified_diff(plan.document.text, made.new_text(plan), name_of(plan.document.uri)),
        "statistics": statistics(finished),
    }


@reports_errors(show_to_user=True)
async def _apply(server: SeedServer, work: tuple[Selection, rewriting.Refactoring]) -> dict[str, Any]:
    selection, refactoring = work
    server.require_apply_edit()
    plan, rewrite, finished = await rewrite_selection(server, selection, refactoring)
    edit = server.versioned_edit(plan.document, rewrite.edits)
    await server.apply_edit(edit, "Seed: edit selection")
    name = name_of(plan.document.uri)
    diff = unified_diff(plan.document.text, rewrite.new_text(plan), name)
    return {"applied": True, "diff": diff, "statistics": statistics(finished)}


async def rewrite_selection(
    server: SeedServer,
    selection: Selection,
    refactoring: rewriting.Refactoring,
    watch: Callable[[rewriting.Plan, Event], None] = lambda _plan, _event: None,
) -> tuple[rewriting.Plan, rewriting.Rewrite, Finished]:
    """Ask the engine for a rewrite of a selection; nothing is applied here.

    `watch` is called with the plan and each event of the engine.
    """
    document = server.documents.snapshot(selection.uri)
    if selection.version is not None and selection.version != document.version:
        raise StaleDocumentError("the document changed since the action was offered; select again")
    settings = await server.session.settled()
    start, end = offsets(document, selection.range, server.documents.encoding)
    plan = rewriting.make_plan(document, start, end, refactoring, settings)
    request = rewriting.build_request(plan, settings, server.session.engine.new_id())
    async with WorkProgress(server, "Seed: rewriting the selection") as progress:

        def show(event: Event) -> None:
            progress.show(event)
            watch(plan, event)

        finished = await progress.cancellable(server.session.engine.run(request, show))
    _require_current(server, document)
    server.note(_summary("refactor", finished))
    # In a large file the checks take seconds, for which no key has to wait.
    made = await asyncio.to_thread(rewriting.read_rewrite, plan, finished)
    _require_current(server, document)
    return plan, made, finished


def _require_current(server: SeedServer, document: Document) -> None:
    if not server.documents.is_current(document):
        raise StaleDocumentError("the document changed while the code was rewritten; nothing was applied")


def _summary(what: str, finished: Finished) -> str:
    return (
        f"{what}: {finished.finish_reason}, {finished.new_tokens} tokens in {finished.forwards} forwards, "
        f"{finished.prefill_seconds:.1f} s + {finished.decode_seconds:.1f} s"
    )
