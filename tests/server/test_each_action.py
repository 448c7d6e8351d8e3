"""Each action once, from the menu to the document, as the editors' tests have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from seed_lsp.features.refactor import registry
from tests.editors.action_cases import CASES, OWN_CASES, PROJECT, Case
from tests.server.conftest import Editor


def test_each_action_has_a_case():
    """No action comes to a user without having been chosen in the real editors."""
    assert [case.action for case in CASES] == [action.name for action in registry.ACTIONS]
    assert {case.action for case in OWN_CASES} == {registry.OWN.name}


def test_editors_can_select_what_a_case_has():
    """A selection of several lines ends where a line does, since keys get there in each editor."""
    for case in (*CASES, *OWN_CASES):
        (first, _), (last, _) = case.places
        assert first == last or case.text[case.span[1]] == "\n", case.entry


def reports(editor: Editor, case: Case) -> list[types.Diagnostic]:
    if case.report is None:
        return []
    source, code, message = case.report
    return [types.Diagnostic(editor.range(*case.span), message, source=source, code=code)]


async def chosen(editor: Editor, case: Case, folder: Path) -> Any:
    """The edit of the entry that the case names, in a file of its own."""
    (folder / "pyproject.toml").write_text(PROJECT)
    editor.uri = (folder / case.action / case.file).as_uri()
    editor.open(case.text, language="typescript" if case.file.endswith(".ts") else "python")
    actions = await editor.actions(editor.range(*case.span), diagnostics=reports(editor, case))
    [action] = [one for one in actions if one.title == f"Seed: {case.entry}"]
    return (await editor.client.code_action_resolve_async(action)).edit


@pytest.mark.process
async def test_each_action_makes_of_the_file_what_its_case_says(editor: Editor, tmp_path: Path):
    """What is chosen in the menu is what comes, and nothing else changes."""
    # A new name has two seconds, in which no engine has to start.
    editor.open("")
    await editor.complete()
    for case in CASES:
        edit = await chosen(editor, case, tmp_path)
        if case.made is None:
            assert editor.apply(edit) == "", case.entry
            assert editor.buffer.text == case.wanted, case.entry
        else:
            made, written = edit.document_changes
            assert made.uri.endswith(f"/{case.made[0]}")
            # The end on the second line keeps Neovim from leaving an empty line behind the text.
            assert [(one.range.start.line, one.range.end.line, one.new_text) for one in written.edits] == [(0, 1, case.made[1])]


@pytest.mark.process
async def test_an_own_instruction_makes_of_the_file_what_its_case_says(editor: Editor):
    """The user's words do what they say, by what is computed and by the model."""
    for number, case in enumerate(OWN_CASES):
        editor.uri = f"file:///workspace/own{number}.py"
        editor.open(case.text)
        await editor.edit(case.text[slice(*case.span)], case.entry)
        assert editor.buffer.text == case.wanted, case.entry
