"""Opening a model's files: regular ones alone, since a pipe or a device has no end, and small ones no longer than they should be."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from engine.files import read_regular

MAX_JSON_BYTES = 1 << 20
"""Of a description of a network: the published ones have less than a thousandth of it."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


class CheckpointError(ValueError):
    """A file is no part of a checkpoint that the engine can read; the text names it and what is wrong with it."""


def require_file(path: Path) -> int:
    """The size in bytes of a regular file, links followed; `CheckpointError` for all else. Opens nothing: that alone may block."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {path}: {_reason(error)}") from error
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "no regular file")
        raise CheckpointError(f"{path} is {kind} and not a file; put the model's file there")
    return status.st_size


def read_json(path: Path, *, most_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """The object that a JSON file holds."""
    require_file(path)
    try:
        found = json.loads(read_regular(path, most_bytes))
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {_reason(error)}") from error
    except RecursionError as error:
        raise CheckpointError(f"{path} is no JSON that can be read: it is nested too deeply") from error
    except ValueError as error:
        raise CheckpointError(f"{path} is no JSON that can be read: {error}") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} holds no JSON object, but {type(found).__name__}")
    return found


def _reason(error: Exception) -> str:
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error)
