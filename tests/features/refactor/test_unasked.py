"""Text that nobody asked to change stays as it is, whatever the model answers; no engine here."""

from __future__ import annotations

import random

import pytest

from engine.model.tokenizer import Tokenizer
from engine.prompts import edit_prompt
from seed_lsp.errors import NoChangeError, RejectedResultError
from seed_lsp.features.refactor import rewriting
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import apply_edits
from tests.features.refactor.answers import finished, plan_of, rewritten

LETTER = (
    'def letter(who):\n    body = """Dear reader,\n    \n        this line is indented,\n\t\n    and the line above holds a tab.  \n    """\n'
    '    return body.replace("reader", who)\n'
)


def without_blanks(text: str) -> str:
    """The text as models write it: without white space at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n"))


STRINGS = [
    ("python", LETTER),
    ("python", LETTER.replace("\n", "\r\n")),
    ("python", 'def f(who):\n    text = f"""{who}\n  \n\ta{who}  \n\x0c\n"""\n    return text\n'),
    ("python", 'class A:\n    def f(self, who):\n        """Add.\n        \n        Twice.\t\n        """\n        return who\n'),
    ("python", "def f(who):\n    return '''\n \n'''  + who + '''\n  \n'''\n"),
    ("python", "TABLE = 'a\tb  c'\n\n\ndef f(who):\n    return TABLE + who\n"),
    ("python", "def f(who):\n    \n    return who  # one  two\t\n"),
    ("javascript", "function f(who) {\n  return `one\n \n\t${who}  \n  two`;\n}\n"),
    ("typescript", "function f(who: string) {\n  /* one\n \n\t two  \n  */\n  return who;\n}\n"),
    ("go", "package p\n\nfunc f(who string) string {\n\treturn `one\n  \n\ttwo  \n` + who\n}\n"),
    ("cpp", 'auto f(int who) {\n    return g(R"(one\n  \n\ttwo  \n)", who);\n}\n'),
    ("rust", 'fn f(who: u8) -> u8 {\n    g("one\n  \n\ttwo  \n", who)\n}\n'),
    ("java", 'class A {\n    String f(String who) {\n        return """\n  \n\ttwo  \n""" + who;\n    }\n}\n'),
    ("markdown", "one  \ntwo\t\n \nwho\n"),
    ("yaml", "text: |\n  one  \n    \n  two\t\nwho: 1\n"),
    ("ruby", "def f(who)\n  <<~TEXT\n    one\n    \n    two\n  TEXT\nend\n"),
]


@pytest.mark.parametrize(("language", "text"), STRINGS)
def test_white_space_of_strings_stays(language: str, text: str):
    """A program prints what it printed: a string whose words stay keeps every character."""
    wanted = text.replace("who", "name")
    assert rewritten(text, without_blanks(wanted), language=language) == wanted
    with pytest.raises(NoChangeError):
        rewritten(text, without_blanks(text), language=language)


@pytest.mark.parametrize("texts", [("x  y", "x y"), ("x y", "x  y"), ("x\ty", "x  y"), ("x y", "x\ty", "x y")])
def test_strings_that_differ_by_white_space_alone_are_not_mixed_up(texts: tuple[str, ...]):
    """Strings that a model writes alike are each put back where they were."""
    text = "def f(who):\n" + "".join(f'    a{i} = "{one}"\n' for i, one in enumerate(texts)) + "    return who\n"
    wanted = text.replace("who", "name")
    answer = wanted.replace("\t", " ").replace("x  y", "x y")
    assert rewritten(text, answer, instruction="Rename the parameter who to name.") == wanted


def test_lines_of_a_string_that_was_changed_stay():
    """If one word of a string was to change, nothing else of the string changes."""
    wanted = LETTER.replace("this line is", "that line was").replace("holds a tab", "holds tabs")
    assert rewritten(LETTER, without_blanks(wanted)) == wanted


def test_strings_that_are_less_deep_than_their_code():
    """A string keeps its lines if the model writes the code around it with less indentation."""
    method = '    def f(self, who):\n        """Add.\n\n        Twice.\n        """\n        text = """\nleft\n  \n    deep\n"""\n        return text + who\n'
    text = f"class A:\n    x = 1\n\n{method}\n    y = 2\n"
    wanted = text.replace("who", "name")
    flush = method.replace("who", "name").replace("\n        ", "\n    ").removeprefix("    ")
    for answer in (flush, method.replace("who", "name"), without_blanks(flush)):
        assert rewritten(text, answer, method) == wanted


def test_a_docstring_moves_with_its_code():
    """The lines of a docstring are indented as deep as the code around it."""
    function = 'def f(a):\n    """Add.\n    \n    Twice.\n    """\n    return a\n'
    moved = 'class A:\n    def f(a):\n        """Add.\n        \n        Twice.\n        """\n        return a\n'
    assert rewritten(function, without_blanks(moved)) == moved


@pytest.mark.parametrize("instruction", ["Indent the text by two blanks.", "Strip trailing white space from the text."])
def test_white_space_may_change_where_it_was_asked_for(instruction: str):
    """A user who asks for other white space in a string gets it."""
    text = 'def f():\n    return """one\n  \ntwo  \n"""\n'
    wanted = 'def f():\n    return """  one\n\n  two\n"""\n'
    assert rewritten(text, wanted, instruction=instruction) == wanted


def test_a_name_that_sounds_like_white_space_asks_for_none():
    """White space of strings stays if a word such as "indent" is only a name."""
    text = LETTER.replace("who", "indent")
    wanted = LETTER.replace("who", "depth")
    assert rewritten(text, without_blanks(wanted), instruction="Rename the parameter indent to depth.") == wanted


def test_strings_that_are_new_are_the_models_own():
    """White space in new strings is the model's own, and in changed strings what it wrote."""
    text = "a = '  '.join(b)\nc = ','.join(d)\n"
    wanted = "a = '  '.join(b)\nc = ', '.join(d)\ne = ' '.join(f)\n"
    assert rewritten(text, wanted) == wanted


