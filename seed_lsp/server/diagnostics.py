"""The editor's diagnostics, as the protocol has them and as actions have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsprotocol import types

from seed_lsp.server.workspace import field, offsets, plain_range, position_of, protocol_range
from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import Document, Encoding

MOST, MOST_IN_JSON = 50, 500
MOST_MESSAGE_CHARS = 1000
Severity = types.DiagnosticSeverity
# What the checkers put into `data` where they have a fix: ruff's server its edits.
_FIXES = ("edits", "fix", "fixes")


def read(
    document: Document, reports: Sequence[types.Diagnostic], encoding: Encoding, *, most: int = MOST, least: Severity = Severity.Information
) -> tuple[Diagnostic, ...]:
    """The first of them, as far as they are as severe as `least`; hints report nothing wrong."""
    return tuple(
        Diagnostic(
            *offsets(document, one.range, encoding),
            one.message[:MOST_MESSAGE_CHARS],
            one.source or "",
            "" if one.code is None else str(one.code),
            has_fix=any(field(one.data, name) for name in _FIXES),
        )
        for one in reports[:most]
        if one.severity is None or one.severity <= least
    )


def write(document: Document, report: Diagnostic, encoding: Encoding) -> types.Diagnostic:
    area = protocol_range(document, report.start, report.end, encoding)
    return types.Diagnostic(area, report.message, source=report.source or None, code=report.code or None)


def plain(report: types.Diagnostic) -> dict[str, Any]:
    """A diagnostic as JSON has it, to travel in the data of a code action."""
    return {"range": plain_range(report.range), "message": report.message, "source": report.source, "code": report.code}


def of_json(value: Any) -> list[types.Diagnostic]:
    """The diagnostics of a list as JSON has it; what is none is left out."""
    found = []
    for entry in value[:MOST_IN_JSON] if isinstance(value, list) else ():
        start, end = (position_of(field(entry, "range", side)) for side in ("start", "end"))
        message, source, code, severity = (field(entry, one) for one in ("message", "source", "code", "severity"))
        if not isinstance(message, str) or start is None or end is None:
            continue
        made = types.Diagnostic(types.Range(start, end), message)
        made.source = source if isinstance(source, str) else None
        made.code = code if isinstance(code, int | str) else None
        made.severity = Severity(severity) if severity in tuple(Severity) else None
        found.append(made)
    return found
