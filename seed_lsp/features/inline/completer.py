"""Inline completion over time: it waits, asks, remembers, prepares what comes next, and counts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.api import (
    Committed,
    EngineError,
    Event,
    Finished,
    InfillRequest,
    InvalidRequestError,
    ModelUnavailableError,
    RelatedFile,
    Urgency,
)
from seed_lsp.errors import CancelledError, UnknownDocumentError
from seed_lsp.features.inline import completion
from seed_lsp.features.inline.completion import Completion
from seed_lsp.features.inline.filters import MIN_CHARS
from seed_lsp.features.inline.pace import Pace
from seed_lsp.features.inline.plan import Plan
from seed_lsp.features.inline.suggestions import Suggestion, Suggestions
from seed_lsp.session.engine_client import EngineClient, SupersededError
from seed_lsp.session.session import Session
from seed_lsp.session.settings import Settings
from seed_lsp.session.usage import KEPT_AFTER_S, KEPT_SHARE
from seed_lsp.source.address import name_of, path_of
from seed_lsp.source.document import CharOffset, Document

if TYPE_CHECKING:
    from seed_lsp.session.jedi_thread import Check
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

logger = logging.getLogger(__name__)

KEPT_CONTEXTS = 16
EDITED_PIECES = 2
"""Changes in other files that the model sees."""
IDLE_S = 1.5
WRITE_AFTER_S = 10.0


@dataclass
class CompletionCounts:
    """How often each reason decided about a completion, and the last prompt's size in tokens."""

    reasons: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    reused_tokens: int = 0


@dataclass(frozen=True)
class Answer:
    """A completion, and the number that the editor reports it by, which is 0 without a text."""

    completion: Completion
    id: int = 0


@dataclass(eq=False)
class _Asked:
    """A request that the engine has.

    `current` tells whether the editor still has the request's document. `replaced` is set once a
    newer request has taken its place.
    """

    running: asyncio.Task[Finished]
    current: Callable[[], bool]
    replaced: bool = False


