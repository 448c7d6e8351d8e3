"""Inline function: what a function of one expression returns stands where it was called."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.moves.evaluation import ConditionalError, Effect, effect_before, effect_of, may_swap
from seed_lsp.features.refactor.moves.expressions import in_place, path_to, put_apart
from seed_lsp.features.refactor.moves.inlining import Inlining
from seed_lsp.features.refactor.moves.known_calls import sees_caller, sees_names
from seed_lsp.features.refactor.moves.stability import unstable_names
from seed_lsp.features.refactor.moves.structure import Instead
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.python_scopes import scope_of
from seed_lsp.source.python_tree import FUNCTIONS, SCOPES, PythonTree


@dataclass(frozen=True)
class OneLiner:
    """A function at the top of a module whose body is one expression."""

    definition: ast.FunctionDef
    expression: ast.expr
    returns: bool

    @property
    def parameters(self) -> list[ast.arg]:
        arguments = self.definition.args
        return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]

    def uses(self, parameter: str) -> list[ast.Name]:
        return [node for node in ast.walk(self.expression) if isinstance(node, ast.Name) and node.id == parameter]


def one_liner(tree: PythonTree, name: str) -> OneLiner:
    """The function of that name; `SelectionError` says why it cannot be inlined."""
    found = [node for node in tree.root.body if isinstance(node, FUNCTIONS) and node.name == name]
    bound = scope_of(ast.Module([one for one in tree.root.body if one not in found], [])).bound
    declared = {one for node in ast.walk(tree.root) if isinstance(node, ast.Global) for one in node.names}
    if len(found) != 1 or name in bound | declared:
        raise SelectionError(f"{name} is not defined once at the top of this file, so that it is not sure what a call does")
    [definition] = found
    body = definition.body[1:] if ast.get_docstring(definition, clean=False) is not None else definition.body
    if isinstance(definition, ast.AsyncFunctionDef) or definition.decorator_list:
        raise SelectionError(f"{name} is asynchronous or decorated, so that a call does more than its body")
    if definition.args.vararg or definition.args.kwarg:
        raise SelectionError(f"{name} takes any number of arguments")
    if len(body) != 1 or not isinstance(body[0], ast.Return | ast.Expr) or body[0].value is None:
        raise SelectionError(f"{name} is more than one expression that is returned")
    expression = body[0].value
    nodes = list(ast.walk(expression))
    if any(isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, *SCOPES)) for node in nodes):
        raise SelectionError(f"{name} has variables of its own, waits or yields")
    if sees_caller(nodes) or sees_names(nodes) or any(isinstance(node, ast.Name) and node.id == name for node in nodes):
        raise SelectionError(f"{name} calls itself, or looks at who calls it")
    return OneLiner(definition, expression, isinstance(body[0], ast.Return))


def calls_of(tree: PythonTree, name: str) -> list[ast.Call]:
    """The calls of a function of the module, by its bare name."""
    calls = [node for node in ast.walk(tree.root) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == name and _is_seen(tree, call, {name})]


def plan_inline_function(tree: PythonTree, function: OneLiner, calls: Sequence[ast.Call], *, remove: bool) -> Inlining:
    """Put what the function returns in the place of calls; `remove`: and take its definition away.

    `SelectionError` says why that would not do the same.
    """
    name = function.definition.name
    if not calls:
        raise SelectionError(f"{name} is not called in this file")
    if any(one is not other and one in ast.walk(other) for one in calls for other in calls):
        raise SelectionError(f"{name} is called in an argument of its own call; inline one call at a time")
    instead: dict[ast.AST, tuple[ast.AST, Instead]] = {}
    edits = []
    for call in calls:
        _require_same_names(tree, function, call)
        given = _arguments(function, call)
        _require_order(tree, function, call, given)
        uses = {use: given[parameter.arg] for parameter in function.parameters for use in function.uses(parameter.arg)}
        instead[call] = (function.expression, {use: (value, {}) for use, value in uses.items()})
        edits.append(_replaced(tree, function, call, uses))
    gone: frozenset[ast.stmt] = frozenset({function.definition} if remove else ())
    if remove:
        edits.append(_removed(tree, function.definition))
    edits.sort(key=lambda edit: edit.start)
    return Inlining(name, tuple(edits), instead, gone)


def has_comments(tree: PythonTree, definition: ast.stmt) -> bool:
    """Whether comments would go with a definition."""
    above = tree.line(tree.start(definition)) - 1
    return "#" in tree.text(definition) or (above >= 0 and tree.document.line_text(above).startswith("#"))


def _is_seen(tree: PythonTree, node: ast.AST, names: set[str]) -> bool:
    """Whether names mean the module's where a node stands."""
    return not any(isinstance(one, SCOPES) and names & scope_of(one).bound for one in tree.around(node))


