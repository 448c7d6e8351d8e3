"""Adding documentation: what is written, where, and what stays; the model is a script."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from seed_lsp.errors import CancelledError, NoChangeError, RejectedResultError, SelectionError
from seed_lsp.features.refactor import docstring, registry
from seed_lsp.features.refactor.action import Proposal, Selection
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from tests.features.refactor.tools import ScriptedTools, fills, says


def selection_of(text: str, selected: str = "", language: str = "python", path: Path | None = None) -> Selection:
    """A selection of a part of the text, or the cursor where ``|`` stands in it."""
    whole = text.replace("|", "") if not selected and "|" in text else text
    start = text.index(selected) if selected else text.find("|") if "|" in text else 0
    end = start + len(selected) if selected or "|" in text else len(text)
    return Selection(Document("file:///w/m.py", whole, 1, language), CharOffset(start), CharOffset(end), path=path)


async def proposed(selection: Selection, tools: ScriptedTools) -> Proposal:
    return await registry.run(registry.find_action("docstring"), selection, "", tools)


async def documented(text: str, *answers: str, selected: str = "", language: str = "python", path: Path | None = None) -> str:
    selection = selection_of(text, selected, language, path)
    return (await proposed(selection, ScriptedTools(says(*answers)))).new_text(selection.document)


GOOGLE = '''\
def old(path):
    """Read a file.

    Args:
        path: The file.

    Returns:
        Its text.
    """
    return open(path)


'''
GOOGLE_TYPED = GOOGLE.replace("path:", "path (str):").replace("Its text", "str: Its text")
NUMPY = '''\
def old(path):
    """
    Read a file.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    str
        Its text.

    Raises
    ------
    OSError
        If there is none.
    """
    return open(path)


'''
SPHINX = """\
def old(path):
    '''Read a file.

    :param path: the file
    :type path: str
    :returns: its text
    :raises OSError: if there is none
    '''
    return open(path)


"""
NEW = "def new(a, *rest: int, key: str = 'x'):\n    if a:\n        raise ValueError(a)\n    return rest\n"
ANSWERS = ("Make it new.\n\n    Args:", " The first.\n", " The others.", " The key", " What is\n        left.\n    ", " If a is true.")
NEW_GOOGLE = '''\
    """Make it new.

    Args:
        a: The first.
        *rest: The others.
        key: The key.

    Returns:
        What is left.
    """
'''
NUMPY_ANSWERS = ("Make it new.", " object", " The first.", " The others.", " The key.", " list of int", " What is left.", " If a is true.")
NEW_NUMPY = '''\
    """
    Make it new.

    Parameters
    ----------
    a : object
        The first.
    *rest : int
        The others.
    key : str
        The key.

    Returns
    -------
    list of int
        What is left.

    Raises
    ------
    ValueError
        If a is true.
    """
'''
NEW_SPHINX = """\
    '''Make it new.

    :param a: the first
    :param rest: the others
    :type rest: int
    :param key: the key
    :type key: str
    :returns: what is left
    :raises ValueError: if a is true
    '''
"""


@pytest.mark.parametrize(
    ("before", "answers", "wanted"),
    [
        ("", ANSWERS, '    """Make it new."""\n'),
        ("def old():\n    '''does it'''\n\n\n", ANSWERS, "    '''Make it new'''\n"),
        ('def old():\n    """\n    Does it.\n    """\n\n\n', ANSWERS, '    """\n    Make it new.\n    """\n'),
        ('def old():\n    """Does it."""\n\n    return 1\n\n\n', ANSWERS, '    """Make it new."""\n\n'),
        (GOOGLE, ANSWERS, NEW_GOOGLE),
        (GOOGLE_TYPED, ANSWERS, NEW_GOOGLE.replace("rest:", "rest (int):").replace("key:", "key (str):")),
        (NUMPY, NUMPY_ANSWERS, NEW_NUMPY),
        (SPHINX, ("Make it new.", " the first.", " the others", " the key", " what is left", " if a is true"), NEW_SPHINX),
    ],
)
async def test_the_files_own_style_is_followed(before: str, answers: tuple[str, ...], wanted: str):
    """Documentation looks as the file's other does, and has all parameters in order."""
    text = before + NEW
    header, body = NEW.split("\n", maxsplit=1)
    assert await documented(text, *answers, selected=NEW) == f"{before}{header}\n{wanted}{body}"


