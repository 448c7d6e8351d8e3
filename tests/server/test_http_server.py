"""The loopback endpoint under clients that are silent, slow, broken, or many."""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from seed_lsp.server import http_endpoint, http_server
from seed_lsp.server.http_endpoint import EndpointError, make_server
from seed_lsp.server.http_server import LoopbackServer
from tests.waiting import wait_for

TOKEN = "a-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


class Echo:
    """Answers at once with what it was asked, or fails, as it is told to."""

    def answer(self, body: dict, _wanted: Callable[[], bool]) -> dict:
        if body.get("fail"):
            raise KeyError("the user's words")
        if body.get("used_up"):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return body


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    server = make_server(Echo(), TOKEN, "scripted")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def connect(server: LoopbackServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), timeout=20)


def ask(server: LoopbackServer, content: bytes = b'{"x": 1}', **headers: str) -> int:
    """The status of the answer to a request."""
    with connect(server) as client:
        lines = [f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\nAuthorization: Bearer {TOKEN}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in ({"Content-Length": str(len(content))} | headers).items() if value]
        client.sendall("".join(lines).encode("latin-1") + b"\r\n" + content)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        json.loads(answer.read())
        return answer.status


def ended(client: socket.socket) -> bool:
    """Wait until the server closes a connection; whether it does."""
    with contextlib.suppress(ConnectionResetError):
        return client.recv(1) == b""
    return True


@pytest.mark.parametrize(
    "length",
    ["\u00b2", "\u00b9\u00b2", "9" * 5000, "-1", "+8", "8.0", "0x8", "1_0", "1e3", " ", "", str(http_endpoint.MAX_BYTES + 1), "8, 8"],
)
def test_a_length_that_is_none_is_a_bad_request(server: LoopbackServer, length: str, caplog: pytest.LogCaptureFixture):
    """Whatever length a client states, it gets an answer in words."""
    assert ask(server, **{"Content-Length": length}) == 400
    assert caplog.text == ""


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        b"\x00",
        b"null",
        b'"text"',
        b"",
        b'{"a": \xed\xa0\x80}',
    ],
)
def test_a_body_that_is_none_is_a_bad_request(server: LoopbackServer, content: bytes, caplog: pytest.LogCaptureFixture):
    """A malformed body, however deep or odd, neither crashes the server nor fills its log."""
    assert ask(server, content) == 400
    assert caplog.text == ""


def test_a_failure_of_ours_is_answered_and_holds_no_words_of_the_user(server: LoopbackServer, caplog, capfd):
    """A failure is answered, and neither log nor output has the user's text."""
    assert ask(server, b'{"fail": 1}') == 500
    assert ask(server, b'{"used_up": 1}') == 500
    assert "KeyError" in caplog.text
    assert "the user's words" not in caplog.text + "".join(capfd.readouterr())


def test_many_at_once_are_all_served(server: LoopbackServer):
    """An editor that opens a hundred files at once gets an answer for each."""
    together = threading.Barrier(100)
    found: list[int] = []

    def run() -> None:
        together.wait()
        found.append(ask(server))

    threads = [threading.Thread(target=run) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 100
    assert server.request_queue_size >= 100


@pytest.mark.parametrize("said", [b"", b"G", b"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nA"])
def test_silent_connections_do_not_keep_others_out(server: LoopbackServer, said: bytes, caplog, capfd):
    """Silent connections hold a bounded number of threads.

    A client that has something to say takes the place of the one that was silent longest.
    """
    server.max_connections = 20
    before = threading.active_count()
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(server)) for _ in range(100)]
        for client in silent:
            with contextlib.suppress(OSError):
                client.sendall(said)
        for _ in range(5):
            assert ask(server) == 200
        assert all(ended(client) for client in silent[:70])
        assert wait_for(lambda: threading.active_count() - before <= 20)
        silent[-1].settimeout(0)
        with pytest.raises(BlockingIOError):
            silent[-1].recv(1)
    assert caplog.text == ""
    assert capfd.readouterr().err == ""


def test_a_silent_connection_ends_by_itself(monkeypatch: pytest.MonkeyPatch, server: LoopbackServer, caplog, capfd):
    """A connection on which nothing is said does not hold a thread for good."""
    monkeypatch.setattr(http_server.Handler, "timeout", 0.05)
    before = threading.active_count()
    with connect(server) as client:
        assert ended(client)
    assert wait_for(lambda: threading.active_count() == before)
    assert caplog.text + capfd.readouterr().err == ""


