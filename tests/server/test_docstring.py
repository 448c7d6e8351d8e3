"""Documentation, from the menu to the document; the model is a script."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.server.conftest import Editor

pytestmark = pytest.mark.process

SOURCE = "#say Counts.\ndef f(a):\n    '''Old.'''\n    return a\n\n\ndef g():\n    return 0\n"


async def test_documentation_is_added_from_the_menu(editor: Editor):
    """The entry on a header inserts a docstring in the file's style, and nothing else changes."""
    editor.open(SOURCE)
    cursor = SOURCE.index("g():")
    offered = await editor.actions(editor.range(cursor, cursor), [types.CodeActionKind.Refactor])
    [action] = [one for one in offered if one.title == "Seed: Add a docstring"]
    resolved = await editor.client.code_action_resolve_async(action)
    assert editor.apply(resolved.edit) == ""
    assert editor.buffer.text == SOURCE.replace("g():\n", "g():\n    '''Counts.'''\n")
    cursor = SOURCE.index("f(a)")
    offered = await editor.actions(editor.range(cursor, cursor))
    assert "Seed: Add a docstring" not in [one.title for one in offered], "it has one"
