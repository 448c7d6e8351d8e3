"""Tests that are written for a function; the model's answers are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from seed_lsp.errors import RejectedResultError, SelectionError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Proposal, Selection
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import read_document
from tests.features.refactor.tools import ToolsOnFiles

ACTION = registry.find_action("generate-tests")
AREA = "def area(width, height):\n    if width < 0:\n        raise ValueError\n    return width * height\n"
BOX = "class Box(list):\n    def __init__(self, size):\n        self.size = size\n\n    @property\n    def free(self):\n        return self.size - len(self)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a package that has one module."""
    (tmp_path / "pyproject.toml").write_text("")
    package = tmp_path / "src" / "shapes"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sizes.py").write_text(f"{AREA}\n\n{BOX}")
    return tmp_path


def selection_at(path: Path, words: str) -> Selection:
    document = read_document(path)
    start = CharOffset(document.text.index(words))
    return Selection(document, start, start, path=path)


async def generated(selection: Selection, answer: str) -> tuple[Proposal, str, ToolsOnFiles]:
    tools = ToolsOnFiles(answer)
    made = await registry.run(ACTION, selection, "", tools)
    assert made.new_file is not None
    return made, made.new_file.text, tools


HEAD = "```python\nimport pytest\n\nfrom shapes.sizes import area\n\n\n"
GOOD = "def test_area_of_a_square():\n    assert area(2, 2) == 4\n"
RAISES = "def test_area_of_less_than_nothing():\n    with pytest.raises(ValueError):\n        area(-1, 2)\n"


async def test_tests_are_written_into_a_new_file(project: Path):
    """The file imports the function by its module's name, and lies among the project's tests."""
    made, text, tools = await generated(selection_at(project / "src/shapes/sizes.py", "area"), f"{HEAD}{GOOD}\n\n{RAISES}")
    assert made.new_file is not None
    assert made.new_file.path == project / "tests" / "test_sizes.py"
    assert text == f"import pytest\n\nfrom shapes.sizes import area\n\n\n{GOOD}\n\n{RAISES}"
    assert made.edits == ()
    assert "not run" in made.note
    assert AREA.rstrip() in tools.asked[0].prompt
    assert tools.asked[0].start == f"{HEAD}def test_area"


async def test_only_tests_that_test_the_function_are_kept(project: Path):
    """Tests without a call of it or an assertion about it, or with unknown names, are left out."""
    useless = [
        "def test_nothing():\n    assert True\n",
        "def test_no_call():\n    value = 3\n    assert value == 3\n",
        "def test_no_assertion():\n    area(1, 2)\n",
        "def test_unknown():\n    assert area(1, 2) == circle(3)\n",
        "def test_fixture(database):\n    assert area(1, database) == 2\n",
        "import requests\n\n\ndef test_import():\n    assert area(1, requests.get('x')) == 2\n",
        "def test_itself():\n    assert area(1, 2) == area(1, 2)\n",
        "def test_too_many():\n    assert area(1, 2, 3) == 6\n",
        "def test_too_few():\n    assert area(1) == 1\n",
        "def test_twice():\n    assert area(1, 2, width=1) == 2\n",
        "def test_other_name():\n    assert area(width=1, size=2) == 2\n",
        "def test_error_of_something_else():\n    size = area(1, 2)\n    with pytest.raises(ValueError):\n        int('x')\n",
        "def test_error_that_nothing_raises():\n    with pytest.raises(KeyError):\n        area(1, 2)\n",
        "def test_cut_off():\n    assert area(1, 2",
    ]
    selection = selection_at(project / "src/shapes/sizes.py", "area")
    _, text, _ = await generated(selection, HEAD + "\n\n".join([GOOD, *useless]))
    assert text == f"from shapes.sizes import area\n\n\n{GOOD}"
    with pytest.raises(RejectedResultError, match="calls area and asserts"):
        await generated(selection, HEAD + "\n\n".join(useless))


