"""Modernising and converting, on random selections of the code of installed libraries."""

from __future__ import annotations

import ast
import io
import random
import sysconfig
import tokenize
from pathlib import Path

import pytest

from seed_lsp.features.refactor.action import Selection
from seed_lsp.features.refactor.convert import actions as conversions
from seed_lsp.features.refactor.imports import import_block
from seed_lsp.features.refactor.modernise import action as modernise
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.syntax import parse_python
from tests.features.refactor.acting import offers, propose

LIBRARIES = (
    "jinja2",
    "rich",
    "pygments",
    "networkx",
    "fsspec",
    "jedi",
    "parso",
    "huggingface_hub",
    "setuptools",
    "pip",
    "sympy",
    "fontTools",
)
MODERN = (3, 11)
ACTIONS = [action.name for action in (*modernise.ACTIONS, *conversions.ACTIONS)]


def files() -> list[Path]:
    """Python files of the libraries, those with more than ASCII among them."""
    folder = Path(sysconfig.get_path("purelib"))
    places = [folder, *(Path(module.__file__).parents[1] for module in (pytest,))]
    found = [file for place in dict.fromkeys(places) for name in LIBRARIES for file in sorted((place / name).rglob("*.py"))]
    return [file for file in found if 500 < file.stat().st_size < 60_000]


def comments(text: str) -> list[str]:
    return [token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT]


def outside(tree: ast.Module, first: int, last: int) -> list[str]:
    """The statements at the top of a module that lie wholly outside of the lines, but imports."""
    bodies = [one for one in tree.body if not isinstance(one, ast.Import | ast.ImportFrom)]
    return [ast.dump(one) for one in bodies if (one.end_lineno or 0) < first or one.lineno > last]


def require_right(document: Document, selection: Selection, name: str, argument: str) -> None:
    proposal = propose(name, selection, argument)
    text, new = document.text, proposal.new_text(document)
    imports = import_block(document)
    for edit in proposal.edits:
        inside = any(span.start <= edit.start and edit.end <= span.end for span in (proposal.span, imports))
        assert inside, "an edit lies outside the region and the imports"
    assert comments(new) == comments(text), "a comment is lost"
    before, after = parse_python(text), parse_python(new)
    first, last = document.line_of(proposal.span.start) + 1, document.line_of(proposal.span.end) + 1
    grown = new.count("\n") - text.count("\n")
    head = proposal.new_text(document)[: proposal.span.start].count("\n") - text[: proposal.span.start].count("\n")
    assert outside(before, first, last) == outside(after, first + min(head, 0), last + grown), "code around has changed"


def run_selections(count: int, seed: int) -> int:
    """How many actions were run on `count` random selections, each right."""
    rng, everything, done = random.Random(seed), files(), 0
    assert everything, "no library was found"
    for _ in range(count):
        file = rng.choice(everything)
        text = file.read_text(encoding="utf-8")
        document = Document(file.as_uri(), text, 1, "python")
        lines = len(document.line_starts)
        first = rng.randrange(lines)
        last = min(lines - 1, first + rng.choice([3, 10, 30, 100, 300]))
        start, end = document.line_starts[first], document.line_range(last)[1]
        selection = Selection(document, CharOffset(start), CharOffset(end))
        for name in ACTIONS:
            for offer in offers(name, selection):
                require_right(document, selection, name, offer.argument)
                done += 1
    return done


@pytest.fixture(autouse=True)
def modern(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if each library was for a Python of today."""
    for module in ("modernise.checker", "convert.conversion"):
        monkeypatch.setattr(f"seed_lsp.features.refactor.{module}.target_version", lambda _path: MODERN)


def test_some_selections():
    """What is offered on real code parses, keeps its comments, and changes nothing around."""
    assert run_selections(8, 1) > 0


@pytest.mark.slow
def test_many_selections():
    """The same for many more."""
    assert run_selections(120, 2) > 20
