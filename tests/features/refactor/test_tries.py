"""Where an answer ends, and what is asked if it is of no use; the model is scripted."""

from __future__ import annotations

import asyncio

import pytest

from seed_lsp.errors import NoChangeError, RejectedResultError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Proposal
from seed_lsp.features.refactor.answer_end import bounds_of, end_of
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.syntax import Span
from tests.features.refactor.acting import select
from tests.features.refactor.tools import ScriptedTools, in_turn

FIRST = "def first(a):\n    return a\n"
SECOND = "def second(b):\n    return b\n"
TEXT = f"import os\n\n\n{FIRST}\n\n{SECOND}"
BETTER = FIRST.replace("return a", "return a, a")


def proposed(tools: ScriptedTools, text: str = TEXT, region: str = FIRST, instruction: str = "Return it twice.") -> Proposal:
    return asyncio.run(registry.run(registry.OWN, select(text, region), instruction, tools))


@pytest.mark.parametrize("first", [FIRST, "def first(a:\n", "return 1\n", SECOND, "", "def other(a):\n    return a, a\n"])
def test_an_answer_of_no_use_is_asked_for_again(first: str):
    """What is unchanged, does not parse or breaks a check is asked for in another form."""
    tools = ScriptedTools([first, BETTER])
    made = proposed(tools)
    assert made.new_text(select(TEXT, FIRST).document) == TEXT.replace(FIRST, BETTER)
    assert len(made.finished) == 2
    one, other = tools.asked
    assert (one.examples, one.before, one.region) != (other.examples, other.before, other.region)


def test_the_first_answer_that_passes_is_taken():
    """Nobody waits for a second answer where the first one is good."""
    tools = ScriptedTools([BETTER, FIRST])
    assert len(proposed(tools).finished) == len(tools.asked) == 1


def test_code_that_has_a_fault_is_not_left_as_it_is():
    """Where the model copies what the user calls wrong, its likeliest other answer is taken that
    passes the checks, and the note says how sure it is.
    """
    broken, helper = FIRST.replace("return a", "return a,, a"), FIRST + "\n\n" + SECOND
    tools = ScriptedTools(in_turn([FIRST] * 9, alternatives=(broken, FIRST, helper, BETTER, FIRST.replace("return a", "return 1"))))
    made = proposed(tools, instruction="Fix the bug.")
    assert made.new_region(select(TEXT, FIRST).document) == BETTER
    assert "closely" in made.note
    first, other = tools.asked
    assert (first.alternatives, other.guess, other.instruction) == (0, FIRST, first.instruction)


def test_only_faults_make_the_model_look_for_other_answers():
    """To leave code as it is can be right, unless the user says that it is wrong."""
    tools = ScriptedTools(in_turn([FIRST] * 9, alternatives=(BETTER,)))
    with pytest.raises(NoChangeError):
        proposed(tools)
    assert not any(one.alternatives for one in tools.asked)


def test_no_question_is_asked_twice():
    """Each further question differs from those before, for an action that sees no lines around."""
    for action, count in ((registry.OWN, 3), (registry.find_action("simplify"), 2)):
        tools = ScriptedTools([FIRST] * 9)
        with pytest.raises(NoChangeError):
            asyncio.run(registry.run(action, select(TEXT, FIRST), "Return it twice.", tools))
        assert len(tools.asked) == len({(one.before, one.examples) for one in tools.asked}) == count


def test_a_refusal_says_what_was_wrong():
    """Of several answers that were refused, the first that changed something is told of."""
    with pytest.raises(RejectedResultError, match="left out first"):
        proposed(ScriptedTools([FIRST, "def other(a):\n    return a, a\n", *[FIRST] * 9]))
    with pytest.raises(NoChangeError):
        proposed(ScriptedTools([FIRST] * 9))


@pytest.mark.parametrize(
    ("language", "text", "region", "answer"),
    [
        ("python", TEXT, FIRST, BETTER + "\n\n" + SECOND.replace("return b", "return b, b") + "\n\nprint(1)\n"),
        ("python", TEXT, FIRST, BETTER + "\n\n# The other one.\n@os.cache\n" + SECOND.replace("return b", "return 1") + "    # More.\n"),
        (
            "python",
            f"class A:\n    {FIRST.replace(chr(10) + ' ', chr(10) + '     ')}\n    def second(b):\n        return b\n",
            "    def first(a):\n        return a\n",
            "    def first(a):\n        return a, a\n\n    def second(b):\n        return 1\n\n    def third():\n        pass\n",
        ),
        (
            "javascript",
            "function first(a) {\n  return a;\n}\n\nfunction second(b) {\n  return b;\n}\n",
            "function first(a) {\n  return a;\n}\n",
            "function first(a) {\n  return [a, a];\n}\n\nfunction second(b) {\n  return 1;\n}\n\nfirst(1);\n",
        ),
        (
            "go",
            "package p\n\nfunc first(a int) int {\n\treturn a\n}\n\nfunc second(b int) int {\n\treturn b\n}\n",
            "func first(a int) int {\n\treturn a\n}\n",
            "func first(a int) int {\n\treturn a * a\n}\n\nfunc second(b int) int {\n\treturn 1\n}\n\nfunc main() {\n}\n",
        ),
        (
            "rust",
            "fn first(a: u8) -> u8 {\n    a\n}\n\npub fn second(b: u8) -> u8 {\n    b\n}\n",
            "fn first(a: u8) -> u8 {\n    a\n}\n",
            "fn first(a: u8) -> u8 {\n    a * a\n}\n\npub fn second(b: u8) -> u8 {\n    1\n}\n\nfn main() {\n}\n",
        ),
    ],
)
def test_an_answer_ends_where_the_rest_of_the_file_begins(language: str, text: str, region: str, answer: str):
    """A definition that stands outside and begins again ends the request; what came is applied."""
    tools = ScriptedTools([answer])
    made = asyncio.run(registry.run(registry.OWN, select(text, region, language=language), "Return it twice.", tools))
    assert tools.ended == 1
    new = made.new_text(select(text, region, language=language).document)
    end = min(at for at in (answer.find("\n\n", 5),) if at > 0)
    assert new == text.replace(region, answer[: end + 1])