def test_a_ready_made_action_leaves_white_space_alone():
    """An action of the menu never changes white space in strings."""
    text = "def f(a):\n    return str(','.join(a))\n"
    document = Document("u", text, 1, "python")
    plan = rewriting.make_plan(document, CharOffset(0), CharOffset(len(text)), rewriting.SIMPLIFY, Settings())
    answer = "def f(a):\n    return ', '.join(a)\n"
    assert rewriting.read_rewrite(plan, finished(answer)).new_region == "def f(a):\n    return ','.join(a)\n"


@pytest.mark.slow
def test_random_strings_come_back_through_the_prompt(tokenizer_folder):
    """A string survives the prompt and back, whatever white space it holds, and at any depth."""
    tokenizer, source = Tokenizer(tokenizer_folder), random.Random(8)
    for _ in range(300):
        lines = ["".join(source.choice(["word", " ", "  ", "\t", "```", "\x0c"]) for _ in range(source.randrange(5))) for _ in range(6)]
        quotes = source.choice(['"""', "'''"])
        method = f"    def f(self, who):\n        text = {quotes}\\\n" + "\n".join(lines) + f"{quotes}\n        return text + who\n"
        text = f"class A:\n    x = 1\n\n{method}\n    y = 2\n"
        plan = plan_of(text, method)
        prompt = edit_prompt(tokenizer, rewriting.build_request(plan, Settings(), 1))
        shown = tokenizer.decode(list(prompt.old)).rpartition("\n")[0]
        answer = prompt.read(shown.replace("who", "name"))
        for one in (answer, without_blanks(answer)):
            assert apply_edits(text, rewriting.read_rewrite(plan, finished(one)).edits) == text.replace("who", "name")


# --- what stands around the selection

TABLE = 'TABLE = {\n    "one": 1,\n    "two": 2,\n}\n'
HEAD = (
    "# Copyright 2026 The Example Authors.\n# Licensed under the Apache License, Version 2.0.\n\n"
    "from __future__ import annotations\n\nimport os\nfrom collections import defaultdict\n\n"
    f"{TABLE}logging.basicConfig()\n\n\n"
)
FUNCTIONS = "def first(a):\n    return TABLE[a]\n\n\ndef second(b):\n    return os.sep + b\n"
TAIL = '\n\n__all__ = ["first", "second"]\n\n\nif __name__ == "__main__":\n    first(1)\n'
BETTER = FUNCTIONS.replace("return TABLE", '"""First."""\n    return TABLE').replace("return os", '"""Second."""\n    return os')


def repeated(language: str, pieces: tuple[str, str, str], answer: str) -> str:
    before, region, after = pieces
    text = before + region + after
    new = rewritten(text, answer, region, language=language)
    assert new.startswith(before)
    assert new.endswith(after)
    return new[len(before) : len(new) - len(after)]


