"""Renaming over the protocol, in open and closed files, as VS Code and as Neovim ask for it."""

from __future__ import annotations

import ast
import asyncio
import time
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from seed_lsp.source.document import ClientPosition, Document
from seed_lsp.source.patch import Edit, apply_edits
from tests.server.conftest import Editor, plain

pytestmark = pytest.mark.process

SOURCE = "def count(items):\n    return len(items)\n\n\nprint('🙂', count([]))\n"
USE = "from m import count\n\nprint('🙂', count([]))  # count\n"
FAILED, STALE = -32803, -32801


@pytest.fixture
def project(editor: Editor, tmp_path: Path) -> Path:
    """Two files; the first is open, and its text there is not what is on disk."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "m.py").write_text("# old\n")
    (tmp_path / "use.py").write_text(USE, encoding="utf-8")
    editor.uri = (tmp_path / "m.py").as_uri()
    editor.open(SOURCE)
    return tmp_path


def at(editor: Editor, word: str) -> dict:
    position = editor.range(place := editor.buffer.text.index(word), place).start
    return {"text_document": types.TextDocumentIdentifier(editor.uri), "position": position}


def applied(edit: types.WorkspaceEdit, texts: dict[str, str], encoding: str, *, tiers: set[str] | None = None) -> dict[str, str]:
    """The texts with the edits applied; with `tiers`, only the edits of these tiers."""
    result = dict(texts)
    for change in edit.document_changes or []:
        document = Document("", texts[change.text_document.uri])
        edits = []
        for entry in change.edits:
            if tiers is None or getattr(entry, "annotation_id", None) in tiers:
                ends = [document.offset_at(ClientPosition(p.line, p.character), encoding) for p in (entry.range.start, entry.range.end)]
                edits.append(Edit(*ends, entry.new_text))
        result[change.text_document.uri] = apply_edits(document.text, edits)
    return result


async def test_rename_reaches_open_and_closed_files(editor: Editor, project: Path):
    """The text of an open file counts, and not what is on disk.

    Edits name the versions, and those that need a look are marked.
    """
    edit = await editor.client.text_document_rename_async(types.RenameParams(**at(editor, "count"), new_name="total"))
    use = (project / "use.py").as_uri()
    texts = {editor.uri: SOURCE, use: USE}
    versions = {change.text_document.uri: change.text_document.version for change in edit.document_changes}
    assert versions == {editor.uri: 1, use: None}
    new = applied(edit, texts, editor.encoding, tiers={"exact"} if edit.change_annotations else None)
    assert new == {editor.uri: SOURCE.replace("count", "total"), use: USE.replace("count", "total", 2)}
    if edit.change_annotations:
        assert {tier: mark.needs_confirmation for tier, mark in edit.change_annotations.items()} == {"exact": False, "mention": True}


async def test_annotations_where_the_client_shows_them(editor: Editor, project: Path):
    """VS Code shows what a change is; Neovim does not, and only gets the certain changes."""
    edit = await editor.client.text_document_rename_async(types.RenameParams(**at(editor, "count"), new_name="total"))
    assert bool(edit.change_annotations) is (editor.encoding == "utf-16")


async def test_prepare_gives_the_name_and_its_place(editor: Editor, project: Path):
    """The editor's field shows the whole name, wherever in it the cursor stands."""
    answer = await editor.client.text_document_prepare_rename_async(types.PrepareRenameParams(**at(editor, "ount([]")))
    assert answer.placeholder == "count"
    start = SOURCE.index("count([]")
    assert answer.range == editor.range(start, start + 5)


@pytest.mark.parametrize(("word", "new", "reason"), [("len", "size", "outside the workspace"), ("count", "def", "keyword")])
async def test_refusals_have_their_reason(editor: Editor, project: Path, word: str, new: str, reason: str):
    """A refused rename tells its reason in the error, and only there."""
    with pytest.raises(JsonRpcException, match=reason) as caught:
        await editor.client.text_document_rename_async(types.RenameParams(**at(editor, word), new_name=new))
    assert caught.value.code == FAILED
    assert editor.client.messages == [], "the editor shows the error itself"


