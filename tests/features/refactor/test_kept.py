"""What an answer has to keep, each with the words of its refusal; no engine here."""

from __future__ import annotations

import pytest

from seed_lsp.errors import RejectedResultError
from tests.features.refactor.answers import rewritten, simplified

WRITER = '''class Writer:
    def leave(self, node, close=True):
        """End a node."""
        # The bracket was opened above.
        if node.empty:
            self.write("()")
            return None
        for child in node:
            self.visit(child)
        self.depth -= 1
        text = self.line(node)
        self.write(text)
        self.write(")")
        return text
'''
METHOD = WRITER.split("\n", 1)[1]
GUARD = '        if node is None:\n            raise ValueError("node is None")\n'


def refused(
    words: str, text: str, answer: str, region: str = "", instruction: str = "Raise a ValueError if the first argument is None."
) -> None:
    with pytest.raises(RejectedResultError, match=words):
        rewritten(text, answer, region, instruction)


def test_an_answer_that_adds_to_a_method_is_taken():
    """What was asked for comes through all the checks."""
    wanted = METHOD.replace("        # The", f"{GUARD}        # The")
    assert rewritten(WRITER, wanted, METHOD, "Raise a ValueError if the first argument is None.") == WRITER.replace(METHOD, wanted)


@pytest.mark.parametrize(
    "body", [GUARD, GUARD + "        return self.write(node)\n", GUARD + "        # The rest of the method.\n        pass\n"]
)
def test_a_method_is_not_replaced_by_a_few_lines(body: str):
    """An answer that leaves out half of a method, and was not asked to, is never applied."""
    head = METHOD.split("\n", 1)[0] + '\n        """End a node."""\n        # The bracket was opened above.\n'
    refused("left out [0-9]+ of [0-9]+ statements", WRITER, head + body, METHOD)
    assert GUARD in rewritten(WRITER, head + body, METHOD, "Remove all of it but a check of the node.")


def test_statements_that_come_back_in_another_version_are_kept():
    """A change of most lines is an edit, too, if the lines are still there."""
    text = "def f(a):\n" + "".join(f"    value = a.get({i})\n    print(value)\n" for i in range(4)) + "    return value\n"
    answer = text.replace("value", "result")
    assert rewritten(text, answer, instruction="Rename value to result.") == answer


@pytest.mark.parametrize(
    ("instruction", "change", "words"),
    [
        ("Have it log.", ("close=True", "close=False"), "signature of leave"),
        ("Have it log.", ("node, close=True", "node"), "signature of leave"),
        ("Have it log.", ("self, node", "node, self"), "signature of leave"),
        ("Have it log.", ("close=True)", "close=True, trace=False)"), "signature of leave"),
        ("Have it log.", ("close=True)", "close=True) -> str"), "declared to return"),
        ("Add a keyword parameter `log=False`.", ("close=True)", "close=False, log=False)"), "signature of leave"),
        ("Add a keyword parameter `log=False`.", ("close=True)", "log=False)"), "signature of leave"),
    ],
)
def test_a_signature_changes_only_as_the_instruction_says(instruction: str, change: tuple[str, str], words: str):
    """Other code calls a function by its signature, which no answer changes by the way."""
    refused(words, WRITER, METHOD.replace(*change).replace("self.depth -= 1", "log(self)"), METHOD, instruction + " Call log(self).")


@pytest.mark.parametrize(
    ("instruction", "change"),
    [
        ("Add a keyword parameter `log=False`.", ("close=True)", "close=True, log=False)")),
        ("Take a callback.", ("close=True)", "close=True, done=None)")),
        ("Make close false by default.", ("close=True", "close=False")),
        ("Set `close` to False unless it is given.", ("close=True", "close=False")),
        ("Add type hints.", ("node, close=True)", "node: Node, close: bool = True) -> str | None")),
        ("Rename close to shut.", ("close=True", "shut=True")),
        ("Remove the parameter close.", ("node, close=True", "node")),
        ("Füge log=False hinzu.", ("close=True)", "close=True, log=False)")),
    ],
)
def test_a_signature_changes_as_the_instruction_says(instruction: str, change: tuple[str, str]):
    """Whoever asks for another signature gets it."""
    text = WRITER.replace("class Writer:", "class Node:\n    pass\n\n\nclass Writer:")
    wanted = METHOD.replace(*change)
    assert rewritten(text, wanted, METHOD, instruction) == text.replace(METHOD, wanted)


