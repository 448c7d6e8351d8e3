"""The protocol, against a real server process, as VS Code (utf-16) and as Neovim (utf-8)."""

from __future__ import annotations

import asyncio
import time

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from seed_lsp.server.workspace import offsets
from seed_lsp.source.patch import Edit, apply_edits
from tests.server.conftest import Editor
from tests.waiting import eventually

pytestmark = pytest.mark.process

SOURCE = "def f(a):\n    total = a + 1\n    return total\n\n\ndef g():\n    return 0\n"
STALE, CANCELLED, FAILED = -32801, -32800, -32803


async def test_capabilities(editor: Editor):
    """Editors only ask for what is advertised."""
    result = editor.client.seed_result.capabilities
    assert result.inline_completion_provider
    assert result.code_action_provider.resolve_provider
    assert result.completion_provider is None, "the ordinary list is offered only where a setting asks for it"
    commands = {"seed.editSelection", "seed.refactor", "seed.explain", "seed.completionStatistics"}
    commands |= {"seed.renameAndUpdateCallSites", "seed.changeSignature", "seed.suggestNames"}
    commands |= {"seed.completionAccepted", "seed.nextEditAccepted", "seed.nextEditDismissed", "seed.pause", "seed.resume", "seed.usage"}
    commands |= {"seed.signatureOf", "seed.models", "seed.fetchModel"}
    assert set(result.execute_command_provider.commands) == commands
    assert result.rename_provider.prepare_provider
    assert result.position_encoding == editor.encoding


async def test_inline_completion(editor: Editor):
    """A completion is inserted at the cursor and nowhere else."""
    editor.open("x = ")
    [item] = await editor.complete()
    assert item.insert_text == "scripted_value()"
    assert item.range == editor.range(4, 4)
    assert "inline completion: shown" in editor.logged()


async def test_typing_along_a_suggestion_asks_the_engine_nothing(editor: Editor):
    """What is left of a typed suggestion is answered at once; another letter asks the engine."""
    editor.open("x = \ny = 2\n")
    [item] = await editor.complete(4, automatic=True)
    for i, letter in enumerate("scripted_"):
        editor.type(4 + i, 4 + i, letter)
        [item] = await editor.complete(5 + i, automatic=True)
        assert item.insert_text == "scripted_value()"[i + 1 :]
        assert item.range == editor.range(5 + i, 5 + i)
    counts = await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.completionStatistics"))
    assert counts["reasons"] == {"shown": 1, "typed_along": 9}
    assert counts["prompt_tokens"] == 11
    editor.type(13, 13, "x")
    [item] = await editor.complete(14, automatic=True)
    assert item.insert_text == "scripted_value()"
    assert editor.logged().count("typed_along") == 9


async def test_a_suggestion_is_not_taken_up_where_the_text_around_it_changed(editor: Editor):
    """A suggestion is not reused in another document, or if the text behind it changed."""
    editor.open("x = \ny = 2\n")
    await editor.complete(4, automatic=True)
    editor.type(9, 10, "3")
    editor.type(4, 4, "s")
    [item] = await editor.complete(5, automatic=True)
    assert item.insert_text == "scripted_value()"


@pytest.mark.parametrize("text", ["s = '😀é' + ", "a = 1\x0c\n\u2028b = ", "a = 1\r\nb = ", "", "\ufeff"])
async def test_positions_in_awkward_text(editor: Editor, text: str):
    """The range of the answer is the position asked for, in any text.

    The texts have emoji, form feeds, U+2028, CRLF, a byte order mark, or nothing.
    """
    editor.open(text)
    [item] = await editor.complete()
    assert item.range == editor.range(len(text), len(text))


async def test_incremental_changes_keep_step(editor: Editor):
    """After edits around form feeds and emoji, the server's text is the editor's.

    So a rewrite touches the right characters.
    """
    editor.open("a = '😀'\x0c\nb = 2\r\nc = 3\n")
    editor.type(4, 6, "'é😀\x0c")
    editor.type(0, 0, "# 😀\n")
    await editor.edit("c = 3", "replace c => see")
    assert editor.buffer.text == "# 😀\na = 'é😀\x0c'\x0c\nb = 2\r\nsee = 3\n"


async def test_the_selected_list_entry_counts_as_typed(editor: Editor):
    """With the suggestion list open, the item extends the chosen entry over the same range.

    Clients hide any other item.
    """
    editor.open("x = scr")
    chosen = types.SelectedCompletionInfo(range=editor.range(4, 7), text="scripted_")
    [item] = await editor.complete(chosen=chosen)
    assert item.insert_text.startswith("scripted_")
    assert item.range == chosen.range


