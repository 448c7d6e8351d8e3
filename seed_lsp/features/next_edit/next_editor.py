"""Next edits over time.

The model is asked about one candidate after the other, and what the user turned down is remembered.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.api import EngineError
from seed_lsp.session.engine_client import SupersededError
from seed_lsp.session.session import Session
from seed_lsp.source.document import Document

if TYPE_CHECKING:
    from seed_lsp.features.next_edit.prediction import NextEdit
    from seed_lsp.source.diagnostic import Diagnostic

REMEMBERED = 64
MOST_ASKED = 3
"""Candidates that the model is asked about for one request."""


MOST_CHARS, MOST_LINES = 1_000_000, 30_000
"""In larger files it would take seconds to find them, in which no key is answered."""


@dataclass(frozen=True)
class Offer:
    """A next edit for exactly the document that it was made for.

    The editor reports it by its `id`.
    """

    id: int
    document: Document
    edit: NextEdit

    @property
    def key(self) -> tuple[str, str, str]:
        return self.document.uri, self.document.text[self.edit.start : self.edit.end], self.edit.text


class NextEditor:
    """Owns the offers of next edits. One for each session."""

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        self._session, self._clock = session, clock
        self.verdicts: Counter[str] = Counter()
        self._last: dict[str, Document] = {}
        self._offers: OrderedDict[int, Offer] = OrderedDict()
        self._declined: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._ids = 0
        self._asked: tuple[Document | None, set[tuple[int, str | None, str]]] = None, set()

    def opened(self, document: Document) -> None:
        if self._session.is_excluded(document.uri):
            return
        self._last[document.uri] = document
        self._session.history.opened(document, self._clock())

    def changed(self, document: Document, line: int) -> None:
        """`document` is what it is now; `line` is where it changed."""
        before = self._last.get(document.uri)
        # Of a file that is kept from the model nothing is remembered.
        if before is None:
            return
        self._last[document.uri] = document
        if before.text != document.text:
            self._session.history.changed(before, line, self._clock())

    def closed(self, uri: str) -> None:
        self._last.pop(uri, None)
        self._session.history.closed(uri)

    async def predict(self, document: Document, reports: Sequence[Diagnostic] = ()) -> Offer | None:
        """The next edit in `document`, or None; the reason is counted and logged.

        `reports` are the diagnostics that the editor has of it.
        """
        started = self._clock()
        offer, verdict = await self._predict(document, reports)
        self.verdicts[verdict] += 1
        usage = self._session.usage
        usage.count(f"next_edit.reason.{verdict}")
        if offer is not None:
            usage.count("next_edit.offered")
            usage.took("next_edit", self._clock() - started)
        self._session.note(f"next edit: {verdict}, {1000 * (self._clock() - started):.0f} ms")
        return offer

    async def _predict(self, document: Document, reports: Sequence[Diagnostic]) -> tuple[Offer | None, str]:
        from seed_lsp.features.next_edit import prediction
        from seed_lsp.features.next_edit.candidates import find_candidates
        from seed_lsp.features.next_edit.reports import with_reports

        settings = await self._session.settled()
        if not settings.next_edit_enabled:
            return None, "disabled"
        if self._session.is_excluded(document.uri):
            return None, "excluded"
        if len(document.text) > MOST_CHARS or len(document.line_starts) > MOST_LINES:
            return None, "too_large"
        changes = self._session.history.recent(document)
        found = with_reports(find_candidates(document, changes), document, changes, reports)
        # Editors ask once more when diagnostics come. What the model has said about this version it
        # need not say again.
        asked = self._asked_of(document)
        verdict = "no_candidate"
        for candidate in found[:MOST_ASKED]:
            key = (candidate.line, candidate.proposal, "" if candidate.proposal else candidate.report)
            if key in asked:
                continue
            try:
                request = prediction.build_request(document, candidate, changes, settings, self._session.engine.new_id())
                finished = await self._session.engine.run(request)
            except SupersededError:
                return None, "superseded"
            except EngineError as error:
                self._session.note(f"next edit: {error}")
                return None, "failed"
            if not self._session.documents.is_current(document):
                return None, "moved"
            read = prediction.read_prediction(document, candidate, changes, finished)
            verdict = read.verdict
            if read.edit is None:
                asked.add(key)
                continue
            offer = Offer(self._ids + 1, document, read.edit)
            if offer.key in self._declined:
                verdict = "declined"
                continue
            self._ids += 1
            self._offers[offer.id] = offer
            _bound(self._offers)
            return offer, "shown"
        return None, verdict

    def _asked_of(self, document: Document) -> set[tuple[int, str | None, str]]:
        """The candidates of this version from which nothing came."""
        if self._asked[0] != document:
            self._asked = document, set()
        return self._asked[1]

    def shown(self, number: int) -> None:
        if number in self._offers:
            self._session.usage.count("next_edit.shown")

    def accepted(self, number: int) -> None:
        if number in self._offers:
            self._session.usage.count("next_edit.accepted")

    def declined(self, number: int) -> None:
        """The user dismissed it: the same edit is not shown again."""
        if (offer := self._offers.get(number)) is not None:
            self._declined[offer.key] = None
            _bound(self._declined)
            self._session.usage.count("next_edit.declined")


def _bound(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
