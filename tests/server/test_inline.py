"""Inline completions and next edits over the protocol, with a scripted engine.

The tests show what the engine is asked, when, and what editors may report.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from seed_lsp.server.workspace import field
from tests.server.conftest import Editor
from tests.waiting import eventually

pytestmark = pytest.mark.process

CALLS = "def area(w, h):\n    return w * h\n\n\na = area(1, 2)\nb = area(3, 4)\nc = other(5)\n"


def usage_file() -> Path:
    return Path(os.environ["SEED_LSP_STATISTICS"])


async def counts(editor: Editor) -> dict[str, Any]:
    return await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.completionStatistics"))


async def reasons(editor: Editor) -> dict[str, int]:
    return (await counts(editor))["reasons"]


async def command(editor: Editor, name: str, *arguments: Any) -> None:
    await editor.client.workspace_execute_command_async(types.ExecuteCommandParams(name, list(arguments)))


async def next_edit(editor: Editor, version: int | None = None, diagnostics: Any = ()) -> list[Any]:
    params = {
        "textDocument": {"uri": editor.uri, "version": version or editor.buffer.version},
        "position": {"line": 0, "character": 0},
        "context": {"triggerKind": 2, "diagnostics": diagnostics},
    }
    answer = await editor.client.protocol.send_request_async("textDocument/copilotInlineEdit", params)
    return list(answer.edits)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("val‸ue = 1\n", "within_word"),
        ("x = ‸ + other\n", "within_line"),
        ("#say )‸\n", "unbalanced"),
        ('#say ",area(2) \nprint("area: ‸")\n', "closes_string"),
    ],
)
async def test_silence_has_a_reason(editor: Editor, text: str, reason: str):
    """Whenever nothing is shown while typing, the log and the counts tell why."""
    editor.open(text.replace("‸", ""))
    assert await editor.complete(text.index("‸"), automatic=True) == []
    assert await reasons(editor) == {reason: 1}
    assert f"inline completion: {reason}" in editor.logged()


async def test_asked_for_there_is_a_completion_within_a_line(editor: Editor):
    """A user who asks within a line gets a completion there."""
    editor.open("x =  + other\n")
    [item] = await editor.complete(4)
    assert item.insert_text == "scripted_value()"


async def test_a_newer_request_takes_the_place_of_an_older_one(editor: Editor):
    """An old request is answered at once, even if the client cancels nothing, like Neovim."""
    editor.open("x = 1  #slow\ny = ")
    first = asyncio.ensure_future(editor.complete(12, automatic=True))
    await asyncio.sleep(0.4)
    [item] = await asyncio.wait_for(editor.complete(automatic=True), 5)
    assert item.insert_text == "scripted_value()"
    assert await asyncio.wait_for(first, 5) == []
    found = await reasons(editor)
    assert found.get("superseded", 0) + found.get("cancelled", 0) == 1


async def test_of_many_asked_for_the_last_alone_is_run(editor: Editor):
    """Requests for texts that the next key changed do not run one after the other.

    Each would hold the engine for half a second.
    """
    editor.open("#wait \nvalue = ")
    started, tasks = time.monotonic(), []
    for _ in range(40):
        editor.type(len(editor.buffer.text), len(editor.buffer.text), "a")
        tasks.append(asyncio.ensure_future(editor.complete()))
        await asyncio.sleep(0.01)
    answers = await asyncio.gather(*tasks)
    assert [len(items) for items in answers] == [0] * 39 + [1]
    assert time.monotonic() - started < 10
    found = await reasons(editor)
    assert found.get("superseded", 0) + found.get("moved", 0) == 39


async def test_a_key_takes_the_place_of_what_was_asked_for(editor: Editor):
    """A user who asks and types on gets the new text's completion, without waiting for the old."""
    editor.open("#slow \nx = 1\n")
    asked = asyncio.ensure_future(editor.complete())
    await asyncio.sleep(0.4)
    editor.type(0, 6, "#say new_value()")
    [item] = await asyncio.wait_for(editor.complete(automatic=True), 5)
    assert item.insert_text == "new_value()"
    assert await asyncio.wait_for(asked, 5) == []


async def test_the_engine_is_stopped_where_the_statement_ends(editor: Editor):
    """The engine does not go on to write what would stand behind the end of the statement."""
    editor.open("x = 1  #twice")
    [item] = await asyncio.wait_for(editor.complete(automatic=True), 5)
    assert item.insert_text == "first()"


async def test_the_next_completion_is_prepared_and_then_answers(editor: Editor):
    """A user who accepts a suggestion gets the prepared next one, counted as shown."""
    editor.open("x = ")
    [item] = await editor.complete(automatic=True)
    await eventually(lambda: True)
    await asyncio.sleep(0.3)
    editor.type(4, 4, item.insert_text)
    [following] = await editor.complete(automatic=True)
    assert following.insert_text == "scripted_value()"
    assert (await reasons(editor))["shown"] == 2
    assert following.command.arguments != item.command.arguments