async def test_what_the_selected_entry_replaces_is_no_suffix(editor: Editor):
    """The model must not be told that the half-typed word stands behind the finished one."""
    editor.open("#suffix scr\nend\n")
    chosen = types.SelectedCompletionInfo(range=editor.range(8, 11), text="scripted_")
    [item] = await editor.complete(11, chosen=chosen)
    assert item.insert_text == "scripted_" + repr("\nend\n")


async def test_code_actions_are_listed_without_the_engine(editor: Editor):
    """The menu of actions opens at once, and has only what the editor asked for."""
    editor.open(SOURCE)
    actions = await editor.actions(editor.selection("total = a"))
    assert [action.title for action in actions] == [
        "Seed: Simplify with the model",
        "Seed: Add type hints",
        "Seed: Add a docstring",
    ]
    assert all(action.kind == types.CodeActionKind.RefactorRewrite and action.edit is None for action in actions)
    place = SOURCE.index("+ 1")
    assert await editor.actions(editor.range(place, place)) == [], "nothing is selected, and no name is there"
    assert await editor.actions(editor.selection("total"), [types.CodeActionKind.QuickFix]) == []
    assert len(await editor.actions(editor.selection("total = a"), [types.CodeActionKind.Refactor])) == 3


async def test_resolving_an_action_gives_a_versioned_edit(editor: Editor):
    """The edit for a region in the middle of the file is minimal and names the version."""
    editor.open(SOURCE)
    [action, *_] = await editor.actions(editor.selection("def g"))
    with pytest.raises(JsonRpcException, match="no change"):
        await editor.client.code_action_resolve_async(action)
    await editor.edit("total = a", "replace total => result")
    assert editor.buffer.text == SOURCE.replace("total = a", "result = a")
    [change] = editor.applied[-1].document_changes
    assert [edit.new_text for edit in change.edits] == ["result"]
    assert change.text_document.version == 1


async def test_type_hints_from_the_menu_to_the_edit(editor: Editor):
    """At a header the menu has type hints, and choosing them inserts types and what they import."""
    editor.open("import os\n\n\n#say Iterable[Any]\ndef größe(a, b=None):\n    return iter(a)\n")
    [action, *_] = await editor.actions(editor.range(editor.buffer.text.index("(a"), editor.buffer.text.index("(a")), ["refactor.rewrite"])
    assert action.title == "Seed: Add type hints"
    resolved = await editor.client.code_action_resolve_async(action)
    [change] = resolved.edit.document_changes
    assert change.text_document.version == 1
    edits = [Edit(*offsets(editor.buffer, edit.range, editor.encoding), edit.new_text) for edit in change.edits]
    assert apply_edits(editor.buffer.text, edits) == (
        "import os\nfrom collections.abc import Iterable\nfrom typing import Any\n\n\n#say Iterable[Any]\n"
        "def größe(a: Iterable[Any], b: Iterable[Any] | None = None) -> Iterable[Any]:\n    return iter(a)\n"
    )


async def test_a_stale_version_is_refused(editor: Editor):
    """An action that was offered for an older text is not applied, and the answer says why."""
    editor.open(SOURCE)
    [action, *_] = await editor.actions(editor.selection("def g"))
    editor.type(0, 0, "# typed\n")
    with pytest.raises(JsonRpcException, match="changed since") as caught:
        await editor.client.code_action_resolve_async(action)
    assert caught.value.code == STALE
    with pytest.raises(JsonRpcException, match="changed since"):
        await editor.edit("def g", "replace g => h", version=1)
    assert editor.buffer.text == "# typed\n" + SOURCE


async def test_typing_while_the_engine_works_drops_the_edit(editor: Editor):
    """What the user typed meanwhile is never overwritten."""
    editor.open(SOURCE)
    work = asyncio.ensure_future(editor.edit("def g", "wait g => h"))
    await asyncio.sleep(0.2)
    editor.type(0, 0, "# typed\n")
    with pytest.raises(JsonRpcException, match="nothing was applied") as caught:
        await work
    assert caught.value.code == STALE
    assert editor.buffer.text == "# typed\n" + SOURCE


async def test_typing_while_a_completion_is_made_drops_it(editor: Editor):
    """A completion for an older text is never shown."""
    editor.open("x = 1 #wait")
    work = asyncio.ensure_future(editor.complete())
    await asyncio.sleep(0.2)
    editor.type(0, 0, "y")
    assert await work == []
    assert "inline completion: moved" in editor.logged()


