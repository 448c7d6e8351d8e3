"""Whether code may get a scope of its own, or lose one, without anyone seeing other names.

A comprehension has a scope, and a loop has none. What is not certain counts as seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from seed_lsp.features.refactor.convert.conversion import Refused
from seed_lsp.features.refactor.moves.known_calls import TAKES_ALL
from seed_lsp.source.python_scopes import inside, names, outside, own_names, scope_of, targets_of
from seed_lsp.source.python_tree import COMPREHENSIONS, FUNCTIONS, PythonTree

# They look at the names of the scope that they are called in, or need to be called in a method.
_SEES_SCOPES = frozenset({"locals", "vars", "dir", "eval", "exec", "globals", "super", "__class__"})
_OF_OBJECTS = frozenset({"vars", "dir"})
_SEES_NAMES = _SEES_SCOPES - {"super", "__class__"}


def bound_names(target: ast.expr) -> list[str]:
    """The names that the target of a loop binds; `Refused` if it binds anything else."""
    match target:
        case ast.Name(id=name):
            return [name]
        case ast.Tuple(elts=several) | ast.List(elts=several):
            return [name for one in several for name in bound_names(one)]
        case _:
            raise Refused("the loop's variable is no plain name")


def require_scope(tree: PythonTree, node: ast.AST) -> ast.AST:
    """The function or module around; `Refused` in a class, whose names a comprehension cannot
    see, and where something looks at names in a way of its own.
    """
    scope = tree.scope(node)
    if isinstance(scope, ast.ClassDef):
        raise Refused("in the body of a class a comprehension sees other names than a loop")
    if seen := _SEES_SCOPES & _names_but_data(node, scope):
        raise Refused(f"`{min(seen)}` means something else in a comprehension")
    if isinstance(scope, FUNCTIONS) and (seen := _SEES_NAMES & _names_but_data(scope, scope)):
        raise Refused(f"the function looks at its own names (`{min(seen)}`)")
    return scope


def _names_but_data(node: ast.AST, scope: ast.AST) -> set[str]:
    """The names in `node`, but for those that stand for something else than what they say.

    ``vars`` and ``dir`` of an object look at that alone. What the function itself binds, and calls
    nowhere, is a plain value under the name of a builtin.
    """
    calls = [one for one in ast.walk(scope) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]
    of_objects = {one.func for one in calls if _last_name(one.func) in _OF_OBJECTS and len(one.args) == 1 and not _has_stars(one)}
    found = {name for one in ast.walk(node) if one not in of_objects for name in own_names(one)}
    if not isinstance(scope, FUNCTIONS):
        return found
    called = {_last_name(one.func) for one in calls}
    return found - (scope_of(scope).local_names - called)


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _has_stars(call: ast.Call) -> bool:
    return any(isinstance(one, ast.Starred) for one in call.args)


def require_plain(parts: Iterable[ast.AST], bound: Iterable[str]) -> None:
    """`Refused` where an expression binds names, waits, or keeps a loop's variable for later."""
    variables = set(bound)
    for part in parts:
        for node in ast.walk(part):
            match node:
                case ast.NamedExpr():
                    raise Refused("it has an assignment expression (`:=`)")
                case ast.Await() | ast.Yield() | ast.YieldFrom() | ast.comprehension(is_async=1):
                    raise Refused("it waits or yields in the middle")
                case ast.Lambda():
                    raise Refused("a lambda keeps the variables that it sees")
                case ast.GeneratorExp() if variables & set(names(node)) and not _is_taken_whole(node, part):
                    raise Refused("a generator keeps the variables that it sees")
                case _:
                    pass


def _is_taken_whole(generator: ast.GeneratorExp, within: ast.AST) -> bool:
    calls = [node for node in ast.walk(within) if isinstance(node, ast.Call) and len(node.args) == 1 and node.args[0] is generator]
    functions = [call.func for call in calls]
    return any(
        (isinstance(one, ast.Name) and one.id in TAKES_ALL)
        or (isinstance(one, ast.Attribute) and one.attr == "join" and isinstance(one.value, ast.Constant))
        for one in functions
    )


def require_unread(scope: ast.AST, loop: ast.AST, name: str) -> None:
    """`Refused` if code of the scope besides `loop` may read what the loop leaves in its variable.

    A loop that binds the name itself reads its own value, unless ours stands in it.
    """
    if _reads(scope, loop, name):
        raise Refused(f"`{name}` is used outside the loop as well, where it may be the loop's last value")


