"""Explanations of code; the model's answers are given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seed_lsp.errors import RejectedResultError, SelectionError
from seed_lsp.features.refactor.action import Selection
from seed_lsp.features.refactor.explain import explain
from seed_lsp.source.document import CharOffset, Document
from tests.features.refactor.tools import ToolsOnFiles

SOURCE = "def one():\n    return '```'\n\n\ndef two():\n    return 2\n"


def at(words: str) -> Selection:
    start = CharOffset(SOURCE.index(words))
    return Selection(Document("u", SOURCE, 1, "python"), start, start)


async def test_the_statement_at_the_cursor_is_explained():
    """Without a selection the statement of the cursor's line is explained, and no other."""
    tools = ToolsOnFiles(" It is two.\n")
    assert await explain(at("def two"), tools) == "It is two."
    assert "```python\ndef two():\n    return 2\n\n```" in tools.asked[0].prompt
    assert "def one" not in tools.asked[0].prompt
    await explain(at("def one"), tools := ToolsOnFiles("It is a fence."))
    assert "````python\ndef one():" in tools.asked[0].prompt, "the code cannot end its block"


async def test_an_explanation_ends_with_a_sentence():
    """What is cut off is shown up to its last whole sentence, with no code block left open."""
    tools = ToolsOnFiles("It is `two`. More of it is not kn")
    tools.reason = "length"
    assert await explain(at("def two"), tools) == "It is `two`."
    tools = ToolsOnFiles("An example:\n```\ntwo(). And")
    tools.reason = "length"
    assert await explain(at("def two"), tools) == "An example:\n```\ntwo().\n```"


async def test_the_code_is_not_repeated():
    """The user has it before them; an example of how it is used stays."""
    example = "It is called so:\n\n```python\nprint(two())\n```"
    said = f"It is two.\n\nThe code is:\n\n```python\ndef two():\n    return 2\n```\n\n{example}\n\nIt never fails."
    assert await explain(at("def two"), ToolsOnFiles(said)) == f"It is two.\n\n{example}\n\nIt never fails."
    with pytest.raises(RejectedResultError, match="nothing to say"):
        await explain(at("def two"), ToolsOnFiles("```\ndef two():\n    return 2\n```"))


async def test_nothing_to_explain():
    """Where there is no code, or no answer, the user is told so."""
    blank = replace(at("def two"), start=CharOffset(SOURCE.index("\n\ndef")), end=CharOffset(SOURCE.index("\n\ndef")))
    with pytest.raises(SelectionError, match="no code"):
        await explain(blank, ToolsOnFiles())
    with pytest.raises(RejectedResultError, match="nothing to say"):
        await explain(at("def two"), ToolsOnFiles(" \n"))