async def test_a_read_only_file_stops_the_whole(editor: Editor, project: Path):
    """Half a rename would be worse than none, whether the file is open or not."""
    (project / "m.py").chmod(0o444)
    with pytest.raises(JsonRpcException, match=r"m\.py is read-only"):
        await editor.client.text_document_rename_async(types.RenameParams(**at(editor, "count"), new_name="total"))
    (project / "m.py").chmod(0o644)
    (project / "use.py").chmod(0o444)
    with pytest.raises(JsonRpcException, match=r"use\.py is read-only"):
        await editor.client.text_document_rename_async(types.RenameParams(**at(editor, "count"), new_name="total"))


async def test_typing_on_makes_it_stale(editor: Editor, project: Path):
    """Offsets of a text that is gone must not be edited."""
    many = "\n".join(f"def f{i}(x):\n    return x.count([])\n" for i in range(300))
    (project / "many.py").write_text("from m import count\n" + many)
    pending = asyncio.ensure_future(editor.client.text_document_rename_async(types.RenameParams(**at(editor, "count"), new_name="total")))
    await asyncio.sleep(0.2)
    editor.type(0, 0, "# more\n")
    with pytest.raises(JsonRpcException) as caught:
        await pending
    assert caught.value.code == STALE


async def test_a_cancelled_rename_ends_at_once(editor: Editor, project: Path):
    """The rename ends within 200 ms, and the next one is not kept waiting."""
    many = "\n".join(f"def f{i}(x):\n    return x.count([])\n" for i in range(3000))
    (project / "many.py").write_text("from m import count\n" + many)
    await editor.client.text_document_prepare_rename_async(types.PrepareRenameParams(**at(editor, "count")))
    editor.client.protocol.send_request("textDocument/rename", types.RenameParams(**at(editor, "count"), new_name="total"), msg_id="x")
    pending = editor.client.protocol._request_futures["x"]
    await asyncio.sleep(1.0)
    assert not pending.done(), "too little work to cancel"
    started = time.monotonic()
    editor.client.cancel_request(types.CancelParams("x"))
    with pytest.raises(JsonRpcException):
        await asyncio.wait_for(asyncio.wrap_future(pending), 5)
    assert time.monotonic() - started < 0.2
    (project / "many.py").unlink()
    await editor.client.text_document_rename_async(types.RenameParams(**at(editor, "count"), new_name="total"))
    assert time.monotonic() - started < 2


async def test_the_command_applies_and_reports(editor: Editor, project: Path):
    """The command says what was changed, and what was left for which reason."""
    (project / "use.py").write_text("import m  # count\n")
    position = at(editor, "count")["position"]
    argument = {"uri": editor.uri, "position": {"line": position.line, "character": position.character}, "name": "total"}
    answer = await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.renameAndUpdateCallSites", [argument]))
    assert answer["applied"]
    assert answer["counts"] == {"exact": 2, "override": 0, "possible": 0, "mention": 1}
    assert [entry["reason"] for entry in answer["left"]] == ["in a comment"]
    assert editor.buffer.text == SOURCE.replace("count", "total")


async def test_the_command_gives_the_edit_to_look_at(editor: Editor, project: Path):
    """An editor with a preview gets the edit, and nothing is applied.

    What is not certain is among the edits, and marked.
    """
    (project / "use.py").write_text("import m  # count\n")
    answer = plain(await execute(editor, "seed.renameAndUpdateCallSites", "count", name="total", apply=False))
    assert not answer["applied"]
    assert editor.buffer.text == SOURCE
    [comment] = answer["left"]
    assert comment["uri"] == (project / "use.py").as_uri()
    assert comment["range"]["start"] == {"line": 0, "character": 12}
    files = {change["textDocument"]["uri"]: change["edits"] for change in answer["edit"]["documentChanges"]}
    assert [edit["newText"] for edit in files[editor.uri]] == ["total", "total"]
    if editor.encoding == "utf-16":
        assert [edit["annotationId"] for edit in files[comment["uri"]]] == ["mention"]
        assert answer["edit"]["changeAnnotations"]["mention"]["needsConfirmation"]
    else:
        assert comment["uri"] not in files


