"""Extract and inline through a real server process."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.server.conftest import Editor

pytestmark = pytest.mark.process

SOURCE = "def f(a):\n    total = a + 1\n    print(total)\n    return a\n"
EXTRACTED = "def _scripted_value(a):\n    total = a + 1\n    print(total)\n\n\ndef f(a):\n    _scripted_value(a)\n    return a\n"


async def test_a_function_is_extracted_with_the_models_name(editor: Editor):
    """The edits are computed, and of the model comes the name alone."""
    editor.open(SOURCE)
    # The name has two seconds, in which no engine has to start.
    await editor.complete()
    actions = await editor.actions(editor.selection("total = a + 1\n    print(total)"), ["refactor.extract"])
    assert [(action.title, action.kind) for action in actions] == [("Seed: Extract a function", "refactor.extract.function")]
    assert actions[0].tags is None, "what is computed is not the model's"
    resolved = await editor.client.code_action_resolve_async(actions[0])
    editor.apply(resolved.edit)
    assert editor.buffer.text == EXTRACTED


async def test_a_variable_is_inlined_at_the_cursor(editor: Editor):
    """The cursor on a name is enough, and the reason of a refusal is told."""
    editor.open(SOURCE)
    place = SOURCE.index("total")
    actions = await editor.actions(editor.range(place, place), ["refactor.inline"])
    assert [action.title for action in actions] == ["Seed: Inline the variable total"]
    resolved = await editor.client.code_action_resolve_async(actions[0])
    editor.apply(resolved.edit)
    assert editor.buffer.text == "def f(a):\n    print(a + 1)\n    return a\n"


async def test_the_kinds_are_announced(editor: Editor):
    """An editor asks for extractions by their kinds only if the server says that it has them."""
    kinds = editor.client.seed_result.capabilities.code_action_provider.code_action_kinds
    assert {"refactor.extract.function", "refactor.extract.variable", "refactor.inline"} <= {
        str(getattr(kind, "value", kind)) for kind in kinds
    }
    assert types.CodeActionKind.RefactorInline in kinds
