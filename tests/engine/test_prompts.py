"""Requests become prompts that cannot be broken out of, and answers come back in the file's own layout."""

from __future__ import annotations

import dataclasses

import pytest

from engine.api import EditRequest, InfillRequest, RelatedFile, SamplingOptions
from engine.model.tokenizer import Tokenizer
from engine.prompts import edit_prompt, infill_prompt


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder) -> Tokenizer:
    return Tokenizer(tokenizer_folder)


def edit(region: str, *, before: str = "", after: str = "") -> EditRequest:
    return EditRequest(1, "m", SamplingOptions(), before=before, region=region, after=after, instruction="Tidy up.")


def test_infill_has_prefix_suffix_middle(tokenizer):
    """The model's own layout for a hole: <|fim_prefix|> P <|fim_suffix|> S <|fim_middle|>."""
    prompt = infill_prompt(tokenizer, InfillRequest(1, "m", SamplingOptions(), prefix="ab", suffix="cd"))
    names = {tokenizer.special(n): n for n in ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")}
    assert "".join(names.get(t) or tokenizer.decode([t]) for t in prompt.tokens) == "<|fim_prefix|>ab<|fim_suffix|>cd<|fim_middle|>"
    assert tokenizer.special("<|endoftext|>") in prompt.stop_tokens
    assert tokenizer.special("<|file_sep|>") in prompt.stop_tokens


def test_related_files_come_before(tokenizer):
    related = (RelatedFile("a.py", "A = 1"),)
    tokens = infill_prompt(tokenizer, InfillRequest(1, "m", SamplingOptions(), prefix="x", suffix="", path="b.py", related=related)).tokens
    assert tokens[0] == tokenizer.special("<|repo_name|>")
    text = tokenizer.decode(tokens)
    assert text.index("A = 1") < text.index("b.py") < text.index("x")


@pytest.mark.parametrize(
    "region",
    [
        "x = 1\n",
        "    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n",
        "\tif x:\n\t\ty()\n",
        "    a\n\n    b",
        "    \x0c\n    a\n",
        "a\n    b\n",
        "    é = '😀'\n",
    ],
)
def test_an_unchanged_answer_gives_the_region_back(tokenizer, region):
    """Indentation is taken off and put back exactly; the old code that is drafted is what the model is shown."""
    prompt = edit_prompt(tokenizer, edit(region))
    shown = tokenizer.decode(list(prompt.old)).removesuffix("\n```")
    assert prompt.read(shown) == region
    assert shown in tokenizer.decode(prompt.tokens)


def test_the_region_cannot_end_its_code_block(tokenizer):
    """A docstring with a fence in it gets a longer fence around."""
    prompt = edit_prompt(tokenizer, edit('x = """\n```\n````\n"""\n'))
    assert prompt.stop_strings == ("\n`````",)


def test_surroundings_are_shown_only_where_the_request_has_them(tokenizer):
    alone = tokenizer.decode(edit_prompt(tokenizer, edit("x = 1\n")).tokens)
    among = tokenizer.decode(edit_prompt(tokenizer, edit("x = 1\n", before="import os\n", after="print(x)\n")).tokens)
    assert "Here is a file" not in alone
    assert "import os\nx = 1\nprint(x)" in among
    assert among.rstrip().endswith("```python")


@pytest.mark.parametrize(("region", "start"), [("    def f(a):\n        pass\n", "def"), ("@cache\ndef f(): pass\n", "@"), ("x = 1\n", "")])
def test_a_ready_made_action_keeps_a_definition_first(tokenizer, region, start):
    """No import and no class header before it: the answer begins as the region does, and reads back whole."""
    prompt = edit_prompt(tokenizer, dataclasses.replace(edit(region), keep_start=True))
    assert tokenizer.decode(prompt.tokens).endswith(f"```python\n{start}")
    assert prompt.read(tokenizer.decode(list(prompt.old)).removesuffix("\n```")) == region


def test_an_empty_answer_stays_empty(tokenizer):
    """No line break is made up where the model wrote nothing."""
    assert edit_prompt(tokenizer, edit("x = 1\n")).read("") == ""