async def test_the_signature_as_it_is(editor: Editor, project: Path):
    """A call gives the signature of its definition."""
    found = await execute(editor, "seed.signatureOf", "count([])")
    assert found == {"name": "count", "signature": "(items)"}
    with pytest.raises(JsonRpcException, match="items is no function"):
        await execute(editor, "seed.signatureOf", "items")


TANK = """from dataclasses import dataclass

class Tank:
    def __init__(self, size, unit="l"):
        self.size = size

@dataclass
class Point:
    x: int
    y: int = 0

tank = Tank(3)
"""


async def test_the_signature_of_a_class_is_its_constructors(editor: Editor, project: Path):
    """A class's signature is that of its constructor, and can be changed from three places.

    These are the class's name, a call, and ``__init__``. Without a constructor the editor is told
    so.
    """
    editor.type(0, len(editor.buffer.text), TANK)
    assert await execute(editor, "seed.signatureOf", "Tank(3)") == {"name": "Tank", "signature": '(self, size, unit="l")'}
    assert (await execute(editor, "seed.signatureOf", "__init__"))["signature"] == '(self, size, unit="l")'
    assert (await execute(editor, "seed.signatureOf", "Point"))["signature"] == "(self, x: int, y: int = 0)"
    await execute(editor, "seed.changeSignature", "__init__", signature="(self, unit, size)", arguments={"unit": "1"})
    assert "def __init__(self, unit, size):" in editor.buffer.text
    assert editor.buffer.text.endswith('tank = Tank(size=3, unit="l")\n')


async def test_a_new_signature_changes_the_calls(editor: Editor, project: Path):
    """Name and signature change in one step in all files; calls that cannot be bound are listed."""
    (project / "use.py").unlink()
    editor.type(len(SOURCE), len(SOURCE), "count(*x)\n")
    position = at(editor, "count")["position"]
    argument = {
        "uri": editor.uri,
        "position": {"line": position.line, "character": position.character},
        "name": "total",
        "signature": "(unit, items)",
        "arguments": {"unit": "1"},
    }
    answer = await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.changeSignature", [argument]))
    assert editor.buffer.text == "def total(unit, items):\n    return len(items)\n\n\nprint('🙂', total(1, []))\ntotal(*x)\n"
    assert [entry["reason"] for entry in answer["left"]] == ["a star in the call hides what is passed"]


FILLABLE = "def scripted_value():\n    return 1\n\n\ndef total(items):\n    return items\n\n\nprint(total([]))\n"


async def execute(editor: Editor, command: str, word: str, **more: object) -> dict:
    position = at(editor, word)["position"]
    argument = {"uri": editor.uri, "position": {"line": position.line, "character": position.character}, **more}
    return await editor.client.workspace_execute_command_async(types.ExecuteCommandParams(command, [argument]))


async def test_values_of_the_model_want_a_confirmation(editor: Editor, project: Path):
    """If the editor can ask, the calls come with marked values; else they are left and listed."""
    editor.type(0, len(editor.buffer.text), FILLABLE)
    answer = await execute(editor, "seed.changeSignature", "total(items)", signature="(items, unit)")
    assert [entry["reason"] for entry in answer["left"]] == ["the value is a proposal"]
    edit = editor.applied[0]
    shown = editor.encoding == "utf-16"
    assert ("print(total([], scripted_value()))" in editor.buffer.text) is shown
    assert "def total(items, unit):" in editor.buffer.text
    if shown:
        assert edit.change_annotations["value"].needs_confirmation
        assert [entry.annotation_id for entry in edit.document_changes[0].edits] == ["exact", "value"]


async def test_without_a_model_the_calls_are_listed(editor: Editor, project: Path):
    """A signature changes without a model, and calls without a value are listed."""
    editor.type(0, len(editor.buffer.text), FILLABLE.replace("print", "#missing \nprint"))
    answer = await execute(editor, "seed.changeSignature", "total(items)", signature="(items, unit)")
    assert [entry["reason"] for entry in answer["left"]] == ["there is nothing to pass for unit"]
    assert "the scripted model is missing" in editor.shown()