class Completer:
    """Owns what inline completion remembers from one request to the next."""

    def __init__(
        self, session: Session, refresh: Callable[[Document, CharOffset], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`refresh` is told where there is more to suggest than what the editor was told."""
        self._session, self._refresh, self._clock = session, refresh, clock
        self.suggestions = Suggestions()
        self.counts = CompletionCounts()
        self.paused = False
        self._pace = Pace()
        self._newest = 0
        self._under_way: set[_Asked] = set()
        self._preparing = 0
        self._asked_at: tuple[Document, CharOffset] | None = None
        # Where the editor was told to ask again, which it may do as if the user had asked.
        self._told_at: tuple[Document, CharOffset] | None = None
        self._ids = 0
        self._related: dict[str, tuple[tuple[str, ...], tuple[RelatedFile, ...]]] = {}
        self._idle: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def complete(self, document: Document, cursor: CharOffset, *, automatic: bool, current: Callable[[], bool]) -> Answer:
        """Complete at `cursor`, and note the reason in the log and the counts.

        `current` tells whether the editor still has that document.
        """
        started = self._clock()
        answer = await self._try(document, cursor, automatic=automatic, current=current)
        done, spent = answer.completion, self._clock() - started
        self._when_idle(document, cursor)
        self.counts.reasons[done.reason] += 1
        usage = self._session.usage
        usage.count(f"inline.reason.{done.reason}")
        if done.text:
            usage.count("inline.offered")
            usage.took("inline", spent)
        self._write_later()
        self._session.note(f"inline completion: {done.reason}, {1000 * spent:.0f} ms, {len(done.text)} characters")
        self._session.status.explain(done.reason, completion.REASONS[done.reason])
        return answer

    async def _try(self, document: Document, cursor: CharOffset, *, automatic: bool, current: Callable[[], bool]) -> Answer:
        self._replace_older(automatic=automatic)
        self._newest += 1
        number, started = self._newest, self._clock()
        self._asked_at = document, cursor
        settings = await self._session.settled()
        if not settings.inline_enabled or (self.paused and automatic):
            return Answer(Completion("", "disabled" if not settings.inline_enabled else "paused"))
        if self._session.is_excluded(document.uri):
            return Answer(Completion("", "excluded"))
        plan = Plan(document, cursor, automatic)
        if self._told_at == (document, cursor) and (known := self._known(document, cursor)) is not None:
            return known
        if automatic:
            self._pace.key(self._clock())
            if (known := self._known(document, cursor)) is not None:
                return known
            if (nothing := completion.nothing_wanted(plan)) is not None:
                return Answer(nothing)
            # A preparation gives way by itself, but only between two forwards. Ending it here uses
            # the time of the wait below for that.
            self._session.engine.cancel(self._preparing)
            if (delay := self._pace.delay(plan.left)) > 0:
                await asyncio.sleep(delay)
            if number != self._newest:
                return Answer(Completion("", "superseded"))
        asked = self._clock()
        done = await self._ask(plan, settings, current, waited_s=asked - started)
        if automatic and done.reason not in {"superseded", "cancelled", "failed"}:
            self._pace.answered(self._clock() - asked)
        if not done.text:
            return Answer(done)
        suggestion = Suggestion.at(document, cursor, done.text, self._new_id())
        self.suggestions.add(suggestion)
        self._prepare(suggestion, document, settings, cut=done.cut)
        return Answer(done, suggestion.id)

    def _replace_older(self, *, automatic: bool) -> None:
        """End the requests whose document is gone.

        Where the user asks, all end: the new request takes their place.
        """
        for asked in self._under_way:
            if not automatic or not asked.current():
                asked.replaced = True
                asked.running.cancel()

    def _known(self, document: Document, cursor: CharOffset) -> Answer | None:
        """The rest of a suggestion that the user types along or returns to, or a prepared one."""
        found = self.suggestions.find(document, cursor)
        if found is None or len(found[1].strip()) < MIN_CHARS:
            return None
        suggestion, rest = found
        if suggestion.id:
            return Answer(Completion(rest, "typed_along"), suggestion.id)
        shown = self.suggestions.show(suggestion, self._new_id())
        return Answer(Completion(rest, "shown"), shown.id)

    async def _ask(self, plan: Plan, settings: Settings, current: Callable[[], bool], *, waited_s: float) -> Completion:
        if not current():
            return Completion("", "moved")
        session = self._session
        request = completion.build_request(plan, settings, session.engine.new_id(), self.related(plan.document), waited_s=waited_s)
        asked = _Asked(asyncio.ensure_future(run_until_over(session.engine, plan, request)), current)
        self._under_way.add(asked)
        try:
            finished = await asked.running
        except asyncio.CancelledError:
            if not asked.replaced:
                raise
            return Completion("", "superseded")
        except SupersededError:
            return Completion("", "superseded")
        except EngineError as error:
            if not plan.automatic:
                raise
            # While the user types, a broken engine is worth one message and no more.
            if isinstance(error, ModelUnavailableError | InvalidRequestError):
                session.tell_once(str(error))
            session.note(f"inline completion: {error}")
            return Completion("", "failed")
        finally:
            self._under_way.discard(asked)
        self.counts.prompt_tokens, self.counts.reused_tokens = finished.prompt_tokens, finished.reused_tokens
        session.status.note_speed(finished)
        if not current():
            return Completion("", "moved")
        return completion.read_completion(plan, finished)

    def _prepare(self, shown: Suggestion, document: Document, settings: Settings, *, cut: bool) -> None:
        """Ask in the background for what follows a suggestion, as if it were accepted.

        Typing takes precedence. A suggestion that the deadline `cut` is made longer by the answer.
        """
        text, cursor = shown.accepted
        plan = Plan(replace(document, text=text), cursor, automatic=True)
        if settings.inline_prepare and completion.nothing_wanted(plan) is None:
            self._start(self._prepared(plan, settings, shown if cut else None))

    async def _prepared(self, plan: Plan, settings: Settings, cut: Suggestion | None) -> None:
        engine = self._session.engine
        request = completion.build_request(plan, settings, engine.new_id(), self.related(plan.document))
        self._preparing = request.id
        # Nobody waits for it.
        sampling = replace(request.sampling, deadline_s=settings.inline_deadline_ms / 1000)
        finished = await run_until_over(engine, plan, replace(request, sampling=sampling, urgency=Urgency.PREPARATION))
        done = completion.read_completion(plan, finished)
        if not done.text:
            return
        following = Suggestion.at(plan.document, plan.cursor, done.text)
        if cut is not None and self._asked_at is not None:
            longer = replace(cut, text=cut.text + done.text, id=0)
            self.suggestions.add(longer)
            if longer.rest(*self._asked_at):
                self._told_at = self._asked_at
                self._refresh(*self._told_at)
        # The suggestion that was added last is found first. So behind an accepted suggestion the
        # user gets what follows it, and not both texts once more.
        self.suggestions.add(following)

    def related(self, document: Document) -> tuple[RelatedFile, ...]:
        """Context from other files as it was last looked up for this document."""
        return self._related.get(document.uri, ((), ()))[1]

    def _when_idle(self, document: Document, cursor: CharOffset) -> None:
        """Look around once the user pauses, for editors that do not say what has the focus."""
        if self._idle is not None:
            self._idle.cancel()
        if document.uri not in self._related:
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self.look_around, document, cursor)

    def look_around(self, document: Document, cursor: CharOffset) -> None:
        """Look up context from other files, and run the model over the text before the cursor.

        The first key then finds both ready.
        """
        self._start(self._look_around(document, cursor))

    async def _look_around(self, document: Document, cursor: CharOffset) -> None:
        from seed_lsp.features.inline.related import imports_of

        session, settings = self._session, await self._session.settled()
        if not settings.inline_enabled or session.is_excluded(document.uri) or session.missing_model() is not None:
            return
        imports = imports_of(document)
        known, pieces = self._related.get(document.uri, (None, ()))
        if settings.inline_related and known != imports:
            pieces = await self._pieces(document, cursor)
        plan = Plan(document, cursor, automatic=True)
        request = completion.build_request(plan, settings, session.engine.new_id(), pieces)
        sampling = replace(request.sampling, max_new_tokens=1, deadline_s=None)
        await session.engine.run(replace(request, sampling=sampling, urgency=Urgency.PREPARATION))
        # The context changes only now: with another context the whole prompt is run anew, and no
        # key should wait for that.
        while len(self._related) >= KEPT_CONTEXTS:
            del self._related[next(iter(self._related))]
        self._related[document.uri] = imports, pieces

    async def _pieces(self, document: Document, cursor: CharOffset) -> tuple[RelatedFile, ...]:
        from seed_lsp.features.inline.related import Piece, related_pieces

        session, path = self._session, path_of(document.uri)
        if path is None:
            return ()
        around = session.surroundings(document, path)
        root = around.root
        others = [other for other in session.documents.documents if not session.is_excluded(other.uri)]
        elsewhere = [change for change in session.history.recent(document) if change.uri != document.uri][:EDITED_PIECES]
        edited = [Piece(name_of(change.uri), "\n".join(change.after), 1.0) for change in elsewhere if any(change.after)]

        def work(files: WorkspaceFiles, resolver: Resolver, _check: Check) -> tuple[RelatedFile, ...]:
            def allowed(one: Path) -> bool:
                return one.is_relative_to(root) and not SKIPPED_FOLDERS & set(one.parts) and not session.is_excluded(one.as_uri())

            return related_pieces(document, cursor, others, files, resolver, allowed=allowed, edited=edited)

        from seed_lsp.source.files import SKIPPED_FOLDERS

        return await session.jedi_thread.run(around, work)

    def accepted(self, number: int, characters: int | None = None) -> None:
        """Count a suggestion that the user took, or its first `characters`.

        Whether the text stays is looked at later.
        """
        suggestion = self.suggestions.by_id(number)
        if suggestion is None:
            return
        text = suggestion.text if characters is None else suggestion.text[:characters]
        usage = self._session.usage
        usage.count("inline.accepted")
        usage.count("inline.accepted_characters", len(text))
        asyncio.get_running_loop().call_later(KEPT_AFTER_S, self._look_again, suggestion.uri, text)

    def _look_again(self, uri: str, text: str) -> None:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        with contextlib.suppress(UnknownDocumentError):
            now = self._session.documents.snapshot(uri).text
            self._session.usage.count("inline.watched")
            if sum(line in now for line in lines) >= KEPT_SHARE * len(lines):
                self._session.usage.count("inline.kept")

    def forget(self, uri: str) -> None:
        self.suggestions.forget(uri)
        self._related.pop(uri, None)

    def _write_later(self) -> None:
        """Write the counts once nothing happened for a while."""
        if self._writing is not None:
            self._writing.cancel()
        self._writing = asyncio.get_running_loop().call_later(WRITE_AFTER_S, self._session.usage.write)

    def _new_id(self) -> int:
        self._ids += 1
        return self._ids

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(_quietly(work))
        # The loop itself holds tasks weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def run_until_over(engine: EngineClient, plan: Plan, request: InfillRequest) -> Finished:
    """Ask the engine, and stop it as soon as the syntax says that the completion is whole."""
    pieces: list[str] = []
    over = False

    def watch(event: Event) -> None:
        nonlocal over
        if isinstance(event, Committed) and not over:
            pieces.append(event.text)
            if completion.is_over(plan, "".join(pieces)):
                over = True
                engine.cancel(request.id)

    finished = await engine.run(request, watch)
    return replace(finished, finish_reason="stop") if over else finished


async def _quietly(work: Awaitable[None]) -> None:
    """Background work: what comes in its way is no one's error."""
    try:
        await work
    except (EngineError, CancelledError):
        return
    except Exception as error:  # noqa: BLE001 - the place alone: the message might quote the user's code
        logger.error("background work failed with %s", type(error).__name__)