async def test_calls_that_the_parameters_allow(project: Path):
    """Names, defaults, stars and what a class's name needs are counted as Python counts them."""
    module = project / "src/shapes/sizes.py"
    module.write_text(
        "class Box:\n    def put(self, a, b=1, /, *, c, d=2):\n        return a\n\n    @staticmethod\n    def of(a):\n        return a\n"
    )
    good = ["Box().put(1, c=2) == 1", "Box().put(1, 2, c=2, d=3)", "Box.put(Box(), 1, c=1) == 1", "Box().put(*[1], **{'c': 2}) == 1"]
    bad = ["Box().put(1) == 1", "Box().put(a=1, c=2) == 1", "Box.put(1, c=1) == 1", "Box().put(1, 2, 3, c=1) == 1"]
    tests = [f"def test_{number}():\n    assert {line}\n" for number, line in enumerate([*good, *bad])]
    tests.append("def test_error():\n    with pytest.raises(TypeError):\n        Box().put()\n")
    _, text, _ = await generated(selection_at(module, "def put"), HEAD.replace("area", "Box") + "\n\n".join(tests))
    assert all(line in text for line in good)
    assert not any(f"{line}\n" in text for line in bad)
    assert "test_error" in text
    _, text, _ = await generated(selection_at(module, "def of"), HEAD + "def test_it():\n    assert Box.of(1) == 1\n")
    assert "Box.of(1)" in text


@pytest.mark.parametrize(
    ("code", "bad", "good", "words"),
    [
        ("def area(n):\n    yield n\n", "area(1) == [1]", "list(area(1)) == [1]", "generator"),
        ("async def area(n):\n    return n\n", "area(1) == 1", "asyncio.run(area(1)) == 1", "coroutine"),
    ],
)
async def test_what_gives_its_result_later(project: Path, code: str, bad: str, good: str, words: str):
    """A generator or a coroutine equals nothing, and the model is told which it is."""
    module = project / "src/shapes/sizes.py"
    module.write_text(code)
    tests = [f"def test_{number}():\n    assert {line}\n" for number, line in enumerate((bad, good))]
    _, text, tools = await generated(selection_at(module, "area"), HEAD.replace("pytest", "asyncio") + "\n\n".join(tests))
    assert f"assert {good}" in text
    assert f"assert {bad}" not in text
    assert words in tools.asked[0].prompt


async def test_fixtures_without_use_are_left_out(project: Path):
    """A test asks for what it uses alone."""
    answer = GOOD.replace("()", "(tmp_path, capsys)", 1) + "\n\ndef test_two(tmp_path):\n    assert area(1, len(str(tmp_path)))\n"
    _, text, _ = await generated(selection_at(project / "src/shapes/sizes.py", "area"), HEAD + answer)
    assert GOOD in text
    assert "def test_two(tmp_path):" in text


async def test_the_projects_own_style(project: Path):
    """A project with `TestCase` classes gets one, beside its tests and named as they are."""
    (project / "test" / "unit").mkdir(parents=True)
    (project / "test" / "unit" / "other_test.py").write_text(
        "import unittest\n\n\nclass Other(unittest.TestCase):\n    def test_it(self): pass\n"
    )
    answer = "```python\nimport unittest\n\nfrom shapes.sizes import Box\n\n\nclass TestBox(unittest.TestCase):\n    def test_free(self):\n        self.assertEqual(Box(3).free, 3)\n"
    made, text, tools = await generated(selection_at(project / "src/shapes/sizes.py", "def free"), answer)
    assert made.new_file is not None
    assert made.new_file.path == project / "test" / "unit" / "sizes_test.py"
    assert text == (
        "import unittest\n\nfrom shapes.sizes import Box\n\n\n"
        "class TestBoxFree(unittest.TestCase):\n    def test_free(self):\n        self.assertEqual(Box(3).free, 3)\n"
    )
    assert "def __init__(self, size)" in tools.asked[0].prompt


MINE = "import os\n\nfrom shapes.sizes import Box\n\n\ndef test_area_of_a_square():\n    assert Box(os.cpu_count()).free\n"


async def added(project: Path, old: str, answer: str, words: str = "area", name: str = "test_sizes.py") -> str:
    """The file of tests as it becomes, in place of `old`."""
    (project / "tests").mkdir(exist_ok=True)
    (project / "tests" / name).write_text(old, newline="")
    tools = ToolsOnFiles(answer)
    made = await registry.run(ACTION, selection_at(project / "src/shapes/sizes.py", words), "", tools)
    assert made.new_file is None
    assert made.other_file is not None
    assert (made.edits, made.other_file.path.name) == ((), name)
    return made.other_file.new_text


