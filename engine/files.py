"""Files that appear whole or not at all, and files that are read without surprises."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Absent on Windows, which has neither.
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0)
_AS_IT_IS = getattr(os, "O_BINARY", 0)


CHUNK_BYTES = 1 << 22
"""How much of a large file is read at once."""


class UnusableFileError(OSError):
    """What a path names is no regular file, or is larger than its reader takes."""


@contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """A path beside `path` to write to.

    It takes `path`'s place at the end of the block, and is deleted where the block fails.

    It is there from the start, empty and with `mode` (less the user's mask), and no other process
    has the same one. `UnusableFileError` where there is a folder, a device or a pipe already.
    """
    if path.exists() and not path.is_file():
        raise UnusableFileError(errno.EINVAL, "it is no regular file", str(path))
    scratch = scratch_beside(path, mode)
    try:
        yield scratch
        put_in_place(scratch, path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


def scratch_beside(path: Path, mode: int = 0o666) -> Path:
    """A new empty file on `path`'s file system, for `put_in_place`."""
    # Not named after `path`, whose name may be as long as names can be.
    scratch = path.with_name(f".seed-{secrets.token_hex(8)}.partial")
    os.close(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    return scratch


def put_in_place(scratch: Path, path: Path) -> None:
    """Let a file that is written take the place of `path`, on the same file system, once its bytes
    are on the disk.
    """
    with scratch.open("rb+") as file:
        os.fsync(file.fileno())
    scratch.replace(path)


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most `most` bytes; `UnusableFileError` for a larger one.

    Pipes, devices and sockets are refused likewise, without waiting for them.
    """
    file = os.open(path, os.O_RDONLY | _NEVER_WAIT | _AS_IT_IS)
    with os.fdopen(file, "rb") as opened:
        state = os.fstat(file)
        if not stat.S_ISREG(state.st_mode):
            raise UnusableFileError(errno.EINVAL, "it is no regular file", str(path))
        # Some files of the system say that they are empty, and go on without end.
        content = b"" if state.st_size > most else opened.read(most + 1)
        if max(state.st_size, len(content)) > most:
            raise UnusableFileError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
        return content
