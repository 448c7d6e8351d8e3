"""The twelve fixed instructions in other words, with other names: held out, see the package."""

from __future__ import annotations

from benchmarks.refactorings.instructions.guards import first, none_check, strict, verbose
from benchmarks.refactorings.instructions.held_out.choosing import one_of
from benchmarks.refactorings.instructions.returns import asserts, comment, log
from benchmarks.refactorings.instructions.shapes import early_return, in_try
from benchmarks.refactorings.instructions.words import annotate, f_strings, local_variable, one_line_docstring, rename

ALL = (
    one_of(
        "reworded verbose",
        verbose(lambda _one: "add a debug=False kwarg, if set print the name of this function", "debug"),
        verbose(
            lambda _one: (
                "Could you please give this an extra optional argument called `trace` (default `False`)? When it's set, the function should print its own name first."
            ),
            "trace",
        ),
        verbose(lambda one: f"new param chatty=False at the end; when chatty, print '{one.node.name}' at the begining", "chatty"),
    ),
    one_of(
        "reworded strict",
        strict(lambda one: f"add param `check=False`; if check and `{first(one)}` is None raise TypeError", "check", "TypeError"),
        strict(
            lambda one: (
                f"I'd like a new keyword argument validate, False by default. With validate on, passing None for {first(one)} must raise a ValueError."
            ),
            "validate",
        ),
        strict(
            lambda one: (
                f"Introduce a flag `pedantic` (off by default, i.e. False) that makes it throw a RuntimeError for a None `{first(one)}`."
            ),
            "pedantic",
            "RuntimeError",
        ),
    ),
    one_of(
        "reworded none-check",
        none_check(lambda one: f"throw TypeError when {first(one)} is None", "TypeError"),
        none_check(lambda one: f"Please make sure `{first(one)}` isn't None at the start of the function, otherwise raise ValueError."),
        none_check(lambda one: f"guard against None: {first(one)} being None should give a RuntimeError", "RuntimeError"),
    ),
    one_of(
        "reworded log",
        log(lambda _one: "log what gets returned at info level using logging.getLogger(__name__)", "info"),
        log(
            lambda _one: "Before every return statement, write the value that is about to be returned to the log with `logging.debug`.",
            of_module=False,
        ),
        log(lambda _one: "call logging.getLogger(__name__).warning with the return value right before it's returned, please", "warning"),
    ),
    one_of(
        "reworded assert",
        asserts(lambda _one: "assert the return value isn't None"),
        asserts(
            lambda _one: (
                "This should never return None. Please put an `assert ... is not None` in front of every return statement to make sure."
            )
        ),
        asserts(lambda _one: "sanity check: before each return, assert that what we return is not None"),
    ),
    one_of(
        "reworded comment",
        comment(lambda _one: "put a short comment on the line before every return statement"),
        comment(lambda _one: "explain each return with a comment above it, dont change the code"),
        comment(lambda _one: "Could you comment the `return`s? One line above each of them, saying what is returned."),
    ),
    one_of(
        "reworded rename",
        rename(lambda one: f"{local_variable(one)} -> new_{local_variable(one)}", lambda name: f"new_{name}"),
        rename(
            lambda one: f"The variable `{local_variable(one)}` should be called `current_{local_variable(one)}` instead.",
            lambda name: f"current_{name}",
        ),
        rename(
            lambda one: f"pls change the name of the local var {local_variable(one)} to {local_variable(one)}_obj everywhere in here",
            lambda name: f"{name}_obj",
        ),
    ),
    one_of(
        "reworded early-return",
        early_return(lambda _one: "get rid of the else after return"),
        early_return(lambda _one: "Please flatten this function: where a branch already returns or raises, the `else` isn't needed."),
        early_return(lambda _one: "remove unnecesary else/elif branches following a return or raise"),
    ),
    one_of(
        "reworded try",
        in_try(
            lambda _one: "wrap everything in a try block, catch ArithmeticError and raise ValueError from it",
            "ArithmeticError",
            "ValueError",
        ),
        in_try(
            lambda _one: (
                "If anything in this function raises a UnicodeError, turn it into a RuntimeError (put the whole body in try/except)."
            ),
            "UnicodeError",
        ),
        in_try(lambda _one: "try/except around the whole body: `MemoryError` => `OverflowError`", "MemoryError", "OverflowError"),
    ),
    one_of(
        "reworded f-strings",
        f_strings(lambda _one: "convert to f-strings"),
        f_strings(lambda _one: "Please modernise the string formatting in here: no more `%` or `.format()`, f-strings only."),
        f_strings(lambda _one: "change all old style string formating to fstrings"),
    ),
    one_of(
        "reworded annotate",
        annotate(lambda _one: "type the arguments"),
        annotate(lambda _one: "Please add type hints to the parameters which don't have any yet; leave the return type alone."),
        annotate(lambda _one: "annotate all untyped params of this function (only params)"),
    ),
    one_of(
        "reworded one-line-docstring",
        one_line_docstring(lambda _one: "make the docstring a one-liner"),
        one_line_docstring(lambda _one: "The docstring is far too long. Please summarise it in a single line."),
        one_line_docstring(lambda _one: "docstring: only keep a single line summary"),
    ),
)
