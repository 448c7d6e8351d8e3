"""How a handler's failures reach the client: a code and words, never a trace or the user's text."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pygls.exceptions import JsonRpcException

from engine.api import EngineError
from seed_lsp.errors import CancelledError, SeedError, StaleDocumentError
from seed_lsp.server.protocol import note_failure
from seed_lsp.server.server import SeedServer
from seed_lsp.session.engine_client import SupersededError

REQUEST_FAILED = -32803
CONTENT_MODIFIED = -32801
REQUEST_CANCELLED = -32800
INTERNAL_ERROR = -32603

Result = TypeVar("Result")
Handler = Callable[..., Awaitable[Result]]


def reports_errors(*, show_to_user: bool) -> Callable[[Handler[Result]], Handler[Result]]:
    """Let a handler fail with our errors.

    `show_to_user` is for requests whose errors editors do not show by themselves.
    """

    def decorate(handler: Handler[Result]) -> Handler[Result]:
        @functools.wraps(handler)
        async def wrapped(server: SeedServer, params: Any) -> Result:
            try:
                return await handler(server, params)
            except (SeedError, EngineError) as error:
                if show_to_user and not isinstance(error, CancelledError | SupersededError):
                    server.warn(str(error))
                raise JsonRpcException(str(error), code=_code_of(error)) from None
            except JsonRpcException:
                raise
            except Exception as error:  # noqa: BLE001 - the client must get an answer whatever happens
                note_failure(handler.__name__, error)
                raise JsonRpcException("internal error; the server's log has the details", code=INTERNAL_ERROR) from None

        return wrapped

    return decorate


def _code_of(error: Exception) -> int:
    if isinstance(error, StaleDocumentError):
        return CONTENT_MODIFIED
    if isinstance(error, CancelledError | SupersededError):
        return REQUEST_CANCELLED
    return REQUEST_FAILED
