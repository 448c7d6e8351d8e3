"""Messages over standard input and output.

They end when the client leaves, or when the process that started the server is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import re
import select
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from seed_lsp.server.protocol import SeedProtocol, note_failure

logger = logging.getLogger(__name__)

MOST_BYTES = 1 << 28
"""A longer message is refused: no editor holds a document of this size."""
MOST_HEADER_BYTES = 1 << 16
WATCH_S = 2.0
SHUTDOWN_S = 5.0
WORKERS = 4
"""So much may take long at once: a fetch, a rewrite's checks, the engine's start and its end."""
UNREAD_S = 2.0
"""So long the end waits for a client to read what was written last."""
# Names of headers have no case (RFC 7230, 3.2), and white space around values counts for nothing.
# Behind a message that could not be read the header stands at the end of what was read.
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?\n?\Z", re.IGNORECASE)
_CHUNK = 1 << 16


class UnreadableError(Exception):
    """The message cannot be read; its text says why, and quotes nothing."""


class Input:
    """A stream that a thread of its own reads, and only as far as is asked for.

    The thread keeps no process alive. `StdinAsyncReader` (pygls/io_.py) reads in a pool, which
    waits for what the client will never send.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._held = bytearray()
        self._asked: queue.SimpleQueue[asyncio.Future[bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="input", daemon=True).start()

    def _read(self) -> None:
        while True:
            future = self._asked.get()
            try:
                data = self._next_bytes()
            except OSError:
                data = b""
            try:
                self._loop.call_soon_threadsafe(_give, future, data)
            except RuntimeError:
                # The loop is closed: nobody waits any more.
                return

    def _next_bytes(self) -> bytes:
        while True:
            try:
                return os.read(self._descriptor, _CHUNK)
            except BlockingIOError:
                # Some clients hand on a stream that does not wait by itself.
                select.select([self._descriptor], [], [])

    async def _more(self) -> bool:
        future: asyncio.Future[bytes] = self._loop.create_future()
        self._asked.put(future)
        data = await future
        self._held += data
        return bool(data)

    async def line(self) -> bytes | None:
        """With its end; a part of one that is too long. None at the end of the stream."""
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            if searched > MOST_HEADER_BYTES or not await self._more():
                if not self._held:
                    return None
                # A header may begin in what is left.
                end = searched - 1 if searched <= MOST_HEADER_BYTES else searched - MOST_HEADER_BYTES // 2
                break
        return self._take(end + 1)

    async def exactly(self, length: int) -> bytes | None:
        while len(self._held) < length:
            if not await self._more():
                return None
        return self._take(length)

    def _take(self, length: int) -> bytes:
        taken = bytes(self._held[:length])
        del self._held[:length]
        return taken


def _give(future: asyncio.Future[bytes], data: bytes) -> None:
    if not future.done():
        future.set_result(data)


async def read_message(source: Input) -> bytes | None:
    """The body of the next message; None at the end of the stream.

    `run_async` (pygls/io_.py) knows the header in one spelling alone, and reads whatever length it
    names.

    Raises `UnreadableError`; what comes behind can be read again.
    """
    length = None
    while (line := await source.line()) is not None:
        if (match := _LENGTH.search(line)) is not None:
            length = _length(match[1])
        elif length is not None and not line.strip():
            return await source.exactly(length)
    return None


def _length(text: bytes) -> int:
    if not re.fullmatch(rb"[0-9]+", text):
        raise UnreadableError("a message's Content-Length is no number")
    if len(text) > len(str(MOST_BYTES)) or int(text) > MOST_BYTES:
        raise UnreadableError(f"a message is longer than {MOST_BYTES} bytes; it is left out")
    return int(text)


class Output:
    """A stream that a thread of its own writes.

    A client that does not read holds up neither what it sends nor the end of the session.
    `_send_data` (pygls/protocol/json_rpc.py) gives the stream its messages. `on_lost` is called, in
    that thread, once nobody reads any more.
    """

    def __init__(self, descriptor: int) -> None:
        self.on_lost: Callable[[], None] = lambda: None
        self._stream = os.fdopen(descriptor, "wb", buffering=0)
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        self._waiting.put(data)

    def close(self) -> None:
        """The process's end closes it."""

    def finish(self, timeout_s: float) -> None:
        """Wait until all is written, or the client has read nothing for so long."""
        self._waiting.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while (data := self._waiting.get()) is not None:
                self._write(data)
        except (OSError, ValueError):
            # In a loop that is closed already nobody wants to know.
            with contextlib.suppress(RuntimeError):
                self.on_lost()

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            written = self._stream.write(left)
            if written is None:
                # The stream is full, and does not wait by itself.
                select.select([], [self._stream], [])
            left = left[written or 0 :]


def serve(protocol: SeedProtocol, parent: Callable[[], int | None], end: Callable[[], Awaitable[None]]) -> int:
    """Serve until the session ends.

    Returns the exit status that the protocol wants: 0 after shutdown and where the stream ends, and
    1 otherwise. `parent` gives the number of the process that started the server, once that is
    known. `end` cleans up, whichever way the session ended.
    """
    output = Output(os.dup(sys.stdout.fileno()))
    protocol.set_writer(output)
    status = asyncio.run(_session(protocol, output, parent, end))
    output.finish(UNREAD_S)
    return status


async def _session(protocol: SeedProtocol, output: Output, parent: Callable[[], int | None], end: Callable[[], Awaitable[None]]) -> int:
    loop, lost = asyncio.get_running_loop(), asyncio.Event()
    loop.set_default_executor(_workers())

    def tell() -> None:
        loop.call_soon_threadsafe(lost.set)

    output.on_lost = tell
    reading = asyncio.ensure_future(_read_all(Input(sys.stdin.fileno()), protocol))
    others = [asyncio.ensure_future(_parent_gone(parent)), asyncio.ensure_future(lost.wait())]
    await asyncio.wait([reading, *others], return_when=asyncio.FIRST_COMPLETED)
    status = reading.result() if reading.done() else 1
    for task in (reading, *others):
        task.cancel()
    if (request := protocol.shutdown_request) is not None and not request.done():
        await asyncio.wait([asyncio.wrap_future(request)], timeout=SHUTDOWN_S)
    try:
        await asyncio.wait_for(end(), SHUTDOWN_S)
    except asyncio.TimeoutError:
        logger.warning("the engine did not stop in time")
    return status


def _workers() -> ThreadPoolExecutor:
    """The threads of `asyncio.to_thread`, all of them at once.

    A pool adds a thread whenever none of its threads is idle yet, so that a server that runs for
    hours would come to its full number little by little.
    """
    pool, started = ThreadPoolExecutor(WORKERS, thread_name_prefix="work"), threading.Barrier(WORKERS)
    for _ in range(WORKERS):
        pool.submit(started.wait)
    return pool


async def _read_all(source: Input, protocol: SeedProtocol) -> int:
    while protocol.exit_status is None:
        try:
            body = await read_message(source)
            if body is None:
                return 0
            protocol.receive(body)
        except UnreadableError as error:
            logger.warning("%s", error)
            protocol.refuse_message(str(error))
        except Exception as error:  # noqa: BLE001 - one message must not end the session
            note_failure("a message", error)
        # What it asked for begins before the next one is looked at.
        await asyncio.sleep(0)
    return protocol.exit_status


async def _parent_gone(process: Callable[[], int | None]) -> None:
    """Return once the process that started the server is gone (InitializeParams.processId).

    Another process may still hold the stream open. pygls notes the number (`lsp_initialize`) and
    watches the process no more; it did once (github.com/openlawlibrary/pygls/pull/149).
    """
    first = None
    while True:
        await asyncio.sleep(WATCH_S)
        number = process()
        if number is None or not 0 < number < 1 << 31:
            continue
        if os.name == "nt":
            # There a signal would end the process that is asked about.
            logger.warning("the editor's process is not watched on this system; the end of the stream ends the server")
            await asyncio.Event().wait()
        now = _state(number)
        first = now if first is None else first
        if now is None or now != first:
            logger.warning(
                "the process that started the server is gone; where it cannot be seen from here, start the server with processId null"
            )
            return


def _state(number: int) -> str | None:
    """Something that stays the same while a process lives; None once it is gone."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    try:
        # proc(5): the state is the first field behind the name, and the time of its start the
        # twentieth.
        fields = Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return "alive"
    return None if fields[0] in {b"Z", b"X"} else fields[19].decode()
