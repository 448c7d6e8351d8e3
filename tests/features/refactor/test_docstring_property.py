"""Whatever the model says, documentation is all that is added; over the project's own functions."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest

from seed_lsp.errors import RejectedResultError, SelectionError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Selection
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit, apply_edits
from tests.features.refactor.tools import ScriptedTools, fills

ROOT = Path(__file__).parents[3]
HOSTILE = [
    *'"\\\n\t{}#`()[].!? é😀“\u2028\x0c\x00\u202e\ud800',
    *['""', '"""', "'''", "\\\\", "*/", "/*", "//", "```", "%s", "\\N{DASH}", "\\x", "\\u12", '"quoted"', "'single'", "ends\\"],
    *["@param", ":param", "Args:", "e.g.", "word"],
    *["\r\n", "  ", "<|im_end|>", ">>> f()", "def f():", "return 1", "Return the value.", "Words of", "a" * 120],
]


def without_docstrings(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def stripped(text: str, seed: random.Random) -> str:
    """A module without some of its docstrings, of which others show the style."""
    lines = text.encode().split(b"\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(node) and len(node.body) > 1:
            first = node.body[0]
            if seed.random() < 0.6 and first.end_lineno is not None:
                for line in range(first.lineno - 1, first.end_lineno):
                    lines[line] = b""
    return b"\n".join(lines).decode()


@pytest.mark.slow
async def test_removing_what_was_added_gives_the_old_text():
    """The code is the same before and after, for hostile answers and real functions."""
    seed = random.Random(20_260)
    files = sorted((ROOT / "seed_lsp").rglob("*.py"))
    added, refusals = 0, set[str]()
    for round_ in range(150):
        text = stripped(seed.choice(files).read_text(), seed)
        text = text.replace("\n", seed.choice(["\n", "\n", "\r\n"]))
        document = Document("file:///w/m.py", text, 1, "python")
        start, end = sorted(seed.randrange(len(text) + 1) for _ in range(2))
        tools = ScriptedTools(
            fills(lambda _request: "".join(seed.choice(HOSTILE) for _ in range(seed.randrange(6))), stops=round_ % 2 == 1)
        )
        try:
            made = await registry.run(registry.find_action("docstring"), Selection(document, CharOffset(start), CharOffset(end)), "", tools)
        except (RejectedResultError, SelectionError) as error:
            refusals.add(str(error))
            continue
        new = made.new_text(document)
        assert without_docstrings(new) == without_docstrings(text)
        assert all(edit.start == edit.end for edit in made.edits)
        assert removed(new, made.edits) == text
        added += len(made.edits)
    assert added > 100
    assert not any("does not parse" in one for one in refusals)


def removed(new: str, edits: tuple[Edit, ...]) -> str:
    """The new text without what the edits inserted."""
    back, shift = [], 0
    for edit in edits:
        back.append(Edit(edit.start + shift, edit.start + shift + len(edit.text), ""))
        shift += len(edit.text)
    return apply_edits(new, back)
