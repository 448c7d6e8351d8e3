"""The documents: what they link to and name exists, and the first pages stay short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("editors/*/README.md")])
PRESENT = [page for page in PAGES if page.stem not in {"LOG", "CHANGELOG"} and page.parent.name != "log"]
"""The pages that speak of the code as it is, and not as it was when they were written."""

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
FILE = re.compile(r"(?<![\w/.…-])((?:seed_lsp|engine|benchmarks|tests|editors|docs)/[\w./-]*\w)")
MODULE = re.compile(r"-m ((?:seed_lsp|engine|benchmarks|tests|editors)\.[\w.]*\w)")
NEXT_SENTENCE = re.compile(r"^(?!\||    ).*[a-z)`*]\. +[A-Z`]", re.MULTILINE)
"""A line, not of a table and not of code, in which a second sentence begins."""
MADE = re.compile(r".*\.(vsix|whl)|docs/figures\b.*")
"""Files that `make` writes, and that a checkout need not have."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def headings(page: Path) -> set[str]:
    """The names by which a page's headings are linked to, as GitHub makes them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_local_links_lead_somewhere(page: Path) -> None:
    """Whoever follows a link of the documents finds the file, and the heading in it."""
    lost = []
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (heading and heading not in headings(file)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("page", PRESENT, ids=name_of)
def test_files_and_modules_that_are_named_exist(page: Path) -> None:
    """A file that a page names can be opened, and a module that it runs can be run."""
    text = page.read_text(encoding="utf-8")
    named = [*FILE.findall(text), *(module.replace(".", "/") for module in MODULE.findall(text))]
    assert [
        name for name in named if not MADE.fullmatch(name) and not any((ROOT / f"{name}{ending}").exists() for ending in ("", ".py"))
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_line_is_a_sentence(page: Path) -> None:
    """A change of one sentence is a change of one line.

    So a reader of the history sees which sentences are new.
    """
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert [line.group()[-60:] for line in NEXT_SENTENCE.finditer(text)] == []


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md"])
def test_the_first_pages_are_short(name: str) -> None:
    """A newcomer reads the first two pages whole, so what grows goes to a page of its own."""
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 120