async def test_tests_are_added_to_the_modules_own(project: Path):
    """They come behind those that are there, under names of their own, and all of these stay."""
    text = await added(project, MINE, f"{HEAD}{GOOD}\n\n{RAISES}")
    head = "import os\n\nimport pytest\nfrom shapes.sizes import Box, area\n"
    renamed = GOOD.replace("square", "square2")
    assert text == f"{head}{MINE.partition('Box')[2][1:]}\n\n{renamed}\n\n{RAISES}"


async def test_what_runs_the_tests_stays_behind_them(project: Path):
    """Tests behind ``unittest.main()`` would not run; a file's own line breaks are kept."""
    old = "import unittest\nfrom shapes import sizes\n\n\nclass TestArea(unittest.TestCase):\n    def test_it(self):\n        pass\n\n\n# Run them.\nif __name__ == '__main__':\n    unittest.main()\n"
    answer = "```python\nclass TestIt(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(area(1, 2), 2)\n"
    text = await added(project, old.replace("\n", "\r\n"), answer, name="sizes_test.py")
    new = "class TestArea2(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(area(1, 2), 2)\n\n\n"
    wanted = old.replace("# Run", f"{new}# Run").replace("sizes\n", "sizes\nfrom shapes.sizes import area\n", 1)
    assert text == wanted.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "old",
    [
        "def test_mine(): pass\n",
        "from other.sizes import area\n\n\ndef test_mine(): pass\n",
        "from shapes.sizes import Box\n\n\ndef area(): pass\n",
        "def test_mine(): pass\nfrom shapes.sizes import (\n",
    ],
)
async def test_a_file_that_is_not_the_modules_is_left_alone(project: Path, old: str):
    """One for another module of that name, or where the name means something else, is no place."""
    (project / "tests").mkdir()
    (project / "tests" / "test_sizes.py").write_text(old)
    made, _, _ = await generated(selection_at(project / "src/shapes/sizes.py", "area"), HEAD + GOOD)
    assert made.other_file is None
    assert made.new_file is not None
    assert made.new_file.path.name == "test_sizes_area.py"


async def test_a_test_that_needs_another_import_of_that_name_is_left_out(project: Path):
    """What the file has under a name is what its tests get, and nothing else."""
    old = "from mine import math\nfrom shapes import area\n\n\ndef test_mine(): pass\n"
    other = "def test_area_with_pi():\n    assert area(math.pi, 1) == math.pi\n"
    text = await added(project, old, f"{HEAD.replace('pytest', 'math')}{other}\n\n{GOOD}")
    assert text == f"{old}\n\n{GOOD}"


async def test_no_file_is_overwritten(project: Path):
    """Where the module has a file of tests already, those of the function get one of their own."""
    (project / "tests").mkdir()
    (project / "tests" / "test_sizes.py").write_text("def test_mine(): pass\n")
    selection = selection_at(project / "src/shapes/sizes.py", "area")
    made, _, _ = await generated(selection, HEAD + GOOD)
    assert made.new_file is not None
    assert made.new_file.path.name == "test_sizes_area.py"
    made.new_file.path.write_text("")
    with pytest.raises(SelectionError, match="exists already"):
        await generated(selection, HEAD + GOOD)


async def test_where_tests_are_offered(project: Path):
    """The entry comes at the first line of a function, and neither within it nor in tests."""
    path = project / "src/shapes/sizes.py"
    assert [offer.title for offer in await ACTION.offers(selection_at(path, "area"))] == ["Generate tests for area"]
    assert [offer.title for offer in await ACTION.offers(selection_at(path, "def free"))] == ["Generate tests for free"]
    assert await ACTION.offers(selection_at(path, "return width")) == []
    assert await ACTION.offers(selection_at(path, "class Box")) == []
    (project / "test_sizes.py").write_text(GOOD)
    assert await ACTION.offers(selection_at(project / "test_sizes.py", "test_area")) == []
    with pytest.raises(SelectionError, match="cursor on its first line"):
        await registry.run(ACTION, selection_at(path, "return width"), "", ToolsOnFiles())
