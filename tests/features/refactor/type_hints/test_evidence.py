"""Types that follow from the code, for which no model is asked."""

from __future__ import annotations

import pytest

from seed_lsp.errors import NoChangeError
from seed_lsp.features.refactor.type_hints.evidence import computed_types, habits_of
from seed_lsp.features.refactor.type_hints.headers import functions_of
from seed_lsp.features.refactor.type_hints.names import root_of
from tests.features.refactor.acting import select
from tests.features.refactor.type_hints.scripted import Scripted, propose


def computed(text: str) -> dict[str, str]:
    """What is known of the last function of a text."""
    function = functions_of(select(text))[-1]
    return computed_types(function, habits_of(root_of(function.node)))


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("print(1)", "None"),
        ("return", "None"),
        ("if x:\n        return\n    print(x)", "None"),
        ("return True", "bool"),
        ("return not x", "bool"),
        ("return x in y and 1", None),
        ("return x is None", "bool"),
        ("return f'{x}'", "str"),
        ("return ', '.join(x)", "str"),
        ("return b''", "bytes"),
        ("return len(x)", "int"),
        ("return -1", "int"),
        ("if x:\n        return 'a'\n    return 'b'", "str"),
        ("if x:\n        return 'a'\n    else:\n        return 'b'", "str"),
        ("if x:\n        return 'a'\n    elif y:\n        raise E\n    else:\n        return 1", "str | int"),
        ("if x:\n        return 'a'", "str | None"),
        ("if x:\n        return 'a'\n    return None", "str | None"),
        ("with x:\n        return 'a'", "str"),
        ("return 1 if x else 'a'", "int | str"),
        # Where there is doubt nothing is known.
        ("return x", None),
        ("return x if x else 1", None),
        ("try:\n        return 1\n    except E:\n        pass", None),
        ("yield", "Iterator[None]"),
        ("yield 1\n    yield 'a'\n    return", "Iterator[int | str]"),
        ("yield x", None),
        ("y = yield 1", None),
        ("yield 1\n    return x", None),
        ("yield from 'a'", None),
        ("x = lambda: (yield)\n    return 1", "int"),
        ("pass", None),
        ("...", None),
        ("'Docstring.'", None),
        ("raise NotImplementedError", None),
        ("return None", None),
    ],
)
def test_the_result_of_a_body(body: str, wanted: str | None):
    """A body that leaves no doubt gives the result's type; one that does leaves it to the model."""
    found = computed(f"def f(x, y):\n    {body}\n")
    assert found.get("return") == wanted


def test_what_a_function_within_returns_is_its_own():
    outer, _ = functions_of(select("def f(x):\n    def g():\n        return 1\n    print(g)\n"))
    assert computed_types(outer, {}) == {"return": "None"}


@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        ("def __init__(self, x):", {"return": "None"}),
        ("def __str__(self):", {"return": "str"}),
        ("def __len__(self):", {"return": "int"}),
        ("def __contains__(self, x):", {"return": "bool"}),
        ("def __eq__(self, other):", {"other": "object", "return": "bool"}),
        (
            "def __exit__(self, kind, value, trace):",
            {"kind": "type[BaseException] | None", "value": "BaseException | None", "trace": "TracebackType | None"},
        ),
        ("def __exit__(self, *args):", {}),
        ("@abstractmethod\n    def f(self):", {}),
        ("def f(self, a=True, b=1.5, c=None, d=()):", {"a": "bool", "b": "float"}),
    ],
)
def test_what_python_says_of_methods(method: str, wanted: dict[str, str]):
    """Special methods have the types of Python's data model, and plain defaults their own."""
    assert computed(f"class A:\n    {method}\n        return self.x\n") == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("assert isinstance(x, int)", "int"),
        ("'Doc.'\n    if y < 0:\n        raise E\n    if not isinstance(x, (int, a.B)):\n        raise TypeError", "int | a.B"),
        ("if isinstance(x, int):\n        raise TypeError", None),
        ("x = y\n    assert isinstance(x, int)", None),
        ("assert isinstance(x, list)", None),
    ],
)
def test_what_a_function_insists_on(body: str, wanted: str | None):
    """A check at the head of a body is a type; one behind other work, or of the contrary, not."""
    assert computed(f"def f(x, y):\n    {body}\n    return y.z\n").get("x") == wanted


