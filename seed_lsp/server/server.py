"""The language server's state and manners: engine, settings, versions, and how failures are told. Its answers: `handlers`."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from engine.api import EngineError, Event, Finished
from engine.store import Store, StoreError
from seed_lsp import __version__
from seed_lsp.errors import CancelledError, SeedError, StaleDocumentError, UnsupportedError
from seed_lsp.features.inline.completer import Completer
from seed_lsp.features.next_edit.next_editor import NextEditor
from seed_lsp.features.refactor import rewriting
from seed_lsp.server.progress import WorkProgress
from seed_lsp.server.protocol import SeedProtocol, note_failure
from seed_lsp.server.workspace import SeedWorkspace, Surroundings, offsets, plain_range, protocol_range
from seed_lsp.session.engine_client import EngineClient, SupersededError
from seed_lsp.session.jedi_thread import Renamer
from seed_lsp.session.settings import SECTION, Settings, parse_settings
from seed_lsp.session.status import Status
from seed_lsp.session.usage import Usage
from seed_lsp.source.address import Addresses, file_of, name_of, path_of
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit

if TYPE_CHECKING:
    from seed_lsp.source.exclusions import Exclusions

logger = logging.getLogger(__name__)

REQUEST_FAILED = -32803
CONTENT_MODIFIED = -32801
REQUEST_CANCELLED = -32800
INTERNAL_ERROR = -32603
CONFIGURATION_TIMEOUT_S = 5.0
REFRESH, REFRESH_CAPABILITY = "seed/inlineCompletionRefresh", "inlineCompletionRefresh"

Result = TypeVar("Result")


@dataclass
class Selection:
    """Argument of the commands. `version` is the document's as the user saw it; null: whatever it is now."""

    uri: str
    range: types.Range
    instruction: str = ""
    version: int | None = None
    name: str = ""


