"""Documentation comments of other languages than Python: where they stand, and what is in them."""

from __future__ import annotations

import pytest

from seed_lsp.errors import NoChangeError, RejectedResultError, SelectionError
from seed_lsp.source.syntax import count_errors, parse
from tests.features.refactor.test_docstring import documented, proposed, selection_of
from tests.features.refactor.tools import ScriptedTools, says

JSDOC = """\
/**
 * Reads a file.
 *
 * @param path - The file.
 * @returns Its text.
 */
function old(path) { return path; }

"""
DOXYGEN = """\
/// Reads a file.
///
/// @param path The file.
/// @return Its text.
char *old(const char *path) { return path; }

"""
JAVADOC = """\
class A {
    /**
     * Reads a file.
     * @param path the file
     * @return its text
     * @throws IOException if there is none
     */
    String old(String path) throws IOException { return path; }

"""


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("javascript", "export default async function f(a) {}\n", "/** Say it. */\nexport default async function f(a) {}\n"),
        ("javascript", "export const f = (a) => a;\n", "/** Say it. */\nexport const f = (a) => a;\n"),
        ("javascriptreact", "function F() { return <b/>; }\n", "/** Say it. */\nfunction F() { return <b/>; }\n"),
        ("javascript", "// eslint-disable-next-line\nfunction f() {}\n", "/** Say it. */\n// eslint-disable-next-line\nfunction f() {}\n"),
        ("javascript", "a(); // why\nfunction f() {}\n", "a(); // why\n/** Say it. */\nfunction f() {}\n"),
        (
            "typescript",
            "@dec\nexport class A {\n  @d()\n  private m(x?: string): void {}\n}\n",
            "/** Say it. */\n@dec\nexport class A {\n  /** Say it. */\n  @d()\n  private m(x?: string): void {}\n}\n",
        ),
        ("typescript", "interface I {\n\tm(): void\n}\n", "/** Say it. */\ninterface I {\n\t/** Say it. */\n\tm(): void\n}\n"),
        ("go", "package p\n\nfunc F(a int) {}\n", "package p\n\n// F says it.\nfunc F(a int) {}\n"),
        ("go", "package p\n\n//go:noinline\nfunc (t *T) F() {}\n", "package p\n\n// F says it.\n//go:noinline\nfunc (t *T) F() {}\n"),
        ("go", "package p\n\ntype T struct {\n\tA int\n}\n", "package p\n\n// T says it.\ntype T struct {\n\tA int\n}\n"),
        (
            "rust",
            "#[derive(Debug)]\npub struct S;\n\nimpl S {\n    #[inline]\n    fn f() {}\n}\n",
            "/// Say it.\n#[derive(Debug)]\npub struct S;\n\nimpl S {\n    /// Say it.\n    #[inline]\n    fn f() {}\n}\n",
        ),
        (
            "java",
            "@Foo\nclass A {\n    @Override\n    public int f(int a) { return a; }\n}\n",
            "/**\n * Say it.\n */\n@Foo\nclass A {\n    /**\n     * Say it.\n     */\n    @Override\n    public int f(int a) { return a; }\n}\n",
        ),
        ("c", "static int *f(const char *a)\n{\n    return 0;\n}\n", "/** Say it. */\nstatic int *f(const char *a)\n{\n    return 0;\n}\n"),
        ("c", "int f(int a);\nint x;\r\n", "/** Say it. */\nint f(int a);\nint x;\r\n"),
        (
            "cpp",
            "template <class T>\nclass A {\n    int m() const;\n};\n",
            "/** Say it. */\ntemplate <class T>\nclass A {\n    /** Say it. */\n    int m() const;\n};\n",
        ),
    ],
)
async def test_a_comment_goes_above_the_definition(language: str, text: str, wanted: str):
    """Decorators, attributes, `export` and orders to tools stay next to the definition."""
    answer = " says it." if language == "go" else "Say it."
    assert await documented(text, answer, language=language) == wanted


