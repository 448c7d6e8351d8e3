"""Ruff's safe rules as entries of the menu; no model here."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from seed_lsp.errors import SeedError
from seed_lsp.features.refactor import ruff_program
from seed_lsp.features.refactor.modernise import checker
from seed_lsp.features.refactor.modernise.action import ALL
from seed_lsp.features.refactor.modernise.checker import Checker
from seed_lsp.features.refactor.modernise.rules import FAMILIES, LEFT_OUT, RULES
from tests.features.refactor.acting import done, offers, propose, select


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    return tmp_path / "sample.py"


CASES = [
    ("UP006", "from typing import List\nx: List[int] = []\n", "from typing import List\nx: list[int] = []\n"),
    ("UP007", "from typing import Union\nx: Union[int, str]\n", "from typing import Union\nx: int | str\n"),
    ("UP045", "from typing import Optional\nx: Optional[int]\n", "from typing import Optional\nx: int | None\n"),
    ("UP017", "from datetime import datetime, timezone\nx = timezone.utc\n", "from datetime import datetime, timezone, UTC\nx = UTC\n"),
    ("UP035", "from typing import Iterable\n", "from collections.abc import Iterable\n"),
    ("UP004", "class C(object):\n    pass\n", "class C:\n    pass\n"),
    ("UP008", "class C:\n    def f(self):\n        super(C, self).f()\n", "class C:\n    def f(self):\n        super().f()\n"),
    ("UP015", "open('f', 'r')\n", "open('f')\n"),
    ("UP018", "x = '😀'; y = str('ü')\n", "x = '😀'; y = 'ü'\n"),
    ("UP024", "try:\n    f()\nexcept IOError:\n    g()\n", "try:\n    f()\nexcept OSError:\n    g()\n"),
    ("UP025", "x = u'a'\n", "x = 'a'\n"),
    ("UP034", "print((1))\n", "print(1)\n"),
    (
        "UP041",
        "import socket\ntry:\n    f()\nexcept socket.timeout:\n    g()\n",
        "import socket\ntry:\n    f()\nexcept TimeoutError:\n    g()\n",
    ),
    ("SIM114", "if a:\n    b()\nelif c:\n    b()\n", "if a or c:\n    b()\n"),
    ("SIM117", "with a:\n    with b:\n        c()\n", "with a, b:\n    c()\n"),
    ("SIM118", "d = {}\nx in d.keys()\n", "d = {}\nx in d\n"),
    ("SIM910", "d = {}\nd.get(x, None)\n", "d = {}\nd.get(x)\n"),
    ("C420", "x = {k: None for k in a}\n", "x = dict.fromkeys(a)\n"),
    ("RET501", "def f():\n    print()\n    return None\n", "def f():\n    print()\n    return\n"),
    (
        "RET505",
        "def f(a):\n    if a:\n        return 1\n    else:\n        return 2\n",
        "def f(a):\n    if a:\n        return 1\n    return 2\n",
    ),
    (
        "RET505",
        "def f(a):\n    if a:\n        return 1\n    elif b:\n        return 2\n    elif c:\n        return 3\n    else:\n        return 4\n",
        "def f(a):\n    if a:\n        return 1\n    if b:\n        return 2\n    if c:\n        return 3\n    return 4\n",
    ),
    ("FURB110", "x = a if a else b\n", "x = a or b\n"),
    ("FURB136", "x = a if a < b else b\n", "x = min(b, a)\n"),
    ("FURB188", "def f(a: str):\n    return a[1:] if a.startswith('b') else a\n", "def f(a: str):\n    return a.removeprefix('b')\n"),
    ("PIE790", "class C:\n    '''Text.'''\n    pass\n", "class C:\n    '''Text.'''\n"),
    ("PIE808", "for i in range(0, 3):\n    f(i)\n", "for i in range(3):\n    f(i)\n"),
    ("RUF010", "x = f'{str(a)}'\n", "x = f'{a!s}'\n"),
    ("RUF019", "if 'a' in d and d['a']:\n    f()\n", "if d.get('a'):\n    f()\n"),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("code", "before", "after"), CASES)
def test_a_rule_is_an_entry_and_changes_what_it_says(path: Path, code: str, before: str, after: str, newline: str):
    """Each rule is offered by what it does and by its code, and the result is as ruff's."""
    before, after = before.replace("\n", newline), after.replace("\n", newline)
    [offer] = [one for one in offers("modernise", select(before, path=path)) if one.argument == code]
    assert offer.title.startswith(f"Modernise: {RULES[code]} ({code}")
    assert done("modernise", before, argument=code, path=path) == after


MANY = "from typing import List, Optional\n\n\ndef f(a: List[int], b: Optional[int] = None) -> List[str]:\n    # why\n    return None\n"


def test_all_rules_at_once(path: Path):
    """One entry applies all rules, and says how many places that are."""
    first, *rest = offers("modernise", select(MANY, path=path))
    assert (first.title, first.argument) == ("Simplify: all safe rules (3)", ALL)
    assert [one.title for one in rest] == [
        f"Modernise: {RULES['UP006']} (UP006, 2 places)",
        f"Modernise: {RULES['UP045']} (UP045)",
    ]
    after = MANY.replace("a: List", "a: list").replace("> List", "> list").replace("Optional[int] =", "int | None =")
    assert done("modernise", MANY, argument=ALL, path=path) == done("modernise", MANY, path=path) == after


