"""Opens a model's files, if they are regular ones: a pipe or a device has no end.

Small files must not be too long either.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from engine.files import read_regular

MAX_JSON_BYTES = 1 << 20
"""The most bytes of a network's description.

Those of published models have less than a thousandth of it.
"""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


class CheckpointError(ValueError):
    """A file that is no part of a checkpoint that the engine can read.

    The text names the file and what is wrong with it.
    """


def require_file(path: Path) -> int:
    """The size in bytes of a regular file, behind links too; `CheckpointError` for anything else.

    Nothing is opened, since opening alone may block.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {path}: {_reason(error)}") from error
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "no regular file")
        raise CheckpointError(f"{path} is {kind} and not a file; put the model's file there")
    return status.st_size


def read_json(path: Path, *, most_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Read the object that a JSON file holds."""
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
