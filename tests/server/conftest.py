"""The real server process, driven as VS Code and as Neovim drive it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from seed_lsp.server.workspace import offsets, protocol_range
from seed_lsp.source.document import Document
from seed_lsp.source.patch import Edit, apply_edits

ENCODINGS = {"visual_studio_code": "utf-16", "neovim": "utf-8"}


def plain(value: Any) -> Any:
    """What the server sent, as JSON had it, for a method that the client's library does not know.

    The library makes named tuples of JSON objects.
    """
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(entry) for name, entry in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


@dataclass
class Editor:
    """An editor with one buffer: it opens, types, applies edits, and notes messages."""

    client: LanguageClient
    encoding: str
    uri: str = "file:///workspace/sample.py"
    buffer: Document = field(default_factory=lambda: Document("", ""))
    applied: list[types.WorkspaceEdit] = field(default_factory=list)

    def open(self, text: str, *, language: str = "python") -> None:
        self.buffer = Document(self.uri, text, 1, language)
        item = types.TextDocumentItem(self.uri, language, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, start: int, end: int, text: str) -> None:
        """Replace characters of the buffer, and tell the server of it as an incremental change."""
        area = self.range(start, end)
        new = self.buffer.text[:start] + text + self.buffer.text[end:]
        version = (self.buffer.version or 0) + 1
        self.buffer = Document(self.uri, new, version, self.buffer.language)
        change = types.TextDocumentContentChangePartial(range=area, text=text)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(version=version, uri=self.uri), [change])
        )

    def range(self, start: int, end: int) -> types.Range:
        return protocol_range(self.buffer, start, end, self.encoding)

    def selection(self, text: str) -> types.Range:
        start = self.buffer.text.index(text)
        return self.range(start, start + len(text))

    async def complete(self, offset: int | None = None, *, automatic: bool = False, chosen=None) -> list[types.InlineCompletionItem]:
        place = self.range(len(self.buffer.text) if offset is None else offset, len(self.buffer.text)).start
        kind = types.InlineCompletionTriggerKind.Automatic if automatic else types.InlineCompletionTriggerKind.Invoked
        answer = await self.client.text_document_inline_completion_async(
            types.InlineCompletionParams(
                types.InlineCompletionContext(kind, selected_completion_info=chosen), types.TextDocumentIdentifier(self.uri), place
            )
        )
        return list(answer.items)

    async def actions(
        self, area: types.Range, only: list[Any] | None = None, diagnostics: Sequence[types.Diagnostic] = ()
    ) -> list[types.CodeAction]:
        context = types.CodeActionContext(diagnostics, only=only, trigger_kind=types.CodeActionTriggerKind.Invoked)
        answer = await self.client.text_document_code_action_async(
            types.CodeActionParams(types.TextDocumentIdentifier(self.uri), area, context)
        )
        return list(answer or [])

    async def edit(self, selected: str, instruction: str, **more: Any) -> Any:
        area = self.selection(selected)
        argument = {
            "uri": self.uri,
            "range": {
                "start": {"line": area.start.line, "character": area.start.character},
                "end": {"line": area.end.line, "character": area.end.character},
            },
            "instruction": instruction,
            "version": self.buffer.version,
            **more,
        }
        return await self.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.editSelection", [argument]))

    def apply(self, edit: types.WorkspaceEdit) -> str:
        """Apply an edit as an editor does: only to the version that the edit names."""
        changes = edit.document_changes or []
        assert changes, "edits must name the version they are for"
        for change in changes:
            assert change.text_document.uri == self.uri
            if change.text_document.version != self.buffer.version:
                return "stale"
            edits = []
            for entry in change.edits:
                start, end = offsets(self.buffer, entry.range, self.encoding)
                edits.append(Edit(start, end, entry.new_text))
            self.buffer = Document(self.uri, apply_edits(self.buffer.text, edits), (self.buffer.version or 0) + 1, self.buffer.language)
        self.applied.append(edit)
        change = types.TextDocumentContentChangeWholeDocument(self.buffer.text)
        identifier = types.VersionedTextDocumentIdentifier(version=self.buffer.version, uri=self.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        return ""

    def shown(self) -> str:
        return "\n".join(message.message for message in self.client.messages)

    def logged(self) -> str:
        return "\n".join(message.message for message in self.client.log_messages)


def make_client() -> LanguageClient:
    client = pytest_lsp.make_test_lsp_client()
    client.seed_registered = []
    client.seed_choice = None
    client.seed_refreshed = []

    @client.feature("seed/inlineCompletionRefresh")
    def refresh(params: Any) -> None:
        client.seed_refreshed.append((params.textDocument.version, params.position.line, params.position.character))

    @client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        failure = client.seed_editor.apply(params.edit)
        return types.ApplyWorkspaceEditResult(applied=not failure, failure_reason=failure or None)

    @client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
    def choose(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
        """Answer like a user who takes the entry that the test named, or closes the question."""
        return next((entry for entry in params.actions or [] if entry.title == client.seed_choice), None)

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        client.seed_registered += [entry.method for entry in params.registrations]

    return client


def capabilities(name: str) -> types.ClientCapabilities:
    """The editor's capabilities as pytest-lsp recorded them, updated in what concerns us."""
    found = client_capabilities(name)
    found.general = found.general or types.GeneralClientCapabilities()
    kinds = types.PositionEncodingKind
    found.general.position_encodings = [kinds.Utf16] if name == "visual_studio_code" else [kinds.Utf8, kinds.Utf16, kinds.Utf32]
    assert found.text_document is not None
    found.text_document.inline_completion = types.InlineCompletionClientCapabilities()
    found.experimental = {"inlineCompletionRefresh": True}
    return found


async def start(client: LanguageClient, name: str, settings: dict[str, Any] | None = None) -> Editor:
    editor = Editor(client, ENCODINGS[name])
    client.seed_editor = editor
    client.set_configuration({"seed": settings or {"model": str(__file__).rsplit("/", 1)[0]}})
    client.seed_result = await client.initialize_session(types.InitializeParams(capabilities=capabilities(name), workspace_folders=[]))
    return editor


SCRIPTED = ClientServerConfig(server_command=[sys.executable, "-m", "benchmarks.robustness.scripted"], client_factory=make_client)


@pytest_lsp.fixture(config=SCRIPTED, params=list(ENCODINGS))
async def scripted_client(request: pytest.FixtureRequest, lsp_client: LanguageClient):
    await start(lsp_client, request.param)
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(scripted_client: LanguageClient) -> Editor:
    """A session with the scripted engine, for each of the editors."""
    return scripted_client.seed_editor
