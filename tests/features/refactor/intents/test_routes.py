"""Which words are understood, and by which intent; words that are left over are never dropped."""

from __future__ import annotations

import pytest

from seed_lsp.features.refactor.intents import routes
from seed_lsp.features.refactor.intents.phrases import Phrases
from seed_lsp.features.refactor.intents.routes import ROUTES
from tests.features.refactor.intents.asking import names_of, understood

UNDERSTOOD: dict[str, list[str]] = {
    "rename": [
        "Give the local variable total the name amount.",
        "total should be called amount",
        "Replace the variable name total with amount; leave everything else as it is.",
        "In this function, rename total -> amount",
        "rename total to amount",
        "rename the variable functions to amount",
        "Rename the variable total to amount.",
        "please rename the local variable `total` to `amount`",
        "Rename total to amount everywhere",
        "rename parameter 'total' to amount in this function",
        "Change the name of total to amount",
        "could you rename the loop variable total as amount?",
    ],
    "f-strings": [
        "Rewrite string formatting as f-strings",
        "Turn the old-style formatting into f-strings",
        "Make all string formatting use f-strings",
        "Format strings with f-strings instead of % or format",
        "Change every % and format() call to an f-string without changing anything else",
        "use f-strings",
        "Use f-strings instead of % formatting",
        "Use an f-string rather than str.format() here",
        "convert to f-strings",
        "Convert all the format strings to f-strings, please.",
        "replace % and .format with f-strings",
        "Replace all str.format() calls in this function by f-strings",
        "switch to f-strings everywhere",
    ],
    "type-hints-of-parameters": [
        "Annotate every parameter that lacks an annotation.",
        "Give each parameter a type annotation",
        "Put type hints on the parameters",
        "Add type hints to the parameters, but not the return type",
        "Every parameter should have a type annotation",
        "Add types for the arguments that don't have one",
        "annotate the parameters",
        "Add type hints to all parameters",
        "add a type hint to every argument without one",
        "Add types to the parameters that have no type",
        "Add missing parameter annotations",
        "please annotate each untyped argument of this function",
    ],
    "type-hints-of-results": [
        "add a return type",
        "Add the missing return annotation",
        "annotate the return value",
        "Add a type hint for the return value.",
        "add return types",
        "add a return type hint to this function",
    ],
    "type-hints": [
        "add type hints",
        "Add missing type annotations.",
        "please add types",
        "add type annotations to this function",
        "annotate the parameters and the return type",
        "Annotate this function",
    ],
    "docstring": [
        "add a docstring",
        "Document this function.",
        "write a docstring for this method",
        "Add docstrings to all functions",
        "add the missing docstring",
        "Generate documentation for the class",
    ],
    "summary": [
        "add a one-line docstring",
        "Write a short docstring for this function",
        "add a single-line docstring here",
        "give it a one-line docstring",
        "Add a one line docstring to each method",
        "generate a one-liner docstring",
    ],
    "shorten-docstring": [
        "Condense the docstring into one line",
        "Trim the docstring to its first sentence",
        "Replace the docstring with a one-line summary",
        "The docstring should be a single line",
        "Summarize the docstring in one line",
        "Make the docstring fit on one line",
        "Shorten the docstring to one line",
        "make the docstring one line",
        "Reduce the docstring to a single line",
        "keep only the first sentence of the docstring",
        "make the docstring of this function a one-liner",
        "Cut the docstring down to one sentence, please.",
        "turn all docstrings into one line",
    ],
    "try": [
        "Put the body into a try block and turn OSErrors into RuntimeError.",
        "Wrap the whole body in a try that converts OSError to RuntimeError",
        "Re-raise any OSError as a RuntimeError",
        "If the body raises OSError, raise RuntimeError instead",
        "Handle OSError in the body by raising RuntimeError",
        "Wrap the function's body in try/except so that OSError becomes RuntimeError",
        "Return None on KeyError",
        "wrap the body in try/except OSError and re-raise it as RuntimeError",
        "Put the whole function body in a try-except block for KeyError, log it and return None.",
        "surround this with a try/except that catches ValueError or TypeError and return an empty list",
        "Wrap this function in a try/except block and catch OSError, then log the error and re-raise it",
        "Catch any OSError and ignore it",
        "catch (KeyError, IndexError) and raise LookupError from it",
        "add a try/except around the body catching json.JSONDecodeError and print the error",
        "wrap the selected lines in a try/except that ignores it on OSError",
        "Handle ValueError errors in the body and return False",
    ],
    "comprehension": [
        "convert the loop to a comprehension",
        "Turn this for loop into a list comprehension.",
        "use a list comprehension instead of the loop",
        "replace the for-loop with a dict comprehension",
        "Rewrite all loops in this function as comprehensions",
        "use a set comprehension",
    ],
    "loop": [
        "convert the comprehension to a loop",
        "Turn the list comprehension into a for loop",
        "use a plain loop instead of the comprehension",
        "replace the dict comprehension with a normal for loop",
        "rewrite this comprehension as a for-loop",
        "use a for loop rather than a list comprehension",
    ],
    "match": [
        "convert the if/elif chain to match",
        "use a match statement instead of if/elif",
        "Replace the if chain with match/case",
        "turn the if-elif-else chain into a match statement",
        "use pattern matching",
        "rewrite the if statements as a match statement",
    ],
    "look-up": [
        "use a dictionary instead of the if chain",
        "replace the if/elif chain with a lookup table",
        "convert the if chain to a dict",
        "turn the if/elif/else into a dispatch table",
        "rewrite the if-elif chain as a dictionary lookup",
        "use a dict lookup instead of if/elif",
    ],
    "extract-function": [
        "extract this into a function",
        "Extract the selection into a function called parse_row",
        "extract a method named `load`",
        "move these lines into a helper function called check",
        "extract to function parse_row",
        "factor out the selected code into a new method",
    ],
    "extract-variable": [
        "extract this into a variable",
        "Extract the expression to a variable called total",
        "extract a variable",
        "introduce a local variable named width",
        "pull out the selected expression into a variable named `size`",
        "put this into a variable called first_row",
    ],
    "inline": [
        "inline total",
        "Inline the variable total",
        "inline the function helper here",
        "inline `total`",
        "please inline the local variable total in this function",
        "inline the helper function check.",
    ],
    "modernise": [
        "modernise this code",
        "Modernize",
        "upgrade the syntax",
        "apply all safe ruff fixes",
        "use modern python syntax",
        "use newer idioms in this function",
    ],
    "unused-imports": [
        "remove unused imports",
        "Remove all unused imports in this file",
        "get rid of the unneeded imports",
        "delete imports that are not used",
        "drop the unused import",
        "strip out unnecessary imports, please",
    ],
    "comments": [
        "remove all comments",
        "Remove the comments.",
        "delete the comments in this function",
        "strip comments",
        "get rid of all the comments here",
        "drop the inline comments",
    ],
    "prints": [
        "remove the print statements",
        "Remove all prints",
        "delete debug print statements in this function",
        "get rid of the print calls",
        "remove the calls to print",
        "Drop all debugging prints, please",
    ],
    "docstring-removal": [
        "remove the docstring",
        "Delete this docstring",
        "drop all docstrings",
        "remove the docstrings from the class",
        "strip the documentation",
        "get rid of the docstring of this function",
    ],
    "early-returns": [
        "Flatten the if/else by returning early",
        "Return early instead of nesting",
        "Avoid else by using early returns",
        "Restructure the function to return early",
        "use early returns",
        "Use an early return instead of nested ifs",
        "return early instead of else",
        "exit early instead of nesting",
        "introduce early exits here",
        "Replace the else branches with early returns.",
        "refactor this function to use early returns",
    ],
    "needless-else": [
        "Get rid of the else after return",
        "Drop else branches that follow a return",
        "no else after return",
        "Remove needless else",
        "remove the unnecessary else after return",
        "get rid of the redundant else branches",
        "drop else after return",
        "avoid the superfluous else blocks",
        "remove the else behind raise",
    ],
    "guard-clauses": [
        "use guard clauses",
        "Use a guard clause instead of nesting",
        "introduce guard clauses in this function",
        "refactor to use guard clauses",
        "Replace the nested ifs with guard clauses",
        "rewrite the function using guard clauses, please",
    ],
}
NOT_UNDERSTOOD = [
    "rename x to y and return it",
    "rename x to something better",
    "rename all variables to snake_case names",
    "rename x",
    "rename the file to y",
    "use f-strings for the log messages only",
    "use f-strings and sort the imports",
    "don't use f-strings",
    "do not use f-strings here",
    "use str.format instead of f-strings",
    "annotate the parameters but not the defaults",
    "add type hints except for self",
    "add a type hint for the first parameter",
    "add an Optional return type",
    "remove the type hints",
    "add a docstring that explains the algorithm",
    "add a docstring in German",
    "add a docstring with examples",
    "document the parameters in a comment",
    "use early returns and rename x to y",
    "use early returns except in the loop",
    "remove the else",
    "why is there an early return",
    "use guard clauses for None only",
    "use guards that raise ValueError",
    "instead of else",
    "change the variable x to None",
    "use list instead of tuple for the argument",
    "rename x to y, z to w",
    "handle None and return 0",
    "handle errors and return None",
    "if a is None return 0",
    "return early if x is None",
    "avoid early returns",
    "replace f-strings with format",
    "annotate the parameters and rename x to y",
    "add type hints to the parameters from the docstring",
    "convert the strings to bytes",
    "make the function shorter",
    "the docstring should mention the units in one line",
    "rename x to snake_case",
    "rename variable to something",
    "convert the loop to a while loop",
    "convert the loop to a generator",
    "use a comprehension in the second loop",
    "use map instead of the loop",
    "convert the list to a set",
    "use a dictionary",
    "extract the constants",
    "extract this into a module called x",
    "extract the loop that reads into a function called read",
    "inline this",
    "inline everything",
    "inline the comments",
    "simplify the condition",
    "modernise the error handling",
    "remove the imports",
    "remove the comments about types",
    "clean up the comments",
    "remove unused imports and variables",
    "remove the print of x",
    "remove the print statements but keep the last",
    "replace the print statements with logging",
    "shorten the docstring",
    "shorten the docstring to two lines",
    "shorten the docstring to one line per parameter",
    "make the docstring shorter",
    "remove all but the first line of the comment",
    "wrap the body in try/except",
    "wrap the body in try/except OSError",
    "wrap the body in try/except OSError and re-raise it as RuntimeError with the file's name",
    "wrap the body in try/except OSError and return the default",
    "wrap the first loop in try/except OSError and ignore it",
    "catch OSError and retry",
    "catch OSError and log it as a warning",
    "",
    "...",
]


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, several in UNDERSTOOD.items() for words in several])
def test_ways_to_say_it(name: str, words: str):
    """People say one thing in several ways, and no other intent takes the words for its own."""
    assert names_of(words, routes.INTENTS) == [name]


