"""A workspace with broken ignore files and folders: the rest works, and the user is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from tests.server.conftest import Editor

pytestmark = pytest.mark.process

LONG = "a" * 100 + "b.py"


@pytest.fixture
def workspace(editor: Editor, tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "use.py").write_text("from m import count\n")
    (tmp_path / LONG).write_text("from m import count\n")
    editor.uri = (tmp_path / "m.py").as_uri()
    (tmp_path / "m.py").write_text("count = \n")
    return tmp_path


async def renamed(editor: Editor) -> set[str]:
    """The names of the files that a rename changes."""
    params = types.RenameParams(types.TextDocumentIdentifier(editor.uri), types.Position(0, 0), "total")
    edit = await editor.client.text_document_rename_async(params)
    return {change.text_document.uri.rpartition("/")[2] for change in edit.document_changes}


@pytest.mark.parametrize("name", [".gitignore", ".seedignore"])
async def test_no_ignore_file_stops_the_server(editor: Editor, workspace: Path, name: str):
    """An ignore file of a cloned repository cannot stop the server, and costs little.

    It means as much as git takes of it.
    """
    (workspace / name).write_text("!\n\\\n[\n[z-a]\n\0\n" + "*a" * 30 + "c\n" + "**/a/" * 300 + "c\n")
    editor.uri = (workspace / LONG).as_uri()
    editor.open("from m import count\nx = ")
    assert await editor.complete() != []
    editor.uri = (workspace / "m.py").as_uri()
    editor.open("count = 1\n")
    assert await renamed(editor) == {"m.py", "use.py", LONG}
    assert ("line 1 of " in editor.shown()) is (name == ".seedignore")


async def test_rules_that_cannot_be_known_keep_everything_from_the_model(editor: Editor, workspace: Path):
    """Nothing reaches the model below rules that cannot be read, which is told once."""
    (workspace / ".gitignore").write_text("*a" * 6000)
    editor.open("count = ")
    assert await editor.complete() == []
    assert await editor.complete() == []
    assert editor.shown().count("nothing below its folder is given to the model") == 1


async def test_an_entry_of_the_settings_that_cannot_be_used_is_told(editor: Editor, workspace: Path):
    """The other entries still keep their files from the model."""
    editor.client.set_configuration({"seed": {"exclude": ["!", "use.py"]}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
    editor.open("x = ")
    assert await editor.complete() != []
    editor.uri = (workspace / "use.py").as_uri()
    editor.open("x = ")
    assert await editor.complete() == []
    assert "seed.exclude: '!' matches no file" in editor.shown()


async def test_what_a_rename_could_not_look_at_is_told_once(editor: Editor, workspace: Path):
    """The user must know that a name in such a file stays."""
    editor.open("count = 1\n")
    (workspace / ".gitignore").write_text("#" * 200_000)
    for _ in range(2):
        assert await renamed(editor) == {"m.py", "use.py", LONG}
    assert editor.shown().count("was not looked at (it is larger than 100,000 bytes)") == 1


async def test_half_a_character_in_a_file_is_no_failure(editor: Editor, workspace: Path):
    """Text around half a character is completed, and its line is not rewritten.

    Editors written in JavaScript may send one. The user is not told of either.
    """
    editor.open("area = 1\nb = '\ud800', area\nq = ")
    assert await editor.complete() != []
    editor.type(0, 4, "size")
    params = {
        "textDocument": {"uri": editor.uri, "version": editor.buffer.version},
        "position": {"line": 0, "character": 0},
        "context": {"triggerKind": 2, "diagnostics": []},
    }
    answer = await editor.client.protocol.send_request_async("textDocument/copilotInlineEdit", params)
    assert list(answer.edits) == []
    assert "half a character" in editor.logged()
    assert editor.shown() == ""
