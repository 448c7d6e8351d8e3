"""What an entry of the menu carries to the action behind it."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from seed_lsp.server.workspace import plain_range
from tests.server.conftest import Editor, plain

pytestmark = pytest.mark.process

SOURCE = 'value = "😀"; total = 1  #replace total=>count\nother = 2\n'
MESSAGE = 'Name "total" is wrong'


def report(editor: Editor, words: str, message: str = MESSAGE, **more: Any) -> types.Diagnostic:
    return types.Diagnostic(editor.selection(words), message, source="mypy", code="name-defined", **more)


async def fixes(editor: Editor, *reports: types.Diagnostic, at: str = "total") -> list[types.CodeAction]:
    return await editor.actions(editor.selection(at), [types.CodeActionKind.QuickFix], reports)


async def test_a_report_travels_to_the_action(editor: Editor):
    """A fix knows which report it is for, although the editor tells them only to the menu."""
    editor.open(SOURCE)
    [action] = await fixes(editor, report(editor, "total"))
    assert action.kind == types.CodeActionKind.QuickFix
    assert action.title == f"Seed: Fix: {MESSAGE} (name-defined)"
    assert [one.range for one in action.diagnostics] == [editor.selection("total")]
    resolved = await editor.client.code_action_resolve_async(action)
    assert editor.apply(resolved.edit) == ""
    assert editor.buffer.text.startswith('value = "😀"; count = 1')


async def test_the_same_as_a_command_and_as_a_preview(editor: Editor):
    """An editor that cannot resolve an entry, and one that previews it, give its data back."""
    editor.open(SOURCE)
    [action] = await fixes(editor, report(editor, "total"))
    data = plain(action.data)
    asked = {"textDocument": {"uri": data["uri"], "version": data["version"]}, **data}
    found = plain(await editor.client.protocol.send_request_async("seed/rewrite", asked))
    assert {edit["newText"] for edit in found["edits"]} == {"count"}
    assert found["newFile"] is None
    assert "mypy was not run again" in found["note"]
    await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.refactor", [data]))
    assert editor.buffer.text.startswith('value = "😀"; count = 1')


async def test_a_note_is_told_where_there_is_no_preview(editor: Editor):
    """What the user should know of a result is said, even if the editor applies it at once."""
    editor.open(SOURCE)
    [action] = await fixes(editor, report(editor, "total"))
    await editor.client.code_action_resolve_async(action)
    assert "Seed: mypy was not run again" in editor.shown()


async def test_reports_without_an_entry(editor: Editor):
    """Hints, and what the checker itself mends, have no entry; nor has what is on other lines."""
    editor.open(SOURCE)
    hint = report(editor, "total", severity=types.DiagnosticSeverity.Hint)
    mended = report(editor, "total", data={"edits": [{"newText": ""}]})
    assert await fixes(editor, hint, mended, report(editor, "other")) == []


@pytest.mark.parametrize("reports", ["rubbish", [3], [{"message": MESSAGE}], [{"range": {}, "message": 3}]])
async def test_malformed_reports_are_left_out(editor: Editor, reports: Any):
    """Data that a client has spoiled is refused in words."""
    editor.open(SOURCE)
    [action] = await fixes(editor, report(editor, "total"))
    action.data = {**plain(action.data), "diagnostics": reports, "argument": ""}
    with pytest.raises(JsonRpcException, match="there is no report"):
        await editor.client.code_action_resolve_async(action)


async def test_an_explanation(editor: Editor):
    """The selected code is explained in words, and stays as it is."""
    editor.open("def f(a):\n    return a  #answer It gives back what it gets.\n")
    argument = {"uri": editor.uri, "range": plain_range(editor.range(0, 0)), "version": editor.buffer.version}
    found = plain(await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.explain", [argument])))
    assert found == {"text": "It gives back what it gets."}
    assert editor.applied == []
    stale = {**argument, "version": 7}
    with pytest.raises(JsonRpcException, match="changed since"):
        await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.explain", [stale]))
