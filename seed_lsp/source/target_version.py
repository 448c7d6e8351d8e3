"""For which Python a file is written."""

from __future__ import annotations

import re
from pathlib import Path

from engine.files import read_regular

Version = tuple[int, int]

_MOST_BYTES = 1_000_000
# Not by a parser of TOML, which the library has only since Python 3.11.
_REQUIRES = re.compile(r"""^[ \t]*["']?requires-python["']?[ \t]*=[ \t]*(["'])(.*?)\1""", re.MULTILINE)
_AT_LEAST = re.compile(r"(?:>=|~=|==)\s*3\.(\d+)")
_ABOVE = re.compile(r">\s*3\.(\d+)")


def target_version(file: Path | None) -> Version | None:
    """The oldest Python that the nearest `pyproject.toml` around a file requires; None if it says
    nothing, or for a text without a file.
    """
    for folder in file.parents if file is not None else ():
        try:
            content = read_regular(folder / "pyproject.toml", _MOST_BYTES)
        except OSError:
            continue
        declared = _REQUIRES.search(content.decode("utf-8", "replace"))
        return None if declared is None else _oldest(declared.group(2))
    return None


def _oldest(requirement: str) -> Version | None:
    """The oldest version that every part of a requirement such as `>=3.9,<4` allows."""
    parts = requirement.split(",")
    minors = [int(match.group(1)) for part in parts if (match := _AT_LEAST.search(part) or _ABOVE.search(part))]
    return (3, max(minors)) if minors else None
