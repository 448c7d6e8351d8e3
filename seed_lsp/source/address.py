"""Addresses (URIs): which file one names, whether two are one, and how the client would write that
of a file.

Clients escape the same path in different ways (``file:///c%3A/a%20b`` and ``file:///c:/a b``), and
hold a server to the spelling that they used.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote

# RFC 3986, appendix B; it matches any text. The last group is the query with the fragment.
_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(.*)", re.DOTALL)
_DRIVE = re.compile(r"/[A-Za-z]:")
_WINDOWS = os.name == "nt"
# Characters that some clients escape in a path and some do not, in groups that go together.
_SOMETIMES_ESCAPED = ("!$&'()*+,;=:@", "[]", " ")


def scheme_of(uri: str) -> str:
    return _split(uri)[0]


def key_of(uri: str) -> tuple[str, str, str, str]:
    """Equal for two spellings of one address."""
    return _split(uri)


def name_of(uri: str) -> str:
    """The last name in an address, as a person would write it."""
    _, _, path, rest = _split(uri)
    file = file_of(uri)
    name = file.name if file is not None else path.rpartition("/")[2]
    return "".join(char if char.isprintable() else "\ufffd" for char in name) or rest or "the document"


def file_of(uri: str) -> Path | None:
    """The absolute path in a file's address, with the links that it goes through; None for what is
    no file.
    """
    scheme, host, path, rest = _split(uri)
    if scheme != "file":
        return None
    # What stands behind # or ? is a part of a file, if there is that file. Some clients forget to
    # escape the two in a name.
    if rest and _exists(path):
        return None
    path += rest
    if _WINDOWS:
        path = f"//{host}{path}" if host else path[1:] if _DRIVE.match(path) else path
    elif host:
        return None
    found = Path(path)
    return found if found.is_absolute() and _possible(path) else None


def path_of(uri: str) -> Path | None:
    """A file's path, links resolved; None for what is no file."""
    file = file_of(uri)
    return None if file is None else _resolved(file)


class Addresses:
    """Addresses as the client writes them: below the `folders` that it named, else below those that
    lead to the document `opened`.
    """

    def __init__(self, folders: Iterable[str], opened: str) -> None:
        file = file_of(opened)
        around = () if file is None else file.parents
        named = sorted(folders, key=lambda uri: file_of(uri) not in around)
        self._folders: dict[Path, str] = {}
        for uri in named:
            if (folder := path_of(uri)) is not None:
                self._folders.setdefault(folder, _without_slash(uri))
        self._around: dict[Path, str] = {}
        prefix = opened
        for folder in around:
            prefix = prefix.rpartition("/")[0]
            # An escaped slash would be one too few.
            if file_of(f"{prefix}/") != folder:
                break
            if (resolved := _resolved(folder)) is not None:
                self._around.setdefault(resolved, prefix)
        seen = "".join(_PARTS.sub(r"\3\4", uri) for uri in (*named, opened))
        self._raw = "".join(group for group in _SOMETIMES_ESCAPED if set(group) & set(seen))
        self._keeps_letters = not seen.isascii()

    def of(self, path: Path) -> str:
        """The address of a file by its path, links resolved."""
        for known in (self._folders, self._around):
            for folder in path.parents:
                if folder in known:
                    return "/".join([known[folder], *map(self._quote, path.relative_to(folder).parts)])
        return path.as_uri()

    def _quote(self, name: str) -> str:
        if self._keeps_letters:
            return "".join(char if ord(char) > 127 else quote(char, safe=self._raw) for char in name)
        return quote(os.fsencode(name), safe=self._raw)


def _split(uri: str) -> tuple[str, str, str, str]:
    """Scheme, host, path, and query with fragment, unescaped."""
    parts = _PARTS.fullmatch(uri)
    assert parts is not None, "the expression matches any text"
    scheme, host, path, rest = (unquote(part or "", errors="surrogateescape") for part in parts.groups())
    scheme, host = scheme.lower(), host.lower()
    if scheme == "file":
        host = "" if host == "localhost" else host
        if _DRIVE.match(path):
            path = path[:2].lower() + path[2:]
    return scheme, host, path, rest


def _without_slash(uri: str) -> str:
    stripped = uri.rstrip("/")
    # A whole disk: file:///
    return f"{stripped}//" if stripped.endswith(":") else stripped


def _possible(path: str) -> bool:
    """Whether there could be such a file: no NUL, nothing that is no text, not too long."""
    try:
        os.lstat(path)
    except ValueError:
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True


def _exists(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def _resolved(file: Path) -> Path | None:
    try:
        return file.resolve()
    except (OSError, RuntimeError):
        return None