def _reads(node: ast.AST, loop: ast.AST, name: str, *, own: bool = False) -> bool:
    """`own`: whether the name has got another value here, which is read at once."""
    if node is loop:
        return False
    match node:
        case ast.Name(id=other):
            return other == name and not own and not isinstance(node.ctx, ast.Store)
        case ast.AugAssign(target=ast.Name(id=other)) if other == name and not own:
            return True
        case ast.Global(names=several) | ast.Nonlocal(names=several):
            return name in several
        case ast.For(target=target) | ast.AsyncFor(target=target) if _binds(target, name) and not _holds(node, loop):
            is_read = any(_reads(one, loop, name, own=True) for one in node.body)
            return is_read or any(_reads(one, loop, name, own=own) for one in [node.iter, *node.orelse])
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() if name in targets_of(node):
            # Only the first iterable is evaluated outside of it.
            return _reads(node.generators[0].iter, loop, name, own=own)
        case ast.GeneratorExp():
            # It may be run at any time.
            return any(_reads(child, loop, name) for child in ast.iter_child_nodes(node))
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            return _function_reads(node, loop, name, own=own)
        case _:
            return any(_reads(child, loop, name, own=own) for child in ast.iter_child_nodes(node))


def _function_reads(node: ast.AST, loop: ast.AST, name: str, *, own: bool) -> bool:
    if not _holds(node, loop):
        if any(_reads(one, loop, name, own=own) for one in outside(node)):
            return True
        if name in scope_of(node).local_names:
            return False
    # It may be called at any time.
    return any(_reads(one, loop, name) for one in inside(node))


def _binds(target: ast.expr, name: str) -> bool:
    return any(isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Store) for one in ast.walk(target))


def _holds(node: ast.AST, other: ast.AST) -> bool:
    return any(one is other for one in ast.walk(node))


def require_new(scope: ast.AST, comprehension: ast.AST, name: str) -> None:
    """`Refused` if the scope knows the name of a comprehension's variable, which is to become one
    of the scope's.
    """
    if _mentions(scope, name, comprehension):
        raise Refused(f"the name `{name}` is used outside the comprehension as well")


def _mentions(node: ast.AST, name: str, *without: ast.AST) -> bool:
    """Whether code speaks of a name, but for some nodes in it, and comprehensions that bind it."""
    if any(node is one for one in without):
        return False
    if isinstance(node, COMPREHENSIONS) and name in targets_of(node):
        return _mentions(node.generators[0].iter, name, *without)
    return name in own_names(node) or any(_mentions(child, name, *without) for child in ast.iter_child_nodes(node))


def require_whole(tree: PythonTree, scope: ast.AST, statements: Sequence[ast.stmt], name: str) -> None:
    """`Refused` if someone may see the collection `name` while it is made by `statements`.

    That is a function that reads it, or code that goes on when an exception ends its making.
    """
    for node in ast.walk(scope):
        match node:
            case ast.Global(names=several) | ast.Nonlocal(names=several) if name in several:
                raise Refused(f"`{name}` is declared global or nonlocal")
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() if node is not scope:
                if name not in scope_of(node).local_names and any(_mentions(one, name) for one in inside(node)):
                    raise Refused(f"a function within reads `{name}`, and may see it half made")
            case ast.GeneratorExp() if _mentions(node, name) and not _is_taken_whole(node, scope):
                raise Refused(f"a generator reads `{name}`, and may see it half made")
            case _:
                pass
    inner: ast.AST = statements[0]
    for node in tree.around(inner):
        if node is scope:
            break
        if _is_seen_after_failure(node, inner, scope, statements, name):
            raise Refused(f"an exception in the middle may be caught, and then `{name}` would not be the same")
        inner = node


def _is_seen_after_failure(node: ast.AST, inner: ast.AST, scope: ast.AST, statements: Sequence[ast.stmt], name: str) -> bool:
    """Whether `node` may catch an exception within its part `inner`, and `name` be read then."""
    match node:
        case ast.With(items=items) | ast.AsyncWith(items=items):
            goes_on = not all(_is_open(item.context_expr) for item in items)
        case ast.Try(body=body, handlers=handlers, finalbody=final):
            catching = handlers if any(one is inner for one in body) else []
            # What stands in the last block itself is not followed by it.
            behind = [] if any(one is inner for one in final) else final
            if any(_mentions(one, name) for one in [*catching, *behind]):
                return True
            goes_on = any(not isinstance(handler.body[-1], ast.Return | ast.Raise) for handler in catching)
        case ast.stmt() if type(node).__name__ == "TryStar":
            goes_on = True
        case _:
            return False
    if not goes_on:
        return False
    first = statements[0].lineno
    early = (one for one in ast.walk(node) if isinstance(one, ast.Name) and one.id == name and one.lineno < first)
    return _mentions(scope, name, node) or any(early)


def _is_open(expression: ast.expr) -> bool:
    """Whether it opens a file: one that is closed keeps no exception back."""
    function = expression.func if isinstance(expression, ast.Call) else None
    return (isinstance(function, ast.Name) and function.id == "open") or (isinstance(function, ast.Attribute) and function.attr == "open")
