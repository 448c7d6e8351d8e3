"""Random actions on random selections of real files, with a model that answers with anything.

    python -m benchmarks.robustness.edits [--count N] [--seed S]

The files are those of Python's library, and this program's own in other languages. So many
proposals are applied. Each may change bytes of its region and of the imports alone, the region must
belong to what was selected, and a file that parsed must parse. Every action of the registry is
tried; one that refuses does so in words.
"""

from __future__ import annotations

import ast
import asyncio
import random
import re
import shutil
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.refactorings.judging import import_end
from benchmarks.refactorings.prepared import Places
from benchmarks.refactorings.tools import BenchTools
from benchmarks.robustness.campaign import Clock, Counts, Options, command, tell
from benchmarks.robustness.hostile import answer
from engine.api import Committed, Draft, EngineError, Finished, Request
from seed_lsp.errors import SeedError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Action, Offer, Proposal, Selection
from seed_lsp.features.refactor.imports import import_block
from seed_lsp.features.refactor.intents import understood
from seed_lsp.session.engine_client import Watch
from seed_lsp.session.jedi_thread import JediThread
from seed_lsp.session.settings import Settings
from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import read_document
from seed_lsp.source.syntax import Span, snap

CHECKOUT = Path(__file__).parents[2]
FILES = 60
LARGEST = 40_000
INSTRUCTIONS = ("Add a parameter.", "Rename x to y.", "Remove the comment.", "Use tabs.", "Do it.", "Delete everything.")
UNDERSTOOD = (
    "rename {name} to {other}",
    "rename the parameter {name} to {other} everywhere",
    "add a parameter {other}=1",
    "add a keyword-only parameter {other}: bool = False",
    "raise a ValueError if {name} is None",
    "log the result before returning",
    "print the result before it is returned",
    "log the arguments at the start",
    "wrap the body in try/except OSError and re-raise it as RuntimeError",
    "wrap this in try/except (KeyError, ValueError), log it and return None",
    "use f-strings",
    "use early returns",
    "use guard clauses",
    "add type hints",
    "annotate the parameters",
    "add a return type",
    "add a docstring",
    "add a one-line docstring",
    "shorten the docstring to one line",
)
"""Own instructions whose words are understood, with a name that the selection has, and another."""
_HEAD = re.compile(r"^[ \t]*(?:async )?def ", re.MULTILINE)
FUNCTION = 4
OWN_SHARE = 5
"""For how many actions the own instruction counts, of which there are many kinds."""


@dataclass
class HostileTools(BenchTools):
    """Tools whose model is a script that knows no shame."""

    rng: random.Random = random.Random(0)  # noqa: RUF009 - each campaign gives its own

    async def ask(self, request: Request, watch: Watch = lambda _event: None) -> Finished:
        finished = answer(request, self.rng)
        watch(Draft(request.id, "░░", 1))
        ended = watch(Committed(request.id, finished.text))
        return replace(finished, finish_reason="cancelled") if ended else finished


def files_into(folder: Path, rng: random.Random) -> list[Path]:
    """Copies of real files, the same ones for the same seed."""
    library = sorted(path for path in Path(sysconfig.get_paths()["stdlib"]).glob("*.py") if path.stat().st_size < LARGEST)
    ours = sorted((CHECKOUT / "editors/vscode/src").glob("*.ts")) + sorted((CHECKOUT / "engine/native").glob("*.cpp"))
    chosen = [*rng.sample(library, min(FILES, len(library))), *(path for path in ours if path.stat().st_size < LARGEST)]
    (folder / "pyproject.toml").touch()
    return [Path(shutil.copy(path, folder / path.name)) for path in chosen]


def _end_of_block(text: str, start: int) -> int:
    """Where the lines end that are indented deeper than the one that begins at a place."""
    head, *lines = text[start:].splitlines(keepends=True)
    margin, end = len(head) - len(head.lstrip()), start + len(head)
    at = end
    for line in lines:
        at += len(line)
        if line.strip() and len(line) - len(line.lstrip()) <= margin:
            break
        end = at if line.strip() else end
    return end


def selection_in(document: Document, path: Path, rng: random.Random) -> Selection:
    """Whole lines, some characters, a bare cursor, or a function from its first line on."""
    size = len(document.text)
    start = rng.randrange(size)
    kind = rng.randrange(5)
    heads = list(_HEAD.finditer(document.text)) if kind == FUNCTION else []
    if heads:
        start = rng.choice(heads).start()
    if kind == 0:
        end = start
    elif kind == 1:
        end = min(size, start + rng.randrange(200))
    elif heads:
        end = _end_of_block(document.text, start)
    else:
        first = document.line_of(CharOffset(start))
        last = min(first + rng.choice((0, 2, 10, 30)), len(document.line_starts) - 1)
        start, end = document.line_range(first)[0], document.line_range(last)[1]
    reports = (Diagnostic(CharOffset(start), CharOffset(end), "undefined name 'x'", "Ruff", "F821"),) if rng.random() < 0.3 else ()
    return Selection(document, CharOffset(start), CharOffset(end), reports, path)


def instruction_for(selection: Selection, rng: random.Random) -> str:
    """Words that only a model follows, or that are understood, with names of the selection."""
    names = sorted(set(re.findall(r"\b[^\W\d]\w*", selection.text))) or ["x"]
    words = rng.choice(INSTRUCTIONS) if rng.random() < 0.25 else rng.choice(UNDERSTOOD)
    return words.format(name=rng.choice(names), other=rng.choice(("renamed", "renamed", rng.choice(names))))