@pytest.mark.parametrize(
    "head", ["", HEAD, HEAD.split("\n\n", 1)[1], HEAD.split("\n\n", 2)[2], HEAD.split("\n\n", 1)[0] + "\n\n", "import os\n\n\n"]
)
@pytest.mark.parametrize("tail", ["", TAIL, TAIL.split("\n\n\n", maxsplit=1)[0] + "\n"])
def test_the_file_around_a_selection_is_not_repeated(head: str, tail: str):
    """Code from around the selection, at the ends of an answer, is cut off.

    This holds for licences, imports, assignments and calls of a module.
    """
    assert repeated("python", (HEAD, FUNCTIONS, TAIL), head + BETTER + tail) == BETTER
    before, region, after = (text.replace("\n", "\r\n") for text in (HEAD, FUNCTIONS, TAIL))
    assert repeated("python", (before, region, after), head + BETTER + tail) == BETTER.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "head",
    [
        "from collections import (\n    defaultdict,\n)\n\n",
        "TABLE = {'one': 1, 'two': 2}\n",
        'import os\nfrom collections import (defaultdict)\n\nTABLE={ "one":1, "two":2, }\nlogging . basicConfig( )\n\n',
    ],
)
def test_what_is_repeated_in_another_format_is_repeated(head: str):
    """Repeated code is cut off also if the model writes it in another format."""
    assert repeated("python", (HEAD, FUNCTIONS, TAIL), head + BETTER) == BETTER


@pytest.mark.parametrize(
    ("language", "pieces", "answer", "wanted"),
    [
        (
            "javascript",
            ("import {a} from 'a';\nconst N = ['x', 'y'];\n\n", "function f() {\n  return N;\n}\n", ""),
            'import { a } from "a"\nconst N = [\n  "x",\n  "y",\n];\n\nfunction f() {\n  return a;\n}\n',
            "function f() {\n  return a;\n}\n",
        ),
        (
            "python",
            ("class A:\n    # Fields of it.\n    x = 1\n\n", "    def f(self):\n        return 1\n", "\n    y = 2\n"),
            "    # Fields of it.\n    x = 1\n\n    def f(self):\n        return 2\n\n    y = 2\n",
            "    def f(self):\n        return 2\n",
        ),
        (
            "python",
            ("import os\n\n\ndef f(a):\n    b = load(a)\n    c = b.d\n", "    return c\n", "\n\nX = 1\n"),
            "    import os\n\n    b = load(a)\n    c = b.d\n    return c.e\n",
            "    return c.e\n",
        ),
        (
            "javascript",
            ("// Copyright\nimport os from 'os';\nconst TABLE = [1];\n\n", "function f(a) {\n  return a;\n}\n", "\nexport { f };\n"),
            "// Copyright\nimport os from 'os';\nconst TABLE = [1];\n\nfunction f(b) {\n  return b;\n}\n\nexport { f };\n",
            "function f(b) {\n  return b;\n}\n",
        ),
        (
            "go",
            ('package p\n\nimport "fmt"\n\nconst n = 1\n\n', "func f() {\n\tfmt.Println(n)\n}\n", "\nvar m = 2\n"),
            'package p\n\nimport "fmt"\n\nconst n = 1\n\nfunc f() {\n\tfmt.Print(n)\n}\n',
            "func f() {\n\tfmt.Print(n)\n}\n",
        ),
        (
            "c",
            ("#include <stdio.h>\n#define N 1\nint n = N;\n\n", "int f(void) {\n    return n;\n}\n", "\nint m = 2;\n"),
            "#include <stdio.h>\n#define N 1\nint n = N;\n\nint f(void) {\n    return n + 1;\n}\n\nint m = 2;\n",
            "int f(void) {\n    return n + 1;\n}\n",
        ),
        (
            "rust",
            ("//! A crate.\nuse std::fmt;\nconst N: u8 = 1;\n\n", "fn f() -> u8 {\n    N\n}\n", ""),
            "//! A crate.\nuse std::fmt;\nconst N: u8 = 1;\n\nfn f() -> u8 {\n    N + 1\n}\n",
            "fn f() -> u8 {\n    N + 1\n}\n",
        ),
        (
            "java",
            (
                "package p;\nimport java.util.List;\n\nclass A {\n    int x = 1;\n",
                "    int f() {\n        return x;\n    }\n",
                "    int y = 2;\n}\n",
            ),
            "    int x = 1;\n    int f() {\n        return y;\n    }\n    int y = 2;\n",
            "    int f() {\n        return y;\n    }\n",
        ),
        (
            "ruby",
            ("# Copyright 2026 by Example\nrequire 'json'\n\n", "def f(a)\n  a\nend\n", "\nputs f(JSON.parse(ARGV[0]))\n"),
            "# Copyright 2026 by Example\nrequire 'json'\n\ndef f(b)\n  b\nend\n\nputs f(JSON.parse(ARGV[0]))\n",
            "def f(b)\n  b\nend\n",
        ),
    ],
)
def test_each_language_has_its_surroundings(language: str, pieces: tuple[str, str, str], answer: str, wanted: str):
    """Repeated statements and comments are cut off in each language, by lines without a grammar."""
    assert repeated(language, pieces, answer) == wanted


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (BETTER.replace("\n\n\ndef second", "\n\n\nimport os\n\n\ndef second"), "import os"),
        (BETTER.replace("\n\n\ndef second", f"\n\n\n{TABLE}\n\ndef second"), "TABLE"),
        (HEAD.replace('"two": 2', '"two": 2,\n    "three": 3') + BETTER, "TABLE"),
        ("from __future__ import division\n\n" + HEAD.replace("import os\n", "") + "x = 1\n" + HEAD, "Copyright"),
        (HEAD, "Copyright"),
    ],
)
def test_what_cannot_be_cut_off_is_refused(answer: str, words: str):
    """Code from around the selection that cannot be cut off is never put into the file.

    It may stand in the middle of an answer, differ from the file, or be all of the answer.
    """
    with pytest.raises(RejectedResultError, match=f"outside the selection.*{words}"):
        rewritten(HEAD + FUNCTIONS + TAIL, answer, FUNCTIONS)


