"""Inline variable: the value of a local variable stands where the variable was read."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.moves.dataflow import DataFlow
from seed_lsp.features.refactor.moves.evaluation import ConditionalError, Effect, effect_before, effect_of, may_swap
from seed_lsp.features.refactor.moves.expressions import in_place, path_to, put_apart
from seed_lsp.features.refactor.moves.flow import Flow
from seed_lsp.features.refactor.moves.inlining import Inlining
from seed_lsp.features.refactor.moves.known_calls import sees_names
from seed_lsp.features.refactor.moves.removal import without_statement
from seed_lsp.features.refactor.moves.stability import unstable_names
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_scopes import arguments_of, bound_by, inside, outside, own_nodes, scope_of
from seed_lsp.source.python_tree import COMPREHENSIONS, FUNCTIONS, SCOPES, Function, PythonTree


def function_binding(tree: PythonTree, node: ast.Name) -> Function | None:
    """The function whose variable a name is; None for a name of a module, a class, a lambda."""
    for scope in tree.around(node):
        if isinstance(scope, ast.ClassDef) and node.id in scope_of(scope).bound:
            return None
        if isinstance(scope, (*FUNCTIONS, ast.Lambda, *COMPREHENSIONS)) and node.id in scope_of(scope).local_names:
            return scope if isinstance(scope, FUNCTIONS) else None
    return None


def plan_inline_variable(tree: PythonTree, function: Function, name: str) -> Inlining:
    """Put the value of a variable of `function` in its places; `SelectionError` says why not."""
    binding = _only_binding(tree, function, name)
    reads = list(_reads(function.body, name))
    if word := sees_names(ast.walk(function)):
        raise SelectionError(f"the function calls {word}(), which sees its local variables")
    if not reads:
        raise SelectionError(f"{name} is never read; delete it")
    if any(isinstance(one, ast.JoinedStr) for read in reads for one in tree.around(read)):
        raise SelectionError(f"{name} is read in an f-string, whose quotes the value might break")
    value = binding.value
    assert value is not None
    if any(one is read for read in reads for one in ast.walk(value)):
        raise SelectionError(f"{name} is read in its own value")
    if isinstance(value, ast.Name) or _is_constant(value):
        _require_kept(tree, function, binding, reads)
    else:
        _require_next(tree, binding, reads)
    removed = without_statement(tree, binding)
    replaced = [
        Edit(tree.start(read), tree.end(read), put_apart(tree, tree.start(read), tree.end(read), in_place(tree, value, read)))
        for read in reads
    ]
    edits = tuple(sorted([removed, *replaced], key=lambda edit: edit.start))
    return Inlining(name, edits, {read: (value, {}) for read in reads}, frozenset({binding}))


def _only_binding(tree: PythonTree, function: Function, name: str) -> ast.Assign | ast.AnnAssign:
    scope = scope_of(function)
    if any(argument.arg == name for argument in arguments_of(function)):
        raise SelectionError(f"{name} is a parameter, whose value comes from the calls")
    if any(name in inner.rebound_outside for inner in scope.inner):
        raise SelectionError(f"an inner function binds {name} as well")
    bindings = [node for node in own_nodes(function.body) if name in bound_by(node)]
    if len(bindings) != 1:
        raise SelectionError(f"{name} is bound {len(bindings)} times; only what is bound once can be inlined")
    parent = tree.parents[bindings[0]]
    is_plain = isinstance(parent, ast.Assign) and parent.targets == bindings
    if isinstance(parent, ast.Assign | ast.AnnAssign) and (is_plain or isinstance(parent, ast.AnnAssign)) and parent.value is not None:
        return parent
    raise SelectionError(f"{name} is not bound by a plain assignment, so that no expression stands for it")


def _reads(nodes: Sequence[ast.AST], name: str) -> Iterator[ast.Name]:
    """Where the name is read in nodes and in the scopes within them that do not bind it."""
    for node in nodes:
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node
        elif isinstance(node, SCOPES):
            yield from _reads(list(outside(node)), name)
            scope = scope_of(node)
            if name not in scope.local_names:
                yield from _reads(list(inside(node)), name)
        else:
            yield from _reads(list(ast.iter_child_nodes(node)), name)


def _is_constant(value: ast.expr) -> bool:
    inner = value.operand if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub) else value
    return isinstance(inner, ast.Constant)


def _require_kept(tree: PythonTree, function: Function, binding: ast.Assign | ast.AnnAssign, reads: Sequence[ast.Name]) -> None:
    """Refuse unless the value, a constant or a name, is the same at each read."""
    value = binding.value
    source = value.id if isinstance(value, ast.Name) else ""
    [name] = [node.id for node in ast.walk(binding) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    if source and source in unstable_names(tree, binding):
        raise SelectionError(f"{source} may be unbound, or bound anew between the assignment and the places where {name} is read")
    scope = scope_of(function)
    flow = DataFlow(Flow(function, {name, source} & scope.local_names))
    events = flow.fresh(binding, name, source)
    known = {read for event, is_fresh in events for read in _covered(event.node, name) if is_fresh}
    stale = {read for event, is_fresh in events for read in _covered(event.node, name) if not is_fresh}
    if stale or not set(reads) <= known:
        raise SelectionError(f"{name} may be unbound, or {source or 'it'} bound anew, at a place where {name} is read")
    for read in reads:
        inner = [one for one in tree.around(read) if isinstance(one, SCOPES)]
        inner = inner[: inner.index(function)]
        if inner and source and any(not isinstance(one, COMPREHENSIONS) or isinstance(one, ast.GeneratorExp) for one in inner):
            raise SelectionError(f"{name} is read in an inner function, which may run after {source} is bound anew")
        if any(source in scope_of(one).bound for one in inner):
            raise SelectionError(f"{source} is another variable where {name} is read")


def _covered(node: ast.AST | None, name: str) -> list[ast.Name]:
    """The reads of a name that an event of the flow stands for."""
    return [] if node is None else list(_reads([node], name))


def _require_next(tree: PythonTree, binding: ast.Assign | ast.AnnAssign, reads: Sequence[ast.Name]) -> None:
    """Refuse unless the value is read once, and nothing is done before that it could notice."""
    [read, *more] = reads
    if more:
        raise SelectionError(
            "the variable is read more than once, and its value is computed; only a constant or another name can be repeated"
        )
    assert binding.value is not None
    block = tree.block(binding)
    statement = tree.statement_of(read)
    if statement not in block or block.index(statement) < block.index(binding):
        raise SelectionError(
            "the variable is read in another block than it is bound in, so that its value might be computed more or less often"
        )
    unstable = unstable_names(tree, statement) | unstable_names(tree, binding)
    needed = {node.id for node in ast.walk(binding.value) if isinstance(node, ast.Name)}
    between = [_effect(one, needed, unstable) for one in block[block.index(binding) + 1 : block.index(statement)]]
    try:
        before = effect_before(statement, path_to(tree, read, statement), unstable)
    except ConditionalError as error:
        raise SelectionError(f"the value cannot be computed where the variable is read: {error}") from None
    if not may_swap(max([before, *between]), effect_of((binding.value,), unstable)):
        raise SelectionError("what is done between the assignment and the read may change the value, or depend on it")


def _effect(statement: ast.stmt, needed: set[str], unstable: frozenset[str]) -> Effect:
    """The effect of a statement on a value that needs some names."""
    if isinstance(statement, ast.Pass):
        return Effect.NONE
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if all(isinstance(target, ast.Name) and target.id not in needed for target in targets):
            return max(Effect.STABLE, effect_of((statement.value,), unstable))
    if isinstance(statement, ast.Expr):
        return effect_of((statement.value,), unstable)
    return Effect.CHANGES