@pytest.mark.parametrize(
    ("language", "before", "region", "changed"),
    [
        ("typescript", "class A {\n", "  load(who: string, deep = true): void {\n    send(who);\n  }\n", "deep = false"),
        ("go", "package p\n\n", "func (a A) load(who string, deep bool) {\n\tsend(who)\n}\n", "deep int"),
        ("rust", "impl A {\n", "    fn load(&self, who: u8, deep: bool) {\n        send(who)\n    }\n", "deep: u8"),
        ("java", "class A {\n", "    void load(String who, boolean deep) {\n        send(who);\n    }\n", "int deep"),
        ("c", "", "static void load(int who, int deep)\n{\n    send(who);\n}\n", "long deep"),
    ],
)
def test_signatures_of_each_language(language: str, before: str, region: str, changed: str):
    """The signature stays in each language, and the body changes."""
    text, instruction = before + region + ("}\n" if before.endswith("{\n") else ""), "Call trace instead."
    body = region.replace("send(who)", "trace(who)")
    assert rewritten(text, body, region, instruction, language) == text.replace(region, body)
    old = next(one for one in ("deep = true", "deep bool", "deep: bool", "boolean deep", "int deep") if one in region)
    with pytest.raises(RejectedResultError, match="signature"):
        rewritten(text, body.replace(old, changed), region, instruction, language)


TWO = "import functools\n\n\n@functools.lru_cache\ndef first(a):\n    return a\n\n\ndef second(b):\n    return b\n"


def test_a_definition_that_should_stay_stays():
    """An instruction that adds a function takes none away."""
    third = "def third(c):\n    return c\n"
    region = TWO[TWO.index("@") :]
    refused("left out (first|second)", TWO, third, region, "Add a function third.")
    refused("left out first", TWO, region.split("\n\n\n")[1], region, "Double the result.")
    both = f"{region}\n\n{third}"
    assert rewritten(TWO, both, region, "Add a function third.").endswith(both)
    assert rewritten(TWO, region.split("\n\n\n")[1], region, "Remove the function first.").endswith("\n\n\ndef second(b):\n    return b\n")


def test_the_first_definition_keeps_its_name():
    """A function does not come back as another one."""
    text = "def load(a):\n    return a\n"
    refused("left out load", text, "def load_twice(a):\n    return a, a\n", instruction="Return it twice.")
    assert "fetch" in rewritten(text, "def fetch(a):\n    return a\n", instruction="Find a better name.")


def test_decorators_stay():
    """A decorator goes only where that was asked for."""
    region = TWO[TWO.index("@") :]
    plain = region.replace("@functools.lru_cache\n", "").replace("return b", "return b, b")
    refused("left out @functools.lru_cache", TWO, plain, region, "Let second return b twice.")
    assert "@" not in rewritten(TWO, plain, region, "Drop the cache of first, and let second return b twice.")


LICENCE = "# Copyright 2026 The Example Authors.\n# SPDX-License-Identifier: MIT\n"


def test_lines_of_a_licence_stay():
    """A licence stays word for word, whatever else of the file is written anew."""
    text = LICENCE + "\nx = 1\ny = x\n"
    for answer in (text.replace(LICENCE, ""), text.replace("2026", "2027"), text.replace("MIT", "BSD-3-Clause")):
        refused("licence", text, answer.replace("x = 1", "x = 2"), instruction="Rewrite it: remove x, comment it.")
    assert rewritten(text, text.replace("2026", "2027"), instruction="Bring the copyright up to date.") == text.replace("2026", "2027")


@pytest.mark.parametrize(
    ("language", "text", "comment"),
    [
        (
            "python",
            "def f(a):\n    b = a  # type: ignore[misc]\n    # Half of it is enough.\n    return b / 2\n",
            "    # Half of it is enough.\n",
        ),
        ("python", "def f(a):\n    b = a  # type: ignore[misc]\n    # Half of it is enough.\n    return b / 2\n", "  # type: ignore[misc]"),
        ("javascript", "function f(a) {\n  // Half of it is enough.\n  return a / 2;\n}\n", "  // Half of it is enough.\n"),
        ("rust", "/// Half of it.\nfn f(a: u8) -> u8 {\n    a / 2\n}\n", "/// Half of it.\n"),
        ("java", "class A {\n    /** Half of it. */\n    int f(int a) {\n        return a / 2;\n    }\n}\n", "    /** Half of it. */\n"),
    ],
)
def test_comments_stay(language: str, text: str, comment: str):
    """A comment goes only where the instruction speaks of comments, or with its code."""
    third = text.replace("/ 2", "/ 3")
    assert rewritten(text, third, instruction="Divide by 3.", language=language) == third
    with pytest.raises(RejectedResultError, match="left out a comment"):
        rewritten(text, third.replace(comment, ""), instruction="Divide by 3.", language=language)
    bare = third.replace(comment, "")
    assert rewritten(text, bare, instruction="Divide by 3, without comments.", language=language) == bare


def test_a_comment_goes_with_its_code():
    """Nobody has to ask for the end of a comment on code that was to be removed."""
    text = "def f(a):\n    # Tell the user.\n    print(a)\n    return a\n"
    answer = "def f(a):\n    return a\n"
    assert rewritten(text, answer, instruction="Remove the print.") == answer


def test_docstrings_stay():
    """A docstring goes only where that was asked for."""
    answer = METHOD.replace('        """End a node."""\n', "").replace("-= 1", "-= 2")
    refused("left out a docstring", WRITER, answer, METHOD, "Count the depth by two.")
    assert "End a node" not in rewritten(WRITER, answer, METHOD, "Count the depth by two, and remove the docstring.")


