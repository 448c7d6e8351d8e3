"""A server's life: its handlers, initialize, changed settings, shutdown, and its streams."""

from __future__ import annotations

import logging
from functools import partial

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from seed_lsp.server import inline_handlers, model_handlers, refactor_handlers, rename_handlers
from seed_lsp.server.logs import log_to_standard_error
from seed_lsp.server.server import SeedServer
from seed_lsp.server.transport import serve
from seed_lsp.server.workspace import SeedWorkspace
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.settings import SECTION
from seed_lsp.source.address import name_of


def create_server(engine: EngineClient) -> SeedServer:
    """A server with all its handlers, not yet listening."""
    server = SeedServer(engine)
    server.feature(types.INITIALIZE)(on_initialize)
    server.feature(types.INITIALIZED)(on_initialized)
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(on_configuration)
    server.feature(types.SHUTDOWN)(on_shutdown)
    inline_handlers.register(server)
    refactor_handlers.register(server)
    rename_handlers.register(server)
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
    server.session.use_settings(params.initialization_options)
    if server.session.settings.completion_enabled:
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
    """Register the ordinary completion list with the client once a setting asks for it.

    The list stays empty once the setting is switched off.
    """
    if not server.session.settings.completion_enabled or types.TEXT_DOCUMENT_COMPLETION in server.protocol.fm.features:
        return
    documents = server.client_capabilities.text_document
    support = documents.completion if documents else None
    if support is None or not support.dynamic_registration:
        server.session.tell_once(
            "the editor takes no completion list while it runs; set seed.completion.enabled in the initialization options"
        )
        return
    server.feature(types.TEXT_DOCUMENT_COMPLETION)(inline_handlers.completion)
    options = types.CompletionRegistrationOptions(document_selector=[types.TextDocumentFilterPattern(pattern="**")])
    registration = types.Registration("seed-completion", types.TEXT_DOCUMENT_COMPLETION, options)
    try:
        await server.client_register_capability_async(types.RegistrationParams([registration]))
    except JsonRpcException as error:
        server.note(f"the editor does not take the completion list ({error.code}); switch it on in the initialization options")


async def on_shutdown(server: SeedServer, _params: None) -> None:
    await server.session.end()


def serve_stdio(engine: EngineClient) -> int:
    """Serve one client on standard input and output until it leaves.

    Returns the exit status that the protocol wants.
    """
    log_to_standard_error()
    # pygls logs whole messages at INFO, and they hold the user's code.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    server = create_server(engine)
    return serve(server.protocol, lambda: server.process_id, server.session.end)
