"""Type hints from the selection to the edits, with a model that answers from a table."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed_lsp.errors import NoChangeError, SelectionError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.imports import import_block
from seed_lsp.session.settings import Settings
from seed_lsp.source.patch import apply_edits
from tests.features.refactor.acting import select
from tests.features.refactor.type_hints.scripted import Scripted, hinted, propose

ANSWERS = {"a": "str", "b": "list[int]", "args": "float", "kw": "bool", "return": "bytes"}
CASES = [
    ("def f(a, b):\n    return a.x(b)\n", "def f(a: str, b: list[int]) -> bytes:\n    return a.x(b)\n"),
    ("async def f(a, *, b):\n    return a.x\n", "async def f(a: str, *, b: list[int]) -> bytes:\n    return a.x\n"),
    (
        "@wraps(a)\ndef f(a, /, *args, **kw):\n    return a.x\n",
        "@wraps(a)\ndef f(a: str, /, *args: float, **kw: bool) -> bytes:\n    return a.x\n",
    ),
    # What has a type keeps it, and so do defaults and blanks.
    ("def f(a: int, b, *args: int) -> str:\n    return a\n", "def f(a: int, b: list[int], *args: int) -> str:\n    return a\n"),
    ("def f(a=x, b = y,c= z):\n    return a.x\n", "def f(a: str = x, b: list[int] = y,c= z) -> bytes:\n    return a.x\n"),
    ("def f( a =x ):\n    return a.x\n", "def f( a: str = x ) -> bytes:\n    return a.x\n"),
    # Headers of several lines keep their layout and comments.
    (
        "def f(\n    a,  # first\n    # then\n    b=None,\n):\n    return a.x\n",
        "def f(\n    a: str,  # first\n    # then\n    b: list[int] | None = None,\n) -> bytes:\n    return a.x\n",
    ),
    ("def f(a): return a.x\n", "def f(a: str) -> bytes: return a.x\n"),
    # Methods: what they are bound to has no type.
    (
        "class A:\n\tdef f(self, a):\n\t\treturn a.x\n\n\t@staticmethod\n\tdef g(a):\n\t\treturn a.x\n",
        "class A:\n\tdef f(self, a: str) -> bytes:\n\t\treturn a.x\n\n\t@staticmethod\n\tdef g(a: str) -> bytes:\n\t\treturn a.x\n",
    ),
    (
        "class A:\n    @classmethod\n    def f(klass, a):\n        return klass(a)\n",
        "class A:\n    @classmethod\n    def f(klass, a: str) -> bytes:\n        return klass(a)\n",
    ),
    # Functions within others, and lambdas, which have no place for types.
    (
        "def f(a):\n    def g(b):\n        return [lambda a: b]\n\n    return [g]\n",
        "def f(a: str) -> bytes:\n    def g(b: list[int]) -> bytes:\n        return [lambda a: b]\n\n    return [g]\n",
    ),
    # Letters of more than one byte before it.
    (
        "# Größe 😀\ndef größe(a='😀', *, b):\n    return b.x\n",
        "# Größe 😀\ndef größe(a: str = '😀', *, b: list[int]) -> bytes:\n    return b.x\n",
    ),
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
async def test_types_are_inserted_and_nothing_else_changes(text: str, wanted: str):
    """Each shape of a header keeps its names, defaults, order, comments and layout."""
    assert await hinted(text, ANSWERS) == wanted


@pytest.mark.parametrize(("text", "wanted"), CASES)
async def test_windows_line_breaks_stay(text: str, wanted: str):
    """A file with CRLF gets no other line break, and the model sees none of them."""
    selection = select(text.replace("\n", "\r\n"))
    tools = Scripted(ANSWERS)
    proposal = await propose(selection, tools)
    assert proposal.new_text(selection.document) == wanted.replace("\n", "\r\n")
    assert all("\r" not in request.prefix + request.start + request.suffix for request in tools.asked)


@pytest.mark.parametrize(
    ("selected", "changed"),
    [
        ("def one(a):\n    b = a.x\n", {"one"}),
        ("b = a.x", {"one"}),
        ("d = c.x\n    return d.x\n\n\ndef th", {"three"}),
        ("def one(a):\n    b = a.x\n    return b.x\n\n\ndef two(c):", {"one", "two"}),
    ],
)
async def test_a_selection_means_the_functions_whose_headers_it_touches(selected: str, changed: set[str]):
    """No function gets types that the user did not select, or stand in."""
    text = "def one(a):\n    b = a.x\n    return b.x\n\n\ndef two(c):\n    d = c.x\n    return d.x\n\n\ndef three(e):\n    return e.x\n"
    new = await hinted(text, dict.fromkeys("ace", "int"), selected)
    assert {name for name in ("one", "two", "three") if f"def {name}({'ace'[['one', 'two', 'three'].index(name)]}: int" in new} == changed


@pytest.mark.parametrize("at", [0, 4, 11, 13])
async def test_a_bare_cursor_means_the_header_that_it_is_in(at: int):
    """Without a selection the action concerns the function in whose header the cursor is."""
    text = "def one(a,\n  b):\n    return a.x\n"
    selection = select(text, text[at])
    cursor = type(selection)(selection.document, selection.start, selection.start)
    assert (await propose(cursor, Scripted({"a": "int"}))).edits
    inside = type(selection)(selection.document, selection.document.line_range(2)[0], selection.document.line_range(2)[0])
    with pytest.raises(SelectionError, match="there is no function"):
        await propose(inside, Scripted({"a": "int"}))


async def test_one_prompt_serves_all_holes_of_a_function():
    """A function's second hole costs no second reading of its text: only the text given of the
    middle differs, and it goes on where the last one ended.
    """
    tools = Scripted(ANSWERS)
    await propose(select("import os\n\n\ndef f(a, b=None):\n    return a.x\n"), tools)
    assert len({(request.prefix, request.suffix) for request in tools.asked}) == 1
    assert tools.asked[0].prefix == "import os\n\n\n\ndef f(a"
    assert tools.asked[0].suffix == ":\n    return a.x\n"
    assert [request.start for request in tools.asked] == [
        ":",
        ": str, b:",
        ": str, b: list[int] | None = None) ->",
    ]


async def test_what_is_unsure_stays_open():
    """A type that the model only guesses is not shown; the user reads which and why."""
    tools = Scripted({"a": ("str", 0.1), "b": "Unknown", "c": "", "return": "int"})
    selection = select("def f(a, b, *c):\n    return a.x\n")
    proposal = await propose(selection, tools)
    assert proposal.new_text(selection.document) == "def f(a, b, *c) -> int:\n    return a.x\n"
    for words in ("a of f (the model was not sure)", "b of f (the file knows no type Unknown)", "*c of f (the model wrote no type)"):
        assert words in proposal.note


async def test_what_is_asked_for_in_words_may_be_less_sure():
    """Who asks for each parameter gets what is likely, and reads which of them that is; a type that
    says nothing is not made up, and the result is left alone.
    """
    tools = Scripted({"a": ("str", 0.3), "b": ("Any", 0.3), "c": ("int", 0.01), "d": "int", "return": "int"})
    selection = select("def f(a, b, c, d):\n    return a.x\n")
    proposal = await registry.run(registry.OWN, selection, "annotate each parameter", tools)
    assert proposal.new_text(selection.document) == "def f(a: str, b, c, d: int):\n    return a.x\n"
    assert "likely at best, so look at them: a of f" in proposal.note
    for name in "bc":
        assert f"{name} of f (the model was not sure)" in proposal.note


async def test_the_files_own_classes_need_less_certainty():
    """A name that the model took from the file is a better guess than one that fits anywhere."""
    text = "from typing import Any\nfrom x import Color\n\n\ndef f(a, b, c):\n    print(a)\n"
    new = await hinted(text, {"a": ("Color | None", 0.4), "b": ("int | Color", 0.4), "c": ("Any", 0.4)})
    assert "def f(a: Color | None, b, c) -> None:" in new


async def test_nothing_certain_is_no_change():
    """A proposal without a type is none, and says why."""
    with pytest.raises(NoChangeError, match="not sure"):
        await hinted("def f(a):\n    return a.x\n", {"a": ("str", 0.1), "return": ("str", 0.1)})


async def test_all_typed_is_said_in_these_words():
    with pytest.raises(NoChangeError, match="every parameter has its type already"):
        await hinted("def f(a: int) -> int:\n    return a\n")


async def test_the_menu_offers_what_there_is_to_add():
    """The entry stands in the menu where a type is missing, in Python alone."""
    offers = registry.find_action("type-hints").offers
    assert len(await offers(select("def f(a):\n    pass\n"))) == 1
    assert not await offers(select("def f() -> None:\n    pass\n"))
    assert not await offers(select("x = 1\n"))
    assert not await offers(select("function f(a) {}\n", language="javascript"))
    with pytest.raises(SelectionError, match="Python"):
        await propose(select("function f(a) {}\n", language="javascript"), Scripted())


async def test_imports_come_as_an_edit_of_their_own():
    """A type of `typing` or `collections.abc` is imported where imports stand."""
    text = '"""Doc."""\n\nimport os\n\n\ndef f(a, b):\n    return a.x\n'
    selection = select(text, "def f(a, b)")
    proposal = await propose(selection, Scripted({"a": "Callable[[int], Any]", "b": "List[Optional[str]]", "return": "os.PathLike"}))
    assert proposal.new_text(selection.document) == (
        '"""Doc."""\n\nimport os\nfrom collections.abc import Callable\nfrom typing import Any\n\n\n'
        "def f(a: Callable[[int], Any], b: list[str | None]) -> os.PathLike:\n    return a.x\n"
    )
    outside = [edit for edit in proposal.edits if edit.start < proposal.span.start]
    assert all(edit.end <= import_block(selection.document).end for edit in outside)


@pytest.mark.parametrize(("least", "wanted"), [(">=3.9", '"str | None"'), (">=3.10", "str | None")])
async def test_an_old_python_can_still_import_the_file(tmp_path: Path, least: str, wanted: str):
    """Where the project runs on a Python that cannot evaluate `X | Y`, that stands in quotes."""
    (tmp_path / "pyproject.toml").write_text(f'[project]\nrequires-python = "{least}"\n', encoding="utf-8")
    selection = replace(select("def f(a=None):\n    print(a)\n"), path=tmp_path / "a.py")
    proposal = await propose(selection, Scripted({"a": "str"}))
    assert f"def f(a: {wanted} = None)" in proposal.new_text(selection.document)


async def test_the_preview_shows_computed_types_first():
    """What needs no model is seen at once, with masks where the model is still to be asked; at the
    end the preview is the result.
    """
    tools = Scripted({"a": "str", "b": ("int", 0.1)})
    selection = select("def f(a, b, c=True):\n    print(a)\n")
    proposal = await propose(selection, tools)
    assert tools.shown[0][1:] == ("def f(a", ": ░░░, b: ░░░, c: bool = True) -> None:\n")
    assert tools.shown[1][1:] == ("def f(a: str, b", ": ░░░, c: bool = True) -> None:\n")
    assert tools.shown[-1] == (proposal.span, "def f(a: str, b, c: bool = True) -> None:\n", "")


async def test_the_users_deadline_holds_for_all_functions():
    """When the time is over the model is asked no more, and what was found by then is shown."""
    text = "def f(a=True):\n    return a.x\n"
    tools = Scripted({"return": "int"}, settings=Settings(edit_deadline_s=0))
    selection = select(text)
    proposal = await propose(selection, tools)
    assert proposal.new_text(selection.document) == "def f(a: bool = True):\n    return a.x\n"
    assert not tools.asked
    assert "the time was over" in proposal.note


def _listed(first: str, rest: list[str], star: str, keywords: list[str], more: str) -> list[str]:
    """A list of parameters that Python takes."""
    named = [first, "/", *rest] if first else rest
    return [*named, *([star, *keywords] if star != "*" or keywords else []), *([more] if more else [])]


HEADERS = st.builds(
    _listed,
    st.sampled_from(["", "a", "b: int"]),
    st.lists(st.sampled_from(["c=1", "d = None", "e: str = ''", "f=lambda x, y=1: x", "g=(1, 2)"]), unique=True),
    st.sampled_from(["*", "*args", "*args: int"]),
    st.lists(st.sampled_from(["h", "i=2", "j: int"]), unique=True),
    st.sampled_from(["", "**kw", "**kw: int"]),
)


def without_types(text: str) -> str:
    """A program's tree without annotations and imports."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
    tree.body = [one for one in tree.body if not isinstance(one, ast.ImportFrom)]
    return ast.dump(tree)


