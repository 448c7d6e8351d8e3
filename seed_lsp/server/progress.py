"""Work-done progress for a request, shown where the client can and cancelled by the user."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from engine.api import Committed, Event, Loading
from seed_lsp.errors import CancelledError

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer
    from typing_extensions import Self

Result = TypeVar("Result")
CREATED_WITHIN_S = 5.0
"""Work does not wait longer for a client to say that it shows a progress."""


class WorkProgress:
    """Shows the progress of work.

    Use ``async with`` around the work, run it through `cancellable`, and pass the engine's events
    to `show`.
    """

    def __init__(self, server: LanguageServer, title: str, *, measured: bool = False) -> None:
        """`measured`: `say` will tell percentages."""
        self._server, self._title, self._measured = server, title, measured
        window = server.client_capabilities.window
        self._token = str(uuid.uuid4()) if window and window.work_done_progress else None
        self._lines = 0
        self._work: asyncio.Task[Any] | None = None
        self._refused = False

    async def __aenter__(self) -> Self:
        if self._token is None:
            return self
        progress = self._server.work_done_progress
        # pygls knows the token once it has read the client's answer, and a cancellation may come
        # right behind that.
        progress.tokens[self._token] = Future()
        progress.tokens[self._token].add_done_callback(self._on_user_cancel)
        shown = False
        try:
            shown = await self._is_created(self._token)
        finally:
            if not shown:
                # The client would rather not show it, or does not say; the work goes on.
                progress.tokens.pop(self._token)
                self._token = None
        if self._token is not None:
            progress.begin(
                self._token, types.WorkDoneProgressBegin(self._title, cancellable=True, percentage=0 if self._measured else None)
            )
        return self

    async def _is_created(self, token: str) -> bool:
        asked = asyncio.ensure_future(self._server.window_work_done_progress_create_async(types.WorkDoneProgressCreateParams(token)))
        try:
            done, _ = await asyncio.wait([asked], timeout=CREATED_WITHIN_S)
            return bool(done) and not isinstance(asked.exception(), JsonRpcException)
        finally:
            asked.cancel()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._token is not None:
            self._server.work_done_progress.end(self._token, types.WorkDoneProgressEnd())
            self._server.work_done_progress.tokens.pop(self._token, None)

    def show(self, event: Event) -> None:
        message = None
        if isinstance(event, Loading):
            message = event.step if event.share is None else f"{event.step}, {100 * event.share:.0f} %"
        elif isinstance(event, Committed) and "\n" in event.text:
            self._lines += event.text.count("\n")
            message = f"{self._lines} lines"
        if message is not None:
            self.say(message)

    def say(self, message: str, percentage: int | None = None) -> None:
        if self._token is not None:
            self._server.work_done_progress.report(self._token, types.WorkDoneProgressReport(message=message, percentage=percentage))

    async def cancellable(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Await `work`; `CancelledError` (ours) if the user cancels its progress, or has before."""
        if self._refused:
            work.close()
            raise CancelledError("cancelled")
        task: asyncio.Task[Result] = asyncio.ensure_future(work)
        self._work = task
        try:
            return await task
        except asyncio.CancelledError:
            if self._refused:
                raise CancelledError("cancelled") from None
            task.cancel()
            raise

    def _on_user_cancel(self, token: Any) -> None:
        if token.cancelled():
            self._refused = True
            if self._work is not None:
                self._work.cancel()
