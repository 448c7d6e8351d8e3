"""Addresses: which file an address names, and how a client would write it for another file."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from seed_lsp.source import address
from seed_lsp.source.address import Addresses, file_of, key_of, name_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("file:///c%3A/a%20b.py", "file:///C:/a b.py"),
        ("file:///w/%C3%BC%2B%40.py", "FILE:///w/ü+@.py"),
        ("file:///w/a.py", "file://localhost/w/a.py"),
        ("file:///w/%e3%81%bb.py", "file:///w/ほ.py"),
    ],
)
def test_two_spellings_of_one_address(one: str, other: str):
    """A document is found by each spelling of its address."""
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("file:///w/a%23b", "file:///w/a#b"),
        ("file:///w/a%2541", "file:///w/a%41"),
        ("file:///w/a%FF", "file:///w/a%FE"),
        ("file:///w/a", "git:/w/a"),
        ("file:///w/a", "file:///W/a"),
        ("git:/w/a?x", "git:/w/a?y"),
    ],
)
def test_two_addresses(one: str, other: str):
    """Addresses that only look alike when unescaped must not be taken for one document."""
    assert key_of(one) != key_of(other)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///w/50%/a%20b%25.py", "/w/50%/a b%.py"),
        ("file:///no/such/c#/a.py", "/no/such/c#/a.py"),
        ("file:///w/[id].tsx", "/w/[id].tsx"),
        ("file://other-host/w/a.py", None),
        ("file://[x/a.py", None),
        ("a.py", None),
        ("", None),
    ],
)
def test_the_file_of_an_address(uri: str, path: str | None):
    """An address names its file as it is on the disk, and no file if it is none."""
    assert file_of(uri) == (None if path is None else Path(path))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///c%3A/a%20b/x.py", r"c:\a b\x.py"),
        ("file:///C:/a%23b/x.py", r"c:\a#b\x.py"),
        ("file://host/share/x.py", r"\\host\share\x.py"),
    ],
)
def test_the_file_of_an_address_on_windows(monkeypatch: pytest.MonkeyPatch, uri: str, path: str):
    """An address names the same file whether or not the client escapes the drive's colon."""
    monkeypatch.setattr(address, "_WINDOWS", True)
    monkeypatch.setattr(address, "_possible", lambda _path: True)
    monkeypatch.setattr(address, "_exists", lambda _path: False)
    monkeypatch.setattr(address, "Path", PureWindowsPath)
    assert file_of(uri) == PureWindowsPath(path)


@pytest.mark.parametrize(
    ("folder", "document", "expected"),
    [
        ("file:///c%3A/p", "file:///c%3A/p/a.py", "file:///c%3A/p/s/x%20%2B%C3%BC.py"),
        ("file:///C:/p/", "file:///C:/p/a.py", "file:///C:/p/s/x%20+%C3%BC.py"),
        (None, "file:///c%3A/p/a.py", "file:///c%3A/p/s/x%20%2B%C3%BC.py"),
    ],
)
def test_addresses_on_windows(monkeypatch: pytest.MonkeyPatch, folder: str | None, document: str, expected: str):
    """A closed file's address has the client's spelling of the drive, with a folder or without."""
    monkeypatch.setattr(address, "_WINDOWS", True)
    monkeypatch.setattr(address, "_possible", lambda _path: True)
    monkeypatch.setattr(address, "Path", PureWindowsPath)
    monkeypatch.setattr(address, "_resolved", lambda path: path)
    monkeypatch.setattr(address.os, "fsencode", lambda text: text.encode())
    assert Addresses([folder] if folder else [], document).of(PureWindowsPath("c:/p/s/x +ü.py")) == expected


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("file:///no/p%40q", "file:///no/p%40q/x%20%2B%5B%C3%BC.py"),
        ("file:///no/p@q", "file:///no/p@q/x%20+%5B%C3%BC.py"),
        ("file:///no/p q@é[", "file:///no/p q@é[/x +[ü.py"),
        ("file:///", "file:///no/p/x%20%2B%5B%C3%BC.py"),
    ],
)
def test_the_clients_way_to_escape(folder: str, expected: str):
    """A character that the client does not escape in its addresses is not escaped in ours."""
    found = Addresses([folder], "file:///no/a.py")
    root = file_of(folder)
    below = root / "no" / "p" if folder == "file:///" else root
    assert found.of(below / "x +[ü.py") == expected


def test_names_for_people():
    """Messages name a file as people do, without line breaks and escapes."""
    assert name_of("file:///w/my%20file%0A.py") == "my file\ufffd.py"
    assert name_of("untitled:Untitled-1") == "Untitled-1"
    assert name_of("file:///w/c%23.py") == "c#.py"
