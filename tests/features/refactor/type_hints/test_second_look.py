"""Hints that a type checker has something against; the checker is a script, but for one test."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from seed_lsp.errors import NoChangeError
from seed_lsp.features.refactor import type_checker
from seed_lsp.features.refactor.action import Proposal, Selection
from seed_lsp.features.refactor.type_hints import second_look
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import read_document
from tests.features.refactor.type_hints.scripted import Scripted, propose

pytestmark = pytest.mark.slow

CODE = "import os\n\n\ndef f(x, y):\n    return x.split(y)\n\n\ndef g(a):\n    return os.fspath(a) + 1\n"
ANSWERS = {"x": "int", "y": "str", "a": "str", "return": "list"}
TY = """#!{python}
import pathlib, sys
pathlib.Path({told!r}).write_text(str(pathlib.Path.cwd()))
for name in sys.argv[1:]:
    if name.endswith(".py"):
        for number, line in enumerate(pathlib.Path(name).read_text().splitlines(), 1):
            if {wrong}:
                print(f"{{name}}:{{number}}:5: error[some-rule] it is wrong")
print("Found some diagnostics")
sys.exit(1)
"""
OLD = "'os.fspath' in line"
"""What the checker reports of the code as it is."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, and no checker but that in the folder `bin` beside it."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    (project / "shapes.py").write_text(CODE)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return project


def put_checker(folder: Path, wrong: str) -> Path:
    """A checker that says that lines are wrong; it writes its working folder into the file that is
    returned.
    """
    told = folder / "told"
    folder.mkdir()
    (folder / "ty").write_text(TY.format(python=PYTHON, wrong=f"{OLD} or {wrong}", told=str(told)))
    (folder / "ty").chmod(0o755)
    return told


PYTHON = sys.executable


async def hinted(project: Path) -> tuple[Proposal, str]:
    document = read_document(project / "shapes.py")
    selection = Selection(document, CharOffset(0), CharOffset(len(document.text)), path=project / "shapes.py")
    made = await propose(selection, Scripted(ANSWERS))
    return made, made.new_text(document)


async def test_a_hint_that_brings_an_error_is_left_out(project: Path):
    """The others stay, what was wrong before is no reason, and the note says what was left open."""
    told = put_checker(project.parent / "bin", "'x: int' in line")
    made, text = await hinted(project)
    assert text == CODE.replace("f(x, y)", "f(x, y: str) -> list").replace("g(a)", "g(a: str) -> list")
    assert "x of f (with int ty reports an error)" in made.note
    assert not Path(told.read_text()).is_relative_to(project), "no configuration of the workspace is read"


async def test_an_error_elsewhere_is_traced_to_its_hint(project: Path):
    """A type may make a line wrong that has none."""
    put_checker(project.parent / "bin", "('x.split' in line and 'x: int' in pathlib.Path(name).read_text())")
    _, text = await hinted(project)
    assert text == CODE.replace("f(x, y)", "f(x, y: str) -> list").replace("g(a)", "g(a: str) -> list")


async def test_hints_that_are_wrong_together_are_all_left_out(project: Path):
    """Where it cannot be told which of them is wrong, nothing is shown as right."""
    put_checker(project.parent / "bin", "('x: int, y: str' in line)")
    with pytest.raises(NoChangeError, match="reports an error"):
        await hinted(project)


async def test_no_program_of_the_workspace_is_run(project: Path, monkeypatch: pytest.MonkeyPatch):
    """A checker in the workspace may be anything."""
    told = put_checker(project / "bin", "'x: int' in line")
    outer = project.parent / "bin"
    outer.mkdir()
    (outer / "ty").symlink_to(project / "bin" / "ty")
    for folder in (project / "bin", outer):
        monkeypatch.setenv("PATH", str(folder))
        _, text = await hinted(project)
        assert "x: int" in text
    assert not told.exists()


async def test_a_checker_that_is_late_is_not_waited_for(project: Path, monkeypatch: pytest.MonkeyPatch):
    """Hints come although the checker hangs."""
    monkeypatch.setattr(second_look, "LIMIT_S", 0.5)
    put_checker(project.parent / "bin", "__import__('time').sleep(60)")
    _, text = await hinted(project)
    assert "x: int" in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ty", "text_0.py:4:1: error[missing-attribute] Object of type `int` has no attribute `split`"),
        ("mypy", 'text_0.py:4:1: error: "int" has no attribute "split"  [missing-attribute]'),
        ("pyright", "  /tmp/x/text_0.py:4:1 - error: Cannot access attribute (on a class) (missing-attribute)"),
    ],
)
def test_each_checkers_report_is_read(name: str, said: str):
    """The kind and the line are found in what each checker prints; notes are no errors."""
    assert name in type_checker._OPTIONS
    [found] = type_checker._read(f"{said}\ntext_0.py:5:1: note: more\n", [CODE])
    assert found == {("missing-attribute", "def f(x, y):"): 1}


@pytest.mark.parametrize("name", ["ty", "mypy"])
def test_the_real_checkers(name: str):
    """Each takes our options, and finds that an int has no `split` and that a str has."""
    program = shutil.which(name, path=str(Path(PYTHON).parent))
    if program is None:
        pytest.skip(f"{name} comes with the extra `dev`")
    texts = [CODE, CODE.replace("(x, y)", "(x: int, y: str)"), CODE.replace("(x, y)", "(x: str, y: str)")]
    found = type_checker.TypeChecker(name, program).errors(texts, 60.0)
    assert found is not None
    before, wrong, right = found
    assert type_checker.is_worse(before, wrong)
    assert not type_checker.is_worse(before, right)
