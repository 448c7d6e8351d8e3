"""Running ruff on a text.

Its program is the one beside our own Python. It gets the text alone, reads no configuration and
runs nothing of the workspace.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_OPTIONS = ("--isolated", "--no-cache", "--quiet", "--exit-zero", "--output-format", "json")


def run_ruff(text: str, rules: Iterable[str], *more: str, name: str = "module.py", limit_s: float) -> list[dict[str, Any]] | None:
    """Ruff's reports on a file called `name`; `more` are further options. None where ruff is not
    there, fails, or takes longer than `limit_s` seconds.
    """
    program = find_ruff()
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "check", *_OPTIONS, "--select", ",".join(rules), *more, "--stdin-filename", name, "-"],
            input=text.encode(),
            capture_output=True,
            timeout=limit_s,
            check=True,
            # Not in the workspace, and without what the environment tells ruff.
            cwd=Path(program).parent,
            env={variable: value for variable, value in os.environ.items() if not variable.startswith("RUFF_")},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return found if isinstance(found, list) else None


def find_ruff() -> str | None:
    """The program that was installed with us."""
    try:
        from ruff import find_ruff_bin

        return str(find_ruff_bin())
    except (ImportError, OSError):
        return None