def test_the_method_that_is_overridden_gives_its_types():
    """A method has the types of the one that it overrides, where both are in the file."""
    base = "class A:\n    def f(self, x: list[int], y: str = '') -> 'B':\n        return 1\n\n\nclass M(A):\n    pass\n\n\n"
    assert computed(f"{base}class C(M):\n    def f(self, x, z):\n        return x.y\n") == {"x": "list[int]", "return": "'B'"}


def test_a_setter_has_the_type_of_its_property():
    text = "class A:\n    @property\n    def f(self) -> int:\n        return 1\n\n    @f.setter\n    def f(self, value):\n        self.x = value\n"
    assert computed(text) == {"value": "int", "return": "None"}


def test_a_name_has_the_type_that_the_file_gives_it_everywhere():
    """Three functions of one mind about a name settle its type, unless another differs."""
    others = "".join(f"def f{i}(node: Node):\n    pass\n\n\n" for i in range(3))
    assert computed(f"{others}def g(node):\n    return node.x\n") == {"node": "Node"}
    assert computed(f"{others}def f(node: str):\n    pass\n\n\ndef g(node):\n    return node.x\n") == {}


async def test_a_type_that_the_file_has_for_the_name_makes_a_guess_certain():
    """Where the model is not sure, the same type at the same name in the file is enough."""
    selection = select("def f(a: int, b: 'str'):\n    pass\n\n\ndef g(a, b):\n    return a.x\n", "def g(a, b)")
    proposal = await propose(selection, Scripted({"a": ("str", 0.1), "b": ("str", 0.1), "return": ("int", 0.1)}))
    assert "def g(a, b: str):" in proposal.new_text(selection.document)


async def test_what_the_default_says_bounds_the_model():
    """A model that agrees with a plain default is believed; where it contradicts it the default's
    type is written.
    """
    text = "def f(a=1, b='', c=1, d=2):\n    return a.x\n"
    selection = select(text)
    answers = {"a": ("int", 0.01), "b": ("int", 0.99), "c": ("float", 0.99), "d": ("", 0.0), "return": ("int", 0.0)}
    proposal = await propose(selection, Scripted(answers))
    assert proposal.new_text(selection.document) == "def f(a: int = 1, b: str = '', c: float = 1, d: int = 2):\n    return a.x\n"


async def test_a_generators_result_is_one():
    """A function that yields never gets the type of what it yields for its result."""
    for keyword, opening in (("def", "Iterator"), ("async def", "AsyncIterator")):
        selection = select(f"{keyword} f(a: int):\n    yield a.x\n")
        tools = Scripted({"return": "str]"})
        proposal = await propose(selection, tools)
        assert tools.asked[0].start == f" -> {opening}["
        assert f"-> {opening}[str]:" in proposal.new_text(selection.document)
        assert f"from collections.abc import {opening}\n" in proposal.new_text(selection.document)
    with pytest.raises(NoChangeError, match="yields"):
        await propose(select("def f(a: int):\n    b = yield a\n"), Scripted({"return": "int"}))


async def test_a_function_that_is_returned_is_callable():
    """What makes a function never gets the type of what that function returns."""
    text = "def f(a: int):\n    def g() -> int:\n        return a.x\n\n    return g\n"
    with pytest.raises(NoChangeError, match="returns a function"):
        await propose(select(text, "def f"), Scripted({"return": "int"}))
    proposal = await propose(select(text, "def f"), Scripted({"return": "Callable[[], int]"}))
    assert "def f(a: int) -> Callable[[], int]:" in proposal.new_text(select(text).document)


async def test_none_that_is_returned_is_in_the_type():
    """What a function returns in so many words its result's type has."""
    selection = select("def f(a: int):\n    if a:\n        return None\n    return a.x\n")
    proposal = await propose(selection, Scripted({"return": "str"}))
    assert "-> str | None:" in proposal.new_text(selection.document)