async def test_what_the_deadline_cut_off_goes_on(editor: Editor):
    """The editor is told when the longer text is there, and gets it there and further along.

    After the first part was accepted, the editor gets the part that follows.
    """
    editor.open("#cut\nx = ")
    [item] = await editor.complete(automatic=True)
    assert item.insert_text == "scripted_"
    editor.type(9, 9, "scr")
    [along] = await editor.complete(automatic=True)
    assert along.insert_text == "ipted_"
    await eventually(lambda: editor.client.seed_refreshed)
    assert editor.client.seed_refreshed == [(2, 1, 7)]
    for automatic in (True, False):
        [again] = await editor.complete(automatic=automatic)
        assert again.insert_text == "ipted_value()", "however the editor asks again"
    editor.type(12, 12, "ipted_")
    [behind] = await editor.complete(automatic=True)
    assert behind.insert_text == "value()"


async def test_nobody_is_told_of_a_suggestion_that_was_left(editor: Editor):
    """The editor is not told of a longer text at a place that the cursor has left."""
    editor.open("#cut\nx = ")
    assert await editor.complete(automatic=True) != []
    assert await editor.complete(2, automatic=True) == [], "within a word"
    await asyncio.sleep(1.5)
    assert editor.client.seed_refreshed == []


async def test_a_file_with_secrets_never_reaches_the_model(editor: Editor, tmp_path: Path):
    """A secret is kept back by its name, by .gitignore, and as context of another file."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("private/\n")
    for name in (".env", "server.pem", "private/a.py"):
        editor.uri = (tmp_path / name).as_uri()
        editor.open("x = ")
        assert await editor.complete() == []
    assert await reasons(editor) == {"excluded": 3}
    editor.uri = (tmp_path / "public.py").as_uri()
    editor.open("x = ")
    assert await editor.complete() != []


async def test_paused_while_typing(editor: Editor):
    """During a pause nothing comes while typing, but what the user asks for still comes."""
    editor.open("x = ")
    await command(editor, "seed.pause")
    assert await editor.complete(automatic=True) == []
    assert await editor.complete() != [], "asked for, it comes"
    await command(editor, "seed.resume")
    editor.type(4, 4, "z")
    assert await editor.complete(automatic=True) != []
    assert (await reasons(editor))["paused"] == 1


async def test_what_the_editor_reports_is_counted(editor: Editor):
    """Suggestions that were shown or accepted, also in part, are counted, and the counts saved."""
    usage_file().unlink(missing_ok=True)
    editor.open("x = ")
    [item] = await editor.complete()
    plain = {"command": {"title": "", "command": item.command.command, "arguments": list(item.command.arguments)}}
    editor.client.protocol.notify("textDocument/didShowCompletion", {"item": plain})
    editor.client.protocol.notify("textDocument/didPartiallyAcceptCompletion", {"item": plain, "acceptedLength": 8})
    await command(editor, item.command.command, *item.command.arguments)
    await command(editor, "seed.completionAccepted", 12345)
    report = await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.usage"))
    assert "offered 1, shown 1, accepted 2" in report
    found = json.loads(usage_file().read_text())
    assert (found["inline.offered"], found["inline.shown"], found["inline.accepted"]) == (1, 1, 2)
    assert found["inline.accepted_characters"] == 8 + len("scripted_value()")
    assert not any("scripted" in name for name in found), "counts alone, none of the text"


def statuses(editor: Editor) -> list[Any]:
    """A list that collects each status that the server tells from now on."""
    seen: list[Any] = []

    @editor.client.feature("didChangeStatus")
    def note(params: Any) -> None:
        seen.append(params)

    return seen


async def test_the_status_says_what_happens(editor: Editor):
    """The user sees whether the server is busy, and why nothing is shown."""
    seen = statuses(editor)
    editor.open("val = 1\n")
    await editor.complete(1, automatic=True)
    await eventually(lambda: any(state.reason == "within_word" for state in seen))
    await editor.complete(4)
    await eventually(lambda: any(state.busy for state in seen) and not seen[-1].busy)
    assert seen[-1].message == "ready"


async def test_paused_is_said_until_it_is_over(editor: Editor):
    """Requests that the user makes during the pause do not change the status."""
    seen = statuses(editor)
    editor.open("val = ")
    await command(editor, "seed.pause")
    await editor.complete()
    await eventually(lambda: seen and not seen[-1].busy)
    assert {state.message for state in seen} == {"paused"}
    await command(editor, "seed.resume")
    await eventually(lambda: seen[-1].message == "ready")


async def test_a_change_recurs_at_the_next_call(editor: Editor):
    """After one call gets another name, the other call is offered, and only for this version.

    A next edit that was dismissed is not offered again.
    """
    editor.open(CALLS)
    at = CALLS.index("area(1")
    editor.type(at, at + 4, "size")
    [edit] = await next_edit(editor)
    assert edit.text == "b = size(3, 4)\n"
    assert (edit.range.start.line, edit.range.end.line) == (5, 6)
    assert edit.textDocument.version == editor.buffer.version
    assert await next_edit(editor, version=1) == [], "for a version that is gone there is none"
    await command(editor, "seed.nextEditDismissed", *edit.command.arguments)
    remaining = await next_edit(editor)
    assert all(one.text != edit.text for one in remaining)


async def test_a_next_edit_waits_for_the_completion_that_the_user_waits_for(editor: Editor):
    """Editors ask for both after the same key, and the user waits for the completion."""
    editor.open(CALLS + "#wait \nq = ")
    at = CALLS.index("area(1")
    editor.type(at, at + 4, "size")
    typing = asyncio.ensure_future(editor.complete(automatic=True))
    await asyncio.sleep(0.2)
    [edit] = await next_edit(editor)
    [item] = await typing
    assert (item.insert_text, edit.text) == ("scripted_value()", "b = size(3, 4)\n")


async def test_looking_around_waits_for_the_completion_that_the_user_waits_for(editor: Editor):
    """A document that gets the focus does not delay an answer, also while the model is loaded."""
    editor.open("#wait \nq = ")
    typing = asyncio.ensure_future(editor.complete(automatic=True))
    await asyncio.sleep(0.2)
    editor.client.protocol.notify("textDocument/didFocus", {"textDocument": {"uri": editor.uri}})
    [item] = await typing
    assert item.insert_text == "scripted_value()"


FETCH = "def fetch(url):\n    return url\n\n\na = fetch('x')  #replace ')  =>', 10)  \n"


async def test_a_diagnostic_names_the_place(editor: Editor):
    """A function gets a parameter, and the editor's checker says which call misses it."""
    editor.open(FETCH)
    at = FETCH.index("url") + 3
    editor.type(at, at, ", timeout")
    assert await next_edit(editor) == []
    place = {"start": {"line": 4, "character": 4}, "end": {"line": 4, "character": 14}}
    missing = {"range": place, "severity": 1, "message": 'Argument missing for parameter "timeout"'}
    [edit] = await next_edit(editor, diagnostics=[missing, {"message": "without a range"}, "nonsense"])
    assert edit.text.startswith("a = fetch('x', 10)")
    assert await next_edit(editor, diagnostics=[{**missing, "severity": 3}]) == [], "a hint is no error"