def _require_same_names(tree: PythonTree, function: OneLiner, call: ast.Call) -> None:
    name = function.definition.name
    parameters = {parameter.arg for parameter in function.parameters}
    used = {node.id for node in ast.walk(function.expression) if isinstance(node, ast.Name)} - parameters
    if not _is_seen(tree, call, used):
        raise SelectionError(f"where {name} is called, a name that it uses means something else")
    private = [node.attr for node in ast.walk(function.expression) if isinstance(node, ast.Attribute) and node.attr.startswith("__")]
    if any(isinstance(one, ast.ClassDef) for one in tree.around(call)) and any(not one.endswith("__") for one in private):
        raise SelectionError(f"{name} has names that are private in a class, where it is called")
    if any(isinstance(one, ast.JoinedStr) for one in tree.around(call)):
        raise SelectionError(f"{name} is called in an f-string, whose quotes its text might break")
    if not function.returns and not isinstance(tree.parents.get(call), ast.Expr):
        raise SelectionError(f"{name} returns nothing, and its value is used")


def _arguments(function: OneLiner, call: ast.Call) -> dict[str, ast.expr]:
    """Which argument of a call each parameter gets, in the order that they are evaluated."""
    arguments = function.definition.args
    positional = [*arguments.posonlyargs, *arguments.args]
    name = function.definition.name
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        raise SelectionError(f"a call of {name} unpacks its arguments")
    given = {parameter.arg: value for parameter, value in zip(positional, call.args, strict=False)}
    given |= {one.arg: one.value for one in call.keywords if one.arg is not None}
    defaults = dict(zip([one.arg for one in positional[len(positional) - len(arguments.defaults) :]], arguments.defaults, strict=True))
    defaults |= {one.arg: value for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value is not None}
    for parameter, value in defaults.items():
        if parameter not in given and not isinstance(value, ast.Constant):
            raise SelectionError(f"a default of {name} is computed once, and not at each call")
        given.setdefault(parameter, value)
    if len(call.args) > len(positional) or given.keys() != {one.arg for one in function.parameters}:
        raise SelectionError(f"a call of {name} does not fit its parameters")
    return given


def _require_order(tree: PythonTree, function: OneLiner, call: ast.Call, given: Mapping[str, ast.expr]) -> None:
    """Refuse arguments that would be computed more or less often than now, or in another order."""
    unstable = unstable_names(tree, tree.statement_of(call))
    last = (-1, -1)
    statement = tree.statement_of(function.expression)
    for parameter, value in given.items():
        effect = effect_of((value,), unstable)
        if effect <= Effect.STABLE and isinstance(value, ast.Name | ast.Constant):
            continue
        uses = function.uses(parameter)
        if len(uses) != 1:
            raise SelectionError(f"the argument for {parameter} is computed, and {function.definition.name} uses it {len(uses)} times")
        place = (uses[0].lineno, uses[0].col_offset)
        try:
            before = effect_before(statement, path_to(tree, uses[0], statement), unstable)
        except ConditionalError as error:
            raise SelectionError(f"the argument for {parameter} would not be computed once: {error}") from None
        if place < last or not may_swap(before, effect):
            raise SelectionError(f"the argument for {parameter} would be computed after something that may change it, or that it changes")
        last = place


def _replaced(tree: PythonTree, function: OneLiner, call: ast.Call, uses: Mapping[ast.Name, ast.expr]) -> Edit:
    start = tree.start(function.expression)
    parts = [
        Edit(tree.start(use), tree.end(use), put_apart(tree, tree.start(use), tree.end(use), in_place(tree, value, use)))
        for use, value in uses.items()
    ]
    plain = in_place(tree, function.expression, call)
    inner = apply_edits(tree.text(function.expression), sorted(parts, key=lambda edit: edit.start), offset=start)
    has_brackets = plain != tree.text(function.expression) or "\n" in inner
    text = f"({inner})" if has_brackets else inner
    return Edit(tree.start(call), tree.end(call), put_apart(tree, tree.start(call), tree.end(call), text))


def _removed(tree: PythonTree, definition: ast.stmt) -> Edit:
    """The edit that takes a definition away, with the blank lines behind it."""
    document = tree.document
    if not tree.has_own_lines(definition, definition):
        raise SelectionError("the definition shares a line with other code; put it on lines of its own first")
    first, last = tree.line(tree.start(definition)), tree.line(tree.end(definition))
    while last + 1 < len(document.line_starts) - 1 and not document.line_text(last + 1).strip():
        last += 1
    return Edit(document.line_starts[first], document.line_range(last)[1], "")


def definition_at(tree: PythonTree, offset: int) -> str:
    """The name of the function at the top of the module whose name a cursor stands on, or empty."""
    for node in tree.root.body:
        if isinstance(node, FUNCTIONS):
            line = tree.document.line_range(node.lineno - 1)[0]
            start = tree.document.text.find(node.name, tree.document.text.index("def", line) + len("def"))
            if start <= offset <= start + len(node.name):
                return node.name
    return ""


def uses_otherwise(tree: PythonTree, name: str, calls: Sequence[ast.Call]) -> bool:
    """Whether a file has the name elsewhere, in whatever text, than in its definition and calls."""
    return len(re.findall(rf"\b{re.escape(name)}\b", tree.document.text)) != len(calls) + 1
