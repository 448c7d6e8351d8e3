"""Which Python a project has to run on."""

from __future__ import annotations

import re
from pathlib import Path

from seed_lsp.source.files import project_root

_LEAST = re.compile(r"^\s*requires-python\s*=\s*[\"']\s*>=\s*3\.(\d+)", re.MULTILINE)


def least_minor(path: Path) -> int | None:
    """The least 3.x that the project around a file wants, as its `pyproject.toml` says; None if it
    does not say so plainly.
    """
    try:
        text = (project_root(path) / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = _LEAST.search(text)
    return int(found[1]) if found else None
