"""A model that writes whatever it likes changes nothing but the region and the import block."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from seed_lsp.errors import SeedError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Selection
from seed_lsp.features.refactor.imports import import_block
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from tests.features.refactor.tools import ScriptedTools

PYTHON = '''# Copyright 2026 The Example Authors.
"""A module."""

from __future__ import annotations

import os


class Box:
    """A box."""

    size = 1

    def put(self, item, *, deep=False):
        """Put it in."""
        # Where it fits.
        if item is None:
            return None
        self.items.append(item); self.size += 1
        return os.fspath(item)

    def take(self):
        text = """
  one
\ttwo
"""
        return text + self.items.pop()


def count(boxes):
    total = 0
    for box in boxes:
        total += box.size
    return total


if __name__ == "__main__":
    print(count([Box()]))
'''
SOURCES = [
    ("python", PYTHON),
    ("python", PYTHON.replace("\n", "\r\n")),
    (
        "javascript",
        "import a from 'a';\n\nfunction f(x) {\n  // One.\n  return a(x);\n}\n\nclass B {\n  g() {\n    return `one\n two`;\n  }\n}\n",
    ),
    ("go", 'package p\n\nimport "fmt"\n\nfunc f(a int) int {\n\tfmt.Println(a)\n\treturn a\n}\n\nfunc g() {\n\tf(1)\n}\n'),
    ("yaml", "one: 1\ntwo:\n  - a\n  - b\n"),
]
INSTRUCTIONS = ["Remove it.", "Rewrite all of this.", "Add a keyword parameter `deep=True`.", "Rename item to thing.", "Use logging."]


def hostile(source: random.Random, text: str, region: str) -> str:
    """An answer that no sensible model gives."""
    lines, others = region.splitlines(keepends=True), text.splitlines(keepends=True)
    kinds: list[Callable[[], str]] = [
        lambda: "".join(source.choice("abc def:\n\t ()[]{}'\"`#\\\x0c\u202e\x00é🎉") for _ in range(source.randrange(200))),
        lambda: region[: source.randrange(len(region) + 1)],
        lambda: "".join(source.sample(lines, len(lines))),
        lambda: text,
        lambda: "".join(source.choice(others) for _ in range(source.randrange(1, 40))),
        lambda: region * source.randrange(2, 30),
        lambda: "import sys\nfrom typing import Any\n\n" + region.replace("item", "thing"),
        lambda: "```\n" + region,
        lambda: region.replace("return", "yield").replace("1", "logging.INFO"),
        region.upper,
        lambda: "".join(line for line in lines if source.random() < 0.7),
        lambda: "".join(line + source.choice(["", "\n", "    x = 1\n", "import os\n"]) for line in lines),
        lambda: textless(region),
    ]
    return source.choice(kinds)()


def textless(region: str) -> str:
    return "\n".join(line.split("#")[0].rstrip() for line in region.splitlines())


@pytest.mark.parametrize("seed", range(3))
def test_nothing_outside_the_region_and_the_imports_changes(seed: int):
    """Whatever a model answers, each byte outside of the region and the import block stays."""
    source = random.Random(seed)
    applied = 0
    for _ in range(60):
        language, text = source.choice(SOURCES)
        document = Document("u", text, 1, language)
        start, end = sorted(source.randrange(len(text) + 1) for _ in range(2))
        selection = Selection(document, CharOffset(start), CharOffset(end))
        for action in (registry.OWN, registry.find_action("simplify")):
            tools = ScriptedTools(hostile(source, text, text[start:end] or text) for _ in range(9))
            try:
                made = asyncio.run(registry.run(action, selection, source.choice(INSTRUCTIONS), tools))
            except SeedError:
                continue
            applied += 1
            imports, span, new = import_block(document).end, made.span, made.new_text(document)
            between = text[max(imports, 0) : span.start] if imports <= span.start else ""
            assert new.endswith(between + made.new_region(document) + text[span.end :])
            head = new[: len(new) - len(between + made.new_region(document) + text[span.end :])]
            kept = text[: span.start - len(between)]
            assert all(line in head for line in kept.splitlines(keepends=True))
            if span.start < imports:
                assert head == kept
    assert applied > 3, "an answer that is never applied tests nothing"


def test_settings_bound_what_is_asked_for():
    """A second question has only the time that the first one left."""
    tools = ScriptedTools(["def f(a:\n"] * 9, replace(Settings(), edit_deadline_s=50))
    document = Document("u", "def f(a):\n    return a\n", 1, "python")
    with pytest.raises(SeedError, match="does not parse"):
        asyncio.run(registry.run(registry.OWN, Selection(document, CharOffset(0), CharOffset(20)), "Return it twice.", tools))
    deadlines = [request.sampling.deadline_s or 0.0 for request in tools.asked]
    assert deadlines == sorted(deadlines, reverse=True)
    assert len(set(deadlines)) == len(deadlines)
    assert deadlines[0] <= 50