@pytest.mark.parametrize(
    ("language", "before", "new", "answers", "wanted"),
    [
        (
            "typescript",
            JSDOC,
            "function f(a: string, {b}: B, c = 1, ...d) {\n  if (a) { throw new RangeError(a); }\n  return c;\n}\n",
            ("Does it.", "The first.", "The third.", "The rest.", "What comes."),
            "/**\n * Does it.\n *\n * @param a - The first.\n * @param c - The third.\n * @param d - The rest.\n * @returns What comes.\n */\n",
        ),
        (
            "cpp",
            DOXYGEN,
            "int f(std::string &a, int b = 1, void (*c)(int)) {\n    return 1;\n}\n",
            ("Does it.", "The first.", "The second.", "The third.", "One."),
            "/// Does it.\n///\n/// @param a The first.\n/// @param b The second.\n/// @param c The third.\n/// @return One.\n",
        ),
        ("c", DOXYGEN, "void f(void) {\n}\n", ("Does it.",), "/// Does it.\n"),
        (
            "java",
            JAVADOC,
            "    int f(int a, String... b) throws E {\n        throw new X();\n    }\n}\n",
            ("Does it.", "the first", "the rest", "if so", "if not"),
            "    /**\n     * Does it.\n     * @param a the first\n     * @param b the rest\n     * @throws E if so\n     * @throws X if not\n     */\n",
        ),
    ],
)
async def test_tags_name_what_the_syntax_has(language: str, before: str, new: str, answers: tuple[str, ...], wanted: str):
    """Each parameter that has a name gets its tag, in order, and nothing that the code lacks."""
    made = await documented(before + new, *answers, selected=new, language=language)
    assert made == before + wanted + new


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("javascript", "/** Doc. */\nexport function f() {}\n"),
        ("typescript", "class A {\n  /** Doc. */\n  @d()\n  m() {}\n}\n"),
        ("go", "package p\n\n// F is.\nfunc F() {}\n"),
        ("rust", "/// Doc.\n#[inline]\nfn f() {}\n"),
        ("rust", '#[doc = "Doc."]\nfn f() {}\n'),
        ("java", "class A {\n    /** Doc. */\n    @Override\n    void f() {}\n}\n"),
        ("c", "/* Does it. */\nint f(void) { return 1; }\n"),
        ("cpp", "/// Doc.\ntemplate <class T>\nT f(T a) { return a; }\n"),
    ],
)
async def test_a_comment_that_is_there_stays(language: str, text: str):
    """What somebody wrote about a definition is never rewritten, nor written twice."""
    selected = next(line for line in text.splitlines() if "f(" in line.lower() or "m()" in line)
    with pytest.raises(NoChangeError, match="already"):
        await documented(text, "Say it.", selected=selected, language=language)


@pytest.mark.parametrize(
    ("language", "answer"),
    [("javascript", "Say */ it."), ("c", "Say /* it."), ("java", "Say \\u002a/ it."), ("rust", "Say \u2066 it."), ("go", "")],
)
async def test_words_cannot_leave_the_comment(language: str, answer: str):
    """No words of the model become code."""
    code = {
        "javascript": "function f() {}\n",
        "c": "int f(void) { return 1; }\n",
        "java": "class A {\n}\n",
        "rust": "fn f() {}\n",
        "go": "package p\n\nfunc F() {}\n",
    }[language]
    tools = ScriptedTools(says(answer, stops=False))
    with pytest.raises(RejectedResultError):
        await proposed(selection_of(code, language=language), tools)


async def test_a_backslash_does_not_swallow_the_next_line():
    """In C a backslash at the end of a comment makes a comment of the next line."""
    text = DOXYGEN.replace("Reads a file.", "Reads a file") + "void f(void) {}\n"
    made = await documented(text, "Say it \\", language="c", selected="void f")
    assert made == text.replace("void f", "/// Say it\nvoid f")


async def test_a_definition_within_a_line_is_refused():
    """A comment in the middle of a line would be hard to read."""
    with pytest.raises(SelectionError, match="line of its own"):
        await documented("a(); function f() {}\n", "Say it.", language="javascript", selected="function f")


@pytest.mark.parametrize("language", ["javascript", "typescript", "go", "rust", "java", "c", "cpp"])
async def test_line_ends_stay(language: str):
    """Comments end their lines as the file does."""
    code = {
        "go": "package p\n\nfunc F() {}\n",
        "rust": "fn f() {}\n",
        "java": "class A {\n}\n",
        "c": "int f(void) {\n}\n",
        "cpp": "int f() {\n}\n",
    }
    text = code.get(language, "function f() {\n}\n").replace("\n", "\r\n")
    made = await documented(text, "Say it.", language=language)
    assert made.count("\r\n") == made.count("\n") > text.count("\n")
    tree = parse(made, language)
    assert tree is not None
    assert count_errors(tree) == 0