def test_strings_of_several_lines_stay():
    """A table or a message that code prints is not lost by the way."""
    text = 'def f(a):\n    text = """\n  one\n\t two\n"""\n    print(text)\n    print(a)\n    return text\n'
    answer = text.replace('"""\n  one\n\t two\n"""', '""').replace("print(a)", "print(a, a)")
    refused("left out a string", text, answer, instruction="Print a twice.")


def test_backticks_stay():
    """Three backticks, by which a model ends its answer, do not end the user's text."""
    text = 'def f():\n    """Call it.\n\n    ```\n    f()\n    ```\n    """\n    return 1\n'
    answer = text.replace("    ```\n", "").replace("return 1", "return 2")
    refused("backticks", text, answer, instruction="Return 2.")
    refused("backticks", "x = 1\n", 'x = 2\ny = """\n```\n"""\n', instruction="Let x be 2.")


def test_the_line_around_a_selection_stays():
    """What stands before and behind a selection in its line was not selected."""
    text = "a = 1; b = load(2); c = 3\nd = 4\n"
    assert rewritten(text, "a = 1; b = load(5); c = 3\n", "load(2)", "Use 5.") == text.replace("load(2)", "load(5)")
    refused("before the selection", text, "a = 2; b = load(5); c = 3\n", "load(2)", "Use 5.")
    refused("behind the selection", text, "a = 1; b = load(5); c = 4\n", "load(2)", "Use 5.")
    assert "a = 7" in rewritten(text, "a = 7; b = load(2); c = 3\n", "load(2)", "Let a be 7.")


def test_a_name_that_nothing_defines_is_not_used():
    """An answer calls no function that is not there, unless the user named it."""
    text = "import os\n\n\ndef f(a):\n    return os.fspath(a)\n"
    region = text[text.index("def") :]
    refused("the name checked", text, region.replace("return os", "return checked(a) or os"), region, "Check a first.")
    for code, instruction in [
        ("checked(a) or os", "Call checked first."),
        ("[b for b in a] or os", "Copy a."),
        ("len(a) or os", "Count a."),
    ]:
        assert code in rewritten(text, region.replace("return os", f"return {code}"), region, instruction)


def test_a_variable_that_others_read_stays():
    """A variable that the code below reads is not taken away."""
    text = "def f(a):\n    b = a\n    c = b + 1\n    print(c)\n    return b, c\n"
    refused("took away b", text, "    c = a + 1\n", "    b = a\n    c = b + 1\n", "Make it better.")
    assert "    c = a + 1\n    print" in rewritten(
        text.replace("b, c", "c"), "    c = a + 1\n", "    b = a\n    c = b + 1\n", "Make it better."
    )


# --- simplify


def test_simplify_leaves_an_effect_in_its_branch():
    """Nothing is called under another condition than before."""
    text = "def f(self, node):\n    if node.args:\n        self.visit(node)\n    elif node:\n        self.skip()\n    else:\n        self.write('None')\n    self.write(')')\n    return node is True\n"
    moved = text.replace("    self.write(')')\n", "        self.write(')')\n")
    with pytest.raises(RejectedResultError, match="into or out of a branch"):
        simplified(text, moved)
    shorter = text.replace("node is True", "node")
    assert simplified(text, shorter) == shorter


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    self.visit(node)\n    self.close()\n", "    self.close()\n    self.visit(node)\n", "when or whether"),
        ("    if node:\n        self.visit(node)\n", "    self.visit(node)\n", "branch"),
        ("    for child in node:\n        self.visit(child)\n", "    self.visit(child)\n", "branch"),
        ("    self.visit(node)\n    self.visit(node)\n", "    self.visit(node)\n", "left out a call"),
        ("    value = self.next()\n", "    value = None\n", "left out a call"),
        ("    self.count = len(node)\n", "    count = len(node)\n", "when or whether"),
        ("    try:\n        self.visit(node)\n    finally:\n        self.close()\n", "    self.visit(node)\n    self.close()\n", "branch"),
        ("    # Children first.\n    self.visit(node)\n", "    self.visit(node)\n", "comment"),
    ],
)
def test_simplify_keeps_what_is_done(old: str, new: str, words: str):
    """What a simplification would do otherwise, or not at all, or in another order, is refused."""
    text, answer = (f"def f(self, node, child=None):\n{body}    return node\n" for body in (old, new))
    with pytest.raises(RejectedResultError, match=words):
        simplified(text, answer)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    if node:\n        return 1\n    else:\n        self.visit(node)\n", "    if node:\n        return 1\n    self.visit(node)\n"),
        ("    value = node\n    self.visit(value)\n    return value\n", "    value = node\n    self.visit(value)\n"),
        ("    if len(node) == 0:\n        self.visit(node)\n", "    if not node:\n        self.visit(node)\n"),
        ("    value = []\n    value = node\n    self.visit(value)\n", "    value = node\n    self.visit(value)\n"),
    ],
)
def test_simplify_may_make_code_shorter(old: str, new: str):
    """A simplification that does the same is offered."""
    text, answer = (f"def f(self, node):\n{body}    return node\n" for body in (old, new))
    assert simplified(text, answer) == answer
