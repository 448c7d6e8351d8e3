"""Instructions that put something before each return."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.instructions.instruction import (
    Instruction,
    Scope,
    Words,
    is_generator,
    names_in,
    own_blocks,
    own_nodes,
    statements,
)
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


def _without_notes(node: Definition, is_note: IsNote, needless: Callable[[ast.expr], bool]) -> tuple[Definition, str]:
    """A copy without the statements before each return, and what is wrong with one of them.

    A value that `needless` says it of may have none. Any result that only got a name to be returned
    is returned by itself, see `in_one_step`.
    """
    one = copy.deepcopy(node)
    count = 0
    for block in own_blocks(one):
        i = 0
        while i < len(block):
            statement = block[i]
            if isinstance(statement, ast.Return) and statement.value is not None and _gives_value(statement):
                if i > 0 and is_note(block[i - 1], statement.value):
                    if _works(statement.value) and ast.dump(statement.value) in ast.dump(block[i - 1]):
                        return one, "the result is computed twice"
                    del block[i - 1]
                    i, count = i - 1, count + 1
                elif not needless(statement.value):
                    return one, f"nothing is before `{ast.unparse(statement)[:60]}`"
            i += 1
    return one, "" if count else "nothing is before any return"


def in_one_step(node: Definition) -> Definition:
    """A copy in which ``x = value; return x`` is ``return value``, if only the function knows x."""
    one = copy.deepcopy(node)
    shared = {name for below in ast.walk(one) if isinstance(below, ast.Global | ast.Nonlocal) for name in below.names}
    for below in ast.walk(one):
        if isinstance(below, Scope) and below is not one:
            shared |= names_in(below)
    for block in own_blocks(one):
        for i in range(len(block) - 1, 0, -1):
            last = block[i]
            if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Name) or last.value.id in shared:
                continue
            value = _given(block[i - 1], last.value.id)
            if value is not None:
                block[i - 1 : i + 1] = [ast.Return(value)]
    return one


def _given(statement: ast.stmt, name: str) -> ast.expr | None:
    """What a statement gives a variable, and it alone."""
    targets: Sequence[ast.expr] = ()
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    is_it = len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id == name
    return statement.value if is_it and isinstance(statement, ast.Assign | ast.AnnAssign) else None


def _same(old: Target, undone: Definition) -> str:
    same = dump(in_one_step(undone), docstring=False) == dump(in_one_step(old.node), docstring=False)
    return "" if same else "more than that changed"


def _works(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Call | ast.Await | ast.Yield | ast.NamedExpr) for one in ast.walk(node))


def _bound(target: Target) -> set[str]:
    """What the function's own imports and those of the module bind."""
    imports = [one for owner in (target.tree, target.node) for one in ast.iter_child_nodes(owner) if isinstance(one, ast.Import)]
    return {alias.asname or alias.name for one in imports for alias in one.names}


def _loggers(target: Target) -> set[str]:
    """The names of the module's and the function's own loggers."""
    nodes = [one for owner in (target.tree, target.node) for one in ast.iter_child_nodes(owner) if _is_preparation(one)]
    targets = [
        one.targets[0] if isinstance(one, ast.Assign) else one.target for one in nodes if isinstance(one, ast.Assign | ast.AnnAssign)
    ]
    return {one.id for one in targets if isinstance(one, ast.Name)}


def _is_logger(node: ast.expr, known: set[str]) -> bool:
    return ast.unparse(node) == "logging.getLogger(__name__)" or (isinstance(node, ast.Name) and node.id in known)


def _is_preparation(node: ast.AST) -> bool:
    is_import = isinstance(node, ast.Import) and [alias.name for alias in node.names] == ["logging"]
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        return _is_logger(node.value, set())
    return is_import


def _tells(call: ast.Call, value: ast.expr) -> bool:
    """Whether a call is given a value: whole, a tuple by its parts, or a literal within a text."""
    arguments = [ast.dump(one) for one in call.args]
    if any(ast.dump(value) in one for one in arguments):
        return True
    if isinstance(value, ast.Tuple) and value.elts:
        return all(any(ast.dump(part) in one for one in arguments) for part in value.elts)
    texts = [one.value for argument in call.args for one in ast.walk(argument) if isinstance(one, ast.Constant)]
    return isinstance(value, ast.Constant) and any((str(value.value) or "''") in text for text in texts if isinstance(text, str))


def _is_literal(value: ast.expr) -> bool:
    """Whether anyone sees that a value is not None."""
    return isinstance(value, ast.Constant | ast.JoinedStr | ast.Tuple | ast.List | ast.Dict | ast.Set)


def _is_not_none(test: ast.expr, value: ast.expr) -> bool:
    compare = [ast.dump(ast.Compare(value, [kind], [ast.Constant(None)])) for kind in (ast.IsNot(), ast.NotEq(), ast.Is())]
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return ast.dump(test.operand) == compare[2]
    return ast.dump(test) in compare[:2]


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


def _logged(target: Target, call: str) -> Definition:
    one = _with_notes(target.node, f"{call}({{}})")
    at = len(one.body) - len(statements(one))
    one.body.insert(at, ast.Import([ast.alias("logging")]))
    return one


def log(words: Words, level: str = "debug", *, of_module: bool = True, key: str = "log") -> Instruction:
    """Each result is logged, by the module's logger or by the functions of `logging` themselves."""

    def judge(old: Target, new: Target) -> str:
        if "logging" not in _bound(new):
            return "logging is not imported"
        loggers = _loggers(new)

        def is_log(statement: ast.stmt, value: ast.expr) -> bool:
            call = statement.value if isinstance(statement, ast.Expr) else None
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != level:
                return False
            owner = call.func.value
            is_it = _is_logger(owner, loggers) if of_module else ast.unparse(owner) == "logging"
            return is_it and _tells(call, value)

        undone, wrong = _without_notes(new.node, is_log, lambda _value: False)
        undone.body = [one for one in undone.body if not _is_preparation(one)]
        return wrong or _same(old, undone)

    return Instruction(
        key,
        words,
        lambda one: _has_results(one) and "logg" not in one.own_text(),
        lambda one: _logged(one, f"logging.{'getLogger(__name__).' if of_module else ''}{level}"),
        judge,
        may_come=_is_preparation,
    )


def asserts(words: Words, *, key: str = "assert") -> Instruction:
    """Each result must not be None, but for what is written as something else."""

    def judge(old: Target, new: Target) -> str:
        def is_assert(statement: ast.stmt, value: ast.expr) -> bool:
            return isinstance(statement, ast.Assert) and _is_not_none(statement.test, value)

        undone, wrong = _without_notes(new.node, is_assert, _is_literal)
        return wrong or _same(old, undone)

    return Instruction(key, words, _has_results, lambda one: _with_notes(one.node, "assert {} is not None"), judge)


def comment(words: Words, *, key: str = "comment") -> Instruction:
    """Each return has a comment on the line above it."""
    return Instruction(key, words, _can_be_told, lambda one: one.node, _judge_comments)


ALL = (
    log(lambda _one: "Log the result before returning it, with logging.getLogger(__name__).debug."),
    asserts(lambda _one: "Add an assert that the result is not None before returning it."),
    comment(lambda _one: "Add a comment above each return."),
)
