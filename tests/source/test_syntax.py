"""Selections grow to whole syntax nodes."""

from __future__ import annotations

import time

import pytest

from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.syntax import LANGUAGES, adds_errors, count_errors, parse, snap

PYTHON = """import os

@cache
def first(a):
    x = (1 +
         2)
    if a:
        y = 3
        z = 4
    return x


def second():
    pass
"""


def snapped(text: str, selected: str, language: str = "python") -> str:
    start = text.index(selected)
    document = Document("u", text, language=language)
    span = snap(document, CharOffset(start), CharOffset(start + len(selected)))
    return text[span.start : span.end]


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("1 +", "    x = (1 +\n         2)\n"),
        ("y = 3\n        z", "        y = 3\n        z = 4\n"),
        ("3\n        z = 4\n    return", "    if a:\n        y = 3\n        z = 4\n    return x\n"),
        ("import os", "import os\n"),
        ("pass", "    pass\n"),
    ],
)
def test_whole_statements(selected, expected):
    """A selection grows to whole statements, so that the model gets whole code."""
    assert snapped(PYTHON, selected) == expected


def test_a_name_in_a_header_means_the_definition_with_its_decorator():
    """A selected function name means the whole function."""
    assert snapped(PYTHON, "first").startswith("@cache\ndef first(a):")
    assert snapped(PYTHON, "first").endswith("    return x\n")


def test_from_one_function_into_the_next_means_both():
    """A selection over two functions means both of them as a whole."""
    text = snapped(PYTHON, "return x\n\n\ndef sec")
    assert text.startswith("@cache")
    assert text.endswith("    pass\n")


def test_white_space_alone_is_nothing():
    """A selection without code is no selection."""
    assert snapped(PYTHON, "\n\n@"[:2]) == ""


def test_unknown_languages_get_whole_lines():
    """A selection in a language without a grammar grows to whole lines."""
    assert snapped("some text\nmore text\nend", "ext\nmo", "plaintext") == "some text\nmore text\n"


def test_bytes_and_characters_are_not_mixed():
    """Emoji before the selection shift bytes, but not characters."""
    text = "s = '😀😀😀😀'\nt = 'é'\nu = 3\n"
    assert snapped(text, "u =") == "u = 3\n"
    assert snapped(text, "t =") == "t = 'é'\n"


@pytest.mark.parametrize(
    ("language", "text", "selected", "expected"),
    [
        ("javascript", "function f() {\n  let a = 1;\n  return a;\n}\n", "a = 1", "  let a = 1;\n"),
        ("typescript", "class A {\n  f(): number {\n    return 1;\n  }\n}\n", "f()", "  f(): number {\n    return 1;\n  }\n"),
        ("go", "package m\n\nfunc f() int {\n\tx := 1\n\treturn x\n}\n", "x := 1", "\tx := 1\n"),
        ("rust", "fn f() -> i32 {\n    let x = 1;\n    x\n}\n", "let x", "    let x = 1;\n"),
        ("java", "class A {\n  int f() {\n    return 1;\n  }\n}\n", "return", "    return 1;\n"),
        ("c", "int f(void) {\n  int x = 1;\n  return x;\n}\n", "x = 1", "  int x = 1;\n"),
        ("cpp", "int f() {\n  auto x = 1;\n  return x;\n}\n", "auto", "  auto x = 1;\n"),
    ],
)
def test_other_languages(language, text, selected, expected):
    """A selection grows to whole statements in each language with a grammar."""
    assert snapped(text, selected, language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_grammar_loads(language):
    """Each language that we promise can be parsed with the installed grammars."""
    assert count_errors(parse("", language)) == 0


def test_errors_are_counted():
    """A text with a syntax error is told from one without."""
    assert count_errors(parse("def f(:\n", "python")) > 0
    assert count_errors(parse("x = 1\n", "python")) == 0


@pytest.mark.parametrize(
    ("old", "new", "language", "expected"),
    [
        ("def f(a):\n    return a\n", "def f(a):\n    b = a\n    return b\n", "python", False),
        ("def f(a):\n    return a\n", "def f(a):\nreturn a\n", "python", True),
        ("def f(a):\n    b = a\n    return b\n", "def f(a):\n    b = a\n        return b\n", "python", True),
        ("def f(a):\n    b = a\n    return b\n", "def f(a):\n    b = a\n    return b)\n", "python", True),
        ("x = '\\d'\n", "y = '\\d'\n", "python", False),
        # Not of this Python, or never a program: then the grammar alone tells.
        ("print 1\n", "print 2\n", "python", False),
        ("if (a) { b(); }\n", "if (a) {\nb(); }\n", "javascript", False),
        ("if (a) { b(); }\n", "if (a) { b();\n", "javascript", True),
        ("text", "te(xt", "plaintext", False),
    ],
)
def test_new_errors_are_those_of_the_language_itself(old: str, new: str, language: str, expected: bool):
    """A result with a body missing or indented wrongly, which the grammar takes, is not applied."""
    assert adds_errors(old, new, language) is expected


def test_a_broken_file_still_gives_a_span():
    """A syntax error elsewhere must not keep the user from editing here."""
    text = "def broken(:\n\n\ndef good():\n    return 1\n"
    assert "return 1" in snapped(text, "return 1")


def test_thousands_of_comments_hold_up_no_key():
    """Thousands of commented lines in a function do not make parsing quadratic."""
    comments = "    # x = (1, \u00fc)\n" * 4000
    text = f'def f():\n    x = """\n{comments}"""\n{comments}    return x\n'
    started = time.monotonic()
    tree = parse(text, "python")
    assert time.monotonic() - started < 1
    assert tree is not None
    assert count_errors(tree) == 0
    source = text.encode()
    node = tree.root_node.descendant_for_byte_range(source.rindex(b"\xc3\xbc"), source.rindex(b"\xc3\xbc"))
    assert node is not None
    assert node.type == "comment"
    assert source[source.rindex(b"return") :].startswith(tree.root_node.children[0].children[-1].children[-1].type[:6].encode())


def test_rows_are_those_of_the_text():
    """A rename that writes whole lines relies on the row numbers."""
    text = "# one\n" * 600 + "x = 1\n"
    tree = parse(text, "python", rows=True)
    assert tree is not None
    assert tree.root_node.children[-1].start_point.row == 600
