"""Whether a report is gone from a text, as far as a checker can be run here."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from seed_lsp.errors import RejectedResultError
from seed_lsp.features.refactor.ruff_program import run_ruff
from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import Document

TIMEOUT_S = 10.0
_RUFF_CODE = re.compile(r"[A-Z]{1,4}\d{3,4}")
_ALWAYS = ("F", "E9")
"""Rules of which no new report may come: names that are not there, imports without use, syntax."""


@dataclass(frozen=True)
class Recheck:
    """What is reported of a document before it is changed.

    `rule` is ruff's, empty if the report is not ruff's or is not made here.
    """

    document: Document
    report: Diagnostic
    rule: str
    reports: Counter[str]

    @classmethod
    def of(cls, document: Document, report: Diagnostic) -> Recheck:
        rule = report.code if _RUFF_CODE.fullmatch(report.code) and document.language == "python" else ""
        reports = _ruff(document.text, document.language, rule)
        return cls(document, report, rule if reports[rule] else "", reports)

    def require_gone(self, text: str) -> str:
        """What the user should know of the check; `RejectedResultError` if it fails."""
        after = _ruff(text, self.document.language, self.rule)
        if new := after - self.reports:
            raise RejectedResultError(f"with the model's change ruff reports {min(new)}, which it did not before")
        if not self.rule:
            return f"{self.report.source or 'The checker'} was not run again."
        if after[self.rule] >= self.reports[self.rule]:
            raise RejectedResultError(f"with the model's change {self.rule} is still reported")
        return f"ruff no longer reports {self.rule} there."


def _ruff(text: str, language: str, rule: str) -> Counter[str]:
    """How often ruff reports each rule of a Python text."""
    if language != "python":
        return Counter()
    reports = run_ruff(text, (*_ALWAYS, rule) if rule else _ALWAYS, limit_s=TIMEOUT_S)
    return Counter(one["code"] or "a syntax error" for one in reports or ())
