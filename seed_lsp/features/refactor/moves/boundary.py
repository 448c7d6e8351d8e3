"""What crosses the boundary of a run of statements: values in, values out, and ways out.

Where something crosses that a call cannot carry, the run is refused with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.moves.dataflow import DataFlow
from seed_lsp.features.refactor.moves.flow import Flow
from seed_lsp.features.refactor.moves.known_calls import sees_caller, sees_names
from seed_lsp.features.refactor.moves.run import Run
from seed_lsp.source.python_scopes import Scope, bound_by, own_nodes, scope_of
from seed_lsp.source.python_tree import SCOPES, Function

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_YIELDS = (ast.Yield, ast.YieldFrom)


@dataclass(frozen=True)
class Boundary:
    """The function that a run becomes takes `parameters` and gives `results` back.

    `returns`: the run's own `return` ends the function around it, so that the call does so, too.
    `is_async`: it awaits. `free_names` are those that the run takes from around the function.
    """

    parameters: tuple[str, ...]
    results: tuple[str, ...]
    returns: bool
    is_async: bool
    free_names: frozenset[str]


def boundary_of(run: Run, function: Function) -> Boundary:
    """`SelectionError` says why the run cannot be a function of its own."""
    scope = scope_of(function)
    _require_movable(run, function)
    moved = _moved_scope(run)
    flow = DataFlow(Flow(function, scope.local_names, run.statements))
    if not flow.is_reached:
        raise SelectionError("the selection is never run, since what stands before it always leaves")
    _require_own_names(run, scope, moved)
    returns = _returns(run, function, flow)
    _require_own_variables(flow, scope)
    results = _results(flow, goes_on=flow.is_left and not returns)
    parameters = _parameters(flow, results)
    places = _order(run)
    return Boundary(
        tuple(sorted(parameters, key=lambda name: places.get(name, 0))),
        tuple(sorted(results, key=lambda name: places.get(name, 0))),
        returns,
        _is_async(run),
        frozenset(moved.free_names - scope.local_names - scope.global_names),
    )


def _require_movable(run: Run, function: Function) -> None:
    """Refuse statements that mean something else in another function."""
    nodes = list(own_nodes(list(run.statements)))
    if run.statements[0] is function.body[0] and ast.get_docstring(function, clean=False) is not None:
        raise SelectionError("the docstring has to stay where it is; select the statements behind it")
    if any(isinstance(node, _YIELDS) for node in nodes):
        raise SelectionError("the selection has a yield, which makes a generator of the function that it stands in")
    if any(isinstance(node, ast.Global | ast.Nonlocal) for node in nodes):
        raise SelectionError("the selection has a global or nonlocal statement, which concerns the whole function")
    everywhere = [node for statement in run.statements for node in ast.walk(statement)]
    if word := sees_caller(everywhere):
        raise SelectionError(f"the selection has {word}, which means something else in another function")
    if word := sees_names(ast.walk(function)):
        raise SelectionError(f"the function calls {word}(), which sees its local variables")
    for statement in run.statements:
        if jump := _jump_out(statement):
            raise SelectionError(f"the selection has a {jump} of a loop around it; select the whole loop")


def _jump_out(node: ast.AST) -> str:
    """The `break` or `continue` in a statement that belongs to a loop around it; or empty."""
    if isinstance(node, ast.Break | ast.Continue):
        return "break" if isinstance(node, ast.Break) else "continue"
    if isinstance(node, SCOPES):
        return ""
    inner = node.orelse if isinstance(node, _LOOPS) else ast.iter_child_nodes(node)
    return next((jump for child in inner if (jump := _jump_out(child))), "")


def _moved_scope(run: Run) -> Scope:
    """The names of the run as those of a scope of its own."""
    return scope_of(ast.Module(list(run.statements), []))


def _require_own_names(run: Run, scope: Scope, moved: Scope) -> None:
    if names := moved.bound & (scope.global_names | scope.nonlocal_names):
        raise SelectionError(f"the selection binds {_listed(names)}, which the function declares as global or nonlocal")
    deleted = {name for node in own_nodes(list(run.statements)) if isinstance(node, ast.Delete) for name in _deleted(node)}
    outside = _names_outside(run, scope)
    if names := deleted & outside:
        raise SelectionError(f"the selection deletes {_listed(names)}, which is used outside of it as well")


def _deleted(node: ast.Delete) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Del)}


def _names_outside(run: Run, scope: Scope) -> set[str]:
    """The names that the function has outside of the run."""
    inside = {node for statement in run.statements for node in ast.walk(statement)}
    found = {node.id for node in ast.walk(scope.node) if isinstance(node, ast.Name) and node not in inside}
    found |= {node.arg for node in ast.walk(scope.node) if isinstance(node, ast.arg) and node not in inside}
    others = (node for node in ast.walk(scope.node) if node not in inside and not isinstance(node, ast.Name))
    return found | {name for node in others for name in _bound_otherwise(node)}


def _bound_otherwise(node: ast.AST) -> list[str]:
    return bound_by(node) + (list(node.names) if isinstance(node, ast.Global | ast.Nonlocal) else [])


def _returns(run: Run, function: Function, flow: DataFlow) -> bool:
    """Whether the run has a `return`, which has to be the end of the function on all its paths."""
    own = [node for node in own_nodes(list(run.statements)) if isinstance(node, ast.Return)]
    if not own:
        return False
    is_generator = any(isinstance(node, _YIELDS) for node in own_nodes(function.body))
    if is_generator and isinstance(function, ast.AsyncFunctionDef):
        raise SelectionError("the selection returns from an asynchronous generator, which has no value to return")
    if flow.is_left and not flow.ends_at_exit():
        raise SelectionError("the selection returns on some of its paths and goes on behind it on others; select up to the end")
    return True


def _require_own_variables(flow: DataFlow, scope: Scope) -> None:
    """Refuse variables that both sides of the boundary change while the other one looks."""
    events = flow.events
    inside = flow.named({"read", "bind", "unbind", "capture"}, selected=True)
    outside = flow.named({"read", "bind", "unbind", "capture"}, selected=False)
    rebound = {name for inner in scope.inner for name in inner.rebound_outside}
    if names := rebound & inside & outside:
        raise SelectionError(f"an inner function binds {_listed(names)} by nonlocal, which a parameter cannot follow")
    behind = flow.reachable(flow.exits)
    later = {events[number].name for number in behind if events[number].kind in {"bind", "unbind"} and not events[number].selected}
    if names := flow.named({"capture"}, selected=True) & later:
        raise SelectionError(f"a function in the selection uses {_listed(names)}, which is bound anew after it")
    earlier = {
        event.name for number, event in enumerate(events) if event.kind == "capture" and not event.selected and _leads_in(flow, number)
    }
    if names := flow.named({"bind", "unbind"}, selected=True) & earlier:
        raise SelectionError(f"the selection binds {_listed(names)}, which a function made before it looks at")
    if names := flow.lost_by_leaving():
        raise SelectionError(f"the selection binds {_listed(names)}, which is read where an exception in it is caught")


def _leads_in(flow: DataFlow, number: int) -> bool:
    return bool(flow.reachable([number]) & set(flow.entries))


def _results(flow: DataFlow, *, goes_on: bool) -> set[str]:
    """The names that the run binds and that are needed behind it, if the function goes on there."""
    bound = flow.named({"bind", "unbind"}, selected=True)
    # Without a binding outside, the name would no longer be a variable of the function.
    unbound = flow.named({"read", "capture"}, selected=False) - flow.named({"bind"}, selected=False)
    if not goes_on:
        if names := bound & unbound:
            raise SelectionError(f"the selection alone binds {_listed(names)}, which is used outside of it")
        return set()
    results = bound & (flow.live_at(flow.exits) | flow.named({"capture"}, selected=False) | unbound)
    if names := results - flow.surely_bound_at_exit(flow.surely_bound_at_entry()):
        raise SelectionError(f"{_listed(names)} may be unbound at the end of the selection; give it a value before, or select more")
    return results


def _parameters(flow: DataFlow, results: Iterable[str]) -> set[str]:
    """The names whose value the run has to be given."""
    kept = set(results) - flow.surely_bound_at_exit(())
    bound = flow.named({"bind"}, selected=True)
    exposed = flow.exposed()
    maybe = flow.maybe_bound_at_entry()
    wanted = (exposed & maybe) | kept
    if names := (wanted - flow.surely_bound_at_entry()) | (exposed - maybe - bound):
        raise SelectionError(f"{_listed(names)} may not be bound yet where the selection begins; give it a value before, or select more")
    return wanted


def _is_async(run: Run) -> bool:
    return any(
        isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) or (isinstance(node, ast.comprehension) and node.is_async)
        for node in own_nodes(list(run.statements))
    )


def _order(run: Run) -> dict[str, int]:
    """Where each name comes first in the run."""
    places: dict[str, int] = {}
    for statement in run.statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                place = 1_000_000 * node.lineno + node.col_offset
                places[node.id] = min(places.get(node.id, place), place)
    return places


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
