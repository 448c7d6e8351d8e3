"""Conversions are exact or refused in words; no model here."""

from __future__ import annotations

from pathlib import Path

import pytest

from seed_lsp.errors import SeedError
from tests.features.refactor.acting import done, offers, propose, select
from tests.features.refactor.convert.cases import CHAIN, DONE, F_STRING, MODERN, REFUSED, TO_COMPREHENSION, TO_MATCH, body


def project(folder: Path, text: str) -> Path:
    """A file in a project that requires what the case says."""
    version = "3.10" if text.startswith(MODERN) else "3.8"
    (folder / "pyproject.toml").write_text(f'[project]\nname = "p"\nrequires-python = ">={version}"\n')
    return folder / "sample.py"


@pytest.mark.parametrize(("action", "before", "after"), DONE)
def test_what_can_be_written_in_the_other_form(tmp_path: Path, action: str, before: str, after: str):
    """The menu offers the conversion, and the code becomes what one would write."""
    path = project(tmp_path, before)
    assert offers(action, select(before, path=path))
    assert done(action, before, path=path) == after


@pytest.mark.parametrize(("action", "before", "words"), REFUSED)
def test_what_would_behave_differently_is_refused_in_words(tmp_path: Path, action: str, before: str, words: str):
    """The menu does not offer it, and who asks for it all the same is told why not."""
    path = project(tmp_path, before)
    assert offers(action, select(before, path=path)) == []
    with pytest.raises(SeedError, match=words):
        done(action, before, path=path)


TWO = body("a = []", "for x in items:", "    a.append(x)", "b = []", "for y in other:", "    b.append(y)")


def test_each_of_several_loops_has_an_entry():
    """With several loops in the selection the user chooses which one."""
    selection = select(TWO)
    found = offers(TO_COMPREHENSION, selection)
    assert [offer.title.rpartition(" (")[2] for offer in found] == ["line 3)", "line 6)"]
    changed = propose(TO_COMPREHENSION, selection, found[1].argument).new_text(selection.document)
    assert changed == TWO.replace("    b = []\n    for y in other:\n        b.append(y)\n", "    b = [y for y in other]\n")
    with pytest.raises(SeedError, match="lines 3, 6"):
        propose(TO_COMPREHENSION, selection)


def test_a_cursor_at_the_loop_is_enough():
    """Nothing has to be selected; a cursor on another line has no entry."""
    at_loop, elsewhere = TWO.index("for y"), TWO.index("a = []")
    selection = select(TWO)
    found = [offers(TO_COMPREHENSION, type(selection)(selection.document, at, at)) for at in (at_loop, elsewhere)]
    assert [len(one) for one in found] == [1, 0]


def test_a_loop_whose_list_is_made_outside_the_selection_is_left():
    """Nothing outside the selection changes."""
    assert offers(TO_COMPREHENSION, select(TWO, "for y in other:\n        b.append(y)\n")) == []


def test_all_strings_of_a_selection_are_one_entry():
    """Several formats become f-strings at once, and the note says which did not, and why."""
    text = 'a = "%s" % (x,)\nb = "%s" % x\nc = "{}".format(x)\n'
    selection = select(text)
    [offer] = offers(F_STRING, selection)
    assert offer.title == "Convert 2 strings to f-strings"
    proposal = propose(F_STRING, selection, offer.argument)
    assert proposal.new_text(selection.document) == 'a = f"{x!s}"\nb = "%s" % x\nc = f"{x}"\n'
    assert "line 2" in proposal.note


def test_a_byte_order_mark_is_no_part_of_the_code():
    """A file that begins with one is read, and its first line changes in the right place."""
    assert done(F_STRING, '\ufeffä = "{}".format(x); b = "ä {}".format(x)\n') == '\ufeffä = f"{x}"; b = f"ä {x}"\n'


@pytest.mark.parametrize(("requires", "has_match"), [(">=3.10", True), (">3.11, <4", True), ("~=3.9", False), (">=3", False), ("", False)])
def test_match_is_for_projects_that_have_it(tmp_path: Path, requires: str, has_match: bool):
    """No statement is proposed that a Python of the project does not know."""
    (tmp_path / "pyproject.toml").write_text(f"[project]\nrequires-python = '{requires}'\n")
    inner = tmp_path / "src" / "p"
    inner.mkdir(parents=True)
    assert bool(offers(TO_MATCH, select(CHAIN, path=inner / "sample.py"))) == has_match


def test_a_file_with_match_has_it_already():
    """A file that has a match statement needs no project to say so."""
    assert offers(TO_MATCH, select(CHAIN + "match x:\n    case 1: pass\n", CHAIN))


@pytest.mark.parametrize("text", ["def f(:\n", "x = '\x00'\n", "\ufeffx = 1\n", "\ud800 = 1\n", "x = 1\n" * 60_000, "(" * 3000])
def test_code_that_cannot_be_read_has_no_entries(text: str):
    """A broken or huge file never breaks the menu."""
    assert [offers(action, select(text)) for action in {case[0] for case in DONE}] == [[], [], [], [], []]