def test_an_answer_that_begins_with_other_code_is_ended_at_once():
    """No time is spent on an answer that can only be refused."""
    tools = ScriptedTools([SECOND + "\n\n" + BETTER, BETTER])
    made = proposed(tools)
    assert tools.ended == 1
    assert made.new_region(select(TEXT, FIRST).document) == BETTER


@pytest.mark.parametrize(
    "answer",
    [
        BETTER,
        FIRST.replace("    return", "    def second():\n        return 1\n    return"),
        FIRST.replace("return a", 'return """\ndef second(b):\n"""'),
        "def helper():\n    return 1\n\n\n" + BETTER,
        BETTER + "\n\ndef third():\n    return 1\n",
        "# def second(b)\n" + BETTER,
    ],
)
def test_code_of_its_own_ends_no_answer(answer: str):
    """New helpers, inner functions, strings and comments are part of an answer."""
    document, start = Document("u", TEXT, 1, "python"), TEXT.index(FIRST)
    bounds = bounds_of(document, Span(CharOffset(start), CharOffset(start + len(FIRST))), "Return it twice.")
    assert all(end_of(answer[:at], bounds) is None for at in range(len(answer) + 1))


def test_what_the_instruction_names_may_be_written_anew():
    """Whoever asks for another version of a function below gets to see why it is refused, or it."""
    document, start = Document("u", TEXT, 1, "python"), TEXT.index(FIRST)
    span = Span(CharOffset(start), CharOffset(start + len(FIRST)))
    answer = f"{BETTER}\n\n{SECOND}"
    assert end_of(answer, bounds_of(document, span, "Call second twice.")) is None
    assert end_of(answer, bounds_of(document, span, "Return it twice.")) is not None


@pytest.mark.parametrize(
    ("answer", "head", "code"),
    [
        (
            f"import re\nfrom typing import Any, Final\n\n\n{FIRST.replace('return a', 'return re.sub(a, Any)')}",
            "import os\nimport re\nfrom typing import Any\n",
            "re.sub",
        ),
        (f"import os\n\n{BETTER}", "import os\n", "a, a"),
        (f"from typing import *\n\n{BETTER}", "import os\n", "a, a"),
        (FIRST.replace("return a", "return cast(Any, a), a"), "import os\nfrom typing import Any, cast\n", "cast(Any"),
        (FIRST.replace("return a", "return json.dumps(a), a"), "import json\nimport os\n", "json.dumps"),
        (FIRST.replace("return a", "return os.fspath(a)"), "import os\n", "os.fspath"),
    ],
)
def test_imports_go_to_the_import_block(answer: str, head: str, code: str):
    """Code that needs an import gets it where imports stand, and only what it needs."""
    new = proposed(ScriptedTools([answer] * 9)).new_text(select(TEXT, FIRST).document)
    assert new.startswith(f"{head}\n\ndef first(a):\n    return ")
    assert code in new
    assert new.endswith(f"\n\n\n{SECOND}")
    assert "*" not in new


def test_a_fault_may_be_anywhere():
    """Who says that something is wrong need not say where, and gets no half of a mend."""
    text = "def mean(rows):\n    total = 1\n    for row in rows:\n        total = row\n    return total / len(rows) - 1\n"
    mended = text.replace("total = 1", "total = 0").replace("total = row", "total += row").replace(" - 1", "")
    tools = ScriptedTools([mended] * 9)
    made = proposed(tools, text, text, "Fix bugs in mean.")
    assert (made.new_text(Document("u", text, 1, "python")), made.note) == (mended, "")


def test_what_an_answer_defines_it_may_use():
    """A new method is no invention where it is called."""
    text = "class Order:\n    def total(self):\n        return 1\n"
    new = text.replace("return 1", "return self.price() + 1") + "\n    def price(self):\n        return 2\n"
    made = proposed(ScriptedTools([new] * 9), text, text, "Let total return the price and one.")
    assert made.new_text(Document("u", text, 1, "python")) == new