async def test_neighbours_show_the_style_of_a_file_without_documentation(tmp_path: Path):
    """A new file of a project is documented as its others are."""
    (tmp_path / "old.py").write_text(GOOGLE)
    (tmp_path / "large.py").write_text(NUMPY + "#" * 200_000)
    path = tmp_path / "new.py"
    path.write_text("def new(a):\n    pass\n")
    made = await documented(path.read_text(), "Make it new.", " The first.", path=path)
    assert made == 'def new(a):\n    """Make it new.\n\n    Args:\n        a: The first.\n    """\n    pass\n'


async def test_what_is_not_returned_or_raised_is_not_documented():
    """No section speaks of what the code does not do."""
    text = GOOGLE.replace("    Returns", "    Raises:\n        OSError: If none.\n\n    Returns")
    text += "def new():\n    try:\n        raise KeyError(1)\n    except KeyError:\n        return None\n    def inner():\n        raise OSError\n    raise error\n"
    made = await documented(text, "Do it.", selected="def new()")
    assert made == text.replace("def new():\n", 'def new():\n    """Do it."""\n')


async def test_a_generator_yields():
    """What a generator gives is no returned value."""
    text = GOOGLE.replace("Returns", "Yields").replace("return open", "yield open") + "def new() -> Iterator[int]:\n    yield 1\n"
    made = await documented(text, "Do it.", "The numbers.", selected="def new()")
    assert made.endswith('new() -> Iterator[int]:\n    """Do it.\n\n    Yields:\n        The numbers.\n    """\n    yield 1\n')


SHAPES = [
    ("def f(self): ...\n", 'def f(self):\n    """Say it."""\n    ...\n'),
    ("class A: pass\n", 'class A:\n    """Say it."""\n    pass\n'),
    ("class A:\n    def f(self):pass\n", 'class A:\n    """Say it."""\n\n    def f(self):\n        """Say it."""\n        pass\n'),
    ("class A:\n\tdef f(self): pass\n", 'class A:\n\t"""Say it."""\n\n\tdef f(self): \n\t\t"""Say it."""\n\t\tpass\n'),
    (
        "@cache\n@other(1)\nasync def f(\n    a,\n):  # here\n    # why\n    return a\n",
        '@cache\n@other(1)\nasync def f(\n    a,\n):  # here\n    """Say it."""\n    # why\n    return a\n',
    ),
    ("def f():\r\n\tx = 1\r\n", 'def f():\r\n\t"""Say it."""\r\n\tx = 1\r\n'),
    (
        "def f():\n    def g():\n        return 1\n    return g\n",
        'def f():\n    """Say it."""\n    def g():\n        """Say it."""\n        return 1\n    return g\n',
    ),
    ("if x:\n  class E(Exception):\n\n    a = 1\n", 'if x:\n  class E(Exception):\n    """Say it."""\n\n    a = 1\n'),
    ("def f(): return 1  # one", 'def f():\n    """Say it."""\n    return 1  # one'),
    ("é = '😀'\ndef f():\n    return é\n", 'é = \'😀\'\ndef f():\n    """Say it."""\n    return é\n'),
]


@pytest.mark.parametrize(("text", "wanted"), SHAPES)
async def test_a_docstring_goes_below_the_header(text: str, wanted: str):
    """Decorators, comments, tabs, line ends and bodies on the header's line stay as they are."""
    assert await documented(text, "Say it.") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("class A:\n    def |f(self):\n        pass\n\n    def g(self):\n        pass\n", ["f"]),
        ("@dec|orated\nclass A:\n    def f(self):\n        pass\n", ["A"]),
        ("class A:\n    x = 1|\n\n    def f(self):\n        pass\n", ["A"]),
        ("class A:\n    def f(self):\n        pass|\n", ["f"]),
    ],
)
async def test_a_cursor_means_the_definition_that_it_is_in(text: str, wanted: list[str]):
    """Without a selection one definition is documented, that of the header or the body there."""
    tools = ScriptedTools(says("Say it."))
    selection = selection_of(text)
    made = await proposed(selection, tools)
    tree = ast.parse(made.new_text(selection.document))
    found = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef) if ast.get_docstring(node)]
    assert found == wanted
    assert len(tools.asked) == 1


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("|def f():\n    'Doc.'\n", NoChangeError, "f has a docstring already"),
        ("class A:\n    '''Doc.'''\n    def f(self):\n        '''Doc.'''\n", NoChangeError, "all definitions here"),
        ("x = 1\n", SelectionError, "no function or class"),
        ("@overload\ndef f(a: int): ...\n", SelectionError, "f is an overload"),
        ("class A:\n    __slots__ = ('__doc__',)\n", SelectionError, "__doc__ by itself"),
        ("def f(): \\\n    return 1\n", SelectionError, "no place"),
        ("def f():\n", SelectionError, "f has no body yet"),
    ],
)
async def test_what_cannot_be_documented_is_refused_with_its_reason(text: str, error: type[Exception], words: str):
    """Existing documentation is never rewritten, and the user is told why nothing comes."""
    with pytest.raises(error, match=words):
        await proposed(selection_of(text), ScriptedTools(says("Say it.")))