@pytest.mark.parametrize(
    ("before", "selected"),
    [
        ("class C(  # of all\n    object\n):\n    x = 1\n", None),
        ("# -*- coding: utf-8 -*-\nx = 1\n", None),
        ("x = 1  # noqa: F401\n", None),
        ("def f(a):\n    if a:\n        return 1\n    else:\n        return 2\n", "    if a:\n        return 1\n"),
        ("def f(:\n    x = u'a'\n", None),
        ("x = '\ud800'; y = u'a'\n", None),
        ("x = u'a'\n" * 40_000, None),
    ],
)
def test_what_reaches_too_far_or_drops_a_comment_is_not_offered(path: Path, before: str, selected: str | None):
    """No comment is lost, nothing outside the selection changes, and odd files break nothing."""
    assert offers("modernise", select(before, selected, path)) == []
    with pytest.raises(SeedError, match="change nothing"):
        done("modernise", before, selected, path=path)


def test_a_cursor_has_no_entries(path: Path):
    """Ruff is not run at each move of the cursor."""
    selection = select(MANY, "", path)
    assert offers("modernise", selection) == []


CHAIN = (
    "import os\nfrom datetime import timezone\nLEFT = u'a'\n\n\ndef f(a):\n    x = timezone.utc\n    if a:\n        return 1\n"
    "    elif x:\n        return 2\n    else:\n        return 3\n\n\nRIGHT = u'b'\n"
)


def test_what_one_rule_makes_possible_for_another_is_done_as_well(path: Path):
    """Several rounds are one edit, in the selection and the imports alone."""
    selected = CHAIN[CHAIN.index("def f") : CHAIN.index("\n\nRIGHT")]
    selection = select(CHAIN, selected, path)
    proposal = propose("modernise", selection, ALL)
    assert proposal.new_text(selection.document) == CHAIN.replace("import timezone", "import timezone, UTC").replace(
        "timezone.utc", "UTC"
    ).replace("    elif x:\n        return 2\n    else:\n        return 3\n", "    if x:\n        return 2\n    return 3\n")


def test_two_rules_that_would_empty_a_block_together(path: Path):
    """Fixes that are right alone and wrong together are not both applied."""
    before = "def f():\n    pass\n    pass\n"
    after = done("modernise", before, argument=ALL, path=path)
    assert after == "def f():\n    pass\n"


def test_the_project_says_for_which_python(tmp_path: Path):
    """No form is offered that a Python of the project does not know."""
    text = "from typing import Optional\nx: Optional[int]\n"
    file = tmp_path / "sample.py"
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.9"\n')
    assert offers("modernise", select(text, path=file)) == []
    assert offers("modernise", select(text)) == []
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.10,<4"\n')
    assert [one.argument for one in offers("modernise", select(text, path=file))] == ["UP045"]


def test_settings_of_the_workspace_and_the_environment_are_not_read(path: Path, monkeypatch: pytest.MonkeyPatch):
    """What ruff does is ours to say: nobody's files or variables change it, and none runs code."""
    (path.parent / "ruff.toml").write_text('select = ["F"]\n[lint.per-file-ignores]\n"*.py" = ["UP"]\n')
    monkeypatch.setenv("RUFF_OUTPUT_FORMAT", "full")
    monkeypatch.chdir(path.parent)
    assert [one.argument for one in offers("modernise", select("x = u'a'\n", path=path))] == ["UP025"]


@pytest.mark.parametrize("way", ["missing", "fails", "slow", "odd"])
def test_without_ruff_there_are_no_entries(path: Path, monkeypatch: pytest.MonkeyPatch, way: str):
    """A ruff that is missing, fails or hangs costs its entries alone, and it is asked again."""
    text = f"x = u'{way}'\n"
    with monkeypatch.context() as broken:
        if way == "missing":
            broken.setattr(ruff_program, "find_ruff", lambda: None)
        elif way == "slow":
            broken.setattr(checker, "TIME_LIMIT_S", 1e-9)
        else:
            answer = {"fails": (2, b""), "odd": (0, b"{}")}[way]
            broken.setattr(ruff_program.subprocess, "run", lambda *_args, **more: _answered(answer, check=more["check"]))
        assert offers("modernise", select(text, path=path)) == []
    assert offers("modernise", select(text, path=path))


def _answered(answer: tuple[int, bytes], *, check: bool) -> subprocess.CompletedProcess[bytes]:
    code, output = answer
    if check and code:
        raise subprocess.CalledProcessError(code, "ruff")
    return subprocess.CompletedProcess([], code, output)


async def test_menu_and_action_share_one_run(path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ruff runs once for a version of the document."""
    runs: list[str] = []
    run = checker.run_ruff
    monkeypatch.setattr(checker, "run_ruff", lambda text, *more, **named: runs.append(text) or run(text, *more, **named))
    asked = Checker()
    document = select(MANY).document
    first = await asked.fixes(document, path)
    assert first
    assert await asked.fixes(document, path) is first
    assert len(runs) == 1


def test_every_rule_is_decided():
    """Each stable rule that can fix something is offered, or left out for a reason."""
    program = ruff_program.find_ruff()
    assert program is not None
    listed = json.loads(subprocess.run([program, "rule", "--all", "--output-format", "json"], check=True, capture_output=True).stdout)
    fixing = {
        rule["code"]
        for rule in listed
        if rule["code"] and rule["code"].rstrip("0123456789") in {name.rstrip("0123456789") for name in FAMILIES}
        if not rule["preview"] and "not available" not in rule["fix"].lower() and "Removed" not in str(rule.get("status"))
    }
    decided = RULES.keys() | {code for codes in LEFT_OUT.values() for code in codes}
    assert fixing - decided == set()
    assert not RULES.keys() & {code for codes in LEFT_OUT.values() for code in codes}


def test_the_edits_are_those_of_the_rule(path: Path):
    """What stands beside a change stays untouched in the editor, its marks included."""
    selection = select("x = 1; y = u'a'; z = 2\n", path=path)
    [edit] = propose("modernise", selection, "UP025").edits
    assert (edit.start, edit.end, edit.text) == (11, 12, "")