def test_a_request_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch, server: LoopbackServer):
    """A byte now and then keeps a connection open for a while, but not for good."""
    monkeypatch.setattr(http_server, "REQUEST_S", 0.2)
    with connect(server) as client:
        client.sendall(b"POST / HTTP/1.1\r\n")
        client.settimeout(0.01)
        for _ in range(10_000):
            with contextlib.suppress(TimeoutError):
                if ended(client):
                    return
            try:
                client.sendall(b"A")
            except OSError:
                return
    pytest.fail("it was never ended")


def test_work_that_somebody_with_the_token_asked_for_does_not_give_way(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch):
    """A request that is being answered stays, however many silent connections come."""
    server.max_connections = 3
    begun, go_on = threading.Event(), threading.Event()

    def slow(_self: Echo, body: dict, _wanted: Callable[[], bool]) -> dict:
        begun.set()
        assert go_on.wait(20)
        return body

    monkeypatch.setattr(Echo, "answer", slow)
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(ask(server)))
    thread.start()
    assert begun.wait(20)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(server)) for _ in range(20)]
        assert all(ended(client) for client in silent[:17])
        go_on.set()
        thread.join()
    assert found == [200]


def test_more_work_than_there_is_room_for_is_refused(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch):
    """A client is told at once that the server is busy, and does not wait."""
    server.max_connections = 1
    begun, go_on = threading.Event(), threading.Event()

    def slow(_self: Echo, body: dict, _wanted: Callable[[], bool]) -> dict:
        begun.set()
        assert go_on.wait(20)
        return body

    monkeypatch.setattr(Echo, "answer", slow)
    thread = threading.Thread(target=ask, args=(server,))
    thread.start()
    assert begun.wait(20)
    with connect(server) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 503 ")
    go_on.set()
    thread.join()


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """Use up all file descriptors within the block, so that nothing can be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for file in held:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_descriptors_that_are_used_up_take_no_core(server: LoopbackServer):
    """Without free descriptors the server uses almost no processor time.

    A client that waited is served as soon as there are some.
    """
    with socket.socket() as client:
        client.settimeout(20)
        with no_descriptors():
            client.connect(("127.0.0.1", server.server_port))
            began, used = time.monotonic(), time.process_time()
            assert wait_for(lambda: time.monotonic() - began > 0.4)
            assert time.process_time() - used < 0.2
        client.sendall(b"GET /v1/models HTTP/1.1\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 403 ")


def test_a_silent_connection_gives_its_descriptor_to_who_comes(server: LoopbackServer):
    """A new client gets in without free descriptors, in place of a silent one."""
    before = threading.active_count()
    with connect(server) as silent, socket.socket() as client:
        assert wait_for(lambda: threading.active_count() > before)
        client.settimeout(20)
        with no_descriptors():
            client.connect(("127.0.0.1", server.server_port))
            assert ended(silent)
            client.sendall(b"GET /v1/models HTTP/1.1\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 403 ")


def test_the_connections_leave_descriptors_for_the_engine(monkeypatch: pytest.MonkeyPatch):
    """Clients can never use up the descriptors that the engine needs."""
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (64, 64))
    server = make_server(Echo(), TOKEN, "scripted")
    server.server_close()
    assert server.max_connections == 32


@pytest.mark.parametrize("ending", ["reset", "half a request", "no request", "gone before the answer"])
def test_a_client_that_goes_away_leaves_no_trace(server: LoopbackServer, ending: str, caplog, capfd):
    """A client that breaks off leaves no thread, no message, and a working server."""
    before = threading.active_count()
    with connect(server) as client:
        if ending == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        elif ending == "half a request":
            client.sendall(f"POST /v1/completions HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 50\r\n\r\nx".encode())
        elif ending == "gone before the answer":
            client.sendall(b"GET /v1/models HTTP/1.1\r\n\r\n" * 50)
    assert wait_for(lambda: threading.active_count() == before)
    assert ask(server) == 200
    assert caplog.text + capfd.readouterr().err == ""


def test_a_connection_may_be_used_again(server: LoopbackServer):
    """A client can send several requests over one connection."""
    client = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    for _ in range(3):
        client.request("POST", "/v1/completions", b"{}", HEADERS)
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, b"{}")
    client.close()


@pytest.mark.parametrize("port", ["taken", 99_999, -1])
def test_a_port_that_cannot_be_had_is_told(server: LoopbackServer, port: int | str):
    """A user whose port is taken or invalid is told what to do."""
    with pytest.raises(EndpointError, match="name another with --port"):
        make_server(Echo(), TOKEN, "scripted", server.server_port if port == "taken" else port)
