"""A model hub and a package index that announce their files, but send nothing of them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIZE = 1 << 20


class Stalled(ThreadingHTTPServer):
    """A server whose events tell that a client waits for a file (`asked`), or is gone (`left`)."""

    def __init__(self) -> None:
        self.asked, self.left = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Stalled

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.send_header("ETag", '"' + "0" * 40 + '"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(b"x")
        self.server.asked.set()
        with contextlib.suppress(OSError):
            self.connection.recv(1)
        self.server.left.set()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def stalled() -> Iterator[Stalled]:
    with Stalled() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
