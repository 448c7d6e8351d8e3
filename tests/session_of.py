"""A session without a server, for tests of one feature; its editor and engine are plain objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.api import Committed, Event, Finished, Request
from seed_lsp.errors import UnknownDocumentError
from seed_lsp.session.session import Session
from seed_lsp.source.document import Document


class Documents:
    """The documents that an editor has open."""

    def __init__(self, *documents: Document) -> None:
        self.open = {document.uri: document for document in documents}

    @property
    def documents(self) -> list[Document]:
        return list(self.open.values())

    def find(self, uri: str) -> Document | None:
        return self.open.get(uri)

    def snapshot(self, uri: str) -> Document:
        if uri not in self.open:
            raise UnknownDocumentError(f"{uri} is not open")
        return self.open[uri]

    def is_current(self, document: Document) -> bool:
        return self.find(document.uri) == document


class Editor:
    """What the features need of an editor.

    `said` has the notifications, warnings and log lines, in order.
    """

    def __init__(self, *documents: Document) -> None:
        self.documents = Documents(*documents)
        self.folders: list[str] = []
        self.said: list[tuple[str, Any]] = []

    def notify(self, method: str, params: Any) -> None:
        self.said.append((method, params))

    def warn(self, text: str) -> None:
        self.said.append(("warning", text))

    def note(self, text: str) -> None:
        self.said.append(("log", text))


class Engine:
    """An engine that answers each request with `text`; `asked` has the requests, in order."""

    idle_s = 0.0

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[Request] = []
        self.cancelled: list[int] = []
        self._ids = 0

    def new_id(self) -> int:
        self._ids += 1
        return self._ids

    def cancel(self, number: int) -> None:
        self.cancelled.append(number)

    async def run(self, request: Request, on_event: Callable[[Event], None] = lambda _event: None) -> Finished:
        self.asked.append(request)
        on_event(Committed(request.id, self.text))
        return replace(FINISHED, id=request.id, text=self.text)


FINISHED = Finished(0, "", "stop", "verified", 5, 2, 10, 0, 0.1, 0.2, 1, "m", "cpu", "float32")


def session_of(text: str, *documents: Document) -> tuple[Session, Editor, Engine]:
    """A session, with its settings in place, whose engine answers with `text`."""
    editor, engine = Editor(*documents), Engine(text)
    session = Session(engine, editor)
    with session.configuring():
        session.use_settings({"inline": {"prepare": False}})
    return session, editor, engine
