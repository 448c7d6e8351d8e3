"""An editor without a screen: starts the real server, holds one buffer, types, and asks.

For the demo and for measurements.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from seed_lsp import __version__
from seed_lsp.server.workspace import offsets, protocol_range
from seed_lsp.session.settings import SECTION
from seed_lsp.session.status import METHOD as STATUS
from seed_lsp.source.document import Document, Encoding
from seed_lsp.source.patch import Edit, apply_edits

ENCODING: Encoding = "utf-16"


class HeadlessEditor(LanguageClient):
    """One buffer, kept in step with a server of its own."""

    def __init__(self, name: str) -> None:
        super().__init__(name, __version__)
        self.settings: dict[str, Any] = {}
        self.buffer = Document("", "")
        # pygls marks the functions it registers, and a bound method cannot be marked.
        self.feature(types.WORKSPACE_APPLY_EDIT)(partial(HeadlessEditor._apply, self))
        self.feature(types.WORKSPACE_CONFIGURATION)(lambda params: [self.settings for _ in params.items])
        self.feature(types.WINDOW_LOG_MESSAGE)(lambda _params: None)
        self.feature(STATUS)(lambda _params: None)
        self.feature(types.WINDOW_SHOW_MESSAGE)(lambda params: print(params.message, file=sys.stderr))

    async def open_server(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        await self.start_io(sys.executable, "-m", "seed_lsp", "serve", "--stdio")
        capabilities = types.ClientCapabilities(
            general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf16]),
            workspace=types.WorkspaceClientCapabilities(
                configuration=True, apply_edit=True, workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True)
            ),
        )
        await self.initialize_async(types.InitializeParams(capabilities=capabilities))
        self.initialized(types.InitializedParams())

    async def close_server(self) -> None:
        await self.shutdown_async(None)
        self.exit(None)
        await self.stop()  # type: ignore[no-untyped-call]

    @property
    def server_pid(self) -> int:
        assert self._server is not None, "the server was not started"
        return int(self._server.pid)

    def configure(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.workspace_did_change_configuration(types.DidChangeConfigurationParams({SECTION: settings}))

    def open_file(self, path: Path, text: str) -> None:
        self.buffer = Document(path.as_uri(), text, self.buffer.version or 1, "python")
        item = types.TextDocumentItem(self.buffer.uri, "python", self.buffer.version or 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, at: int, text: str) -> None:
        """Insert text before the character `at`."""
        area = protocol_range(self.buffer, at, at, ENCODING)
        new = self.buffer.text[:at] + text + self.buffer.text[at:]
        self.buffer = Document(self.buffer.uri, new, (self.buffer.version or 0) + 1, self.buffer.language)
        identifier = types.VersionedTextDocumentIdentifier(version=self.buffer.version or 0, uri=self.buffer.uri)
        change = types.TextDocumentContentChangePartial(range=area, text=text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))

    async def complete(self, at: int, *, automatic: bool) -> list[types.InlineCompletionItem]:
        kinds = types.InlineCompletionTriggerKind
        params = types.InlineCompletionParams(
            types.InlineCompletionContext(kinds.Automatic if automatic else kinds.Invoked),
            types.TextDocumentIdentifier(self.buffer.uri),
            protocol_range(self.buffer, at, at, ENCODING).start,
        )
        answer = await self.text_document_inline_completion_async(params)
        return list(answer.items if isinstance(answer, types.InlineCompletionList) else answer or [])

    async def command(self, name: str, *arguments: Any) -> Any:
        return await self.workspace_execute_command_async(types.ExecuteCommandParams(name, list(arguments)))

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        changes = params.edit.document_changes or []
        edits = []
        for change in changes:
            if not isinstance(change, types.TextDocumentEdit) or change.text_document.version != self.buffer.version:
                return types.ApplyWorkspaceEditResult(applied=False, failure_reason="the edit is for another version")
            for edit in change.edits:
                start, end = offsets(self.buffer, edit.range, ENCODING)
                edits.append(Edit(start, end, getattr(edit, "new_text", "")))
        self.buffer = Document(self.buffer.uri, apply_edits(self.buffer.text, edits), (self.buffer.version or 0) + 1, "python")
        return types.ApplyWorkspaceEditResult(applied=True)
