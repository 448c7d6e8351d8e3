"""The annotations that the parameters of a new function take from the variables they stand for."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

from seed_lsp.features.refactor.moves.placement import Placement
from seed_lsp.source.python_scopes import arguments_of, own_nodes, scope_of
from seed_lsp.source.python_tree import DEFINITIONS, Function, PythonTree

# The notation of types; of a variable's annotation, which is not evaluated, what cannot fail.
_PLAIN = (ast.Name, ast.Attribute, ast.Constant, ast.Load)
_ANY = (*_PLAIN, ast.Subscript, ast.Tuple, ast.List, ast.BinOp, ast.BitOr)


def annotations_of(tree: PythonTree, function: Function, names: Iterable[str], placement: Placement) -> dict[str, str]:
    """For each of the names that is annotated in `function` the text behind it: ``: int``.

    Only annotations that can be evaluated where the new function stands are taken.
    """
    found: dict[str, str] = {}
    is_put_off = _is_put_off(tree.root)
    known = _known_names(tree, function, placement, is_put_off=is_put_off)
    for name, annotation, was_evaluated in _annotated(function):
        allowed = _ANY if was_evaluated or is_put_off else _PLAIN
        nodes = list(ast.walk(annotation))
        is_known = {node.id for node in nodes if isinstance(node, ast.Name)} <= known and all(isinstance(node, allowed) for node in nodes)
        if name in names and name not in found and is_known and tree.line(tree.start(annotation)) == tree.line(tree.end(annotation)):
            found[name] = f": {tree.text(annotation)}"
    return found


def _annotated(function: Function) -> Iterator[tuple[str, ast.expr, bool]]:
    """Names, their annotations, and whether Python evaluates these."""
    variadic = (function.args.vararg, function.args.kwarg)
    for argument in arguments_of(function):
        if argument.annotation is not None and argument not in variadic:
            yield argument.arg, argument.annotation, True
    for node in own_nodes(function.body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.annotation, False


def _is_put_off(module: ast.Module) -> bool:
    """Whether no annotation of the module is evaluated (PEP 563)."""
    return any(isinstance(one, ast.ImportFrom) and one.module == "__future__" and one.names[0].name == "annotations" for one in module.body)


def _known_names(tree: PythonTree, function: Function, placement: Placement, *, is_put_off: bool) -> set[str]:
    """The names that are bound once the module has come to the new definition."""
    known = set(dir(builtins))
    for statement in tree.root.body:
        if statement is placement.around and not is_put_off:
            break
        # What is imported for type checkers alone is not there when the program runs.
        if is_put_off or not (isinstance(statement, ast.If) and "TYPE_CHECKING" in tree.text(statement.test)):
            known |= scope_of(ast.Module([statement], [])).bound
    for node in tree.around(function):
        if isinstance(node, DEFINITIONS):
            known -= scope_of(node).bound
    return known