TYPES = st.sampled_from(["int", "str | None", "Any", "Callable[..., str]", "dict[str, list[int]]", "Nope", "x y", "None", "'A'", "B", ""])


@given(
    st.sampled_from(["def", "async def", "class A:\n    def"]),
    HEADERS,
    st.sampled_from([", ", ",", ",\n        ", ",  # why\n    "]),
    st.tuples(
        st.sampled_from(["", " -> int", " "]), st.sampled_from(["pass", "return a", "yield 1", "raise NotImplementedError", "return 1"])
    ),
    st.lists(TYPES, min_size=12, max_size=12),
)
async def test_whatever_the_model_says_only_types_are_inserted(
    keyword: str, parameters: list[str], comma: str, rest: tuple[str, str], answers: list[str]
):
    """For any header and any answers, the result without types is the program that there was, and
    each edit is an insertion in a header or the imports.
    """
    result, body = rest
    text = f"{keyword} f({comma.join(parameters)}){result}:\n    {body}\n"
    if keyword.startswith("class"):
        text = text.replace("\n    ", "\n        ").replace("        def", "    def")
    names: Mapping[str, str] = dict(zip([*"acdfghi", "args", "kw", "return"], answers, strict=False))
    selection = select(text)
    try:
        proposal = await propose(selection, Scripted(names))
    except (NoChangeError, SelectionError):
        return
    assert all(edit.start == edit.end for edit in proposal.edits)
    new = apply_edits(text, proposal.edits)
    assert without_types(new) == without_types(text)
