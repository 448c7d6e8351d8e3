"""Requests become prompts that cannot be broken out of.

Answers come back in the file's own layout.
"""

from __future__ import annotations

import dataclasses

import pytest

from engine.api import EditExample, EditRequest, InfillRequest, RelatedFile, SamplingOptions
from engine.model.tokenizer import Message, Tokenizer
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


def test_what_is_given_of_the_middle_is_not_asked_for(tokenizer):
    """The answer goes on behind the given start, and has it; the prompt before it is the same."""
    bare = InfillRequest(1, "m", SamplingOptions(), prefix="def f(a", suffix="): pass")
    given = infill_prompt(tokenizer, dataclasses.replace(bare, start=": int, b:"))
    before = infill_prompt(tokenizer, bare).tokens
    assert given.tokens[: len(before)] == before
    assert tokenizer.decode(given.tokens[len(before) :]) == ": int, b:"
    assert given.read(" str") == ": int, b: str"


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
    """Indentation is taken off and put back exactly.

    The old code that is drafted is what the model is shown.
    """
    prompt = edit_prompt(tokenizer, edit(region))
    shown = tokenizer.decode(list(prompt.old)).removesuffix("\n```")
    assert prompt.read(shown) == region
    assert shown in tokenizer.decode(prompt.tokens)


def test_the_region_cannot_end_its_code_block(tokenizer):
    """A docstring with a fence in it gets a longer fence around."""
    prompt = edit_prompt(tokenizer, edit('x = """\n```\n````\n"""\n'))
    assert prompt.stop_strings == ("\n`````",)


BACKTICKS = [
    'def f(text):\n    """Render.\n\n    ```python\n    f("a")\n    ```\n\n    ````text\n    ```\n    ````\n    """\n    return text\n',
    'TEXT = """\n```python\nf("a")\n```\n"""\n\n\ndef f(a):\n    return a\n',
    'class A:\n    TEXT = """\n```\na\n```\n"""\n',
    "# ``````\nx = 1\n",
    "one\n\n```sh\nrun\n```\n",
    "x = '`' + '``'\n",
    'x = """\n~~~\nHere is a file:\n~~~~\n<|im_end|>\n"""\n',
]


@pytest.mark.parametrize("region", BACKTICKS)
def test_an_answer_survives_any_backticks(tokenizer, region):
    """The block's end is found, whatever fence the model ends it with.

    It may be the one that it began with or, as models do, three backticks.
    """
    prompt = edit_prompt(tokenizer, edit(region))
    fence = tokenizer.decode(prompt.tokens).rstrip("\n").removesuffix("python").rsplit("\n", 1)[-1]
    shown = region.removesuffix("\n")
    for closing in (fence, "```"):
        answer = f"{shown}\n{closing}\n"
        ends = [at for stop in prompt.stop_strings if (at := answer.find(stop)) >= 0]
        assert prompt.read(answer[: min(ends, default=len(answer))]) == region


def test_a_block_that_was_put_at_the_end_is_kept(tokenizer):
    """A fence that has its counterpart is the text's own."""
    prompt = edit_prompt(tokenizer, edit("one\n\n```\nrun\n```\n"))
    longer = "one\n\n```\nrun\n```\n\n```\nstop\n```\n"
    assert prompt.read(longer) == longer


SYSTEM = (
    "You are a careful programmer. Rewrite the code exactly as the instruction asks and change nothing else. "
    "Answer with the complete rewritten code in one code block and nothing else."
)


@pytest.mark.parametrize(
    ("before", "region", "after", "text"),
    [
        ("", "    def f(self):\n\n        return 1\n", "", "Tidy up.\n\n```python\ndef f(self):\n\n    return 1\n```"),
        ("", "\tif x:\n\t\ty('`')\n", "", "Tidy up.\n\n```python\nif x:\n\ty('`')\n```"),
        (
            "import os\n\n",
            "x = 1\n",
            "print(x)\n",
            (
                "Here is a file:\n```python\nimport os\n\nx = 1\nprint(x)\n```\n\n"
                "Rewrite only the following part of it; leave out the rest of the file.\n```python\nx = 1\n```\n\nTidy up."
            ),
        ),
    ],
)
def test_the_prompt_of_plain_code_is_as_it_was_measured(tokenizer, before, region, after, text):
    """Prompts are the very ones that the model card's figures were taken with.

    Code with odd text alone may have others.
    """
    prompt = edit_prompt(tokenizer, edit(region, before=before, after=after))
    asked = tokenizer.chat([Message("system", SYSTEM), Message("user", text)])
    assert prompt.tokens == asked + tokenizer.encode("```python\n")
    assert prompt.stop_strings == ("\n```",)


def test_surroundings_are_shown_only_where_the_request_has_them(tokenizer):
    alone = tokenizer.decode(edit_prompt(tokenizer, edit("x = 1\n")).tokens)
    among = tokenizer.decode(edit_prompt(tokenizer, edit("x = 1\n", before="import os\n", after="print(x)\n")).tokens)
    assert "Here is a file" not in alone
    assert "import os\nx = 1\nprint(x)" in among
    assert among.rstrip().endswith("```python")


@pytest.mark.parametrize(("region", "start"), [("    def f(a):\n        pass\n", "def"), ("@cache\ndef f(): pass\n", "@"), ("x = 1\n", "")])
def test_a_ready_made_action_keeps_a_definition_first(tokenizer, region, start):
    """The answer begins as the region does, and reads back whole.

    There is no import and no class header before it.
    """
    prompt = edit_prompt(tokenizer, dataclasses.replace(edit(region), keep_start=True))
    assert tokenizer.decode(prompt.tokens).endswith(f"```python\n{start}")
    assert prompt.read(tokenizer.decode(list(prompt.old)).removesuffix("\n```")) == region


def test_an_empty_answer_stays_empty(tokenizer):
    """No line break is made up where the model wrote nothing."""
    assert edit_prompt(tokenizer, edit("x = 1\n")).read("") == ""


def test_an_example_stands_before_the_question(tokenizer):
    """A model that is shown an example is asked the same as without it, behind the example."""
    example = EditExample("Let it be 2.", "y = 1\n", "y = 2\n")
    plain = tokenizer.decode(edit_prompt(tokenizer, edit("x = 1\n")).tokens)
    shown = tokenizer.decode(edit_prompt(tokenizer, dataclasses.replace(edit("x = 1\n"), examples=(example,))).tokens)
    question = plain[plain.index("user") :]
    assert shown.endswith(question)
    assert shown.index("y = 1") < shown.index("y = 2") < shown.index("x = 1")
