"""A proposal that adds to another file than the document, through the real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from seed_lsp.source.document import Document
from seed_lsp.source.patch import Edit, apply_edits
from tests.server.conftest import Editor, offsets, plain

pytestmark = pytest.mark.process

SHAPES = "def area(width, height):  #answer _of_a_square():\\n    assert area(2, 2) == 4\n    return width * height\n"
SAVED = "from shapes import area\n\n\ndef test_saved():\n    assert area(1, 1)\n"
UNSAVED = SAVED + "\n\ndef test_unsaved():\n    assert area(1, '😀')\n"
NEW = "\n\n\ndef test_area_of_a_square():\n    assert area(2, 2) == 4"


@pytest.fixture
def tests(editor: Editor, tmp_path: Path) -> Path:
    """The file of tests beside the open document."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "shapes.py").write_text(SHAPES)
    (tmp_path / "test_shapes.py").write_text(SAVED)
    editor.uri = (tmp_path / "shapes.py").as_uri()
    editor.open(SHAPES)
    return tmp_path / "test_shapes.py"


def with_new(text: str) -> str:
    return text.removesuffix("\n") + NEW + "\n"


def open_tests(editor: Editor, tests: Path, text: str, version: int = 7) -> None:
    item = types.TextDocumentItem(tests.as_uri(), "python", version, text)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))


async def resolved(editor: Editor) -> types.CodeAction:
    actions = await editor.actions(editor.range(4, 4))
    [action] = [one for one in actions if one.title == "Seed: Generate tests for area"]
    return await editor.client.code_action_resolve_async(action)


def changed(editor: Editor, edit: Any, text: str) -> str:
    document = Document("", text)
    edits = [Edit(*offsets(document, one.range, editor.encoding), one.new_text) for one in edit.edits]
    return apply_edits(text, edits)


async def test_a_file_that_is_not_open_is_added_to(editor: Editor, tests: Path):
    """The edit names the file by its address, without a version, and leaves the document alone."""
    [change] = (await resolved(editor)).edit.document_changes
    assert (change.text_document.uri, change.text_document.version) == (tests.as_uri(), None)
    assert changed(editor, change, SAVED) == with_new(SAVED)


async def test_what_is_not_saved_yet_stays(editor: Editor, tests: Path):
    """An open file is added to as the editor has it, at exactly its version."""
    open_tests(editor, tests, UNSAVED)
    [change] = (await resolved(editor)).edit.document_changes
    assert (change.text_document.uri, change.text_document.version) == (tests.as_uri(), 7)
    assert changed(editor, change, UNSAVED) == with_new(UNSAVED)


async def test_a_preview_has_the_other_file(editor: Editor, tests: Path):
    """A client that previews gets the text that the edits are for, and can compare it."""
    open_tests(editor, tests, UNSAVED)
    place = {"line": 0, "character": 4}
    asked = {
        "textDocument": {"uri": editor.uri, "version": 1},
        "range": {"start": place, "end": place},
        "name": "generate-tests",
    }
    found = plain(await editor.client.protocol.send_request_async("seed/rewrite", asked))
    assert (found["edits"], found["newFile"]) == ([], None)
    other = found["otherFile"]
    assert (other["uri"], other["version"], other["text"]) == (tests.as_uri(), 7, UNSAVED)
    assert [edit["newText"] for edit in other["edits"]] == [NEW]
    assert "+def test_area_of_a_square():" in found["diff"]


async def test_two_texts_of_one_file_are_none_to_add_to(editor: Editor, tests: Path):
    """What is open under two addresses with different texts is refused, so that neither is lost."""
    link = tests.with_name("other.py")
    link.symlink_to(tests)
    open_tests(editor, tests, UNSAVED)
    open_tests(editor, link, SAVED)
    with pytest.raises(JsonRpcException, match="open with two texts"):
        await resolved(editor)
