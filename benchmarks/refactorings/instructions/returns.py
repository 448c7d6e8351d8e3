"""Instructions that put something before each return."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.instructions.instruction import Instruction, is_generator, names_in, own_blocks, own_nodes, statements
from benchmarks.refactorings.judges.same import Target, dump

MOST_RETURNS = 4
_NOTHING = ast.dump(ast.Constant(None))


def returns_of(node: Definition) -> list[ast.Return]:
    return [one for one in own_nodes(node) if isinstance(one, ast.Return)]


def _gives_value(one: ast.stmt) -> bool:
    return isinstance(one, ast.Return) and one.value is not None and ast.dump(one.value) != _NOTHING


def _has_results(target: Target) -> bool:
    """Whether a function returns values alone, at a few places."""
    found = returns_of(target.node)
    return 1 <= len(found) <= MOST_RETURNS and all(map(_gives_value, found)) and not is_generator(target.node)


def _with_notes(node: Definition, note: str) -> Definition:
    """A copy in which each result gets a name, and a statement before it is returned."""
    one = copy.deepcopy(node)
    name = next(name for name in ("result", "the_result", "its_result") if name not in names_in(node))
    for block in own_blocks(one):
        for i, statement in reversed(list(enumerate(block))):
            if isinstance(statement, ast.Return) and _gives_value(statement):
                assert statement.value is not None, "it gives a value"
                assign = ast.Assign([ast.Name(name, ast.Store())], statement.value, lineno=0)
                block[i : i + 1] = [assign, *ast.parse(note.format(name)).body, ast.Return(ast.Name(name, ast.Load()))]
    return one


IsNote = Callable[[ast.stmt, ast.expr], bool]


def _without_notes(node: Definition, is_note: IsNote, known: set[str]) -> tuple[Definition, str]:
    """A copy without the statements before each return, and what is wrong with one of them.

    A result that got a name for it, one that is not `known`, is returned by itself again.
    """
    one = copy.deepcopy(node)
    for block in own_blocks(one):
        i = 0
        while i < len(block):
            statement = block[i]
            if isinstance(statement, ast.Return) and _gives_value(statement):
                if i == 0 or statement.value is None or not is_note(block[i - 1], statement.value):
                    return one, f"nothing is before `{ast.unparse(statement)[:60]}`"
                named = _named(block[i - 2], statement.value, known) if i > 1 else None
                if named is None and _works(statement.value) and ast.dump(statement.value) in ast.dump(block[i - 1]):
                    return one, "the result is computed twice"
                start = i - 1 if named is None else i - 2
                block[start : i + 1] = [ast.Return(named or statement.value)]
                i = start
            i += 1
    return one, ""


def _named(statement: ast.stmt, value: ast.expr, known: set[str]) -> ast.expr | None:
    """What a statement gives a new name that is then returned."""
    if not isinstance(value, ast.Name) or value.id in known:
        return None
    targets: Sequence[ast.expr] = ()
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    is_it = len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id == value.id
    return statement.value if is_it and isinstance(statement, ast.Assign | ast.AnnAssign) else None


def _works(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Call | ast.Await | ast.Yield | ast.NamedExpr) for one in ast.walk(node))


def _judge_log(old: Target, new: Target) -> str:
    loggers = {
        one.targets[0].id
        for owner in (new.tree, new.node)
        for one in ast.iter_child_nodes(owner)
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and _is_logger(one.value, set())
    }
    if "logging" not in _bound(new):
        return "logging is not imported"

    def is_log(statement: ast.stmt, value: ast.expr) -> bool:
        call = statement.value if isinstance(statement, ast.Expr) else None
        is_debug = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "debug"
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or not is_debug:
            return False
        return _is_logger(call.func.value, loggers) and any(ast.dump(value) in ast.dump(one) for one in call.args)

    undone, wrong = _without_notes(new.node, is_log, names_in(old.node))
    undone.body = [one for one in undone.body if not _is_preparation(one)]
    return wrong or ("" if dump(undone, docstring=False) == dump(old.node, docstring=False) else "more than that changed")


def _bound(target: Target) -> set[str]:
    """What the function's own imports and those of the module bind."""
    imports = [one for owner in (target.tree, target.node) for one in ast.iter_child_nodes(owner) if isinstance(one, ast.Import)]
    return {alias.asname or alias.name for one in imports for alias in one.names}


def _is_logger(node: ast.expr, known: set[str]) -> bool:
    return ast.unparse(node) == "logging.getLogger(__name__)" or (isinstance(node, ast.Name) and node.id in known)


def _is_preparation(node: ast.stmt) -> bool:
    is_import = isinstance(node, ast.Import) and [alias.name for alias in node.names] == ["logging"]
    return is_import or (isinstance(node, ast.Assign) and _is_logger(node.value, set()))


def _judge_assert(old: Target, new: Target) -> str:
    def is_assert(statement: ast.stmt, value: ast.expr) -> bool:
        return isinstance(statement, ast.Assert) and ast.unparse(statement.test) == f"{_operand(value)} is not None"

    undone, wrong = _without_notes(new.node, is_assert, names_in(old.node))
    return wrong or ("" if dump(undone, docstring=False) == dump(old.node, docstring=False) else "more than that changed")


def _operand(value: ast.expr) -> str:
    """An expression as it is written on the left of a comparison."""
    return ast.unparse(ast.Compare(value, [ast.IsNot()], [ast.Constant(None)])).removesuffix(" is not None")


def _judge_comments(old: Target, new: Target) -> str:
    if dump(old.node) != dump(new.node):
        return "more than comments changed"
    return "" if all(_is_told(new, one) for one in returns_of(new.node)) else "a return has no comment above it"


def _is_told(target: Target, one: ast.Return) -> bool:
    return target.lines[one.lineno - 2].strip().startswith("#")


def _can_be_told(target: Target) -> bool:
    found = returns_of(target.node)
    alone = all(target.lines[one.lineno - 1].strip().startswith("return") for one in found)
    return 1 <= len(found) <= MOST_RETURNS and alone and not any(_is_told(target, one) for one in found)


def _logged(target: Target) -> Definition:
    one = _with_notes(target.node, "logging.getLogger(__name__).debug({})")
    at = len(one.body) - len(statements(one))
    one.body.insert(at, ast.Import([ast.alias("logging")]))
    return one


ALL = (
    Instruction(
        "log",
        lambda _one: "Log the result before returning it, with logging.getLogger(__name__).debug.",
        lambda one: _has_results(one) and "logg" not in one.own_text(),
        _logged,
        _judge_log,
        may_come=_is_preparation,
    ),
    Instruction(
        "assert",
        lambda _one: "Add an assert that the result is not None before returning it.",
        _has_results,
        lambda one: _with_notes(one.node, "assert {} is not None"),
        _judge_assert,
    ),
    Instruction(
        "comment",
        lambda _one: "Add a comment above each return.",
        _can_be_told,
        lambda one: one.node,
        _judge_comments,
    ),
)