class SeedServer(LanguageServer):
    """A pygls server with an engine, settings, and documents whose lines are the protocol's."""

    protocol: SeedProtocol

    def __init__(self, engine: EngineClient) -> None:
        super().__init__("seed-lsp", __version__, protocol_cls=SeedProtocol)
        self.engine = engine
        self.settings = Settings()
        self.usage = Usage()
        self.status = Status(self.protocol.notify)
        engine.on_activity, engine.on_loading = self.status.under_way, self.status.loading
        self.completer = Completer(self)
        self.next_editor = NextEditor(self)
        self.renamer = Renamer()
        self._exclusions: Exclusions | None = None
        self._told: set[str] = set()
        # Set while no settings are on their way from the client: work waits for them, or it would use the old ones.
        self._configured = asyncio.Event()
        self._configuring = 0

    @property
    def documents(self) -> SeedWorkspace:
        workspace = self.workspace
        assert isinstance(workspace, SeedWorkspace), "installed by the initialize handler"
        return workspace

    def report_server_error(self, error: Exception, source: Any) -> None:
        # The default tells the client, which on a closed stream reports an error of its own, without end.
        logger.error("%s: %s", getattr(source, "__name__", source), type(error).__name__)

    def use_settings(self, raw: object) -> None:
        self.settings, problems = parse_settings(raw)
        self.engine.idle_s = 60.0 * self.settings.idle_minutes
        self._exclusions = None
        for problem in problems:
            self.tell_once(problem)

    async def read_configuration(self, sent: object) -> None:
        """Ask the client for our section, or take what it sent with its notification."""
        self._configuring += 1
        self._configured.clear()
        try:
            workspace = self.client_capabilities.workspace
            if workspace and workspace.configuration:
                items = [types.ConfigurationItem(section=SECTION)]
                answer = await asyncio.wait_for(
                    self.workspace_configuration_async(types.ConfigurationParams(items)), CONFIGURATION_TIMEOUT_S
                )
                sent = answer[0] if answer else None
            if sent is not None:
                self.use_settings(sent)
                await self.engine.configure(self.settings.worker, {self.settings.model, self.settings.model_of_inline})
        except asyncio.TimeoutError:
            self.tell_once("the editor did not say what the settings are; the defaults are used")
        finally:
            self._configuring -= 1
            if not self._configuring:
                self._configured.set()

    async def settled(self) -> Settings:
        """The settings, once the client's answer is in."""
        if not self._configured.is_set():
            # `asyncio.wait_for` of Python 3.10 and 3.11 forgets a cancellation that comes as the wait ends.
            waiting = asyncio.ensure_future(self._configured.wait())
            try:
                await asyncio.wait([waiting], timeout=CONFIGURATION_TIMEOUT_S)
            finally:
                waiting.cancel()
        return self.settings

    def tell_once(self, text: str) -> None:
        """Say something to the user that would be a nuisance to repeat."""
        if text not in self._told:
            self._told.add(text)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"Seed: {text}"))

    def note(self, text: str) -> None:
        """A line for the editor's log. Never holds the user's code."""
        self.window_log_message(types.LogMessageParams(types.MessageType.Log, text))

    def missing_model(self) -> str | None:
        """Why the chosen model cannot be loaded, as far as a look at the disk tells."""
        try:
            Store().locate(self.settings.model)
        except StoreError as error:
            return str(error)
        return None

    def surroundings(self, document: Document, path: Path) -> Surroundings:
        """What else is open, and where, as a request for `document`, the file at `path`, sees it."""
        addresses = Addresses([folder.uri for folder in self.workspace.folders.values()], document.uri)
        found: dict[Path, list[Document]] = {}
        for one in self.documents.documents:
            if (file := path_of(one.uri)) is not None:
                found.setdefault(file, []).append(one)
        for file, several in found.items():
            # Of several addresses of one file the one that was asked about counts, then the one that the folder's address leads to, then the last one opened.
            usual = addresses.of(file)
            several.sort(key=lambda one: (one.uri == document.uri, one.uri == usual, one.opening), reverse=True)
        opened = {file: several[0] for file, several in found.items()}
        contested = {file: tuple(several[1:]) for file, several in found.items() if len(several) > 1 and file != path}
        return Surroundings(self.root_of(path), opened, contested, addresses)

    def root_of(self, path: Path) -> Path:
        """The nearest of the client's folders around a file, else the nearest project. A whole disk is no workspace: nobody would wait for its index."""
        from seed_lsp.source.files import project_root

        folders = [folder for entry in self.workspace.folders.values() if (folder := path_of(entry.uri)) is not None]
        around = [folder for folder in folders if path.is_relative_to(folder) and folder != folder.parent]
        return max(around, key=lambda folder: len(folder.parts)) if around else project_root(path)

    def is_excluded(self, uri: str) -> bool:
        """Whether a document's text must not reach the model."""
        from seed_lsp.source.exclusions import Exclusions

        if self._exclusions is None:
            self._exclusions = Exclusions(self.settings.exclude, self.tell_once)
        path = path_of(uri)
        if path is not None and self._exclusions.excludes(path, self.root_of(path)):
            return True
        # What a link is called counts as well, and what is shown of a file that is no file itself: another revision, a part.
        return self._exclusions.excludes(file_of(uri) or Path(name_of(uri)), None)

    def refresh_completion(self, document: Document, cursor: CharOffset) -> None:
        """Tell an editor that says it wants to know (`experimental.inlineCompletionRefresh`) that there is more to suggest than what it was told at `cursor`."""
        experimental = self.client_capabilities.experimental
        if isinstance(experimental, dict) and experimental.get(REFRESH_CAPABILITY) is True:
            place = plain_range(protocol_range(document, cursor, cursor, self.documents.encoding))["start"]
            self.protocol.notify(REFRESH, {"textDocument": {"uri": document.uri, "version": document.version}, "position": place})

    async def end(self) -> None:
        """Leave nothing behind, whichever way the session ended."""
        self.usage.write()
        await self.engine.stop()

    @property
    def can_apply_edits(self) -> bool:
        workspace = self.client_capabilities.workspace
        return bool(workspace and workspace.apply_edit)

    def require_apply_edit(self) -> None:
        """`UnsupportedError` where the editor has not said that it applies edits; before any work is done for one."""
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
        # Neovim does not announce document changes, but resource operations, which come in no other form.
        return bool(support and (support.document_changes or support.resource_operations))

    def versioned_edit(self, document: Document, edits: tuple[Edit, ...]) -> types.WorkspaceEdit:
        """The edits for exactly the version they were made for."""
        encoding = self.documents.encoding
        text_edits = [types.TextEdit(protocol_range(document, edit.start, edit.end, encoding), edit.text) for edit in edits]
        if self.takes_document_changes:
            identifier = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(identifier, text_edits)])
        return types.WorkspaceEdit(changes={document.uri: text_edits})

    async def rewrite(
        self,
        selection: Selection,
        refactoring: rewriting.Refactoring,
        watch: Callable[[rewriting.Plan, Event], None] = lambda _plan, _event: None,
    ) -> tuple[rewriting.Plan, rewriting.Rewrite, Finished]:
        """Ask the engine for a rewrite of a selection; nothing is applied here. `watch` sees how it comes about."""
        document = self.documents.snapshot(selection.uri)
        if selection.version is not None and selection.version != document.version:
            raise StaleDocumentError("the document changed since the action was offered; select again")
        settings = await self.settled()
        start, end = offsets(document, selection.range, self.documents.encoding)
        plan = rewriting.make_plan(document, start, end, refactoring, settings)
        request = rewriting.build_request(plan, settings, self.engine.new_id())
        async with WorkProgress(self, "Seed: rewriting the selection") as progress:

            def show(event: Event) -> None:
                progress.show(event)
                watch(plan, event)

            finished = await progress.cancellable(self.engine.run(request, show))
        self._require_current(document)
        self.note(summary("refactor", finished))
        # In a large file the checks take seconds, for which no key has to wait.
        made = await asyncio.to_thread(rewriting.read_rewrite, plan, finished)
        self._require_current(document)
        return plan, made, finished

    def _require_current(self, document: Document) -> None:
        if not self.documents.is_current(document):
            raise StaleDocumentError("the document changed while the code was rewritten; nothing was applied")


