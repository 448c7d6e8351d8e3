"""Instructions that concern comments, numbers and exceptions: held out, see the package."""

from __future__ import annotations

import ast
import copy
import re
from typing import Any, TypeVar

from benchmarks.refactorings.functions import Definition
from benchmarks.refactorings.instructions.held_out.choosing import pick, said
from benchmarks.refactorings.instructions.instruction import Instruction, names_in, own_blocks, own_nodes, statements, with_statements
from benchmarks.refactorings.judges.same import Target, comments, dump

Node = TypeVar("Node", bound=ast.AST)
_FOR_TOOLS = re.compile(r"type:|noqa|pragma|pylint|pyright|mypy|fmt:|isort")


def _judge_comments(old: Target, new: Target) -> str:
    if dump(old.node) != dump(new.node):
        return "more than comments changed"
    return f"the comment {min(left)!r} is left" if (left := comments(new)) else ""


def _numbers(target: Target) -> list[ast.Constant]:
    """Numbers of the body that stand there once, and are not as usual as one and two."""
    body = [one for statement in target.node.body for one in ast.walk(statement)]
    own = {id(one) for one in own_nodes(target.node)}
    signed = {id(one.operand) for one in body if isinstance(one, ast.UnaryOp)}
    known = [one for one in body if isinstance(one, ast.Constant) and type(one.value) in {int, float}]
    formats = {id(below) for one in body if isinstance(one, ast.JoinedStr | ast.Match) for below in ast.walk(one)}
    return [
        one
        for one in known
        if id(one) in own
        and id(one) not in signed | formats
        and one.value not in {0, 1, 2}
        and sum(ast.dump(other) == ast.dump(one) for other in known) == 1
    ]


def _number(target: Target) -> ast.Constant:
    return min(_numbers(target), key=lambda one: (one.lineno, one.col_offset))


def number_name(target: Target) -> str:
    """The variable of the number that is no usual one."""
    return pick("number", target, ("size_limit", "MAGIC_NUMBER", "default_value"))


def _replaced(node: Node, old: str, new: ast.expr) -> Node:
    """A copy in which each expression of that dump is another one."""

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return new if ast.dump(node) == old else self.generic_visit(node)

    one: Node = Replace().visit(copy.deepcopy(node))
    return one


def _with_name(target: Target) -> Definition:
    number, name = _number(target), number_name(target)
    assign = ast.Assign([ast.Name(name, ast.Store())], number, lineno=0)
    body = [_replaced(one, ast.dump(number), ast.Name(name, ast.Load())) for one in statements(target.node)]
    return with_statements(target.node, [assign, *body])


def _judge_number(old: Target, new: Target) -> str:
    name, number, undone = number_name(old), _number(old), copy.deepcopy(new.node)
    count = 0
    for block in own_blocks(undone):
        for one in list(block):
            targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else []
            if [ast.dump(target) for target in targets] == [ast.dump(ast.Name(name, ast.Store()))]:
                if not isinstance(one, ast.Assign | ast.AnnAssign) or one.value is None or ast.dump(one.value) != ast.dump(number):
                    return f"{name} is not {ast.unparse(number)}"
                block.remove(one)
                count += 1
    if count != 1:
        return f"{name} is given {count} times"
    if name not in names_in(undone):
        return f"{name} is not used"
    undone = _replaced(undone, ast.dump(ast.Name(name, ast.Load())), number)
    return "" if dump(undone, docstring=False) == dump(old.node, docstring=False) else "more than that changed"


def _raised(node: Definition) -> list[ast.Name]:
    """The names of the exceptions that a function raises itself."""
    raised = [one.exc.func if isinstance(one.exc, ast.Call) else one.exc for one in own_nodes(node) if isinstance(one, ast.Raise)]
    return [one for one in raised if isinstance(one, ast.Name) and one.id.endswith("Error")]


def other_error(target: Target) -> tuple[str, str]:
    """The exception that is raised, and the one that shall be."""
    before = min(one.id for one in _raised(target.node))
    return before, pick("error", target, [one for one in ("RuntimeError", "LookupError", "TypeError") if one != before])