@pytest.mark.parametrize(
    ("before", "region", "answer"),
    [
        ("def f():\n    reset()\n    x = 1\n    work()\n", "    return x\n", "    reset()\n    return x\n"),
        ("x = 1\nprint(x)\n", "y = 2\n", "y = 2\nprint(x)\n"),
        ("x = load()\n", "print(x)\n", "x = list(x)\nprint(x)\n"),
        ("import os\n", "import os\nx = 1\n", "import os\nx = 2\n"),
        ("", "x = 1\n", "from __future__ import annotations\n\nx: int = 1\n"),
        ("import os\n", "x = 1\n", "import sys\n\nx = sys.path\n"),
        ("from os import path\n", "x = 1\n", "from os import path, sep\n\nx = sep\n"),
    ],
)
def test_what_may_well_stand_there_twice_does(before: str, region: str, answer: str):
    """Code that only looks like a repetition is kept in the answer."""
    text = before + region
    assert rewritten(text, answer, region if text.count(region) == 1 else text) in (before + answer, answer)


METHOD = '    def f(self):\n        """One.\n        \n        Two.\n        """\n        return """\nleft\n"""\n'
CLASS = f'import os\n\n\nclass A(B):\n    """Doc."""\n\n    x = 1\n\n{METHOD}\n    def g(self):\n        return os\n'


@pytest.mark.parametrize("indent", ["", "    "])
@pytest.mark.parametrize("head", ["class A(B):\n", 'import os\n\n\nclass A(B):\n    """Doc."""\n\n    x = 1\n\n'])
def test_the_class_around_a_method_is_not_repeated(head: str, indent: str):
    """The header of the class that a model writes above a method is cut off."""
    answer = (head + METHOD).replace("f(self)", "f(self, a)")
    answer = "".join(indent + line if line.strip() else line for line in answer.splitlines(keepends=True))
    assert rewritten(CLASS, without_blanks(answer), METHOD) == CLASS.replace("f(self)", "f(self, a)")


@pytest.mark.parametrize(
    "answer",
    [f"import sys\n\nclass A(B):\n{METHOD}", f"class A(B):\n{METHOD}\n    def g(self):\n        return 1\n", "class A(B): y = 2\n"],
)
def test_more_than_the_class_around_a_method_is_refused(answer: str):
    """Changes of code around a method are never put into the file."""
    with pytest.raises(RejectedResultError, match="outside the selection"):
        rewritten(CLASS, answer.replace("f(self)", "f(self, a)"), METHOD)


def test_another_version_of_the_docstring_around_a_method_is_refused():
    """The docstring of the class stays outside of the method, in other words as well."""
    doc = '''    """A box.\n\n    Args:\n        size: how large it is\n    """\n\n'''
    method = "    def f(self):\n        return 1\n"
    answer = "class A:\n" + doc.replace("how large", "in metres, how large") + method.replace("1", "2")
    with pytest.raises(RejectedResultError, match=r"outside the selection.*A box"):
        rewritten(f"class A:\n{doc}{method}", answer, method)