async def test_a_cancelled_request_ends_at_once_and_frees_the_engine(editor: Editor):
    """$/cancelRequest stops the model, so that the next request is not kept waiting for 20 s."""
    editor.open(SOURCE)
    await editor.edit("def g", "replace g => h")
    params = types.ExecuteCommandParams("seed.editSelection", [_argument(editor, "return 0", "slow")])
    editor.client.protocol.send_request("workspace/executeCommand", params, msg_id="to-cancel")
    pending = editor.client.protocol._request_futures["to-cancel"]
    await asyncio.sleep(0.3)
    started = time.monotonic()
    editor.client.cancel_request(types.CancelParams("to-cancel"))
    with pytest.raises(JsonRpcException) as caught:
        await asyncio.wait_for(asyncio.wrap_future(pending), 5)
    assert caught.value.code == CANCELLED
    await editor.edit("return 0", "replace 0 => 9")
    assert time.monotonic() - started < 5
    assert "return 9" in editor.buffer.text


def _argument(editor: Editor, selected: str, instruction: str) -> dict:
    area = editor.selection(selected)
    ends = {side: {"line": place.line, "character": place.character} for side, place in (("start", area.start), ("end", area.end))}
    return {"uri": editor.uri, "range": ends, "instruction": instruction}


async def test_progress_is_shown_and_its_cancel_button_works(editor: Editor):
    """The user stops a rewrite from the editor's progress message."""
    editor.open(SOURCE)
    work = asyncio.ensure_future(editor.edit("def g", "slow"))
    await eventually(lambda: editor.client.progress_reports)
    [token] = editor.client.progress_reports
    await asyncio.sleep(0.2)
    editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    with pytest.raises(JsonRpcException) as caught:
        await asyncio.wait_for(work, 5)
    assert caught.value.code == CANCELLED
    await eventually(lambda: any(report.kind == "end" for report in editor.client.progress_reports[token]))


async def test_typing_on_cancels_the_automatic_request_before(editor: Editor):
    """A client that never cancels is served the newest request, not a queue of old ones."""
    editor.open("x = 1 #slow")
    first = asyncio.ensure_future(editor.complete(automatic=True))
    await asyncio.sleep(0.5)
    started = time.monotonic()
    editor.type(11, 11, " ")
    second = asyncio.ensure_future(editor.complete(automatic=True))
    await asyncio.sleep(0.1)
    editor.type(12, 12, "# ")
    third = await editor.complete(automatic=True)
    assert time.monotonic() - started < 5
    assert await first == []
    assert await second == []
    assert len(third) == 1


async def test_the_users_edit_goes_before_an_automatic_completion(editor: Editor):
    """A rewrite that the user waits for is not delayed by a completion."""
    editor.open(SOURCE + "#slow")
    completion = asyncio.ensure_future(editor.complete(automatic=True))
    await asyncio.sleep(0.5)
    started = time.monotonic()
    await editor.edit("def g", "replace g => h")
    assert time.monotonic() - started < 5
    assert await completion == []


@pytest.mark.parametrize(
    ("instruction", "message"),
    [("broken", "does not parse"), ("half", "longer than"), ("missing", "seed-lsp model fetch scripted"), ("", "instruction is empty")],
)
async def test_refusals_have_their_reason(editor: Editor, instruction: str, message: str):
    """Every refusal reaches the user in words, and the document stays as it is."""
    editor.open(SOURCE)
    with pytest.raises(JsonRpcException, match=message) as caught:
        await editor.edit("def g", instruction)
    assert caught.value.code == FAILED
    assert message in editor.shown()
    assert editor.buffer.text == SOURCE


async def test_a_bug_in_the_engine_shows_no_code(editor: Editor):
    """An unexpected failure is reported as one, without a trace or the user's text."""
    editor.open(SOURCE)
    with pytest.raises(JsonRpcException, match="KeyError; its log") as caught:
        await editor.edit("def g", "bug")
    assert "secret" not in str(caught.value)
    assert caught.value.data is None
    await editor.edit("def g", "replace g => h")


async def test_a_killed_engine_comes_back(editor: Editor):
    """If the engine dies during a request, it fails with the reason, and the next one works."""
    editor.open(SOURCE)
    with pytest.raises(JsonRpcException, match="killed by signal 9"):
        await editor.edit("def g", "die")
    assert editor.buffer.text == SOURCE
    assert len(await editor.actions(editor.selection("return 0"))) == 4, "the server itself answers meanwhile"
    await editor.edit("def g", "replace g => h")
    assert "def h" in editor.buffer.text


