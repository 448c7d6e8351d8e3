"""Extract variable: an expression gets a name, in a statement before the one that it stands in."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.moves.evaluation import ConditionalError, effect_before, effect_of, may_swap
from seed_lsp.features.refactor.moves.expressions import path_to, put_apart, selected_expression, standing_alone
from seed_lsp.features.refactor.moves.known_calls import sees_names
from seed_lsp.features.refactor.moves.stability import unstable_names
from seed_lsp.features.refactor.moves.structure import parsed_result, require_program, structure
from seed_lsp.source.document import Document, indent_of
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_tree import SCOPES, PythonTree
from seed_lsp.source.syntax import Span


@dataclass(frozen=True)
class NewVariable:
    """`expression`, which stands in `statement`, can get a name right before it."""

    tree: PythonTree
    expression: ast.expr
    statement: ast.stmt

    @property
    def document(self) -> Document:
        return self.tree.document

    @property
    def value(self) -> str:
        return standing_alone(self.tree, self.expression)

    @property
    def span(self) -> Span:
        """The lines of the statement."""
        return Span(self.document.line_start(self.tree.start(self.statement)), self.document.next_line(self.tree.end(self.expression)))

    def edits(self, name: str) -> tuple[Edit, ...]:
        tree = self.tree
        start, end = tree.start(self.expression), tree.end(self.expression)
        if isinstance(self.statement, ast.Expr) and self.statement.value is self.expression:
            return (Edit(start, end, f"{name} = {self.value}"),)
        parent = tree.parents[self.expression]
        is_argument = isinstance(self.expression, ast.GeneratorExp) and isinstance(parent, ast.Call) and tree.end(parent) == end
        replaced = Edit(start, end, f"({name})" if is_argument else put_apart(tree, start, end, name))
        place = tree.start(self.statement)
        line = self.document.line_start(place)
        indent = indent_of(self.document.text[line:])
        if line + len(indent) == place:
            return (Edit(line, line, f"{indent}{name} = {self.value}{self.document.newline}"), replaced)
        return (Edit(place, place, f"{name} = {self.value}; "), replaced)


def plan_variable(tree: PythonTree, start: int, end: int) -> NewVariable:
    """What extracting the expression between two characters would make.

    `SelectionError` if it would be evaluated more or less often, or in another order, than now.
    """
    expression = selected_expression(tree, start, end)
    statement = tree.statement_of(expression)
    _require_value(tree, expression, statement)
    unstable = unstable_names(tree, statement)
    try:
        before = effect_before(statement, path_to(tree, expression, statement), unstable)
    except ConditionalError as error:
        raise SelectionError(f"the expression cannot be computed before its statement: {error}") from None
    if not may_swap(before, effect_of((expression,), unstable)):
        raise SelectionError("the expression cannot be computed before what its statement computes first, which it may depend on or change")
    if tree.is_elif(statement):
        raise SelectionError("the expression is the condition of an elif, before which nothing can stand")
    return NewVariable(tree, expression, statement)


def _require_value(tree: PythonTree, expression: ast.expr, statement: ast.stmt) -> None:
    if isinstance(expression, ast.Starred | ast.Slice) or not isinstance(getattr(expression, "ctx", ast.Load()), ast.Load):
        raise SelectionError("the selection is no value: it is assigned to, or is a part of a call or a slice; select an expression")
    if any(isinstance(one, ast.Slice) for one in ast.iter_child_nodes(expression)) and isinstance(expression, ast.Tuple):
        raise SelectionError("the selection is no value: it has slices; select an expression")
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        raise SelectionError("the selection is a statement without effect, such as a docstring; there is nothing to name")
    scope = tree.scope(statement)
    if isinstance(scope, ast.ClassDef):
        raise SelectionError("the selection stands in the body of a class, where a variable would be an attribute of it")
    if isinstance(scope, SCOPES) and (word := sees_names(ast.walk(scope))):
        raise SelectionError(f"the function calls {word}(), which sees its local variables")


def require_same_value(variable: NewVariable, name: str) -> None:
    """`RejectedResultError` unless the variable in its place gives the program that was there."""
    tree = variable.tree
    module = parsed_result(tree, variable.edits(name)).root
    bindings = [node for node in ast.walk(module) if isinstance(node, ast.Assign) and _binds(node, name)]
    reads = [node for node in ast.walk(module) if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)]
    value = bindings[0].value
    if reads:
        put_back = structure(module, {read: (value, {}) for read in reads}, bindings)
    else:
        put_back = structure(module, {bindings[0]: (ast.Expr(value), {})})
    require_program(put_back, structure(tree.root, {}))


def _binds(node: ast.Assign, name: str) -> bool:
    return isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
