"""Changing files on disk: all of them or none, and none that changed meanwhile."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.files import UnusableFileError, put_in_place, read_regular, scratch_beside
from seed_lsp.errors import StaleDocumentError, UnknownDocumentError, reason_of
from seed_lsp.source.encodings import encoded


@dataclass(frozen=True)
class Replacement:
    """A file's text as it was read, and as it is to be, in the file's encoding."""

    old: str
    new: str
    encoding: str = "utf-8"


def write_files(replacements: Mapping[Path, Replacement]) -> None:
    """Give each file its new text in one step, with its owner and its permissions, under all its
    names. `StaleDocumentError` if one changed since it was read, `UnknownDocumentError` if one
    cannot be written; then all are as they were.
    """
    targets = {path.resolve(): replacement for path, replacement in replacements.items()}
    changes: list[_Change] = []
    target = Path()
    try:
        for target, replacement in targets.items():
            old = replacement.old.encode(replacement.encoding)
            new = encoded(replacement.new, replacement.encoding, target.name)
            _require_unchanged(target, old)
            changes.append(_Change(target, old))
            changes[-1].prepare(new)
        for change in changes:
            target = change.target
            _require_unchanged(target, change.old)
            change.make()
    except BaseException as error:
        lost = [change.target.name for change in changes if not change.undo()]
        outcome = f"its old text could not be put back into {', '.join(lost)}" if lost else "nothing was changed"
        if isinstance(error, OSError):
            raise UnknownDocumentError(f"cannot write {target}: {reason_of(error)}; {outcome}") from error
        raise
    finally:
        for change in changes:
            change.clean()


class _Change:
    """One file's new content in a file beside it, and how to make and undo the change without more
    room on the disk.
    """

    def __init__(self, target: Path, old: bytes) -> None:
        self.target, self.old = target, old
        self._scratch = scratch_beside(target, 0o600)
        self._backup: Path | None = None
        self._in_place = self._begun = False

    def prepare(self, new: bytes) -> None:
        with self._scratch.open("wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        # Another file in its place would be the caller's own, and its other names would go on with
        # the old text.
        self._in_place = self.target.stat().st_nlink > 1 or not _made_alike(self._scratch, self.target)

    def make(self) -> None:
        if self._in_place:
            self._begun = True
            _overwrite(self.target, self._scratch.read_bytes())
            return
        self._backup = self.target.with_name(f".seed-{secrets.token_hex(8)}.old")
        try:
            # The very file, so that undoing needs no room on the disk.
            self._backup.hardlink_to(self.target)
        except OSError:
            shutil.copyfile(self.target, self._backup)
            _made_alike(self._backup, self.target)
        self._begun = True
        put_in_place(self._scratch, self.target)

    def undo(self) -> bool:
        """Put the old text back where it was replaced; whether it is there now."""
        if not self._begun:
            return True
        try:
            if self._in_place:
                _overwrite(self.target, self.old)
            elif self._backup is not None and not self._backup.samefile(self.target):
                self._backup.replace(self.target)
        except OSError:
            return False
        return True

    def clean(self) -> None:
        for path in (self._scratch, self._backup):
            with contextlib.suppress(OSError):
                if path is not None:
                    path.unlink(missing_ok=True)


def is_read_only(path: Path) -> bool:
    """Whether a file is there and its owner, or the system, wants it to stay as it is."""
    return path.exists() and (not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(path, os.W_OK))


def _require_unchanged(target: Path, old: bytes) -> None:
    try:
        now = read_regular(target, len(old))
    except UnusableFileError:
        now = None
    if now != old:
        raise StaleDocumentError(f"{target.name} changed while the work was done; nothing was written")
    if is_read_only(target):
        raise UnknownDocumentError(f"{target.name} is read-only; nothing was written")


def _made_alike(scratch: Path, target: Path) -> bool:
    """Give a file the owner, the permissions and the attributes of another; whether that could be
    done.
    """
    wanted, own = target.stat(), scratch.stat()
    try:
        if (wanted.st_uid, wanted.st_gid) != (own.st_uid, own.st_gid):
            os.chown(scratch, wanted.st_uid, wanted.st_gid)
        scratch.chmod(wanted.st_mode & 0o7777)
        for name, value in _attributes(target).items():
            os.setxattr(scratch, name, value)
    except OSError:
        return False
    return True


def _attributes(path: Path) -> dict[str, bytes]:
    """A file's access lists and what users noted of it; none where the system or the disk has no
    such things.
    """
    if not hasattr(os, "listxattr"):
        return {}
    try:
        return {name: os.getxattr(path, name) for name in os.listxattr(path) if name.startswith(("user.", "system.posix_acl"))}
    except OSError:
        return {}


def _overwrite(target: Path, content: bytes) -> None:
    """Write into the file itself; a pipe in its place is not waited for."""
    handle = os.open(target, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        file.truncate(len(content))
        os.fsync(handle)