async def test_a_file_that_does_not_parse_can_be_edited(editor: Editor):
    """A syntax error elsewhere does not keep the user from a rewrite."""
    editor.open("def broken(:\n    pass\n\n\nvalue = 1\n")
    await editor.edit("value = 1", "replace value => worth")
    assert editor.buffer.text.endswith("worth = 1\n")


async def test_an_empty_file(editor: Editor):
    """The user is told that there is nothing to rewrite, and a completion can still be made."""
    editor.open("")
    with pytest.raises(JsonRpcException, match="holds no code"):
        await editor.edit("", "anything")
    assert len(await editor.complete()) == 1


async def test_crlf_stays(editor: Editor):
    """The file keeps each of its line breaks, although the model writes line feeds."""
    editor.open(SOURCE.replace("\n", "\r\n"))
    await editor.edit("def f", "replace total = a => first = 0\n    total = a")
    assert editor.buffer.text == SOURCE.replace("total = a", "first = 0\n    total = a").replace("\n", "\r\n")


async def test_what_nobody_asked_for_does_not_reach_the_document(editor: Editor):
    """The file's head is not repeated, and white space in a string stays as it is."""
    text = 'import os\n\n\ndef f(a):\n    return """one\n    \n  two""" + a\n'
    editor.open(text)
    new = 'import os\n\n\ndef f(a, b):\n    return """one\n\n  two'
    await editor.edit("def f", f'replace def f(a):\n    return """one\n    \n  two => {new}')
    assert editor.buffer.text == text.replace("(a)", "(a, b)")


async def test_twenty_thousand_lines(editor: Editor):
    """A huge file is served like any other, within seconds."""
    text = "".join(f"def f{i}(a):\n    return a + {i}\n\n\n" for i in range(5000))
    editor.open(text)
    started = time.monotonic()
    await editor.edit("return a + 4321", "replace a + => b +")
    assert "return b + 4321\n" in editor.buffer.text
    place = editor.buffer.text.index("def f2000")
    assert len(await editor.complete(place)) <= 1
    assert time.monotonic() - started < 10


async def test_documents_that_are_not_open_are_not_touched(editor: Editor):
    """A rewrite never changes a file that the editor does not show."""
    editor.open(SOURCE)
    with pytest.raises(JsonRpcException, match=r"other\.py is not open"):
        await editor.edit("def g", "replace g => h", uri="file:///workspace/other.py")


async def test_settings_are_read_and_bad_ones_reported(editor: Editor):
    """A changed setting counts from the next request on; for a bad value the default is used.

    The user is told of the bad value.
    """
    editor.open("x = ")
    assert len(await editor.complete()) == 1
    editor.client.set_configuration({"seed": {"inline": {"enabled": False}, "mode": "magic"}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
    assert await editor.complete() == []
    assert "inline completion: disabled" in editor.logged()
    assert "seed.mode: 'magic' is not one of" in editor.shown()


async def test_the_completion_list_is_registered_once_it_is_switched_on(editor: Editor):
    """Editors without inline completion get the text in the ordinary list, if the user wants it.

    Neovim does not register a list while it runs, and the server tells the user so.
    """
    editor.open("x = ")
    editor.client.set_configuration({"seed": {"completion": {"enabled": True}}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
    if editor.encoding == "utf-8":
        await eventually(lambda: "set seed.completion.enabled in the initialization options" in editor.shown())
        assert types.TEXT_DOCUMENT_COMPLETION not in editor.client.seed_registered
        return
    await eventually(lambda: types.TEXT_DOCUMENT_COMPLETION in editor.client.seed_registered)
    place = types.CompletionParams(types.TextDocumentIdentifier(editor.uri), types.Position(0, 4))
    answer = await editor.client.text_document_completion_async(place)
    [item] = answer.items
    assert (item.text_edit.new_text, item.text_edit.range) == ("scripted_value()", editor.range(4, 4))
    editor.client.set_configuration({"seed": {"completion": {"enabled": False}}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
    assert not (await editor.client.text_document_completion_async(place)).items


async def test_a_model_that_is_not_here_disables_the_actions(editor: Editor):
    """The menu says what is missing and which command brings it, before the engine is asked."""
    editor.client.set_configuration({"seed": {"model": "nonsense"}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
    editor.open(SOURCE)
    await editor.complete()
    [action, *_] = await editor.actions(editor.selection("def g"))
    assert "unknown model 'nonsense'" in action.disabled.reason


async def test_foreign_action_data_is_refused(editor: Editor):
    """An action that is not ours is refused in words."""
    editor.open(SOURCE)
    action = types.CodeAction("x", data={"uri": editor.uri, "range": "rubbish"})
    with pytest.raises(JsonRpcException, match="no data of ours"):
        await editor.client.code_action_resolve_async(action)
