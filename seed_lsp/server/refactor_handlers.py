"""What the server answers: each handler translates, delegates, and translates back."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from engine.api import Committed, Draft, Event, statistics
from seed_lsp.errors import SeedError
from seed_lsp.features.refactor import rewriting
from seed_lsp.server import inline_handlers, model_handlers, rename_handlers
from seed_lsp.server.logs import log_to_standard_error
from seed_lsp.server.server import (
    REQUEST_FAILED,
    SeedServer,
    Selection,
    answers,
    answers_itself,
)
from seed_lsp.server.transport import serve
from seed_lsp.server.workspace import SeedWorkspace, field, is_whole, plain_range, position_of, protocol_range
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.settings import SECTION
from seed_lsp.source.address import name_of
from seed_lsp.source.document import Document
from seed_lsp.source.patch import unified_diff

EDIT_SELECTION = "seed.editSelection"
REFACTOR = "seed.refactor"
REWRITE = "seed/rewrite"
"""The request behind a preview: like `seed.editSelection` or `seed.refactor`, with the edits as the answer, and the drafts on the way."""


def create_server(engine: EngineClient) -> SeedServer:
    """A server with all its handlers, not yet listening."""
    server = SeedServer(engine)
    server.feature(types.INITIALIZE)(on_initialize)
    server.feature(types.INITIALIZED)(on_initialized)
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(on_configuration)
    server.feature(types.SHUTDOWN)(on_shutdown)
    inline_handlers.register(server)
    options = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.RefactorRewrite], resolve_provider=True)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_action)
    server.feature(types.CODE_ACTION_RESOLVE)(resolve_code_action)
    rename_handlers.register(server)
    server.command(EDIT_SELECTION)(edit_selection)
    server.command(REFACTOR)(refactor_selection)
    server.feature(REWRITE)(rewrite)
    model_handlers.register(server)
    return server


def on_initialize(server: SeedServer, params: types.InitializeParams) -> None:
    plain = server.workspace
    folders = list(plain.folders.values())
    # Clients of before 3.6, and some of today, name their folder in no other way.
    root = server.protocol.root_uri
    if not folders and root:
        folders = [types.WorkspaceFolder(root, name_of(root))]
    server.protocol._workspace = SeedWorkspace(
        None,
        types.TextDocumentSyncKind.Incremental,
        folders,
        plain.position_encoding,
        closed=partial(inline_handlers.on_close, server),
    )
    server.use_settings(params.initialization_options)
    if server.settings.completion_enabled:
        server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions())(inline_handlers.completion)


async def on_initialized(server: SeedServer, _params: types.InitializedParams) -> None:
    await server.read_configuration(None)
    await _offer_completion_list(server)
    workspace = server.client_capabilities.workspace
    if workspace and workspace.did_change_configuration and workspace.did_change_configuration.dynamic_registration:
        registration = types.Registration(
            "seed-configuration",
            types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            types.DidChangeConfigurationRegistrationOptions(section=SECTION),
        )
        try:
            await server.client_register_capability_async(types.RegistrationParams([registration]))
        except JsonRpcException as error:
            server.note(f"the editor does not announce changed settings ({error.code})")


async def on_configuration(server: SeedServer, params: types.DidChangeConfigurationParams) -> None:
    sent = params.settings.get(SECTION) if isinstance(params.settings, dict) else None
    await server.read_configuration(sent)
    await _offer_completion_list(server)


async def _offer_completion_list(server: SeedServer) -> None:
    """Register the ordinary completion list with the client once a setting asks for it; switched off, it stays empty."""
    if not server.settings.completion_enabled or types.TEXT_DOCUMENT_COMPLETION in server.protocol.fm.features:
        return
    documents = server.client_capabilities.text_document
    support = documents.completion if documents else None
    if support is None or not support.dynamic_registration:
        server.tell_once("the editor takes no completion list while it runs; set seed.completion.enabled in the initialization options")
        return
    server.feature(types.TEXT_DOCUMENT_COMPLETION)(inline_handlers.completion)
    options = types.CompletionRegistrationOptions(document_selector=[types.TextDocumentFilterPattern(pattern="**")])
    registration = types.Registration("seed-completion", types.TEXT_DOCUMENT_COMPLETION, options)
    try:
        await server.client_register_capability_async(types.RegistrationParams([registration]))
    except JsonRpcException as error:
        server.note(f"the editor does not take the completion list ({error.code}); switch it on in the initialization options")


async def on_shutdown(server: SeedServer, _params: None) -> None:
    await server.end()


@answers
async def code_action(server: SeedServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The list costs nothing: the model runs when an action is resolved."""
    if not _wants_rewrites(params.context.only):
        return []
    document = server.documents.snapshot(params.text_document.uri)
    renames = rename_handlers.offered_actions(server, document, params.range)
    if params.range.start == params.range.end:
        return renames
    missing = server.missing_model()
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


@answers
async def resolve_code_action(server: SeedServer, action: types.CodeAction) -> types.CodeAction:
    selection = _selection_of(action.data)
    plan, rewrite, _ = await server.rewrite(selection, rewriting.find_refactoring(selection.name))
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
    """Command `seed.editSelection`: rewrite the selection by the user's instruction and apply it."""
    return await _apply(server, (selection, rewriting.own_instruction(selection.instruction)))


async def refactor_selection(server: SeedServer, selection: Selection) -> dict[str, Any]:
    """Command `seed.refactor`: what a code action does, for clients that cannot resolve one."""
    try:
        entry = rewriting.find_refactoring(selection.name)
    except SeedError as error:
        raise JsonRpcException(str(error), code=REQUEST_FAILED) from None
    return await _apply(server, (selection, entry))


@answers_itself
async def rewrite(server: SeedServer, params: Any) -> dict[str, Any]:
    """Request `seed/rewrite`: `{textDocument: {uri, version}, range, instruction | name, partialResultToken?}`.

    The answer has the `range` that is rewritten, its `newText`, and the smallest `edits`, for that version; nothing is applied. On the way each
    `$/progress` of the token has the `range`, the text that is `committed`, the `draft` behind it, which may still change (masks are U+2591), and the `step`.
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

    plan, made, finished = await server.rewrite(selection, refactoring, watch if token != "" else lambda _plan, _event: None)
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


@answers
async def _apply(server: SeedServer, work: tuple[Selection, rewriting.Refactoring]) -> dict[str, Any]:
    selection, refactoring = work
    server.require_apply_edit()
    plan, rewrite, finished = await server.rewrite(selection, refactoring)
    edit = server.versioned_edit(plan.document, rewrite.edits)
    await server.apply_edit(edit, "Seed: edit selection")
    name = name_of(plan.document.uri)
    diff = unified_diff(plan.document.text, rewrite.new_text(plan), name)
    return {"applied": True, "diff": diff, "statistics": statistics(finished)}


def serve_stdio(engine: EngineClient) -> int:
    """Serve one client on standard input and output until it leaves; the exit status that the protocol wants."""
    log_to_standard_error()
    # pygls logs whole messages at INFO, and they hold the user's code.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    server = create_server(engine)
    return serve(server.protocol, lambda: server.process_id, server.end)