async def test_nothing_changed_nothing_offered(editor: Editor):
    """No next edit is offered before the user has changed something."""
    editor.open(CALLS)
    assert await next_edit(editor) == []
    assert (await counts(editor))["next_edit"] == {"no_candidate": 1}


async def test_what_the_model_does_not_agree_with_is_not_offered(editor: Editor):
    """A next edit is only offered if the model makes the change as well."""
    text = CALLS + "# stubborn\n"
    editor.open(text.replace("c = other(5)\n", ""))
    at = editor.buffer.text.index("area(1")
    editor.type(at, at + 4, "size")
    await next_edit(editor)
    assert (await counts(editor))["next_edit"].keys() <= {"unchanged", "shown"}


async def test_context_of_a_workspace_reaches_the_model(editor: Editor, tmp_path: Path):
    """A definition in another file reaches the model once the document has the focus."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "shapes.py").write_text("def area(width: int, height: int) -> int:\n    return width * height\n")
    editor.client.set_configuration({"seed": {"model": str(tmp_path), "inline": {"related": True}}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
    editor.uri = (tmp_path / "use.py").as_uri()
    editor.open("from shapes import area\n\n#related\narea\nx = ")
    editor.client.protocol.notify("textDocument/didFocus", {"textDocument": {"uri": editor.uri}, "position": {"line": 4, "character": 0}})
    # A completion takes the engine from the reading of context, and the next completion waits for
    # that. A busy machine needs longer pauses.
    for pause_s in (2, 2, 3, 5, 8, 13):
        await asyncio.sleep(pause_s)
        # An answer without any context is too short to be shown.
        if any("width: int, height: int" in item.insert_text for item in await editor.complete()):
            return
    pytest.fail("no context came")


def test_a_field_that_is_missing_is_none():
    """Missing and malformed fields of a notification read as None."""
    assert field({"a": {"b": 1}}, "a", "b") == 1
    assert field({"a": None}, "a", "b") is None
    assert field([1], "a") is None