async def test_a_language_without_documentation_is_refused():
    """A file of text has nothing to document."""
    with pytest.raises(SelectionError, match="this is plaintext"):
        await documented("one\n", "Say it.", language="plaintext")


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "  ",
        "...",
        "TODO: write this",
        "def f(a):",
        "f(a)",
        "Say ```it```.",
        "Say <|im_end|> it.",
        "Say\u202e it.",
        "Say \x1b it.",
        "a" * 500,
    ],
)
async def test_useless_words_are_refused(answer: str):
    """Nothing, the signature, fences, control tokens and hidden characters are kept out."""
    with pytest.raises(RejectedResultError, match="the model"):
        await documented("def f(a):\n    pass\n", answer)


async def test_a_summary_is_taken_from_the_line_below():
    """A model that would begin below the quotes is let, and its words stand where they should."""
    tools = ScriptedTools(fills(lambda request: "Say it." if request.start else "\n    Say it."))
    selection = selection_of("def f():\n    pass\n")
    assert (await proposed(selection, tools)).new_text(selection.document) == 'def f():\n    """Say it."""\n    pass\n'
    assert [one.start for one in tools.asked] == ["", "\n   "]


async def test_a_summary_that_does_not_come_is_asked_for():
    """Where the hole stays empty, the answer to a question takes its place."""
    tools = ScriptedTools(says("", chat="This function says it.\nMore."))
    selection = selection_of("def f():\n    pass\n")
    assert (await proposed(selection, tools)).new_text(selection.document) == 'def f():\n    """Says it."""\n    pass\n'


@pytest.mark.parametrize(
    ("answer", "wanted"), [("Parameters", "Says it."), ("Return a tuple with the following fields:", "Return a tuple.")]
)
async def test_headings_and_announcements_are_no_summary(answer: str, wanted: str):
    """What belongs before a list is not written without it."""
    tools = ScriptedTools(says(answer, chat="This function says it."))
    selection = selection_of("def f():\n    pass\n")
    assert (await proposed(selection, tools)).new_text(selection.document) == f'def f():\n    """{wanted}"""\n    pass\n'


async def test_one_refusal_does_not_cost_the_others():
    """What can be documented is, and the note says what was left and why."""
    selection = selection_of("def f():\n    pass\n\n\ndef g():\n    pass\n")
    made = await proposed(selection, ScriptedTools(fills(lambda request: "" if "g()" in request.prefix else "Say it.")))
    assert made.new_text(selection.document) == 'def f():\n    """Say it."""\n    pass\n\n\ndef g():\n    pass\n'
    assert "g was left as it is: the model wrote nothing" in made.note


async def test_a_part_without_words_costs_the_sections_alone():
    """A summary is written where the model has no words for a parameter, and the note says so."""
    text = GOOGLE + "def new(a):\n    pass\n"
    selection = selection_of(text, "def new")
    made = await proposed(selection, ScriptedTools(fills(lambda request: "" if request.start else "Say it.")))
    assert made.new_text(selection.document) == text.replace("new(a):\n", 'new(a):\n    """Say it."""\n')
    assert "new got a summary alone" in made.note


async def test_no_more_than_a_few_at_once():
    """A whole file does not keep the model busy for minutes; the note says how many are left."""
    text = "".join(f"def f{i}():\n    pass\n" for i in range(docstring.MOST_DEFINITIONS + 3))
    tools = ScriptedTools(says("Say it."))
    made = await proposed(selection_of(text), tools)
    assert len(made.edits) == len(tools.asked) == docstring.MOST_DEFINITIONS
    assert "3 more definitions are left" in made.note


