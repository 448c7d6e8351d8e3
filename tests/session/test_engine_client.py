"""The supervisor: a real child process that dies, idles, and is configured anew."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import signal
import threading
import time
from multiprocessing import popen_spawn_posix
from pathlib import Path

import pytest

from engine.api import EngineError, EngineStoppedError, Finished, GenerateRequest, Loading, SamplingOptions, Urgency, WorkerSettings
from engine.worker import serve
from seed_lsp.session.engine_client import TAKEN_WITHIN_S, EngineClient, SupersededError
from seed_lsp.session.outbox import MOST_WAITING
from tests.waiting import eventually

pytestmark = pytest.mark.process


def request(client: EngineClient, text: str, urgency: Urgency = Urgency.ASKED_FOR) -> GenerateRequest:
    return GenerateRequest(client.new_id(), "m", SamplingOptions(), prompt=text, urgency=urgency)


def worker(connection, settings: WorkerSettings) -> None:
    def run(entry, cancelled):
        yield Loading(entry.id, "ready")
        if entry.prompt == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if entry.prompt == "raise":
            raise RuntimeError("could not allocate memory")
        if entry.prompt == "half a library":
            raise ImportError("libtorch_cpu.so: failed to map segment from shared object")
        while entry.prompt == "hang" or (entry.prompt == "wait" and not cancelled()):
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


async def suspend(pid: int) -> None:
    """Stop a process; each of its threads has to notice."""
    os.kill(pid, signal.SIGSTOP)
    states = Path(f"/proc/{pid}/task")
    await eventually(lambda: all((thread / "stat").read_text().rpartition(")")[2].split()[0] == "T" for thread in states.iterdir()))


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


async def test_libraries_that_found_no_memory_are_not_loaded_twice(client: EngineClient):
    """What is loaded in part fails in odd ways from then on: the next request has a process of its
    own, and at once.
    """
    await client.run(request(client, "hello"))
    pid = client.pid
    with pytest.raises(EngineError, match="not enough memory"):
        await client.run(request(client, "half a library"))
    assert (await client.run(request(client, "hello", Urgency.TYPING))).text == "hello"
    assert client.pid != pid


async def test_cancelling_the_task_frees_the_engine(client: EngineClient):
    task = asyncio.ensure_future(client.run(request(client, "wait")))
    await eventually(lambda: client.running)
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await asyncio.wait_for(client.run(request(client, "hello")), 5)).text == "hello"


async def test_an_idle_engine_is_unloaded(client: EngineClient):
    """After the idle time the process, and with it the model's memory, is gone; the next request
    brings it back.
    """
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


@pytest.mark.parametrize("urgency", [Urgency.TYPING, Urgency.ASKED_FOR])
async def test_a_request_to_an_engine_that_was_killed_while_idle_starts_it_anew(client: EngineClient, urgency: Urgency):
    """The death of a large process takes longer than the next key: a request that it never read is
    sent to a new one.
    """
    for number in range(4):
        await client.run(request(client, "hello"))
        os.kill(client.pid, signal.SIGKILL)
        assert (await client.run(request(client, f"again {number}", urgency))).text == f"again {number}"


async def test_an_engine_that_does_not_read_holds_nothing_up(client: EngineClient):
    """A stopped process lets requests pile up: the server stays at work, and what is beyond the
    limit fails in words.
    """
    await client.run(request(client, "hello"))
    pid = client.pid
    await suspend(pid)
    try:
        longest, tasks = 0.0, []
        for _ in range(2 * MOST_WAITING + 8):
            started = time.monotonic()
            tasks.append(asyncio.ensure_future(client.run(request(client, "x" * 300_000))))
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - started)
        await eventually(lambda: any(task.done() for task in tasks))
        assert longest < 1.0
        failed = [task for task in tasks if task.done()]
        assert len(tasks) - len(failed) >= MOST_WAITING
        for task in failed:
            with pytest.raises(EngineError, match="does not answer"):
                task.result()
    finally:
        os.kill(pid, signal.SIGCONT)
    for task in tasks:
        if task not in failed:
            assert len((await asyncio.wait_for(task, 20)).text) == 300_000


async def test_what_is_cancelled_before_it_was_sent_ends(client: EngineClient):
    """However it is cancelled, and the engine is not told of what it never heard of."""
    await client.run(request(client, "hello"))
    pid = client.pid
    await suspend(pid)
    try:
        requests = [request(client, "x" * 300_000) for _ in range(4)]
        tasks = [asyncio.ensure_future(client.run(one)) for one in requests]
        await eventually(lambda: client.running and len(client._child.pending) == len(tasks))
        client.cancel(requests[-1].id)
        with pytest.raises(SupersededError):
            await asyncio.wait_for(tasks[-1], 5)
        tasks[-2].cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(tasks[-2], 5)
    finally:
        os.kill(pid, signal.SIGCONT)
    for task in tasks[:2]:
        await asyncio.wait_for(task, 20)


async def test_an_engine_that_takes_nothing_is_ended_and_the_request_sent_to_a_new_one(client: EngineClient):
    await client.run(request(client, "hello"))
    pid = client.pid
    await suspend(pid)
    client.taken_within_s = 1.0
    task = asyncio.ensure_future(client.run(request(client, "again")))
    await eventually(lambda: client.pid != pid)
    client.taken_within_s = TAKEN_WITHIN_S
    assert (await asyncio.wait_for(task, 30)).text == "again"
    assert not exists(pid)


def deaf_worker(_connection, _settings) -> None:
    time.sleep(600)


async def test_an_engine_that_never_took_anything_is_told_in_words():
    client = EngineClient(entry=deaf_worker)
    client.taken_within_s = 1.0
    with pytest.raises(EngineStoppedError, match="took no request for 1 s"):
        await asyncio.wait_for(client.run(request(client, "hello")), 30)
    await client.stop()


async def test_killed_at_any_moment_every_request_ends_and_the_next_one_works(client: EngineClient):
    rng = random.Random(11)
    await client.run(request(client, "hello"))
    for _ in range(12):
        tasks = [asyncio.ensure_future(client.run(request(client, rng.choice(["wait", "a", "b"])))) for _ in range(5)]
        await asyncio.sleep(rng.random() * 0.1)
        pid = client.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        await eventually(lambda pid=pid: pid is None or not exists(pid) or client.pid != pid)
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(ended, Finished | EngineStoppedError | asyncio.CancelledError), ended
        client._not_before = client._crashes = 0
        assert (await asyncio.wait_for(client.run(request(client, "next")), 20)).text == "next"


async def test_choosing_another_model_ends_a_loading_that_hangs(client: EngineClient):
    """A disk that does not answer must not hold the engine until the editor is closed."""
    loading = asyncio.Event()
    task = asyncio.ensure_future(client.run(request(client, "hang"), lambda _event: loading.set()))
    await asyncio.wait_for(loading.wait(), 20)
    pid = client.pid
    await client.configure(WorkerSettings(), {"m", "another"})
    assert client.pid == pid, "the model is still wanted"
    await client.configure(WorkerSettings(), {"another"})
    with pytest.raises(EngineStoppedError, match="stopped"):
        await task
    assert (await asyncio.wait_for(client.run(request(client, "hello")), 20)).text == "hello"
    pid = client.pid
    await client.configure(WorkerSettings(), {"another"})
    assert client.pid == pid, "what is loaded holds nobody up"


async def test_a_storm_of_cancelled_requests_leaves_the_engine_idle(client: EngineClient):
    """A thousand keys, each of which cancels the request before, while the process starts and
    after: the next one is answered at once.
    """
    started, task = time.monotonic(), None
    for number in range(1000):
        if task is not None:
            task.cancel()
        task = asyncio.ensure_future(client.run(request(client, "wait", (Urgency.TYPING, Urgency.ASKED_FOR)[number % 2])))
        await asyncio.sleep(0 if number % 10 else 0.002)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await asyncio.wait_for(client.run(request(client, "hello", Urgency.TYPING)), 5)).text == "hello"
    assert not client._child.pending
    assert time.monotonic() - started < 20


async def test_a_process_that_cannot_be_started_is_told_in_words(client: EngineClient, monkeypatch: pytest.MonkeyPatch):
    """The machine has no room for one more: requests fail with the reason, the session can be
    ended, and the next request tries again.
    """

    def no_room(*_: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    with monkeypatch.context() as patch:
        patch.setattr(popen_spawn_posix.util, "spawnv_passfds", no_room)
        asked = asyncio.ensure_future(client.run(request(client, "x")))
        await asyncio.sleep(0)
        await client.stop()
        with pytest.raises(EngineStoppedError, match="cannot be started: Resource temporarily unavailable"):
            await asked
    assert (await client.run(request(client, "x"))).text == "x"


async def test_a_request_cancelled_while_the_process_starts_leaves_one_process(client: EngineClient):
    """The process that it started is the next request's, or is stopped with the server: none is
    left over.
    """
    starts, start, may_start = [], client._start, threading.Event()

    def counted():
        assert may_start.wait(10)
        child = start()
        starts.append(child.process.pid)
        return child

    client._start = counted
    task = asyncio.ensure_future(client.run(request(client, "hello")))
    await eventually(lambda: client._launching is not None)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    may_start.set()
    assert (await client.run(request(client, "again"))).text == "again"
    assert starts == [client.pid]
    await client.stop()
    may_start.clear()
    task = asyncio.ensure_future(client.run(request(client, "hello")))
    await eventually(lambda: client._launching is not None)
    task.cancel()
    stopping = asyncio.ensure_future(client.stop())
    may_start.set()
    await stopping
    assert len(starts) == 2
    assert not any(exists(pid) for pid in starts)