def fault(action: Action, selection: Selection, proposal: Proposal) -> str:
    """Which promise a proposal breaks, in words; empty if none."""
    text, span = selection.document.text, proposal.span
    imports = _imports(selection.document)
    at = 0
    for edit in proposal.edits:
        if not at <= edit.start <= edit.end <= len(text):
            return "the edits are not in order and apart"
        at = edit.end
        if not (span.start <= edit.start and edit.end <= span.end) and edit.end > imports:
            return "an edit lies outside of the region and the imports"
    allowed = region_of(action, selection)
    if proposal.edits and not (allowed.start <= span.start and span.end <= allowed.end):
        return "the region is more than what was selected"
    new = proposal.new_text(selection.document)
    if not (new.endswith(text[max(span.end, imports) :]) and text[imports : max(span.start, imports)] in new):
        return "bytes outside of the region and the imports changed"
    if selection.document.language == "python" and _parses(text) and not _parses(new):
        return "the file does not parse any more"
    if proposal.new_file is not None and proposal.new_file.path.exists():
        return "the new file is there already"
    return ""


def _imports(document: Document) -> int:
    if document.language == "python" and _parses(document.text):
        return import_end(document.text)
    return import_block(document).end


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def region_of(action: Action, selection: Selection) -> Span:
    """What an action on a selection may change: whole nodes, or the function that they are in.

    What is extracted may come to the level of the module, beside the statement that it was in.
    """
    document = selection.document
    spans = [snap(document, selection.start, selection.end), Span(selection.start, selection.end)]
    if document.language == "python" and _parses(document.text):
        spans.append(_around(document.text, selection, top=action.name.startswith(("extract", "inline"))))
    else:
        spans.append(Span(CharOffset(0), CharOffset(len(document.text))))
    return Span(min(span.start for span in spans), max(span.end for span in spans))


def _around(text: str, selection: Selection, *, top: bool) -> Span:
    """The lines of the innermost function or class around, or of the module's statements, and the
    empty lines beside them; for the level of the module, with the comments above.
    """
    tree, at = ast.parse(text), Places(text)
    words = selection.text.strip()
    # White space at the edges selects nothing, such as the indentation of what comes next.
    first = selection.start + selection.text.index(words) if words else selection.start
    last = first + len(words) if words else selection.end

    def touched_of(nodes: Iterable[ast.AST]) -> list[Span]:
        found = [_lines(node, at) for node in nodes]
        # What begins where the selection ends is not selected.
        return [span for span in found if span.start < max(last, first + 1) and first <= span.end]

    touched = touched_of(tree.body)
    if not top:
        inner = touched_of(one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef))
        touched = [max(inner, key=lambda span: span.start)] if inner else touched
    if not touched:
        return Span(selection.start, selection.end)
    start, end = min(span.start for span in touched), max(span.end for span in touched)
    above, below = text[:start].splitlines(keepends=True), text[end:]
    if top:
        # A new definition comes before the comments of the one that it was taken from.
        while above and (not above[-1].strip() or above[-1].startswith("#")):
            above.pop()
    return Span(CharOffset(len("".join(above).rstrip())), CharOffset(end + len(below) - len(below.lstrip())))


def _lines(node: ast.AST, at: Places) -> Span:
    decorators = getattr(node, "decorator_list", [])
    first = min([getattr(node, "lineno", 1), *(one.lineno for one in decorators)])
    return Span(CharOffset(at.line(first)), CharOffset(at.line(getattr(node, "end_lineno", 0) + 1)))


async def attempt(path: Path, tools: HostileTools, counts: Counter[str]) -> str:
    """Choose one entry of one action for one selection; what is wrong with what came, in words."""
    rng = tools.rng
    selection = selection_in(read_document(path), path, rng)
    action = rng.choice((*registry.ACTIONS, *[registry.OWN] * OWN_SHARE))
    try:
        offer = rng.choice(list(await action.offers(selection)) or [Offer("")])
        argument = instruction_for(selection, rng) if action is registry.OWN else offer.argument
        if offer.diagnostic is not None:
            selection = replace(selection, diagnostics=(offer.diagnostic,))
        proposal = await registry.run(action, selection, argument, tools)
        counts[f"{action.name} applied"] += 1
        if action is registry.OWN and await understood(selection, argument, tools) is not None:
            counts["understood"] += 1
        problem = fault(action, selection, proposal)
    except (SeedError, EngineError):
        counts[f"{action.name} refused"] += 1
        return ""
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
        problem = f"{type(error).__name__}: {error}"
    return problem and f"{action.name} on {path.name} {selection.start}:{selection.end}: {problem}"


async def _run(options: Options, folder: Path) -> Counts:
    rng, clock, counts = random.Random(options.seed), Clock(options), Counter[str]()
    paths = files_into(folder, rng)
    tools = HostileTools(Settings(), None, JediThread(), rng=rng)
    failures = applied = tried = 0
    while not clock.over(applied) and tried < 100 * options.count:
        tried += 1
        problem = await attempt(rng.choice(paths), tools, counts)
        if problem:
            failures += 1
            tell(f"attempt {tried} of seed {options.seed}: {problem}")
        applied = sum(count for name, count in counts.items() if name.endswith("applied"))
        clock.say(applied)
    return {"applied": applied, "tried": tried, **dict(sorted(counts.items())), "failures": failures}


def run(options: Options) -> Counts:
    with tempfile.TemporaryDirectory(prefix="seed-lsp-edits-") as name:
        return asyncio.run(_run(options, Path(name).resolve()))


if __name__ == "__main__":
    command("edits", __doc__, run, count=1000)
