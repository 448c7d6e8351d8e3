"""Asking a type checker of this machine about texts.

The texts lie in a folder of their own outside of the workspace: no configuration of the workspace
is read, which may name plugins, and nothing of the workspace runs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 3.0
Errors = Counter[tuple[str, str]]
"""How often a checker reports an error of a kind on a line with that text."""

_OPTIONS = {
    "ty": ("check", "--output-format", "concise", "--color", "never", "--no-progress"),
    # Its own Python tells where packages lie, which another one would have to be run for.
    "pyright": ("--pythonpath", sys.executable),
    "mypy": (
        *("--config-file=", f"--cache-dir={os.devnull}", "--no-site-packages", "--follow-imports=skip", "--ignore-missing-imports"),
        *("--check-untyped-defs", "--show-column-numbers", "--no-error-summary", "--no-pretty", "--no-color-output"),
    ),
}
"""The checkers, the fastest first."""
_OF_NOBODY = {"ty.toml": "", "pyrightconfig.json": "{}"}
"""Configurations without content, so that none is looked for in the folders around."""
_ERROR = re.compile(r"\s*(?:.*[/\\])?text_(\d+)\.py:(\d+):\d+(?::| -) error(.*)")
_CODE = re.compile(r"[\[(]([\w-]+)[\])]")


@dataclass(frozen=True)
class TypeChecker:
    """A checker's `name` and its program. Imports are looked for below `root`, if it can do so."""

    name: str
    program: str
    root: Path | None = None

    def errors(self, texts: Sequence[str], limit_s: float = LIMIT_S) -> list[Errors] | None:
        """What it reports of each text; None where it fails, or takes longer than `limit_s`
        seconds.
        """
        if limit_s <= 0:
            return None
        try:
            with tempfile.TemporaryDirectory(prefix="seed-lsp-") as folder:
                for name, content in _OF_NOBODY.items():
                    Path(folder, name).write_text(content, encoding="utf-8")
                names = [f"text_{number}.py" for number in range(len(texts))]
                for name, text in zip(names, texts, strict=True):
                    Path(folder, name).write_text(text, encoding="utf-8", newline="")
                said = self._run(folder, names, limit_s)
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
        return None if said is None else _read(said, texts)

    def _run(self, folder: str, names: Sequence[str], limit_s: float) -> str | None:
        folders = [self.root, self.root / "src"] if self.name == "ty" and self.root is not None else []
        around = [f"--extra-search-path={one}" for one in folders if one.is_dir()]
        done = subprocess.run(
            [self.program, *_OPTIONS[self.name], *around, *names],
            capture_output=True,
            timeout=limit_s,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={name: value for name, value in os.environ.items() if not name.startswith(("TY_", "MYPY", "PYRIGHT_", "PYTHON"))},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        # Others mean that it could not do its work.
        return done.stdout.decode("utf-8", "replace") if done.returncode in {0, 1} else None


def find_type_checker(root: Path | None) -> TypeChecker | None:
    """One that was installed with us, or that the system knows; none that lies in the workspace,
    whose code is not run.
    """
    for name in _OPTIONS:
        beside = shutil.which(name, path=str(Path(sys.executable).parent)) if name != "pyright" else None
        found = beside or _outside(name, root)
        if found is not None:
            return TypeChecker(name, found, root)
    return None


def _outside(name: str, root: Path | None) -> str | None:
    """The program in the folders of the system's path, but for those in the workspace."""
    folders = [Path(folder) for folder in os.get_exec_path() if Path(folder).is_absolute()]
    outer = [folder for folder in folders if root is None or not folder.resolve().is_relative_to(root.resolve())]
    found = shutil.which(name, path=os.pathsep.join(map(str, outer))) if outer else None
    return None if found is None or (root is not None and Path(found).resolve().is_relative_to(root.resolve())) else found


def _read(said: str, texts: Sequence[str]) -> list[Errors]:
    found: list[Errors] = [Counter() for _ in texts]
    lines = [text.replace("\r\n", "\n").replace("\r", "\n").split("\n") for text in texts]
    for match in filter(None, map(_ERROR.match, said.splitlines())):
        number, line = int(match[1]), int(match[2])
        code = _CODE.search(match[3]) if match[3].startswith("[") else None
        codes = _CODE.findall(match[3])
        kind = code[1] if code else codes[-1] if codes else ""
        if number < len(texts) and line <= len(lines[number]):
            found[number][kind, lines[number][line - 1].strip()] += 1
    return found


def is_worse(before: Errors, after: Errors) -> bool:
    """Whether there is a new error. One on a line that is written anew stands for the old one of
    its kind.
    """
    new, gone = Counter[str](), Counter[str]()
    for (kind, _), count in (after - before).items():
        new[kind] += count
    for (kind, _), count in (before - after).items():
        gone[kind] += count
    return bool(new - gone)
