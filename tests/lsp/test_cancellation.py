"""What is called off ends, however early that is: a rewrite that goes on unseen holds the model for a minute."""

from __future__ import annotations

import asyncio
import time

import pytest

from seed_lsp.engine_client import EngineClient
from seed_lsp.handlers import create_server
from tests.lsp.wire import Wire, framed

URI = "file:///work/a.py"
SOURCE = "def f(a):\n    return a\n"
CANCELLED = -32800


@pytest.mark.parametrize("ticks", range(6))
async def test_a_cancellation_is_kept_that_comes_as_the_settings_do(ticks: int):
    """Else a rewrite that was called off at once goes on, and holds the model for its minute."""
    server = create_server(EngineClient())
    work = asyncio.ensure_future(server.settled())
    await asyncio.sleep(0)
    server._configured.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    if work.cancel():
        with pytest.raises(asyncio.CancelledError):
            await work
    else:
        assert ticks, "it was to be cancelled before its end at least once"


@pytest.mark.parametrize("method", ["seed/rewrite", "workspace/executeCommand"])
def test_a_request_that_is_cancelled_at_once_frees_the_engine(method: str):
    """The cancellation comes in the same bytes as the request, before anything of it has run, or while the settings are on their way."""
    with Wire() as wire:
        wire.initialize()
        wire.open(URI, SOURCE)
        area = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
        wanted = {"range": area, "instruction": "slow"}
        if method == "seed/rewrite":
            params = {"textDocument": {"uri": URI, "version": 1}, **wanted}
        else:
            params = {"command": "seed.editSelection", "arguments": [{"uri": URI, **wanted}]}
        request = {"jsonrpc": "2.0", "id": "off", "method": method, "params": params}
        cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "off"}}
        for between in ((), ("workspace/didChangeConfiguration",)):
            more = [{"jsonrpc": "2.0", "method": name, "params": {"settings": None}} for name in between]
            wire.send_bytes(b"".join(map(framed, [*more, request, cancel])))
            assert wire.wait("off")["error"]["code"] == CANCELLED
        started = time.monotonic()
        place = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 0}, "context": {"triggerKind": 1}}
        wire.result("textDocument/inlineCompletion", place)
        assert time.monotonic() - started < 10, "the rewrite went on"
