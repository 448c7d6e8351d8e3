"""What all features of a running server share.

It is the engine, the settings, the documents, the status, the counts, and jedi's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.store import Store, StoreError
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.history import EditHistory
from seed_lsp.session.jedi_thread import JediThread
from seed_lsp.session.settings import Settings, parse_settings
from seed_lsp.session.status import Status
from seed_lsp.session.surroundings import Surroundings
from seed_lsp.session.usage import Usage
from seed_lsp.source.address import Addresses, file_of, name_of, path_of
from seed_lsp.source.document import Document

if TYPE_CHECKING:
    from seed_lsp.source.exclusions import Exclusions

CONFIGURATION_TIMEOUT_S = 5.0


class Documents(Protocol):
    """The editor's open documents."""

    @property
    def documents(self) -> list[Document]:
        """The open documents as they are now."""

    def find(self, uri: str) -> Document | None:
        """An open document as it is now; None if it is not open."""

    def snapshot(self, uri: str) -> Document:
        """The same, or `UnknownDocumentError`."""

    def is_current(self, document: Document) -> bool:
        """Whether the editor's document is still the one of the snapshot."""


class Client(Protocol):
    """The editor, as far as the features need it."""

    @property
    def documents(self) -> Documents: ...

    @property
    def folders(self) -> Sequence[str]:
        """The addresses of the workspace's folders."""

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""

    def warn(self, text: str) -> None:
        """Show a warning to the user."""

    def note(self, text: str) -> None:
        """Write a line into the editor's log; it never holds the user's code."""


class Session:
    """One for each client. It knows no protocol: what it has to say goes through `client`."""

    def __init__(self, engine: EngineClient, client: Client) -> None:
        self.engine, self.client = engine, client
        self.settings = Settings()
        self.usage = Usage()
        self.status = Status(client.notify)
        self.history = EditHistory()
        self.jedi_thread = JediThread()
        engine.on_activity, engine.on_loading = self.status.under_way, self.status.loading
        self._exclusions: Exclusions | None = None
        self._told: set[str] = set()
        # The event is clear while settings are on their way from the client: work waits for them,
        # since it would use the old ones.
        self._configured = asyncio.Event()
        self._configuring = 0

    @property
    def documents(self) -> Documents:
        return self.client.documents

    def use_settings(self, raw: object) -> None:
        """Take the settings that the client sent, and tell the user once about each bad value."""
        self.settings, problems = parse_settings(raw)
        self.engine.idle_s = 60.0 * self.settings.idle_minutes
        self._exclusions = None
        for problem in problems:
            self.tell_once(problem)

    async def configure_engine(self) -> None:
        """Have the engine follow the settings."""
        await self.engine.configure(self.settings.worker, {self.settings.model, self.settings.model_of_inline})

    @contextlib.contextmanager
    def configuring(self) -> Iterator[None]:
        """While it is entered, `settled` waits."""
        self._configuring += 1
        self._configured.clear()
        try:
            yield
        finally:
            self._configuring -= 1
            if not self._configuring:
                self._configured.set()

    async def settled(self) -> Settings:
        """The settings, once the client's answer is in."""
        if not self._configured.is_set():
            # `asyncio.wait_for` of Python 3.10 and 3.11 forgets a cancellation that comes as the
            # wait ends.
            waiting = asyncio.ensure_future(self._configured.wait())
            try:
                await asyncio.wait([waiting], timeout=CONFIGURATION_TIMEOUT_S)
            finally:
                waiting.cancel()
        return self.settings

    def tell_once(self, text: str) -> None:
        """Show a warning that it would be a nuisance to repeat."""
        if text not in self._told:
            self._told.add(text)
            self.client.warn(text)

    def note(self, text: str) -> None:
        """Write a line into the editor's log; it never holds the user's code."""
        self.client.note(text)

    def missing_model(self) -> str | None:
        """Why the chosen model cannot be loaded, as far as a look at the disk tells."""
        try:
            Store().locate(self.settings.model)
        except StoreError as error:
            return str(error)
        return None

    def surroundings(self, document: Document, path: Path) -> Surroundings:
        """What is open around `document`, the file at `path`, when it is asked about."""
        addresses = Addresses(list(self.client.folders), document.uri)
        found: dict[Path, list[Document]] = {}
        for one in self.documents.documents:
            if (file := path_of(one.uri)) is not None:
                found.setdefault(file, []).append(one)
        for file, several in found.items():
            # Of several addresses of one file the one that was asked about counts, then the one
            # that the folder's address leads to, then the last one opened.
            usual = addresses.of(file)
            several.sort(key=lambda one: (one.uri == document.uri, one.uri == usual, one.opening), reverse=True)
        opened = {file: several[0] for file, several in found.items()}
        contested = {file: tuple(several[1:]) for file, several in found.items() if len(several) > 1 and file != path}
        return Surroundings(self.root_of(path), opened, contested, addresses)

    def root_of(self, path: Path) -> Path:
        """The nearest of the client's folders around a file, else the nearest project.

        A whole disk is no workspace: nobody would wait for its index.
        """
        from seed_lsp.source.files import project_root

        folders = [folder for uri in self.client.folders if (folder := path_of(uri)) is not None]
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
        # A link's own name counts as well, and so does the name of what is no file itself, such as
        # another revision or a part of a file.
        return self._exclusions.excludes(file_of(uri) or Path(name_of(uri)), None)

    async def end(self) -> None:
        """Leave nothing behind, whichever way the session ended."""
        self.usage.write()
        await self.engine.stop()