async def test_names_are_proposed(editor: Editor, project: Path):
    """Names come as a list for an editor that draws its own, and in the error of a plain rename."""
    editor.type(0, len(editor.buffer.text), "#say size \n" + SOURCE)
    assert await execute(editor, "seed.suggestNames", "count") == {"names": ["size"]}
    with pytest.raises(JsonRpcException, match="it could be size"):
        await editor.client.text_document_rename_async(types.RenameParams(**at(editor, "count"), new_name=""))


async def test_without_a_name_the_user_chooses_one(editor: Editor, project: Path):
    """An editor that can show a question lets the user choose; with no answer nothing changes."""
    editor.type(0, len(editor.buffer.text), "#say size \n" + SOURCE)
    before = editor.buffer.text
    with pytest.raises(JsonRpcException, match="no name was chosen"):
        await execute(editor, "seed.renameAndUpdateCallSites", "count")
    assert editor.buffer.text == before
    editor.client.seed_choice = "size"
    (project / "use.py").unlink()
    await execute(editor, "seed.renameAndUpdateCallSites", "count")
    assert editor.buffer.text == before.replace("count", "size")


async def test_actions_at_a_parameter(editor: Editor, project: Path):
    """What is offered is done when it is taken, but only to the text that it was offered for."""
    (project / "use.py").unlink()
    editor.type(0, len(editor.buffer.text), "def f(a, b):\n    return b\n\n\nf(1, 2)\n")
    place = editor.range(6, 6)
    offered = await editor.actions(place, ["refactor.rewrite"])
    # What concerns the function around it is offered as well.
    actions = [action for action in offered if action.title not in {"Seed: Add type hints", "Seed: Add a docstring"}]
    assert [action.title for action in actions][:2] == [
        "Seed: Rename a and update every use …",
        "Seed: Remove the parameter a and update the calls",
    ]
    assert await editor.actions(place, ["quickfix"]) == []
    # The client's library takes an action with a command for the command itself, which is a text.
    remove, keyword_only = (ast.literal_eval(action.command) for action in actions[1:3])
    await editor.client.workspace_execute_command_async(types.ExecuteCommandParams(remove["command"], remove["arguments"]))
    assert editor.buffer.text == "def f(b):\n    return b\n\n\nf(2)\n"
    with pytest.raises(JsonRpcException, match="changed since"):
        await editor.client.workspace_execute_command_async(types.ExecuteCommandParams(keyword_only["command"], keyword_only["arguments"]))


async def test_a_local_name_of_another_language(editor: Editor, project: Path):
    """A local name of another language than Python is renamed in its scope."""
    editor.uri = (project / "m.js").as_uri()
    editor.open("function f(list) { let sum = 0; return sum; }\n", language="javascript")
    edit = await editor.client.text_document_rename_async(types.RenameParams(**at(editor, "sum"), new_name="total"))
    assert applied(edit, {editor.uri: editor.buffer.text}, editor.encoding)[editor.uri] == editor.buffer.text.replace("sum", "total")


async def test_a_function_becomes_a_method(editor: Editor, project: Path):
    """The change is offered on the function's name, and the action's command makes it."""
    (project / "use.py").unlink()
    editor.type(0, len(editor.buffer.text), "class C:\n    x = 1\n\n\ndef f(c: C):\n    return c.x\n\n\nf(C())\n")
    place = editor.buffer.text.index("f(c")
    action = (await editor.actions(editor.range(place, place)))[-1]
    assert action.title == "Seed: Make f a method of C and update the calls"
    command = ast.literal_eval(action.command)
    await editor.client.workspace_execute_command_async(types.ExecuteCommandParams(command["command"], command["arguments"]))
    assert editor.buffer.text == "class C:\n    x = 1\n\n    def f(self):\n        return self.x\n\n\nC().f()\n"
