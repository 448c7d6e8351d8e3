"""The token of the loopback endpoint: never empty, never known to others, written as a whole."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from seed_lsp.server import http_endpoint
from seed_lsp.server.http_endpoint import EndpointError, read_token

GOOD = "a-token-that-is-long-enough"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SEED_LSP_TOKEN", raising=False)
    path = tmp_path / "data" / "http-token"
    path.parent.mkdir()
    monkeypatch.setattr(http_endpoint, "token_path", lambda: path)
    return path


def put(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def test_a_token_is_made_once_and_only_the_user_can_read_it(path: Path, monkeypatch: pytest.MonkeyPatch):
    """An editor's token stays valid, and no other user can read it."""
    path.parent.rmdir()
    token = read_token()
    assert len(token) > 30
    assert read_token() == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.setenv("SEED_LSP_TOKEN", " mine\n")
    assert read_token() == "mine"


def test_the_users_own_token_is_taken(path: Path):
    """A token that the user has written to the file is used, without its line break."""
    put(path, f"{GOOD}\r\n".encode())
    assert read_token() == GOOD


@pytest.mark.parametrize(
    "content", [b"", b"\n", b" \t\n", b"\0" * 43, b"short", b"two words of a sentence", b"\xff\xfe" * 20, "ключ-ключ-ключ-ключ".encode()]
)
def test_what_is_no_token_gives_way_to_a_new_one(path: Path, content: bytes):
    """An empty file, as a full disk leaves it, would open the endpoint to the whole machine."""
    put(path, content)
    token = read_token()
    assert len(token) > 30
    assert path.read_text("ascii") == token


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o620])
def test_a_token_that_others_could_know_gives_way_to_a_new_one(path: Path, mode: int, caplog: pytest.LogCaptureFixture):
    """The old token is no secret any more; the user is told, as an editor may have it."""
    put(path, GOOD.encode(), mode)
    token = read_token()
    assert token != GOOD
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "a new one is made" in caplog.text
    assert GOOD not in caplog.text


def test_a_full_disk_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch):
    """A token is written as a whole or not at all, and the next start makes one."""

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(EndpointError, match="No space left"):
            read_token()
    assert not path.exists()
    assert not list(path.parent.glob("*.partial"))
    assert len(read_token()) > 30


def test_a_file_system_that_hides_nothing_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch):
    """If permissions cannot be kept, everybody could read a token in a file."""
    real = http_endpoint.whole_file
    monkeypatch.setattr(http_endpoint, "whole_file", lambda path, _mode: real(path, 0o666))
    with pytest.raises(EndpointError, match="SEED_LSP_TOKEN"):
        read_token()


def test_another_users_file_is_neither_used_nor_replaced(path: Path, monkeypatch: pytest.MonkeyPatch):
    """A token that another user knows never opens the endpoint."""
    put(path, GOOD.encode())
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(EndpointError, match="another user's"):
        read_token()
    assert path.read_text("ascii") == GOOD


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_refused_in_words(path: Path, kind: str):
    """A folder or a pipe in the token's place is told, with the way out."""
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(EndpointError, match="SEED_LSP_TOKEN"):
        read_token()


def test_a_data_folder_that_cannot_be_made_is_told(path: Path):
    """The user is told why there can be no token."""
    path.parent.rmdir()
    path.parent.write_text("a file")
    with pytest.raises(EndpointError, match="cannot keep a token"):
        read_token()


@pytest.mark.parametrize("before", [None, b""])
def test_servers_that_start_at_once_have_one_token(path: Path, before: bytes | None):
    """All servers have the token in the file; with another one a server would refuse everybody."""
    if before is not None:
        put(path, before)
    together = threading.Barrier(8)
    found: list[str] = []

    def start() -> None:
        together.wait()
        found.append(read_token())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {path.read_text("ascii")}
    assert len(found) == 8


@pytest.mark.parametrize("token", ["zwei Wörter", "a b", "a\nb"])
def test_a_variable_that_no_header_can_carry_is_refused(path: Path, token: str, monkeypatch: pytest.MonkeyPatch):
    """A token that no client could send is refused at the start."""
    monkeypatch.setenv("SEED_LSP_TOKEN", token)
    with pytest.raises(EndpointError, match="printable"):
        read_token()


def test_an_empty_variable_is_as_good_as_none(path: Path, monkeypatch: pytest.MonkeyPatch):
    """An empty variable never leaves the endpoint without a token."""
    monkeypatch.setenv("SEED_LSP_TOKEN", " ")
    assert read_token() == path.read_text("ascii")


def test_no_endpoint_opens_without_a_token():
    """An endpoint without a token would be open to everybody on the machine."""
    with pytest.raises(EndpointError, match="open to everybody"):
        http_endpoint.make_server(None, "", "scripted")
