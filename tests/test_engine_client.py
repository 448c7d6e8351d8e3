"""The supervisor: a real child process that dies, idles, and is configured anew."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from engine.api import EngineError, EngineStoppedError, Finished, GenerateRequest, Loading, SamplingOptions, Urgency
from engine.worker import WorkerSettings, serve
from seed_lsp.engine_client import EngineClient
from tests.waiting import eventually


def request(client: EngineClient, text: str, urgency: Urgency = Urgency.ASKED_FOR) -> GenerateRequest:
    return GenerateRequest(client.new_id(), "m", SamplingOptions(), prompt=text, urgency=urgency)


def worker(connection, settings: WorkerSettings) -> None:
    def run(entry, cancelled):
        yield Loading(entry.id, "ready")
        if entry.prompt == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if entry.prompt == "raise":
            raise RuntimeError("could not allocate memory")
        while entry.prompt == "wait" and not cancelled():
            time.sleep(0.01)
        text = settings.device or entry.prompt
        yield Finished(entry.id, text, "stop", "verified", 1, 1, 1, 0, 0.0, 0.1, 1, "m", "cpu", "float32")

    serve(connection, run)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def dead_worker(_connection, _settings) -> None:
    os._exit(3)


@pytest.fixture
async def client():
    client = EngineClient(entry=worker)
    yield client
    await client.stop()


async def test_the_process_starts_at_the_first_request(client: EngineClient):
    """A server that is never asked costs no memory."""
    assert not client.running
    events = []
    assert (await client.run(request(client, "hello"), events.append)).text == "hello"
    assert client.running
    assert [type(event) for event in events] == [Loading]


async def test_a_crash_fails_what_was_under_way_and_the_next_request_starts_anew(client: EngineClient):
    with pytest.raises(EngineStoppedError, match="killed by signal 9"):
        await client.run(request(client, "die"))
    with pytest.raises(EngineStoppedError, match="can start again in"):
        await client.run(request(client, "typing", Urgency.TYPING))
    started = time.monotonic()
    assert (await client.run(request(client, "hello"))).text == "hello"
    assert time.monotonic() - started > 0.2, "the restart waits, so that a crash at the start does not spin"


async def test_crashes_in_a_row_wait_ever_longer():
    client = EngineClient(entry=dead_worker)
    for _ in range(3):
        with pytest.raises(EngineStoppedError, match="exit status 3"):
            await client.run(request(client, "x"))
        client_delay = client._not_before - time.monotonic()
    assert 1.5 < client_delay <= 2.0, "0.5, 1, 2 s"
    await client.stop()


async def test_out_of_memory_is_said_as_that(client: EngineClient):
    with pytest.raises(EngineError, match="not enough memory"):
        await client.run(request(client, "raise"))
    assert (await client.run(request(client, "hello"))).text == "hello"


async def test_cancelling_the_task_frees_the_engine(client: EngineClient):
    task = asyncio.ensure_future(client.run(request(client, "wait")))
    await eventually(lambda: client.running)
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await asyncio.wait_for(client.run(request(client, "hello")), 5)).text == "hello"


async def test_an_idle_engine_is_unloaded(client: EngineClient):
    """After the idle time the process, and with it the model's memory, is gone; the next request brings it back."""
    client.idle_s = 0.3
    await client.run(request(client, "hello"))
    pid = client.pid
    await eventually(lambda: not exists(pid))
    assert not client.running
    assert (await client.run(request(client, "again"))).text == "again"


async def test_new_settings_start_a_new_process(client: EngineClient):
    await client.run(request(client, "hello"))
    pid = client.pid
    await client.configure(WorkerSettings(device="elsewhere"))
    assert (await client.run(request(client, "hello"))).text == "elsewhere"
    assert client.pid != pid


async def test_stopping_ends_a_busy_process(client: EngineClient):
    """The editor is closed while the model works: the process ends within seconds."""
    task = asyncio.ensure_future(client.run(request(client, "wait")))
    await eventually(lambda: client.running)
    pid = client.pid
    started = time.monotonic()
    await client.stop()
    assert time.monotonic() - started < 5
    assert not exists(pid)
    await asyncio.wait([task], timeout=1)
    assert task.done(), "nobody waits for an engine that is gone"
    task.exception()