def answers(handler: Callable[..., Awaitable[Result]]) -> Callable[..., Awaitable[Result]]:
    """Let a handler fail with our errors: the client gets a code and our words, never a trace or the user's text. The user is told."""
    return _answered(handler, tell=True)


def answers_itself(handler: Callable[..., Awaitable[Result]]) -> Callable[..., Awaitable[Result]]:
    """The same for requests whose errors every editor shows."""
    return _answered(handler, tell=False)


def _answered(handler: Callable[..., Awaitable[Result]], *, tell: bool) -> Callable[..., Awaitable[Result]]:
    @functools.wraps(handler)
    async def wrapped(server: SeedServer, params: Any) -> Result:
        try:
            return await handler(server, params)
        except (SeedError, EngineError) as error:
            if tell and not isinstance(error, CancelledError | SupersededError):
                server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"Seed: {error}"))
            raise JsonRpcException(str(error), code=_code_of(error)) from None
        except JsonRpcException:
            raise
        except Exception as error:  # noqa: BLE001 - the client must get an answer whatever happens
            note_failure(handler.__name__, error)
            raise JsonRpcException("internal error; the server's log has the details", code=INTERNAL_ERROR) from None

    return wrapped


def _code_of(error: Exception) -> int:
    if isinstance(error, StaleDocumentError):
        return CONTENT_MODIFIED
    if isinstance(error, CancelledError | SupersededError):
        return REQUEST_CANCELLED
    return REQUEST_FAILED


def summary(what: str, finished: Finished) -> str:
    return (
        f"{what}: {finished.finish_reason}, {finished.new_tokens} tokens in {finished.forwards} forwards, "
        f"{finished.prefill_seconds:.1f} s + {finished.decode_seconds:.1f} s"
    )
