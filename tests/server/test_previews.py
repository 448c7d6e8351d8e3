"""The requests on which editors build their previews and their model menu."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from seed_lsp.server.workspace import plain_range
from tests.server.conftest import Editor, plain

pytestmark = pytest.mark.process

SOURCE = "def f(a):\n    total = a + 1\n    return total\n\n\ndef g():\n    return 0\n"
SELECTED = "def f(a):\n    total = a + 1\n    return total\n"


async def rewrite(editor: Editor, **more: Any) -> Any:
    identifier = {"uri": editor.uri, "version": editor.buffer.version}
    params = {"textDocument": identifier, "range": plain_range(editor.selection(SELECTED)), **more}
    return plain(await editor.client.protocol.send_request_async("seed/rewrite", params))


async def test_a_rewrite_to_look_at(editor: Editor):
    """The edits come back with drafts on the way, and nothing is applied."""
    seen: list[Any] = []
    # The test client's own handler knows only the protocol's three kinds of progress.
    editor.client.protocol.fm.features.pop(types.PROGRESS)

    @editor.client.feature(types.PROGRESS)
    def note(params: Any) -> None:
        if params.token == "drafts":
            seen.append(plain(params.value))

    editor.open(SOURCE)
    found = await rewrite(editor, instruction="replace total=>sum_", partialResultToken="drafts")
    assert found["newText"].rstrip("\n") == SELECTED.rstrip("\n").replace("total", "sum_")
    assert [edit["newText"] for edit in found["edits"]] == ["sum_", "sum_"]
    assert [edit["range"]["start"]["line"] for edit in found["edits"]] == [1, 2]
    assert found["version"] == editor.buffer.version
    assert "+    sum_ = a + 1" in found["diff"]
    assert editor.buffer.text == SOURCE
    assert [(state["committed"].rstrip("\n"), state["draft"]) for state in seen] == [("", "░░░"), (found["newText"].rstrip("\n"), "")]
    assert seen[0]["range"] == found["range"]


async def test_a_named_refactoring_to_look_at(editor: Editor):
    """A preview of a refactoring shows its refusal itself, with the reason."""
    editor.open(SOURCE)
    with pytest.raises(JsonRpcException, match="proposes no change"):
        await rewrite(editor, name="simplify")
    with pytest.raises(JsonRpcException, match="unknown refactoring"):
        await rewrite(editor, name="sing")
    assert "unknown" not in editor.shown(), "the preview shows the reason itself"


@pytest.mark.parametrize("params", [{}, {"range": {"start": {}}}, {"textDocument": 3}])
async def test_a_malformed_rewrite_is_refused(editor: Editor, params: dict[str, Any]):
    """A request without its fields is refused in words."""
    editor.open(SOURCE)
    with pytest.raises(JsonRpcException, match="carries no data"):
        await editor.client.protocol.send_request_async("seed/rewrite", params)


async def test_the_models_that_there_are(editor: Editor):
    """The editor's menu gets each model with its size, and whether it only completes."""
    found = plain(await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.models")))
    names = {entry["name"]: entry for entry in found["models"]}
    assert names["qwen2.5-coder-0.5b"]["bytes"] > 400_000_000
    assert not names["qwen2.5-coder-0.5b"]["inlineOnly"]
    assert names["qwen2.5-coder-0.5b-infill"]["inlineOnly"]
    assert found["missing"] is None
    assert found["chosen"]


async def test_an_unknown_model_is_not_fetched(editor: Editor):
    """Only the models that we publish are fetched."""
    with pytest.raises(JsonRpcException, match="unknown model"):
        await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("seed.fetchModel", ["gpt-9"]))
    assert "unknown model" in editor.shown()
