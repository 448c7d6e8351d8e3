"""A `try` around the body of a function, or around statements; what they do stays as it is."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from seed_lsp.errors import NoChangeError, SelectionError
from seed_lsp.features.refactor.action import Proposal, Selection
from seed_lsp.features.refactor.convert.indentation import lines_of, put_around
from seed_lsp.features.refactor.imports import add_imports
from seed_lsp.features.refactor.loggers import Logger, module_logger
from seed_lsp.features.refactor.moves.naming import numbered
from seed_lsp.features.refactor.python_file import tree_of
from seed_lsp.source.document import CharOffset, indent_of
from seed_lsp.source.python_scopes import bound_by, names, scope_of
from seed_lsp.source.python_tree import FUNCTIONS, PythonTree, blocks, in_and_around, is_text_statement
from seed_lsp.source.syntax import Span, snap

_UNIT = "    "


@dataclass(frozen=True)
class Handling:
    """Which exceptions are caught, and what is done then: `log` or `show` them, and `ending`, what
    comes last: to raise the class `raised`, to raise the same again, or to return a value.
    """

    caught: Sequence[str]
    log: bool = False
    show: bool = False
    raised: str = ""
    ending: str = ""


@dataclass(frozen=True)
class _Run:
    """The statements that get a `try` around them, and the function that they are of."""

    statements: Sequence[ast.stmt]
    function: ast.FunctionDef | ast.AsyncFunctionDef | None
    outer: str
    """The indentation of what they stand in."""


def try_around(selection: Selection, handling: Handling, *, body: bool) -> Proposal:
    """The selection with a `try`: around the body of the function that is selected, or, for
    `body`, of the one around; else around the selected statements.
    """
    document = selection.document
    tree = tree_of(document)
    run = _run(tree, snap(document, selection.start, selection.end), body=body)
    for name in (*handling.caught, *filter(None, [handling.raised])):
        _require_known(tree, name)
    if handling.ending.startswith("return") and run.function is None:
        raise SelectionError("only in a function can something be returned; select code of one")
    first, lines = run.statements[0], lines_of(tree)
    row, end = _first_row(tree, run), lines.with_comments(run.statements[-1].end_lineno or 0, len(run.outer))
    indent = indent_of(lines.text(first.lineno - 1))
    unit = indent.removeprefix(run.outer) or _UNIT
    if not tree.has_own_lines(first, run.statements[-1]):
        raise SelectionError("the code shares a line with other code; put it on lines of its own first")
    logger = module_logger(tree, scope_of(run.function).local_names if run.function is not None else ())
    after = [indent + line for line in _handler(tree, run, handling, unit, logger)]
    made = put_around(lines, document, range(row, end), unit, before=[f"{indent}try:"], after=after)
    imports = add_imports(document, dict.fromkeys(logger.imports, ())) if handling.log else []
    return replace(made, edits=(*imports, *made.edits))


def _run(tree: PythonTree, asked: Span, *, body: bool) -> _Run:
    selected, around = in_and_around(tree, asked, (one for one in ast.walk(tree.root) if isinstance(one, FUNCTIONS)))
    outermost = [one for one in selected if not any(other in selected for other in tree.around(one))]
    statements = _statements(tree, asked)
    if len(outermost) == 1 and (body or len(statements) == 1):
        chosen = outermost[0]
    elif outermost or any(isinstance(one, ast.ClassDef) for one in statements):
        raise SelectionError("more than a function is selected; select one function, or statements of one")
    elif body and around:
        chosen = around[-1]
    else:
        if not statements:
            raise NoChangeError("there is no code here that a try could stand around")
        outer = _indent_around(tree, statements[0])
        return _Run(statements, around[-1] if around else None, outer)
    inside = chosen.body[1:] if is_text_statement(chosen.body[0]) else chosen.body
    if not inside:
        raise NoChangeError(f"{chosen.name} has no body but its docstring")
    return _Run(inside, chosen, indent_of(tree.document.line_text(chosen.lineno - 1)))


def _statements(tree: PythonTree, asked: Span) -> list[ast.stmt]:
    """The statements of one block that lie whole in a span, the outermost ones."""
    for node in ast.walk(tree.root):
        for block in blocks(node):
            found = [one for one in block if asked.holds(tree.start(one), tree.end(one))]
            if found:
                return found
    return []


def _indent_around(tree: PythonTree, statement: ast.stmt) -> str:
    """The indentation of what a statement stands in."""
    owner = tree.parents[statement]
    placed = owner.pattern if isinstance(owner, ast.match_case) else owner
    return indent_of(tree.document.line_text(placed.lineno - 1)) if isinstance(placed, ast.stmt | ast.pattern | ast.ExceptHandler) else ""


def _first_row(tree: PythonTree, run: _Run) -> int:
    """The row of the first statement, or of the comments that stand right above it."""
    row = tree.line(tree.start(run.statements[0]))
    if run.function is None or run.statements[0] not in run.function.body:
        return row
    while tree.document.line_text(row - 1).lstrip().startswith("#") and row - 1 > tree.line(_header_end(tree, run.function)):
        row -= 1
    return row


def _header_end(tree: PythonTree, function: ast.FunctionDef | ast.AsyncFunctionDef) -> CharOffset:
    """Where a function's docstring ends, or the last part of its header."""
    first = function.body[0]
    if is_text_statement(first):
        return tree.end(first)
    parts = [one for one in (function.returns, *ast.walk(function.args)) if isinstance(one, ast.expr)]
    return max((tree.end(one) for one in parts), default=tree.document.line_range(function.lineno - 1)[0])


def _require_known(tree: PythonTree, name: str) -> None:
    root = name.partition(".")[0]
    if root != name or not isinstance(getattr(builtins, name, None), type):
        if not any(root in bound_by(node) for node in ast.walk(tree.root)):
            raise SelectionError(f"{name} is not known in this file; import it first")
    elif not issubclass(getattr(builtins, name), BaseException):
        raise SelectionError(f"{name} is no exception")


def _handler(tree: PythonTree, run: _Run, handling: Handling, unit: str, logger: Logger) -> Iterator[str]:
    """The lines of the handler, without the indentation of the `try`."""
    caught = handling.caught[0] if len(handling.caught) == 1 else f"({', '.join(handling.caught)})"
    taken = set(names(run.function or tree.root))
    error = next((name for name in ("error", "exc", "err") if name not in taken), "") or numbered("error", lambda name: name not in taken)
    is_named = handling.show or handling.raised
    yield f"except {caught} as {error}:" if is_named else f"except {caught}:"
    if handling.log:
        what = f"{run.function.name} failed" if run.function is not None else "failed"
        yield f'{unit}{logger.code}.exception("{what}")'
    if handling.show:
        yield f"{unit}print({error})"
    if handling.raised:
        yield f"{unit}raise {handling.raised}(str({error})) from {error}"
    elif handling.ending:
        yield unit + handling.ending
