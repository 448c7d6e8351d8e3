"""Changing files on disk: all of them or none, and none that changed meanwhile."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seed_lsp.errors import StaleDocumentError, UnknownDocumentError
from seed_lsp.source.encodings import encoded


@dataclass(frozen=True)
class Replacement:
    """A file's text as it was read, and as it is to be, in the file's encoding."""

    old: str
    new: str
    encoding: str = "utf-8"


def write_files(replacements: Mapping[Path, Replacement]) -> None:
    """Replace each file in one step, with its permissions. `StaleDocumentError` if one changed since it was read, `UnknownDocumentError` if one cannot be
    written; then all are as they were.
    """
    targets = {path.resolve(): replacement for path, replacement in replacements.items()}
    prepared: dict[Path, Path] = {}
    done: list[Path] = []
    try:
        for target, replacement in targets.items():
            _require_unchanged(target, replacement)
            prepared[target] = _prepare(target, encoded(replacement.new, replacement.encoding, target.name))
        for target, scratch in prepared.items():
            _require_unchanged(target, targets[target])
            scratch.replace(target)
            done.append(target)
    except BaseException as error:
        for target in done:
            _prepare(target, targets[target].old.encode(targets[target].encoding)).replace(target)
        for scratch in prepared.values():
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UnknownDocumentError(f"cannot write {error.filename}: {error.strerror}; nothing was changed") from error
        raise


def is_read_only(path: Path) -> bool:
    """Whether a file is there and its owner, or the system, wants it to stay as it is."""
    return path.exists() and (not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(path, os.W_OK))


def _require_unchanged(target: Path, replacement: Replacement) -> None:
    if target.read_bytes() != replacement.old.encode(replacement.encoding):
        raise StaleDocumentError(f"{target.name} changed while the work was done; nothing was written")
    if is_read_only(target):
        raise UnknownDocumentError(f"{target.name} is read-only; nothing was written")


def _prepare(target: Path, content: bytes) -> Path:
    """The content in a file beside the target, ready to take its place."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    scratch = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(target.stat().st_mode & 0o7777)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return scratch
