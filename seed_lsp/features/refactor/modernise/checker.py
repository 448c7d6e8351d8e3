"""Asking ruff which of its rules have something to say about a document."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seed_lsp.features.refactor.action import MENU_CHARS
from seed_lsp.features.refactor.modernise.rules import FAMILIES
from seed_lsp.features.refactor.ruff_program import run_ruff
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit
from seed_lsp.source.target_version import Version, target_version

TIME_LIMIT_S = 2.0
OLDEST: Version = (3, 7)
NEWEST: Version = (3, 14)
"""The versions that every ruff knows which we run with. Where a project says nothing, only what the
oldest Python has is proposed."""
_KEPT = 8


@dataclass(frozen=True)
class Fix:
    """What a rule proposes for characters `start` to `end`, as edits that go together."""

    code: str
    start: CharOffset
    end: CharOffset
    edits: tuple[Edit, ...]


class Checker:
    """Ruff's safe fixes of the documents looked at last, so that menu and action share one run."""

    def __init__(self, families: Sequence[str] = FAMILIES) -> None:
        self._families = families
        self._known: OrderedDict[tuple[str, str, Version], tuple[Fix, ...]] = OrderedDict()

    async def fixes(self, document: Document, path: Path | None) -> tuple[Fix, ...]:
        """In the order of their places; none where ruff is not there, fails, or takes too long."""
        if document.language != "python" or len(document.text) > MENU_CHARS:
            return ()
        return await asyncio.to_thread(self._fixes, document, path)

    def _fixes(self, document: Document, path: Path | None) -> tuple[Fix, ...]:
        version = target_version(path) or OLDEST
        name = "stub.pyi" if path is not None and path.suffix == ".pyi" else "module.py"
        major, minor = target = max(OLDEST, min(version, NEWEST))
        key = (document.text, name, target)
        if key not in self._known:
            found = run_ruff(document.text, self._families, "--target-version", f"py{major}{minor}", name=name, limit_s=TIME_LIMIT_S)
            if found is None:
                return ()
            self._known[key] = tuple(fix for report in found if (fix := _fix(document, report)) is not None)
        self._known.move_to_end(key)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return self._known[key]


def _fix(document: Document, report: dict[str, Any]) -> Fix | None:
    """A report's fix; None if it has none that is safe."""
    code, fix = report.get("code"), report.get("fix")
    if not code or not fix or fix.get("applicability") != "safe":
        return None
    edits = sorted(
        (Edit(_offset(document, one["location"]), _offset(document, one["end_location"]), one["content"]) for one in fix["edits"]),
        key=lambda edit: (edit.start, edit.end),
    )
    return Fix(code, _offset(document, report["location"]), _offset(document, report["end_location"]), tuple(edits))


def _offset(document: Document, place: dict[str, int]) -> CharOffset:
    """Ruff counts lines and characters from 1."""
    line = place["row"] - 1
    if line >= len(document.line_starts):
        return CharOffset(len(document.text))
    return CharOffset(min(document.line_starts[line] + place["column"] - 1, len(document.text)))
