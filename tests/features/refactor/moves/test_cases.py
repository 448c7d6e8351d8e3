"""Extract and inline, as tables of cases: the code, what is selected, and what becomes of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.api import EngineError, Finished
from seed_lsp.errors import SeedError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Selection
from seed_lsp.features.refactor.python_file import SMALL_CHARS
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from tests.features.refactor.tools import Script, ScriptedTools

HERE = Path(__file__).parent
ACTIONS = {"extract_function": "extract-function", "extract_variable": "extract-variable", "inline": "inline"}


def says(answer: str | None) -> Script:
    """A model that says one thing, or is not there."""

    def script(_request: Any) -> str:
        if answer is None:
            raise EngineError("there is no model")
        return answer

    return script


@dataclass(frozen=True)
class Case:
    action: str
    title: str
    marked: str
    after: str = ""
    refusal: str = ""


def read_cases(name: str) -> list[Case]:
    cases = []
    for part in (HERE / f"{name}.txt").read_text().split("=== ")[1:]:
        title, _, rest = part.partition("\n")
        if "\n---!\n" in rest:
            before, _, refusal = rest.partition("\n---!\n")
            cases.append(Case(ACTIONS[name], title, before + "\n", refusal=refusal.strip()))
        else:
            before, _, after = rest.partition("\n--->\n")
            cases.append(Case(ACTIONS[name], title, before + "\n", after))
    return cases


CASES = [case for name in ACTIONS for case in read_cases(name)]


def selection_of(marked: str) -> Selection:
    start = marked.index("«")
    end = marked.index("»") - 1
    text = marked.replace("«", "", 1).replace("»", "", 1)
    return Selection(Document("file:///a.py", text.replace("«", "").replace("»", ""), 1, "python"), CharOffset(start), CharOffset(end))


async def propose(action: str, selection: Selection, tools: ScriptedTools | None = None) -> str:
    """The text that an action makes, through the one gate for all of them."""
    proposal = await registry.run(registry.find_action(action), selection, "", tools or ScriptedTools(says(None)))
    return proposal.new_text(selection.document)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.action}: {case.title}" for case in CASES])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_each_case(case: Case, newline: str):
    """Code that moves does what it did, and what cannot be moved is refused with the reason."""
    selection = selection_of(case.marked.replace("\n", newline))
    offers = await registry.find_action(case.action).offers(selection)
    if case.refusal:
        with pytest.raises(SeedError) as caught:
            await propose(case.action, selection)
        assert case.refusal in str(caught.value)
        assert offers == [], "what is refused is not offered"
    else:
        assert await propose(case.action, selection) == case.after.replace("\n", newline)
        assert len(offers) == 1


STATEMENT = "def f(a):\n    «print(a)\n    print(1)»\n    return a\n"


@pytest.mark.parametrize(
    ("action", "marked"),
    [
        ("extract-function", STATEMENT),
        ("extract-variable", "def f(a):\n    return g(«a.b»)\n"),
        ("inline", "def f(a):\n    «»b = a\n    return b\n"),
    ],
)
async def test_the_menu_of_a_large_file_needs_a_part_of_it(action: str, marked: str):
    """What is far from the selection takes no time to read, and costs no entry if it is broken."""
    far = "ä = 1\n" * (SMALL_CHARS // 5)
    small, large = selection_of(marked), selection_of(f"{far}{marked}{far}x = (\n")
    offers = [list(await registry.find_action(action).offers(selection)) for selection in (small, large)]
    assert len(offers[0]) == 1
    assert offers[1] == offers[0]


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("show_all", "_show_all"),
        ("_Show", "_show"),
        ("print", "_print"),
        ("f", "_f"),
        ("", "_extracted"),
        ("1", "_extracted"),
        (None, "_extracted"),
    ],
)
async def test_of_the_model_comes_a_name_and_nothing_else(answer: str | None, name: str):
    """Whatever the model says, or if there is none, the code is the same, and its name is one."""
    tools = ScriptedTools(says(answer))
    after = await propose("extract-function", selection_of(STATEMENT), tools)
    assert after == f"def {name}(a):\n    print(a)\n    print(1)\n\n\ndef f(a):\n    {name}(a)\n    return a\n"
    assert len(tools.asked) == 1
    [(_, shown, _)] = tools.shown
    assert "def _extracted(a)" in shown, "what is computed is shown before the model is asked"


async def test_a_name_that_is_taken_is_not_used():
    """A name of the file, even one in a text, would mean two things."""
    selection = selection_of("# _show\n" + STATEMENT)
    assert "def _extracted(a)" in await propose("extract-function", selection, ScriptedTools(says("show")))
    variable = selection_of("def f(a):\n    return g(«a.b»)\n")
    assert "value = a.b" in await propose("extract-variable", variable, ScriptedTools(says("list")))
    assert "size = a.b" in await propose("extract-variable", variable, ScriptedTools(says("size")))


async def test_where_a_name_is_taken_the_model_is_asked_for_others():
    """Of up to five names the first one that is free is used, and a sixth is not waited for."""
    selection = selection_of("# _show, _draw\n" + STATEMENT)
    tools = ScriptedTools(["show", "draw", "show", "paint", "never"])
    assert "def _paint(a)" in await propose("extract-function", selection, tools)
    assert [request.sampling.temperature for request in tools.asked] == [0.0, 1.0, 1.0, 1.0]
    assert len({request.sampling.seed for request in tools.asked}) == len(tools.asked)
    tools = ScriptedTools(["show"] * 5)
    assert "def _extracted(a)" in await propose("extract-function", selection, tools)


async def test_a_model_that_is_late_is_not_waited_for():
    """What is computed is given although the model says nothing in time."""

    class Late(ScriptedTools):
        async def ask(self, request: Any, watch: Any = None) -> Finished:
            await asyncio.Event().wait()
            raise AssertionError("it never answers")

    tools = Late(says(None), Settings(edit_deadline_s=1))
    assert "def _extracted(a)" in await propose("extract-function", selection_of(STATEMENT), tools)


@pytest.mark.parametrize("base", ["Base", "lib.Base"])
async def test_a_method_of_a_class_with_bases_gets_no_name_that_they_may_have(base: str):
    """A method that the model names might take the place of one that the class inherits."""
    marked = f"class A({base}):\n    def f(self):\n        «print(self)»\n        return 1\n"
    assert "def _extracted(self)" in await propose("extract-function", selection_of(marked), ScriptedTools(says("setup")))


@pytest.mark.parametrize(
    ("marked", "after"),
    [
        (
            "def f(a):\n\tif a:\n\t\t«b = a\n\t\tprint(b)»\n",
            "def _extracted(a):\n\tb = a\n\tprint(b)\n\n\ndef f(a):\n\tif a:\n\t\t_extracted(a)\n",
        ),
        (
            "é = '😀'\ndef f(ä):\n    x = '😀'; y = x\n    «print(ä, '😀', é)»",
            "é = '😀'\ndef _extracted(ä):\n    print(ä, '😀', é)\n\n\ndef f(ä):\n    x = '😀'; y = x\n    _extracted(ä)",
        ),
        (
            "class A:\n    def f(self):\n        «print(self)»",
            "class A:\n    def f(self):\n        self._extracted()\n\n    def _extracted(self):\n        print(self)\n",
        ),
        ("\ufeffdef f(a):\n    «print(a)»\n", "\ufeffdef _extracted(a):\n    print(a)\n\n\ndef f(a):\n    _extracted(a)\n"),
        (
            "def f(a):\n    x\x0c = 1\n    «print(a)»\n",
            "def _extracted(a):\n    print(a)\n\n\ndef f(a):\n    x\x0c = 1\n    _extracted(a)\n",
        ),
        (
            "def f(a):\n    «b = a + \\\n        1\n    print(b)»\n",
            "def _extracted(a):\n    b = a + \\\n        1\n    print(b)\n\n\ndef f(a):\n    _extracted(a)\n",
        ),
    ],
)
async def test_odd_texts(marked: str, after: str):
    """Tabs, wide characters, a byte order mark and a missing last line break stay right."""
    assert await propose("extract-function", selection_of(marked)) == after
