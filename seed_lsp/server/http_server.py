"""HTTP on 127.0.0.1 that silent, slow and broken clients cannot hold up.

That holds whether they have the token or not.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
MAX_CONNECTIONS = 256
SILENCE_S = 10.0
"""So long a client may say nothing while its next request is waited for."""
REQUEST_S = 30.0
"""And so long it may take to say all of it."""
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_USED_UP = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
PAUSE_S = 0.05


class LoopbackServer(ThreadingHTTPServer):
    """A server with a thread for each connection, of which there are a bounded number.

    Where there are too many, the connection that was waited for longest gives way.
    """

    # The queue of connections that are not yet taken up holds as many as an editor may open while
    # one thread starts another.
    request_queue_size = 128
    # On Windows it would let another program listen on the same port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, port: int, handler: type[Handler]) -> None:
        self.max_connections = min(MAX_CONNECTIONS, _descriptors() // 2)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        # The connections whose request is not whole yet, each with the time since when it is waited
        # for, the longest first.
        self._awaited: dict[socket.socket, float] = {}
        super().__init__((HOST, port), handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _USED_UP:
                # It stays in the queue, and asking for it again at once would take a whole core.
                self._give_way()
                time.sleep(PAUSE_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            full = len(self._open) >= self.max_connections
        if full and not self._give_way():
            request.setblocking(False)
            request.send(BUSY)
            self.shutdown_request(request)
            return
        with self._lock:
            self._open.add(request)
            self._awaited[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
            self._awaited.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called between connections and twice a second: end those that take too long to ask."""
        while self._give_way(REQUEST_S):
            pass

    def awaits(self, request: socket.socket) -> None:
        """The next request of a connection is waited for, unless it is so already."""
        with self._lock:
            self._awaited.setdefault(request, time.monotonic())

    def has(self, request: socket.socket) -> None:
        """Note that a connection's request is whole and has the token.

        It is served before anybody is let in instead.
        """
        with self._lock:
            self._awaited.pop(request, None)

    def _give_way(self, at_least_s: float = 0.0) -> bool:
        """End the connection whose request was waited for longest, if for at least so long.

        Its thread reads the end of the stream, and is done.
        """
        with self._lock:
            request, since = next(iter(self._awaited.items()), (None, 0.0))
            if request is None or time.monotonic() - since < at_least_s:
                return False
            del self._awaited[request]
            self._open.discard(request)
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The client was faster.
                return True
            return True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's
        error = sys.exc_info()[1]
        # A client that went away, or fell silent, is nobody's failure.
        if error is not None and not isinstance(error, OSError):
            # The place alone: the message might quote the user's code.
            logger.error("a request failed with %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))


class Handler(BaseHTTPRequestHandler):
    """Reads requests; nothing of them is logged, since they are the user's."""

    protocol_version = "HTTP/1.1"
    timeout = SILENCE_S
    server: LoopbackServer

    def handle_one_request(self) -> None:
        self.server.awaits(self.connection)
        super().handle_one_request()

    def do_GET(self) -> None:
        self.get()

    def do_POST(self) -> None:
        self.post()

    def get(self) -> None:
        raise NotImplementedError

    def post(self) -> None:
        raise NotImplementedError

    def is_gone(self) -> bool:
        """Whether the client has closed its connection, by which it takes its request back."""
        self.connection.settimeout(0)
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.connection.settimeout(self.timeout)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        """Nothing."""


def _descriptors() -> int:
    """How many files and connections this process may have open."""
    try:
        import resource
    except ImportError:
        return 2 * MAX_CONNECTIONS
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 2 * MAX_CONNECTIONS
