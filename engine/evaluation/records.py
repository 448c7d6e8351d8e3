"""Files of JSON lines that grow.

An interruption can cut off the last line, which then counts as not written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of all whole lines; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def drop_partial_line(path: Path) -> None:
    """Cut off what stands behind the last whole line, so that the file can be appended to."""
    if path.is_file():
        data = path.read_bytes()
        if not data.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(data.rfind(b"\n") + 1)