@pytest.mark.parametrize("words", NOT_UNDERSTOOD)
def test_words_that_say_more_or_less_are_left_to_the_model(words: str):
    """An instruction of which a word would be dropped is not done in part."""
    assert names_of(words, routes.INTENTS) == []


@pytest.mark.parametrize(("words", "language"), [("use f-strings", "javascript"), ("rename x to y", "go"), ("use early returns", "rust")])
def test_other_languages_are_left_to_the_model(words: str, language: str):
    """What is computed for Python alone is not refused elsewhere."""
    assert not understood(words, "let x = 1;", language)


def test_documentation_is_added_in_other_languages():
    """The action for documentation knows more languages than Python."""
    assert understood("document this function", "function f() {}\n", "javascript")


def test_a_file_that_does_not_parse_is_left_to_the_model():
    """What is computed of a syntax tree is not refused where there is none."""
    assert not understood("use f-strings", "def f(:\n")
    assert understood("add type hints", "def f(a):\n    return a +\n")


@pytest.mark.parametrize(
    ("words", "name"),
    [("add type anotations", "type-hints"), ("use early retruns", "early-returns"), ("Rename the paramter a to formating", "rename")],
)
def test_slips_of_the_pen_are_understood(words, name):
    """A letter astray sends no instruction to the model; names stay as they are written."""
    [found] = [found for route in ROUTES if route.name == name and (found := Phrases(route.ways).match(words)) is not None]
    assert found == ({"old": "a", "new": "formating"} if name == "rename" else {})


def test_a_long_instruction_is_not_searched_for_known_words():
    """Whoever pastes a page as an instruction does not stop the server."""
    assert understood("add type hints")
    assert not understood("please " * 60 + "add type hints")