# --- names

LETTERS = 'def letter(who):\n    return f"Dear {who}"\n\n\nclass Box:\n    def put(self, item):\n        self.item = item\n'


@pytest.mark.parametrize(
    ("instruction", "change", "lost"),
    [
        ("Rename the parameter who to name.", ("letter", "name"), "letter"),
        ("Rename the parameter `who` to `name`.", ("put", "name"), "put"),
        ("who -> name", ("letter", "name"), "letter"),
        ("Benenne who in name um.", ("letter", "name"), "letter"),
        ("Rename letter to epistle.", ("item", "epistle"), "item"),
        ("Rename the method put to store.", ("Box", "Store"), "Box"),
        ("Make it shorter.", ("letter", "lt"), "letter"),
    ],
)
def test_a_name_that_nobody_named_is_not_taken_away(instruction: str, change: tuple[str, str], lost: str):
    """A rename of another name than the user named, or of one that other code calls, is refused."""
    text = LETTERS + "\n\nprint(letter(1))\n"
    with pytest.raises(RejectedResultError, match=f"the name {lost},"):
        rewritten(text, LETTERS.replace(*change), LETTERS, instruction=instruction)


@pytest.mark.parametrize(
    ("instruction", "changes"),
    [
        ("Rename the parameter who to name.", [("who", "name")]),
        ("Rename letter to epistle.", [("letter", "epistle")]),
        ("Rename this function to epistle and its parameter who to name.", [("letter", "epistle"), ("who", "name")]),
        ("Find better names.", [("Box", "Parcel"), ("put", "pack")]),
        (
            "Replace the class by a function called put.",
            [("class Box:\n    def put(self, item):\n        self.item = item\n", "def put(item):\n    pass\n")],
        ),
        ("Change the greeting to Hello.", [("Dear", "Hello")]),
    ],
)
def test_names_go_that_were_asked_for(instruction: str, changes: list[tuple[str, str]]):
    """A rename, or a removal, that the user asked for is not refused."""
    answer = LETTERS
    for change in changes:
        answer = answer.replace(*change)
    assert rewritten(LETTERS, answer, instruction=instruction) == answer


@pytest.mark.parametrize(
    ("language", "before", "region", "after"),
    [
        ("typescript", "class A {\n", "  private load(who: string): void {\n    send(who);\n  }\n", "}\n"),
        ("java", "class A {\n", "    private <T> void load(T who) {\n        send(who);\n    }\n", "}\n"),
        ("go", "package p\n\n", "func (a A) load(who string) {\n\tsend(who)\n}\n", ""),
        ("rust", "impl A {\n", "    fn load(&self, who: u8) {\n        send(who)\n    }\n", "}\n"),
        ("c", "", "static void *load(int who)\n{\n    return send(who);\n}\n", ""),
    ],
)
def test_names_of_each_language(language: str, before: str, region: str, after: str):
    """The named parameter may be renamed in each language, and a function in its place may not."""
    text, instruction = before + region + after, "Rename the parameter who to name."
    assert rewritten(text, region.replace("who", "name"), region, instruction, language) == text.replace("who", "name")
    with pytest.raises(RejectedResultError, match="the name load,"):
        rewritten(text, region.replace("load", "name"), region, instruction, language)


def test_a_ready_made_action_takes_no_name_away():
    """An action of the menu never renames or removes what other code may call."""
    document = Document("u", LETTERS, 1, "python")
    plan = rewriting.make_plan(document, CharOffset(0), CharOffset(len(LETTERS)), rewriting.SIMPLIFY, Settings())
    with pytest.raises(RejectedResultError, match="the name letter,"):
        rewriting.read_rewrite(plan, finished(LETTERS.replace("letter", "greet")))


def test_text_that_reads_like_a_control_token_is_not_lost():
    """The rest of the code is not lost if the model ends its answer at such a text."""
    text = "def f(a):\n    # The text ends with <|im_end|>\n    send(a)\n    return a\n"
    with pytest.raises(RejectedResultError, match="left out the text"):
        rewritten(text, "def f(b):\n    # The text ends with \n    send(b)\n    return b\n")
    wanted = text.replace("send(a)", "send(a, 1)")
    assert rewritten(text, wanted) == wanted