def _with_error(target: Target) -> Definition:
    one = copy.deepcopy(target.node)
    before, after = other_error(target)
    for name in _raised(one):
        if name.id == before:
            name.id = after
    return one


def _judge_error(old: Target, new: Target) -> str:
    same = dump(_with_error(old), docstring=False) == dump(new.node, docstring=False)
    return "" if same else "{} is not what is raised in place of {}, or more changed".format(*reversed(other_error(old)))


def _handlers(node: Definition) -> list[ast.ExceptHandler]:
    return [one for one in own_nodes(node) if isinstance(one, ast.ExceptHandler)]


def _caught(node: ast.expr | None) -> list[str]:
    return [ast.dump(one) for one in (node.elts if isinstance(node, ast.Tuple) else [node]) if one is not None]


def also(target: Target) -> tuple[str, str]:
    """What is caught, as it is written, and what shall be as well."""
    (handler,) = _handlers(target.node)
    return ast.unparse(handler.type or handler).strip("()"), pick("also", target, ("RecursionError", "BufferError", "EOFError"))


def _catches_errors(target: Target) -> bool:
    found = _handlers(target.node)
    is_narrow = len(found) == 1 and found[0].type is not None and not names_in(found[0].type) & {"Exception", "BaseException"}
    return is_narrow and also(target)[1] not in target.own_text()


def _with_also(target: Target) -> Definition:
    one = copy.deepcopy(target.node)
    (handler,) = _handlers(one)
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type] if handler.type is not None else []
    handler.type = ast.Tuple([*caught, ast.Name(also(target)[1], ast.Load())], ast.Load())
    return one


def _judge_also(old: Target, new: Target) -> str:
    wanted, undone = copy.deepcopy(old.node), copy.deepcopy(new.node)
    (handler,) = _handlers(wanted)
    expected = sorted([*_caught(handler.type), ast.dump(ast.Name(also(old)[1], ast.Load()))])
    for one in own_nodes(undone):
        # A handler of its own that does the same is right as well.
        if isinstance(one, ast.Try) and len(one.handlers) == 2 and len({_dumped(part) for part in one.handlers}) == 1:
            kinds = [part for each in one.handlers if each.type is not None for part in _parts(each.type)]
            one.handlers = one.handlers[:1]
            one.handlers[0].type = ast.Tuple(kinds, ast.Load())
    found = _handlers(undone)
    if len(found) != 1 or sorted(_caught(found[0].type)) != expected:
        return "it is not these that are caught"
    handler.type = found[0].type = None
    return "" if dump(undone, docstring=False) == dump(wanted, docstring=False) else "more than that changed"


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _dumped(handler: ast.ExceptHandler) -> str:
    return f"{handler.name} {[ast.dump(one) for one in handler.body]}"


ALL = (
    Instruction(
        "delete-comments",
        said("delete-comments", lambda _one: "delete all comments", lambda _one: "Please strip every `#` comment from this function."),
        lambda one: bool(comments(one)) and not any(map(_FOR_TOOLS.search, comments(one))),
        lambda one: one.node,
        _judge_comments,
        keeps_comments=False,
    ),
    Instruction(
        "name-number",
        said(
            "name-number",
            lambda one: f"replace the magic number {ast.unparse(_number(one))} by a local variable {number_name(one)}",
            lambda one: f"Give the {ast.unparse(_number(one))} a name: `{number_name(one)}`, assigned at the top of the function.",
        ),
        lambda one: bool(_numbers(one)) and number_name(one) not in one.text,
        _with_name,
        _judge_number,
    ),
    Instruction(
        "other-error",
        said(
            "other-error",
            lambda one: "raise {1} instead of {0}".format(*other_error(one)),
            lambda one: "This should throw a `{1}`, not a `{0}`.".format(*other_error(one)),
        ),
        lambda one: bool(_raised(one.node)),
        _with_error,
        _judge_error,
        said_before=lambda old, text: text.replace(other_error(old)[1], other_error(old)[0]),
    ),
    Instruction(
        "also-catch",
        said(
            "also-catch",
            lambda one: "also catch {1} in the except".format(*also(one)),
            lambda one: "Where {} is caught, please handle {} the same way.".format(*also(one)),
        ),
        _catches_errors,
        _with_also,
        _judge_also,
    ),
)
