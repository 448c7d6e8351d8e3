"""Actions that need no model, through the real server: menu, resolving, edit."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types

from tests.server.conftest import Editor

pytestmark = pytest.mark.process

SOURCE = (
    "class C(object):\n    def f(self, items):\n        out = []\n        for ü in '😀é':\n            out.append(ü)\n        return out\n"
)


async def chosen(editor: Editor, title: str) -> Any:
    """The menu's entry of that title, resolved and applied."""
    actions = await editor.actions(editor.selection(SOURCE))
    [action] = [one for one in actions if one.title == f"Seed: {title}"]
    resolved = await editor.client.code_action_resolve_async(action)
    assert editor.apply(resolved.edit) == ""
    return actions


async def test_a_rule_of_the_menu_changes_the_document(editor: Editor):
    """What ruff knows is offered before what the model writes, and applied to the right place."""
    editor.open(SOURCE)
    actions = await chosen(editor, "Modernise: take out the base class `object` (UP004)")
    assert editor.buffer.text == SOURCE.replace("(object)", "")
    titles = [action.title for action in actions]
    assert titles.index("Seed: Convert the loop to a comprehension") < titles.index("Seed: Simplify with the model")
    assert titles[0].startswith("Seed: Modernise")
    computed = [action for action in actions if "Modernise" in action.title or "Convert" in action.title]
    assert all(not action.tags and action.kind == types.CodeActionKind.RefactorRewrite for action in computed)


async def test_a_conversion_of_the_menu_changes_the_document(editor: Editor):
    """Offsets are right behind letters of several units."""
    editor.open(SOURCE)
    await chosen(editor, "Convert the loop to a comprehension")
    assert "        out = [ü for ü in '😀é']\n        return out\n" in editor.buffer.text
