"""The language server, which knows the protocol alone.

What its features share is a `Session`; its answers are in the handlers.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from seed_lsp import __version__
from seed_lsp.errors import StaleDocumentError, UnsupportedError
from seed_lsp.features.inline.completer import Completer
from seed_lsp.features.next_edit.next_editor import NextEditor
from seed_lsp.features.refactor.action import NewFile, Proposal
from seed_lsp.server.protocol import SeedProtocol
from seed_lsp.server.workspace import SeedWorkspace, plain_range, protocol_range
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.session import CONFIGURATION_TIMEOUT_S, Session
from seed_lsp.session.settings import SECTION
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit

logger = logging.getLogger(__name__)

REFRESH, REFRESH_CAPABILITY = "seed/inlineCompletionRefresh", "inlineCompletionRefresh"


class SeedServer(LanguageServer):
    """A pygls server whose documents have the protocol's lines; the `Client` of its session."""

    protocol: SeedProtocol

    def __init__(self, engine: EngineClient) -> None:
        super().__init__("seed-lsp", __version__, protocol_cls=SeedProtocol)
        self.session = Session(engine, self)
        self.completer = Completer(self.session, self.refresh_completion)
        self.next_editor = NextEditor(self.session)

    @property
    def documents(self) -> SeedWorkspace:
        workspace = self.workspace
        assert isinstance(workspace, SeedWorkspace), "installed by the initialize handler"
        return workspace

    @property
    def folders(self) -> list[str]:
        return [folder.uri for folder in self.workspace.folders.values()]

    def notify(self, method: str, params: Any) -> None:
        self.protocol.notify(method, params)

    def warn(self, text: str) -> None:
        self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"Seed: {text}"))

    def note(self, text: str) -> None:
        self.window_log_message(types.LogMessageParams(types.MessageType.Log, text))

    def report_server_error(self, error: Exception, source: Any) -> None:
        # The default tells the client, which on a closed stream reports an error of its own, and so
        # on without end.
        logger.error("%s: %s", getattr(source, "__name__", source), type(error).__name__)

    async def read_configuration(self, sent: object) -> None:
        """Ask the client for our section, or take what it sent with its notification."""
        with self.session.configuring():
            try:
                workspace = self.client_capabilities.workspace
                if workspace and workspace.configuration:
                    items = [types.ConfigurationItem(section=SECTION)]
                    answer = await asyncio.wait_for(
                        self.workspace_configuration_async(types.ConfigurationParams(items)), CONFIGURATION_TIMEOUT_S
                    )
                    sent = answer[0] if answer else None
                if sent is not None:
                    self.session.use_settings(sent)
                    await self.session.configure_engine()
            except asyncio.TimeoutError:
                self.session.tell_once("the editor did not say what the settings are; the defaults are used")

    def refresh_completion(self, document: Document, cursor: CharOffset) -> None:
        """Tell the editor that there is more to suggest than what it was told at `cursor`.

        Only an editor is told that wants to know (`experimental.inlineCompletionRefresh`).
        """
        experimental = self.client_capabilities.experimental
        if isinstance(experimental, dict) and experimental.get(REFRESH_CAPABILITY) is True:
            place = plain_range(protocol_range(document, cursor, cursor, self.documents.encoding))["start"]
            self.notify(REFRESH, {"textDocument": {"uri": document.uri, "version": document.version}, "position": place})

    @property
    def can_apply_edits(self) -> bool:
        workspace = self.client_capabilities.workspace
        return bool(workspace and workspace.apply_edit)

    def require_apply_edit(self) -> None:
        """Raise `UnsupportedError` where the editor has not said that it applies edits.

        This is called before any work is done for an edit.
        """
        if not self.can_apply_edits:
            raise UnsupportedError("the editor applies no edits of a server (workspace/applyEdit); use its own rename or code actions")

    async def apply_edit(self, edit: types.WorkspaceEdit, label: str) -> None:
        """Have the editor apply it. `StaleDocumentError` if it did not."""
        try:
            answer = await self.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, label=label))
        except JsonRpcException:
            raise StaleDocumentError("the editor did not apply the edit: it answered with an error") from None
        if not answer.applied:
            raise StaleDocumentError(f"the editor did not apply the edit: {answer.failure_reason or 'no reason given'}")

    async def choose(self, question: str, choices: list[str]) -> str | None:
        """What the user takes; None if nothing, or if the editor failed to ask."""
        window = self.client_capabilities.window
        if window is None or window.show_message is None:
            raise UnsupportedError("the editor cannot ask which name it is to be (window/showMessageRequest); give one")
        items = [types.MessageActionItem(choice) for choice in choices]
        try:
            chosen = await self.window_show_message_request_async(types.ShowMessageRequestParams(types.MessageType.Info, question, items))
        except JsonRpcException:
            return None
        return None if chosen is None else chosen.title

    @property
    def takes_document_changes(self) -> bool:
        workspace = self.client_capabilities.workspace
        support = workspace.workspace_edit if workspace else None
        # Neovim does not announce document changes, but resource operations, which come in no other
        # form.
        return bool(support and (support.document_changes or support.resource_operations))

    def versioned_edit(self, document: Document, edits: tuple[Edit, ...]) -> types.WorkspaceEdit:
        """The edits for exactly the version they were made for."""
        encoding = self.documents.encoding
        text_edits = [types.TextEdit(protocol_range(document, edit.start, edit.end, encoding), edit.text) for edit in edits]
        if self.takes_document_changes:
            identifier = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(identifier, text_edits)])
        return types.WorkspaceEdit(changes={document.uri: text_edits})

    def proposed_edit(self, document: Document, proposal: Proposal) -> types.WorkspaceEdit:
        """A proposal's edits for exactly that version, those of another file, and the file that it
        makes.
        """
        made = [self.versioned_edit(document, proposal.edits)] if proposal.edits else []
        if (other := proposal.other_file) is not None:
            made.append(self.versioned_edit(other.document, other.edits))
        changes = [change for one in made for change in one.document_changes or []]
        if (new := proposal.new_file) is None and not changes:
            return types.WorkspaceEdit(changes={uri: edits for one in made for uri, edits in (one.changes or {}).items()})
        if new is not None:
            changes += self._making(new)
        return types.WorkspaceEdit(document_changes=changes)

    def _making(self, new: NewFile) -> list[types.CreateFile | types.TextDocumentEdit]:
        workspace = self.client_capabilities.workspace
        support = workspace.workspace_edit if workspace else None
        if not support or types.ResourceOperationKind.Create not in (support.resource_operations or []):
            raise UnsupportedError("the editor makes no files for a server (workspaceEdit.resourceOperations); make it by hand")
        identifier = types.OptionalVersionedTextDocumentIdentifier(uri=new.path.as_uri())
        # Neovim leaves an empty line behind a text that ends where the empty file does; others take
        # the start of a line that is not there for the file's end.
        everything = types.Range(types.Position(0, 0), types.Position(1, 0))
        return [types.CreateFile(uri=identifier.uri), types.TextDocumentEdit(identifier, [types.TextEdit(everything, new.text)])]
