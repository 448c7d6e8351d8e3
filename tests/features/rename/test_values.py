"""What the model adds to a rename: values for calls, and names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.api import Finished, InfillRequest
from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.change import Rename, plan_rename
from seed_lsp.features.rename.proposals import name_requests, read_names, usable
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.signature.definitions import NewSignature
from seed_lsp.features.rename.values import filled, read_value
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver

SOURCE = """\
def price(amount):
    return amount


def show(item, region):
    print(price(item.amount), price(price(1)))
"""


def answer(text: str) -> Finished:
    return Finished(0, text, "stop", "verified", 1, 1, 1, 0, 0.0, 0.0, 1, "m", "cpu", "int4")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("region)", "region"),
        ("f(region, 1), 2)", "f(region, 1)"),
        ('")", region)', '")"'),
        ("[region for region in x]", None),
        ("", None),
        ("region=1", None),
        ("*region", None),
        ("region +", None),
        ("elsewhere", None),
        ("SEED_HOLE_2", None),
        ("...", None),
        ("=region):", "region"),
        ("[x for x in region]", "[x for x in region]"),
    ],
)
def test_a_value_is_one_expression_of_known_names(text: str, value: str | None):
    """A value is no more than fits between two commas, and has only names that the file knows."""
    assert read_value(text, lambda name, _role: name in {"region", "f"}) == value


def plan_with(folder: Path, answers: list[str]) -> tuple[Rename, list[InfillRequest]]:
    (folder / "m.py").write_text(SOURCE)
    files = WorkspaceFiles(folder)
    resolver = Resolver(folder, files.open_text)
    wanted = NewSignature("(amount, region)", {}, {})
    asked: list[InfillRequest] = []

    async def ask(request: InfillRequest) -> Finished:
        asked.append(request)
        return answer(answers[len(asked) - 1])

    async def plan(signature: NewSignature) -> Rename:
        return plan_rename(Query(files, resolver, folder / "m.py", CharOffset(4)), "price", signature=signature)

    async def run() -> Rename:
        return await filled(await plan(wanted), wanted, plan, ask, Settings())

    return asyncio.run(run()), asked


def test_calls_get_values_which_want_a_look(tmp_path: Path):
    """Calls, also nested ones, get proposed values only if the user allows it.

    Otherwise only the definition changes.
    """
    found, asked = plan_with(tmp_path.resolve(), ["region)", "1", "region, 2)"])
    path = tmp_path.resolve() / "m.py"
    assert "print(price(item.amount), price(price(1)))" in found.texts()[path]
    assert "print(price(item.amount, region), price(price(1, 1), region))" in found.texts({"exact", "override", "possible"})[path]
    assert [site.reason for site in found.left()] == ["the value is a proposal"] * 3
    assert all(request.prefix.endswith("region=") and "def price(amount, region):" in request.prefix for request in asked)
    assert "price(item.amount, region=region)" in asked[1].prefix, "what was filled before is seen"
    assert all("SEED_HOLE_" not in request.prefix + request.suffix for request in asked)


def test_a_constructors_calls_get_values(tmp_path: Path):
    """The model is shown the new class for its constructor, and not another class's constructor."""
    path = tmp_path.resolve() / "m.py"
    path.write_text(
        "class Other:\n    def __init__(self): ...\nclass Tank:\n    def __init__(self, size):\n        self.size = size\nunit = 1\nTank(2)\n"
    )
    files = WorkspaceFiles(tmp_path.resolve())
    resolver, wanted = Resolver(tmp_path.resolve(), files.open_text), NewSignature("(self, size, unit)", {}, {})
    asked: list[InfillRequest] = []

    async def ask(request: InfillRequest) -> Finished:
        asked.append(request)
        return answer("unit)")

    def run(name: str, at: int) -> Rename:
        async def plan(signature: NewSignature) -> Rename:
            return plan_rename(Query(files, resolver, path, CharOffset(at)), name, signature=signature)

        async def work() -> Rename:
            return await filled(await plan(wanted), wanted, plan, ask, Settings())

        return asyncio.run(work())

    text = path.read_text()
    for name, at in (("Tank", text.index("Tank")), ("__init__", text.rindex("__init__"))):
        found = run(name, at)
        assert found.texts({"exact", "override", "possible"})[path].endswith("Tank(2, unit)\n")
        assert found.texts()[path].endswith("Tank(2)\n")
        assert "def __init__(self, size, unit):" in asked[-1].prefix


def test_what_is_no_value_leaves_the_call_as_it_is(tmp_path: Path):
    """A call that gets no usable value stays as it was, and is listed."""
    found, asked = plan_with(tmp_path.resolve(), ["region)", "unheard_of)", ""])
    assert asked[2].prefix.endswith("price(price(1), region="), "the call that got none stands as it was"
    text = found.texts({"exact", "override", "possible"})[tmp_path.resolve() / "m.py"]
    assert "print(price(item.amount, region), price(price(1)))" in text
    assert sorted(site.reason for site in found.left()) == ["the value is a proposal"] + ["there is nothing to pass for region"] * 2


def test_names_are_asked_for_without_the_old_one():
    """A model that sees the old name would propose it again."""
    document = Document("file:///m.py", SOURCE, 1, "python")
    for request in name_requests(document, CharOffset(4), "price", Settings()):
        assert request.prefix == "def "
        assert request.suffix.startswith("(amount):\n    return amount\n")
        assert "price" not in request.prefix + request.suffix


@pytest.mark.parametrize(
    ("old", "answers", "names"),
    [
        ("price", ["cost", "total", "cost", "price", "", "2x", "a b"], ["cost", "total"]),
        ("_price", ["cost", "unitCost"], ["_cost", "_unit_cost"]),
        ("unitPrice", ["unit_cost", "cost"], ["unitCost", "cost"]),
        ("Price", ["cost_table", "CostTable", "LRUCost"], ["CostTable", "LRUCost"]),
        ("RATES", ["rates", "exchangeRates"], ["EXCHANGE_RATES"]),
    ],
)
def test_names_are_the_most_frequent_in_the_old_ones_style(old: str, answers: list[str], names: list[str]):
    """The most frequent names come first, with capitals and underscores like the old name."""
    assert read_names(answers, old) == names


def test_names_that_are_refused_are_not_proposed():
    """Each proposed name can be used at once, and there are at most five."""

    def plan(name: str) -> None:
        if name in {"b", "d"}:
            raise RenameRefusedError("taken")

    assert usable("abcdefgh", plan) == ["a", "c", "e", "f", "g"]