async def test_the_deadline_ends_the_work():
    """What is done by the deadline is kept; with nothing done, the user is told of the setting."""
    text = "def f():\n    pass\n\n\ndef g():\n    pass\n"
    with pytest.raises(RejectedResultError, match=r"seed\.edit\.deadlineS"):
        await proposed(selection_of(text), ScriptedTools(says("Say"), reason="deadline"))
    with pytest.raises(CancelledError):
        await proposed(selection_of(text), ScriptedTools(says("Say"), reason="cancelled"))
    tools = ScriptedTools(says("Say it."), settings=Settings(edit_deadline_s=0))
    with pytest.raises(RejectedResultError, match=r"seed\.edit\.deadlineS"):
        await proposed(selection_of(text), tools)
    assert tools.asked == []


async def test_the_model_sees_where_the_words_go():
    """The hole stands between quotes in its function, within the headers around, and behind what is
    documented by then; a later hole goes on in the same prompt.
    """
    text = GOOGLE + "class Long:\n" + "    x = 1\n" * 200 + "\n    def new(self, a):\n        return a\n"
    tools = ScriptedTools(says("Say it.", " The first.", " It."))
    await proposed(selection_of(text, "def new"), tools)
    assert all(one.prefix.endswith('def new(self, a):\n        """') for one in tools.asked)
    assert all(one.prefix.startswith("class Long:\n    x = 1\n") and len(one.prefix) < 1400 for one in tools.asked)
    assert all(one.suffix == '\n        """\n        return a' for one in tools.asked)
    starts = [one.start for one in tools.asked]
    assert starts == [
        "",
        "Say it.\n\n        Args:\n            a:",
        "Say it.\n\n        Args:\n            a: The first.\n\n        Returns:\n           ",
    ]


async def test_each_docstring_is_shown_as_it_comes():
    """The preview always is the file as it would be, and ends with what is proposed."""
    selection = selection_of("def f():\n    pass\n\n\ndef g():\n    pass\n")
    tools = ScriptedTools(says("Say it.", "Say more."))
    made = await proposed(selection, tools)
    assert tools.shown[-1] == (made.span, made.new_region(selection.document), "")
    later = [committed + draft for _, committed, draft in tools.shown if "more" in committed]
    assert later[0].startswith('def f():\n    """Say it."""\n    pass\n')
    assert all("".join((committed + draft).split()).endswith("pass") for _, committed, draft in tools.shown)


async def test_long_sentences_end_at_a_line():
    """A summary has one line: what is too long ends with its first sentence or clause."""
    line = "Return the number of all the things that are there, which is what the caller wants to know most of the time."
    made = await documented("def f():\n    pass\n", "Do it (e.g. now). " + line)
    assert made == 'def f():\n    """Do it (e.g. now)."""\n    pass\n'
    made = await documented("def f():\n    pass\n", line)
    assert made == 'def f():\n    """Return the number of all the things that are there."""\n    pass\n'


async def test_descriptions_are_wrapped_at_the_files_width():
    """Long descriptions go on below, indented, and no line is wider than the file's."""
    text = GOOGLE + "def new(a):\n    pass\n"
    made = await documented(text, "Do it.", " " + "word " * 30, selected="def new")
    lines = made.split("\n")
    assert max(map(len, lines)) <= 72
    assert sum(line.startswith("            word") for line in lines) == 2


async def test_backslashes_make_a_raw_docstring():
    """A backslash of the model stays one, and is no escape."""
    made = await documented("def f():\n    pass\n", r"Split at \n and \w.")
    assert made == 'def f():\n    r"""Split at \\n and \\w."""\n    pass\n'
    assert ast.get_docstring(ast.parse(made).body[0]) == r"Split at \n and \w."


async def test_the_files_encoding_has_all_letters():
    """A file in an old encoding can still be saved."""
    with pytest.raises(RejectedResultError, match="encoding"):
        await documented("# -*- coding: latin-1 -*-\ndef f():\n    pass\n", "Say €.")


async def test_the_menu_offers_what_there_is_to_document():
    """The entry stands where it can do something, and is silent elsewhere."""
    text = "class A:\n    '''Doc.'''\n\n    def f(self):\n        return 1\n"

    async def is_offered(selection: Selection) -> bool:
        return [one.title for one in await docstring.offers(selection)] == ["Add a docstring"]

    assert await is_offered(selection_of(text))
    assert await is_offered(selection_of(text.replace("def f", "def |f")))
    assert await is_offered(selection_of(text, "return 1"))
    assert not await is_offered(selection_of(text.replace("return", "ret|urn")))
    assert not await is_offered(selection_of(text, "class A"))
    assert not await is_offered(selection_of("x = 1\n"))
    assert not await is_offered(selection_of(text, language="plaintext"))
