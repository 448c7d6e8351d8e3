"""The judges of hints and docstrings, and the texts from which those were taken."""

from __future__ import annotations

import ast

import pytest

from benchmarks.refactorings.judges import docstrings, hints
from benchmarks.refactorings.judges.same import Target, size
from benchmarks.refactorings.prepared import without_annotations, without_docstring

TYPED = '''from typing import Optional


class A:
    @property
    def f(
        self,
        a: Optional[int],
        b: "str" = "é",
        *rest: bytes,
        c: dict[str, int]=None,
    ) -> None:
        """Say it: x -> y."""
        x: int = 1
        return x
'''
PLAIN = (
    TYPED.replace(": Optional[int]", "")
    .replace(': "str" = ', "=")
    .replace(": bytes", "")
    .replace(": dict[str, int]", "")
    .replace(" -> None:", ":")
)


def test_annotations_are_taken_out_and_nothing_else():
    assert without_annotations(TYPED, "A.f") == PLAIN
    assert without_annotations(PLAIN, "A.f") == PLAIN


def test_a_docstring_is_taken_out_by_its_lines():
    assert without_docstring(TYPED, "A.f") == TYPED.replace('        """Say it: x -> y."""\n', "")
    alone = 'def f():\n    """Text."""\n'
    assert without_docstring(alone, "f") == alone


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Optional[int]", "int | None"),
        ("Union[str, 'List[int]', None]", "None | list[int] | str"),
        ("typing.Callable[..., t.Any]", "collections.abc.Callable[..., Any]"),
        ("'A'", "A"),
        ("Dict[str, Optional[A]]", "dict[str, None | A]"),
        ("list", "List[Any]"),
        ("Tuple[Any, ...]", "tuple"),
        ("Literal['a', 'b'] | None", "Optional[Literal['a', 'b']]"),
    ],
)
def test_notation_does_not_matter(one: str, other: str):
    """Two ways to write one type are equal."""
    assert hints.notation(ast.parse(one, mode="eval").body) == hints.notation(ast.parse(other, mode="eval").body)


@pytest.mark.parametrize(
    ("one", "other"),
    [("int", "str"), ("list[int]", "list"), ("int | None", "int"), ("Literal['a']", "Literal['b']"), ("Sequence[int]", "list[int]")],
)
def test_other_types_are_other_types(one: str, other: str):
    assert hints.notation(ast.parse(one, mode="eval").body) != hints.notation(ast.parse(other, mode="eval").body)


def compare(new: str) -> hints.Holes:
    return hints.compare(*(Target(text, "A.f") for text in (TYPED, PLAIN, new)))


def test_hints_are_counted_by_the_holes_that_were_made():
    """Left open, filled, and filled as it was are three things."""
    assert compare(PLAIN) == hints.Holes(5, 0, 0)
    assert compare(TYPED) == hints.Holes(5, 5, 5)
    some = PLAIN.replace("a,", "a: int | None,").replace("*rest", "*rest: str")
    assert compare(some) == hints.Holes(5, 2, 1)
    assert compare(some.replace("from typing import Optional", "from os import PathLike\nfrom typing import Optional")).problem == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"é"', '"e"'),
        ("*rest", "*others"),
        ("return x", "return None"),
        ("x: int = 1", "x = 1"),
        ("class A", "class B"),
        ("@property", "@staticmethod"),
    ],
)
def test_hints_change_nothing_else(old: str, new: str):
    """A default, a name, a decorator or the body that changed is a wrong result."""
    changed = TYPED.replace(old, new)
    if "class B" in changed:
        with pytest.raises(ValueError, match=r"A\.f is gone"):
            Target(changed, "A.f")
    else:
        assert compare(changed).problem


FUNCTION = "def area(width, *sides, unit=1):\n    return width\n"
GOOGLE = "Say.\n\n    Args:\n        width: How wide\n            note: more of it\n        *sides (int): All: of them\n\n    Returns:\n        float: The area.\n    "
NUMPY = "Say.\n\n    Parameters\n    ----------\n    width, unit : int\n        How: wide\n\n    Returns\n    -------\n    area : int\n    "
SPHINX = "Say.\n\n    :param width: How wide.\n    :param int unit: Which.\n    :returns: x\n    "


def with_docstring(text: str) -> str:
    return FUNCTION.replace("):\n", f'):\n    """{text}"""\n')


@pytest.mark.parametrize("text", ["Say.", GOOGLE, NUMPY, SPHINX])
def test_a_docstring_of_each_style_is_right(text: str):
    assert not docstrings.problem(Target(FUNCTION, "area"), Target(with_docstring(text), "area"))


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX])
def test_a_parameter_that_is_not_there_is_wrong(text: str):
    """A docstring that tells of other parameters is not offered as right."""
    assert "height" in docstrings.problem(Target(FUNCTION, "area"), Target(with_docstring(text.replace("width", "height")), "area"))


def test_a_docstring_alone_may_come():
    old = Target(FUNCTION, "area")
    assert "no docstring" in docstrings.problem(old, old)
    assert "more than" in docstrings.problem(old, Target(with_docstring("Say.").replace("return width", "return unit"), "area"))
    assert "around" in docstrings.problem(old, Target(with_docstring("Say.") + "\n\nx = 1\n", "area"))


def test_size_is_that_of_the_code():
    """Layout, comments and docstrings make no function longer."""
    one, other = "def f(a):\n    return a + 1\n", 'def f( a ):\n    """Text."""\n    # Why.\n    return (\n        a\n        + 1\n    )\n'
    assert size(Target(one, "f").node) == size(Target(other, "f").node)
    assert size(Target(one, "f").node) < size(Target(one.replace("a + 1", "a + 1 + 1"), "f").node)
