"""What the editor's menu offers for the name at the cursor."""

from __future__ import annotations

import pytest

from seed_lsp.features.rename.offers import offers_at
from seed_lsp.source.document import CharOffset, Document


def at(text: str, *, language: str = "python") -> list[tuple[str, str | None]]:
    place = text.index("‸")
    document = Document("", text.replace("‸", ""), 1, language)
    return [(offer.title.removesuffix(" and update the calls"), offer.signature) for offer in offers_at(document, CharOffset(place))]


def test_a_name_can_be_renamed():
    """The menu offers a rename on any name, in each language."""
    assert at("def f(a):\n    return ‸a\n") == [("Rename a and update every use …", None)]
    assert at("let ‸a = 1;\n", language="javascript") == [("Rename and update every use …", None)]


@pytest.mark.parametrize("text", ["‸ x", "# a ‸comment\n", "f('a ‸string')\n", "‸"])
def test_nothing_is_offered_where_there_is_no_name(text: str):
    """The menu offers nothing on white space, comments and strings."""
    assert at(text) == []


def test_a_parameter_can_go_move_and_become_keyword_only():
    """Each offer has the whole signature, with annotations and defaults kept."""
    assert at("def f(a: int, ‸b, c=1, *, d=2):\n    pass\n") == [
        ("Rename b and update every use …", None),
        ("Remove the parameter b", "(a: int, c=1, *, d=2)"),
        ("Make b and what follows keyword-only", "(a: int, *, b, c=1, d=2)"),
    ]
    assert at("def f(‸a: int, b):\n    pass\n")[3] == ("Move a behind b", "(b, a: int)")


def test_a_methods_object_stays():
    """The menu never offers to remove or move ``self``."""
    assert len(at("class C:\n    def f(‸self, a):\n        pass\n")) == 1
    assert [title for title, _ in at("class C:\n    def f(self, *‸a):\n        pass\n")] == [
        "Rename a and update every use …",
        "Remove the parameter a",
    ]


def test_a_constructors_parameters_are_offered_as_a_functions_are():
    """A constructor's parameters are offered; methods that Python calls keep their signature."""
    assert at("class C:\n    def __init__(self, ‸a, b):\n        pass\n")[1:] == [
        ("Remove the parameter a", "(self, b)"),
        ("Make a and what follows keyword-only", "(self, *, a, b)"),
        ("Move a behind b", "(self, b, a)"),
    ]
    assert len(at("class C:\n    def __eq__(self, ‸other):\n        pass\n")) == 1


def test_a_function_can_become_a_method_and_a_method_a_function():
    """The form is offered where the syntax tells the class, and not for decorated functions."""
    assert at("class C:\n    pass\n\n\ndef ‸f(c: C, a):\n    pass\n")[-1][0] == "Make f a method of C"
    assert at("class C:\n    def ‸f(self, a):\n        pass\n")[-1][0] == "Make f a function"
    assert len(at("def ‸f(c: C, a):\n    pass\n")) == 1
    assert len(at("class C:\n    @property\n    def ‸f(self):\n        pass\n")) == 1
