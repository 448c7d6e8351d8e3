"""For each action a case: what is selected, the entry of the menu, and what becomes of the file.

All editors go through the same cases. The model is the scripted one (`benchmarks.robustness
.scripted`): a comment of the code says what it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

START, END = "⟦", "⟧"
PROJECT = "[project]\nrequires-python = '>=3.10'\n"
"""The `pyproject.toml` beside the files."""


@dataclass(frozen=True)
class Case:
    """The selection in `marked` stands between ⟦ and ⟧, which side by side are a bare cursor. One
    of several lines ends at a line's end.

    `entry` is the menu's title without "Seed: ", and for the own instruction its words. `report` is
    what a checker says of the selection, with its name and rule. `made` is a new file, by its path
    in the workspace, and its text.
    """

    action: str
    entry: str
    marked: str
    wanted: str
    file: str = "sample.py"
    report: tuple[str, str, str] | None = None
    made: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        return self.marked.replace(START, "").replace(END, "")

    @cached_property
    def span(self) -> tuple[int, int]:
        """The characters of the text that are selected."""
        return self.marked.index(START), self.marked.index(END) - 1

    @property
    def places(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The line and the column, both counted from 0, where the selection begins and ends."""
        first, last = (self.text[:at].split("\n") for at in self.span)
        return (len(first) - 1, len(first[-1])), (len(last) - 1, len(last[-1]))


_LOOP = "def doubled(items):\n    found = []\n    for item in items:\n        found.append(item * 2)\n    return found\n"
_COMPREHENSION = "def doubled(items):\n    found = [item * 2 for item in items]\n    return found\n"
_CHAIN = "def price(kind):\n    if kind == 'small':\n        return 1\n    elif kind == 'large':\n        return 3\n    else:\n        return 2\n"
_TOTAL = "def report(items):\n    total = 0\n    for item in items:\n        total += item\n    return total\n"
_TOTAL_SELECTED = f"{START}{_TOTAL[:-1]}{END}\n"

CASES = (
    Case(
        "modernise",
        "Modernise: take out the base class `object` (UP004)",
        "class Box⟦(object)⟧:\n    size = 1\n",
        "class Box:\n    size = 1\n",
    ),
    Case(
        "loop-to-comprehension",
        "Convert the loop to a comprehension",
        _LOOP.replace("    found = []", "⟦    found = []").replace("* 2)", "* 2)⟧"),
        _COMPREHENSION,
    ),
    Case(
        "comprehension-to-loop",
        "Convert the comprehension to a loop",
        _COMPREHENSION.replace("    found = [", "⟦    found = [").replace("items]", "items]⟧"),
        _LOOP,
    ),
    Case(
        "f-string",
        "Convert to an f-string",
        "def label(name: str, size: int) -> str:\n    return ⟦'%s: %d' % (name, size)⟧\n",
        "def label(name: str, size: int) -> str:\n    return f'{name!s}: {size:d}'\n",
    ),
    Case(
        "if-to-match",
        "Convert the if chain to match",
        _CHAIN.replace("if kind == 'small'", "⟦⟧if kind == 'small'"),
        "def price(kind):\n    match kind:\n        case 'small':\n            return 1\n        case 'large':\n            return 3\n        case _:\n            return 2\n",
    ),
    Case(
        "if-to-dict",
        "Convert the if chain to a look-up in a dictionary",
        _CHAIN.replace("if kind == 'small'", "⟦⟧if kind == 'small'").replace("(kind)", "(kind: str)"),
        "def price(kind: str):\n    return {'small': 1, 'large': 3}.get(kind, 2)\n",
    ),
    Case(
        "extract-function",
        "Extract a function",
        "def report(items):\n⟦    total = sum(items)\n    print(total)⟧\n    return items\n",
        "def _scripted_value(items):\n    total = sum(items)\n    print(total)\n\n\ndef report(items):\n    _scripted_value(items)\n    return items\n",
    ),
    Case(
        "extract-variable",
        "Extract a variable",
        "a = 1\nb = ⟦sum([a, 2])⟧ + 1\n",
        "a = 1\nscripted_value = sum([a, 2])\nb = scripted_value + 1\n",
    ),
    Case(
        "inline",
        "Inline the variable total",
        "def report(items):\n    ⟦⟧total = sum(items)\n    return total\n",
        "def report(items):\n    return sum(items)\n",
    ),
    Case(
        "simplify",
        "Simplify with the model",
        "def all_of(items):\n⟦    return list([item for item in items])  #replace list([item for item in items])=>list(items)⟧\n",
        "def all_of(items):\n    return list(items)  #replace list(items)=>list(items)\n",
    ),
    Case(
        "type-hints",
        "Add type hints",
        "#say Iterable[int]\ndef ⟦⟧show(items):\n    print(*items)\n",
        "from collections.abc import Iterable\n\n#say Iterable[int]\ndef show(items: Iterable[int]) -> None:\n    print(*items)\n",
    ),
    Case(
        "docstring",
        "Add a docstring",
        "#say Counts.\ndef ⟦⟧count(items):\n    return len(items)\n",
        '#say Counts.\ndef count(items):\n    """Counts."""\n    return len(items)\n',
    ),
    # It is TypeScript, of which VS Code has a checker of its own.
    Case(
        "fix",
        "Fix: Type 'string' is not assignable to type 'number'. (2322)",
        "const ⟦n⟧: number = 'y'; //#replace 'y'=>7\n",
        "const n: number = 7; //#replace 7=>7\n",
        "sample.ts",
        ("ts", "2322", "Type 'string' is not assignable to type 'number'."),
    ),
    Case(
        "generate-tests",
        "Generate tests for area",
        "def ⟦⟧area(width, height):  #answer _of_a_square():\\n    assert area(2, 2) == 4\n    return width * height\n",
        "def area(width, height):  #answer _of_a_square():\\n    assert area(2, 2) == 4\n    return width * height\n",
        made=("tests/test_sample.py", "from sample import area\n\n\ndef test_area_of_a_square():\n    assert area(2, 2) == 4\n"),
    ),
)
OWN_CASES = (
    # What the words say is computed, and what they leave open comes of the model.
    Case("edit", "Rename total to result", _TOTAL_SELECTED, _TOTAL.replace("total", "result")),
    Case("edit", "rename total=>count", _TOTAL_SELECTED, _TOTAL.replace("total", "count")),
)
EXPLAINED = "def ⟦⟧same(a):\n    return a  #answer It gives back what it gets.\n"
EXPLANATION = "It gives back what it gets."
