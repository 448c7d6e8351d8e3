"""Lines that the editor's diagnostics name, where they speak of what was just changed.

Examples are a call that misses the new parameter, and a name that is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seed_lsp.features.next_edit.candidates import COMMON, MOST, NAME, Candidate, LineChange, called, pairs
from seed_lsp.session.history import Change
from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import Document
from seed_lsp.source.patch import changed_runs, words_of

_SCORE = 0.5


def with_reports(
    found: Sequence[Candidate], document: Document, changes: Sequence[Change], reports: Sequence[Diagnostic]
) -> list[Candidate]:
    """`found`, those with a report first; then the other reported lines, those first to which one
    of the changes applies; and again without a proposal.

    A report counts where it names what one of the document's changes names.
    """
    if not changes or changes[0].uri != document.uri:
        return list(found)
    newest = changes[0]
    own = range(newest.line, newest.line + max(1, len(newest.after)))
    rules = [
        (i, names_of(change), [LineChange.between(*pair) for pair in pairs(change)])
        for i, change in enumerate(changes)
        if change.uri == document.uri
    ]
    proposed = [candidate for candidate in found if candidate.proposal is not None]
    known = {candidate.line: candidate for candidate in proposed}
    first: list[Candidate] = []
    second: list[Candidate] = []
    last: list[Candidate] = []
    for report in reports:
        line = document.line_of(report.start)
        named = _names_in(report, document)
        blamed = [(i, lines) for i, names, lines in rules if names & named]
        if line in own or not blamed or any(candidate.line == line for candidate in last):
            continue
        last.append(Candidate(line, None, _SCORE, report.message, blamed[0][0]))
        if line in known:
            first.append(replace(known.pop(line), report=report.message))
            continue
        text = document.line_text(line)
        made = ((i, changed.apply(text)) for i, lines in blamed for changed in lines)
        second += [Candidate(line, whole, _SCORE, report.message, i) for i, whole in made if whole is not None][:1]
    for some in (second, last):
        some.sort(key=lambda c: (c.line < newest.line, abs(c.line - newest.line)))
    first.sort(key=lambda c: -c.score)
    rest = [candidate for candidate in proposed if candidate.line in known]
    return [*first, *second, *rest, *last][:MOST]


def names_of(change: Change) -> set[str]:
    """What a change brought or took away, and the function between whose brackets it stands."""
    names: set[str] = set()
    paired = list(pairs(change))
    for before, after in paired:
        old, new = words_of(before), words_of(after)
        for run in changed_runs(old, new):
            for words in (old[run.old_start : run.old_end], new[run.new_start : run.new_end]):
                names.update(NAME.findall("".join(words)))
            names.add(called("".join(new[: run.new_start])))
    whole = {line for pair in paired for line in pair}
    for line in (*change.before, *change.after):
        if line not in whole:
            names.update(NAME.findall(line))
    return {name for name in names if name not in COMMON and len(name) > 1}


def _names_in(report: Diagnostic, document: Document) -> set[str]:
    """The names between quotes in the message, and those in the reported characters.

    Where these are a bracket or nothing, the names of the line count in their place.
    """
    line = document.line_of(report.start)
    end = document.line_range(line)[1]
    here = NAME.findall(document.text[report.start : min(report.end, end)]) or NAME.findall(document.line_text(line))
    return {*here, *(name for text in report.quoted for name in NAME.findall(text))}
