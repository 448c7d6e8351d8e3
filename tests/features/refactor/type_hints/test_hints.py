"""How a type is read from a model's text, and what it means in its file."""

from __future__ import annotations

import pytest

from seed_lsp.features.refactor.type_hints.headers import functions_of
from seed_lsp.features.refactor.type_hints.hints import UnknownTypeError, make_hint, read_type
from seed_lsp.features.refactor.type_hints.names import file_names, root_of, scope_of
from tests.features.refactor.acting import select


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (" str, b: int", "str"),
        (" str) -> None", "str"),
        (" str = 1", "str"),
        (" str:", "str"),
        (" str\n", "str"),
        (" str  # text", "str"),
        (" dict[str, int], b", "dict[str, int]"),
        (" dict[str, list[tuple[int, ...]]] | None)", "dict[str, list[tuple[int, ...]]] | None"),
        (" Callable[[int, str], bool], b", "Callable[[int, str], bool]"),
        (" Callable[..., X] = x", "Callable[..., X]"),
        (" Literal['a,b', \")\", '='], b", "Literal['a,b', \")\", '=']"),
        (" 'A, b', c", "'A, b'"),
        # What has no end, or no beginning.
        (" str", None),
        (" dict[str, int", None),
        (" Literal['a", None),
        (", b", None),
        ("", None),
    ],
)
def test_a_type_ends_where_brackets_and_quotes_allow(text: str, wanted: str | None):
    """A comma within brackets or quotes is no end of a type, and half a type is none."""
    assert read_type(text) == wanted


HEAD = (
    "import os\nimport typing as t\nfrom pathlib import Path\nfrom x import y, MAX_SIZE, Z\n\nif t.TYPE_CHECKING:\n    from q import Q\n\n"
)
TEXT = (
    HEAD
    + "T = t.TypeVar('T')\nAlias = t.Union[int, str]\nvalue = 1\n\n\ndef function(a):\n    pass\n\n\n"
    + "class A:\n    class Inner:\n        pass\n\n    def list(self):\n        pass\n\n    def f(self, a):\n        pass\n\n\nclass Later:\n    pass\n"
)


def hint_of(kind: str, text: str = TEXT, *, function: str = "f", or_none: bool = False) -> str:
    [found] = [one for one in functions_of(select(text)) if one.name == function]
    made = make_hint(kind, scope_of(found, file_names(root_of(found.node))), or_none=or_none)
    return " ".join([made.text, *(f"({module}.{name})" for module, name in sorted(made.imports))])


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("str", "str"),
        ("dict[str,int]", "dict[str, int]"),
        ("Path", "Path"),
        ("os.PathLike", "os.PathLike"),
        ("t.Any", "t.Any"),
        ("Alias", "Alias"),
        ("T", "T"),
        ("Inner", "Inner"),
        ("Z | None", "Z | None"),
        # What only checkers see, or what stands further down, is in quotes.
        ("Q", '"Q"'),
        ("Later | None", '"Later | None"'),
        ("dict[str, 'Later']", '"dict[str, Later]"'),
        ("Self", '"A"'),
        # Old names, and what has to be imported.
        ("Dict[str, Optional[int]]", "dict[str, int | None]"),
        ("Union[int, str, None]", "int | str | None"),
        ("typing.Any", "Any (typing.Any)"),
        ("Callable[..., Any]", "Callable[..., Any] (collections.abc.Callable) (typing.Any)"),
        ("Literal['a', 'b']", 'Literal["a", "b"] (typing.Literal)'),
        ("tuple[int, ...]", "tuple[int, ...]"),
    ],
)
def test_a_type_is_written_as_the_file_needs_it(kind: str, wanted: str):
    """A type means something when the file runs: by its names, by quotes, or by imports."""
    assert hint_of(kind) == wanted


@pytest.mark.parametrize(
    "kind",
    [
        *("Unknown", "np.ndarray", "any", "callable", "array", "y", "MAX_SIZE", "value", "function", "os", "os.path"),
        # The class has a method of that name.
        "list[int]",
        *(
            "1",
            "'",
            "x y",
            "f(x)",
            "[int]",
            "(int, str)",
            "int + str",
            "None",
            "...",
            "lambda: 1",
            "int[str]",
            "dict[str]",
            "set[int, str]",
        ),
    ],
)
def test_what_is_no_type_here_is_refused(kind: str):
    """A name that the file does not know, a function, or a value never becomes an annotation."""
    with pytest.raises(UnknownTypeError):
        hint_of(kind)


@pytest.mark.parametrize(
    ("head", "kind", "wanted"),
    [
        ("", "str", "str | None"),
        ("", "Any", "Any (typing.Any)"),
        ("", "str | None", "str | None"),
        ("", "None | str", "str | None"),
        ("from typing import Optional\n", "str", "Optional[str]"),
        ("from typing import Optional\n", "Optional[str]", "Optional[str]"),
        ("from typing import Optional\n", "str | None", "Optional[str]"),
        ("from typing import Optional\n", "int | str", "int | str | None"),
        ("from __future__ import annotations\nfrom typing import Optional\n", "str", "str | None"),
        ("from __future__ import annotations\n", "Later", "Later | None"),
        ("", "Later", '"Later | None"'),
    ],
)
def test_a_default_of_none_is_in_the_type(head: str, kind: str, wanted: str):
    """The type of a parameter with the default None has None, in the file's own notation."""
    text = f"{head}def f(a=None):\n    pass\n\n\nclass Later:\n    pass\n"
    assert hint_of(kind, text, or_none=True) == wanted


def test_abstract_types_come_from_where_the_file_has_others():
    """A file that imports such types from `typing` gets one more from there."""
    assert hint_of("Iterable[int]", "from typing import Sequence\n\n\ndef f(a):\n    pass\n") == "Iterable[int] (typing.Iterable)"
