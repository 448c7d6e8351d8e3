"""What is cancelled ends, however early it is cancelled.

A rewrite that goes on unseen would hold the model for a minute.
"""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from seed_lsp.server import progress
from seed_lsp.server.lifecycle import create_server
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.jedi_thread import JediThread
from seed_lsp.session.surroundings import Surroundings
from seed_lsp.source.address import Addresses
from tests.server.wire import EDITORS, LIMIT_S, Wire, framed
from tests.stalled import stalled
from tests.waiting import eventually

pytestmark = pytest.mark.process

URI = "file:///work/a.py"
SOURCE = "def f(a):\n    return a\n"
CANCELLED = -32800
FIRST = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}


def asked_by(wire: Wire, method: str) -> dict[str, Any]:
    """The server's next request of this method, which is not answered yet."""
    while (message := wire._incoming.get(timeout=LIMIT_S)) is not None:
        if message.get("method") == method:
            return message
        if "method" not in message:
            wire._answers[message["id"]] = message
    raise AssertionError("the server ended")


@pytest.mark.parametrize("ticks", range(6))
async def test_a_cancellation_is_kept_that_comes_as_the_settings_do(ticks: int):
    """Otherwise a rewrite that was cancelled at once would hold the model for a minute."""
    server = create_server(EngineClient())
    work = asyncio.ensure_future(server.session.settled())
    await asyncio.sleep(0)
    server.session._configured.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    if work.cancel():
        with pytest.raises(asyncio.CancelledError):
            await work
    else:
        assert ticks, "it was to be cancelled before its end at least once"


@pytest.mark.parametrize("method", ["seed/rewrite", "workspace/executeCommand"])
def test_a_request_that_is_cancelled_at_once_frees_the_engine(method: str):
    """The cancellation may come in the same bytes as the request, before anything of it has run.

    It may also come while the settings are on their way.
    """
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


def test_a_cancellation_is_kept_that_comes_with_the_bar_for_it():
    """A client may cancel right after its answer that it shows the progress."""
    with Wire() as wire:
        wire.initialize(capabilities={**EDITORS["vscode"], "window": {"workDoneProgress": True}, "workspace": {}})
        wire.open(URI, SOURCE)
        number = wire.start("seed/rewrite", {"textDocument": {"uri": URI, "version": 1}, "range": FIRST, "instruction": "slow"})
        asked = asked_by(wire, "window/workDoneProgress/create")
        answer = {"jsonrpc": "2.0", "id": asked["id"], "result": None}
        cancel = {"jsonrpc": "2.0", "method": "window/workDoneProgress/cancel", "params": asked["params"]}
        wire.send_bytes(framed(answer) + framed(cancel))
        started = time.monotonic()
        assert wire.wait(number)["error"]["code"] == CANCELLED
        assert time.monotonic() - started < 10


async def test_work_goes_on_without_a_client_that_says_whether_it_shows_it(monkeypatch: pytest.MonkeyPatch):
    """A request would otherwise never be answered if the client does not answer ours."""
    monkeypatch.setattr(progress, "CREATED_WITHIN_S", 0.05)
    server = create_server(EngineClient())
    window = types.WindowClientCapabilities(work_done_progress=True)
    server.protocol.client_capabilities = types.ClientCapabilities(window=window)

    async def work() -> str:
        return "done"

    async def shown() -> str:
        async with progress.WorkProgress(server, "title") as bar:
            return await bar.cancellable(work())

    assert await asyncio.wait_for(shown(), 10) == "done"
    assert not server.work_done_progress.tokens


def test_settings_that_are_not_here_yet_are_waited_for():
    """What the user has just excluded must not reach the model.

    An answer to an earlier question would bring the old settings.
    """
    with Wire() as wire:
        wire.initialize()
        first = asked_by(wire, "workspace/configuration")
        wire.notify("workspace/didChangeConfiguration", {"settings": None})
        second = asked_by(wire, "workspace/configuration")
        wire.open(URI, SOURCE)
        wire.send({"jsonrpc": "2.0", "id": first["id"], "result": [{}]})
        place = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 0}, "context": {"triggerKind": 1}}
        number = wire.start("textDocument/inlineCompletion", place)
        # This request comes later, so its answer shows that the one before was taken up.
        assert wire.error("foo/bar")
        wire.send({"jsonrpc": "2.0", "id": second["id"], "result": [{"exclude": ["*.py"]}]})
        assert wire.wait(number)["result"] == {"items": []}


async def test_one_rename_at_a_time_however_often_the_one_before_is_cancelled(tmp_path: Path):
    """Two renames at once would share what jedi keeps, which is not made for threads."""
    thread, around = JediThread(), Surroundings(tmp_path, {}, {}, Addresses([], ""))
    begun, go_on, under_way = threading.Event(), threading.Event(), []

    def work(*_: Any) -> None:
        under_way.append(1)
        begun.set()
        go_on.wait(10)
        under_way.pop()

    def count(*_: Any) -> int:
        return len(under_way)

    first = asyncio.ensure_future(thread.run(around, work))
    await eventually(begun.is_set)
    for _ in range(3):
        first.cancel()
        await asyncio.sleep(0)
    second = asyncio.ensure_future(thread.run(around, count))
    for _ in range(3):
        first.cancel()
        await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.2, go_on.set)
    assert await second == 0
    with pytest.raises(asyncio.CancelledError):
        await first


def test_no_fetch_keeps_a_server_that_is_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A download, which may take an hour or wait for a silent hub, does not delay the end."""
    with stalled() as hub:
        settings = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "SEED_LSP_CACHE": str(tmp_path)}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with Wire() as wire:
            wire.initialize()
            number = wire.start("workspace/executeCommand", {"command": "seed.fetchModel", "arguments": ["0.5b"]})
            assert hub.asked.wait(LIMIT_S)
            assert wire.end() == 0
            assert wire.wait(number)["error"]["code"] == CANCELLED
            assert hub.left.wait(LIMIT_S)
